"""`wakeful enterprise`, `user`, `token`, `member`, `namespace`, `status`: people, access, and how
it goes."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from wakeful.administration import (
    AddEnterprise,
    AddMember,
    AddNamespace,
    AddUser,
    CreateToken,
    ListEnterprises,
    ListMembers,
    ListNamespaces,
    ListTokens,
    ListUsers,
    RemoveMember,
    RevokeToken,
    SetPassword,
    Status,
    UpdateUser,
    UserRecord,
)
from wakeful.cli.control import carry_out, data_option
from wakeful.cli.lines import printable
from wakeful.cli.printing import json_option, table, tell, time
from wakeful.cli.words import Commands, Seconds, scope_option
from wakeful.core.items import Role

enterprise_option = click.option(
    "--enterprise", help="Of this enterprise (a name or an id).  [default: the first]"
)


@click.group(cls=Commands)
def enterprise() -> None:
    """Enterprises, which know nothing of each other."""


@enterprise.command("add")
@click.argument("name")
@data_option
@json_option
def enterprise_add(name: str, data: Path, as_json: bool) -> None:
    """Make an enterprise NAME. Add its first user with `wakeful user add --enterprise`."""
    record = carry_out(data, AddEnterprise(name=name))
    tell(as_json, record, f"Enterprise {record.name} has the id {record.id}")


@enterprise.command("list")
@data_option
@json_option
def enterprise_list(data: Path, as_json: bool) -> None:
    """Show all enterprises."""
    found = carry_out(data, ListEnterprises())
    rows = [(str(each.id), each.name, time(each.created_at)) for each in found]
    tell(as_json, found, table(("id", "name", "created"), rows))


@click.group(cls=Commands)
def user() -> None:
    """Users, each with a stream and a home of their own."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="What people call them.  [default: the login]")
@click.option("--admin", is_flag=True, help="Lets them act for others.")
@enterprise_option
@data_option
@json_option
def user_add(
    login: str, name: str, admin: bool, enterprise: str | None, data: Path, as_json: bool
) -> None:
    """Make a user. Give them a token with `wakeful token create`."""
    operation = AddUser(login=login, name=name, is_admin=admin, enterprise=enterprise)
    record = carry_out(data, operation)
    tell(as_json, record, f"User {record.login} has the id {record.id}")


@user.command("update")
@click.argument("user")
@click.option("--name", help="What people call them.")
@click.option("--admin/--no-admin", default=None, help="Whether they may act for others.")
@click.option(
    "--disable/--enable", default=None, help="Whether nobody gets in, with any of their tokens."
)
@data_option
@json_option
def user_update(
    user: str,
    name: str | None,
    admin: bool | None,
    disable: bool | None,
    data: Path,
    as_json: bool,
) -> None:
    """Change USER (a login or an id), at once.

    Polls that wait end, too, if they have to.
    """
    if name is None and admin is None and disable is None:
        raise click.UsageError("say what to change: --name, --[no-]admin, --disable or --enable")
    operation = UpdateUser(user=user, name=name, is_admin=admin, is_disabled=disable)
    record = carry_out(data, operation)
    tell(as_json, record, f"User {record.login}: {_standing(record)}")


@user.command("passwd")
@click.argument("user")
@data_option
@json_option
def user_passwd(user: str, data: Path, as_json: bool) -> None:
    """Set the password by which USER (a login or an id) logs in.

    They do so to allow apps what these ask for. It is asked for, or read from standard input: the
    first line. Wherever they are logged in, that ends; tokens stay.
    """
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    record = carry_out(data, SetPassword(user=user, password=password))
    tell(as_json, record, f"User {record.login} has a new password")


@user.command("list")
@data_option
@json_option
def user_list(data: Path, as_json: bool) -> None:
    """Show all users."""
    users = carry_out(data, ListUsers())
    rows = [
        (str(each.id), each.login, each.name, _standing(each), str(each.home)) for each in users
    ]
    tell(as_json, users, table(("id", "login", "name", "kind", "home"), rows))


def _standing(user: UserRecord) -> str:
    kind = "service" if user.app is not None else "admin" if user.is_admin else "user"
    return f"{kind}, disabled" if user.disabled_at else kind


@click.group(cls=Commands)
def token() -> None:
    """Tokens, with which clients sign in."""


@token.command("create")
@click.argument("user")
@click.option(
    "--app",
    default="wakeful",
    show_default=True,
    help="The program it is for: a registered app (a name, an id or a client id), or any word.",
)
@click.option("--label", default="", help="A word to know it by.")
@scope_option("What it may do.")
@click.option(
    "--expires",
    "--lifetime",
    "lifetime",
    type=Seconds(),
    metavar="TIME",
    help="How long it is good for: seconds, or 30m, 12h, 7d.  [default: for ever]",
)
@click.option(
    "--refresh",
    is_flag=True,
    help="Print two: an access token for an hour, as apps get them, and its refresh token.",
)
@data_option
@json_option
def token_create(
    user: str,
    app: str,
    label: str,
    scopes: tuple[str, ...],
    lifetime: int | None,
    refresh: bool,
    data: Path,
    as_json: bool,
) -> None:
    """Make a token for USER (a login or an id) and print it.

    It is not shown again. Without --scope it may do everything that its user and its app may.
    """
    operation = CreateToken(
        user=user,
        app=app,
        label=label,
        scopes=scopes or None,
        lifetime=lifetime,
        is_refreshed=refresh,
    )
    record = carry_out(data, operation)
    tell(as_json, record, "\n".join(filter(None, (record.text, record.refresh_token))))


