"""`wakeful enterprise`, `user`: who there is."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from msgspec import UNSET

from wakeful.administration import (
    AddEnterprise,
    AddUser,
    ListEnterprises,
    ListUsers,
    SetPassword,
    UpdateUser,
    UserRecord,
)
from wakeful.cli.control import carry_out, data_option
from wakeful.cli.printing import json_option, size, table, tell, time
from wakeful.cli.words import Commands, Quota, enterprise_option


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


quota_option = click.option(
    "--quota",
    type=Quota(),
    metavar="SIZE",
    help="How much their own files may take: 500M, 10G, `none` (no limit), or `default`.",
)


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="What people call them.  [default: the login]")
@click.option("--admin", is_flag=True, help="Lets them act for others.")
@quota_option
@enterprise_option
@data_option
@json_option
def user_add(
    login: str,
    name: str,
    admin: bool,
    quota: int | str | None,
    enterprise: str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Make a user. Give them a token with `wakeful token create`."""
    operation = AddUser(
        login=login,
        name=name,
        is_admin=admin,
        enterprise=enterprise,
        quota=quota if isinstance(quota, int) else None,
    )
    record = carry_out(data, operation)
    tell(as_json, record, f"User {record.login} has the id {record.id}")


@user.command("update")
@click.argument("user")
@click.option("--name", help="What people call them.")
@click.option("--admin/--no-admin", default=None, help="Whether they may act for others.")
@click.option(
    "--disable/--enable", default=None, help="Whether nobody gets in, with any of their tokens."
)
@quota_option
@data_option
@json_option
def user_update(
    user: str,
    name: str | None,
    admin: bool | None,
    disable: bool | None,
    quota: int | str | None,
    data: Path,
    as_json: bool,
) -> None:
    """Change USER (a login or an id), at once.

    Polls that wait end, too, if they have to.
    """
    if name is None and admin is None and disable is None and quota is None:
        raise click.UsageError(
            "say what to change: --name, --[no-]admin, --disable, --enable or --quota"
        )
    operation = UpdateUser(
        user=user,
        name=name,
        is_admin=admin,
        is_disabled=disable,
        quota=UNSET if quota is None else quota if isinstance(quota, int) else None,
    )
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
        (
            str(each.id),
            each.login,
            each.name,
            _standing(each),
            str(each.home),
            size(each.used),
            "default" if each.quota is None else size(each.quota) if each.quota else "none",
        )
        for each in users
    ]
    header = ("id", "login", "name", "kind", "home", "used", "quota")
    tell(as_json, users, table(header, rows))


def _standing(user: UserRecord) -> str:
    kind = "service" if user.app is not None else "admin" if user.is_admin else "user"
    return f"{kind}, disabled" if user.disabled_at else kind