@token.command("list")
@data_option
@json_option
def token_list(data: Path, as_json: bool) -> None:
    """Show all tokens, but for their text.

    That nobody has but their bearers.
    """
    tokens = carry_out(data, ListTokens())
    rows = [
        (
            str(each.id),
            each.login,
            each.app,
            each.label,
            time(each.created_at),
            time(each.expires_at) if each.expires_at else "",
            f"{each.kind}, revoked" if each.revoked_at else each.kind,
        )
        for each in tokens
    ]
    header = ("id", "user", "app", "label", "created", "expires", "kind")
    tell(as_json, tokens, table(header, rows))


@token.command("revoke")
@click.argument("token", type=int)
@click.option("--grant", is_flag=True, help="With all else under its grant, polls too.")
@data_option
@json_option
def token_revoke(token: int, grant: bool, data: Path, as_json: bool) -> None:
    """End the token with the id TOKEN, at once.

    With it go its refresh token, what was made from it, and the polls that wait, unless something
    is left that could bear their grant.
    """
    record = carry_out(data, RevokeToken(token=token, whole_grant=grant))
    tell(as_json, record, f"Token {record.id} of {record.login} is revoked")


@click.group(cls=Commands)
def member() -> None:
    """Members, who see what happens in a shared namespace."""


@member.command("add")
@click.argument("namespace")
@click.argument("user")
@click.option(
    "--role",
    type=click.Choice([Role.EDITOR.value, Role.VIEWER.value]),
    default=Role.EDITOR.value,
    show_default=True,
)
@data_option
@json_option
def member_add(namespace: str, user: str, role: str, data: Path, as_json: bool) -> None:
    """Let USER (a login or an id) into NAMESPACE (a name or an id)."""
    record = carry_out(data, AddMember(namespace=namespace, user=user, role=Role(role)))
    tell(as_json, record, f"{record.login} is {record.role} in {namespace}")


@member.command("list")
@click.argument("namespace")
@data_option
@json_option
def member_list(namespace: str, data: Path, as_json: bool) -> None:
    """Show who is in NAMESPACE (a name or an id)."""
    members = carry_out(data, ListMembers(namespace=namespace))
    rows = [(str(each.user), each.login, each.role) for each in members]
    tell(as_json, members, table(("id", "login", "role"), rows))


@member.command("remove")
@click.argument("namespace")
@click.argument("user")
@data_option
@json_option
def member_remove(namespace: str, user: str, data: Path, as_json: bool) -> None:
    """Put USER out of NAMESPACE."""
    record = carry_out(data, RemoveMember(namespace=namespace, user=user))
    tell(as_json, record, f"{user} is no member of {namespace} any more")


@click.group(cls=Commands)
def namespace() -> None:
    """Namespaces: homes, and trees that several users share."""


@namespace.command("add")
@click.argument("owner")
@click.argument("name")
@data_option
@json_option
def namespace_add(owner: str, name: str, data: Path, as_json: bool) -> None:
    """Make a shared namespace NAME of OWNER (a login or an id)."""
    record = carry_out(data, AddNamespace(owner=owner, name=name))
    tell(as_json, record, f"Namespace {record.name} has the id {record.id}")


@namespace.command("list")
@data_option
@json_option
def namespace_list(data: Path, as_json: bool) -> None:
    """Show all namespaces with their members."""
    namespaces = carry_out(data, ListNamespaces())
    rows = [
        (
            str(each.id),
            "home" if each.is_home else each.name,
            ", ".join(f"{member.login} ({member.role})" for member in each.members),
        )
        for each in namespaces
    ]
    tell(as_json, namespaces, table(("id", "name", "members"), rows))


@click.command()
@data_option
@json_option
def status(data: Path, as_json: bool) -> None:
    """Show how the server is.

    Its store, its folders, what it skipped and why.
    """
    found = carry_out(data, Status())
    tell(as_json, found, "\n".join(_status_lines(found)))


def _status_lines(found: dict[str, Any]) -> Iterable[str]:
    store = found["store"]
    yield f"Store      {store['health']}, epoch {store['epoch']}"
    if "version" not in found:
        yield "Server     not running"
        return
    yield (
        f"Server     version {found['version']}, up {dt.timedelta(seconds=found['uptime_seconds'])}"
        f", {_count(found['polls'], 'poll')} waiting"
    )
    tls = found.get("tls")
    if tls is not None:
        yield f"TLS        {tls['url']}, certificate until {tls['not_after'][:10]}"
        if tls["trouble"]:
            yield f"           {printable(tls['trouble'])}"
    for reason in found["missing"]:
        yield f"Not ready  {reason}"
    for source in found["sources"]:
        yield from _source_lines(source)


def _source_lines(source: dict[str, Any]) -> Iterable[str]:
    reason = f": {source['reason']}" if source["reason"] else ""
    yield f"Folder     {printable(source['path'])}  {source['state']}{reason}"
    yield (
        f"           {_count(source['files'], 'file')} in {_count(source['folders'], 'folder')}, "
        f"{source['pending']:,} to be looked at, {source['unhashed']:,} without a hash"
    )
    yield (
        f"           {_count(source['rescans'], 'rescan')}, "
        f"{_count(source['overflows'], 'overflow')}, {_count(source['failures'], 'failure')}"
    )
    for why, count in source["skipped"].items():
        yield f"           skipped {count:,}: {why}"
        for sample in source["samples"].get(why, ()):
            yield f"             {printable(sample)}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
