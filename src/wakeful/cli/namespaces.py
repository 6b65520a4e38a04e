"""`wakeful namespace`, `member`: the trees that users share, and who is in them."""

from __future__ import annotations

from pathlib import Path

import click

from wakeful.administration import (
    AddMember,
    AddNamespace,
    ListMembers,
    ListNamespaces,
    RemoveMember,
)
from wakeful.cli.control import carry_out, data_option
from wakeful.cli.printing import json_option, table, tell
from wakeful.cli.words import Commands
from wakeful.core.people import Role


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


@click.group(cls=Commands)
def member() -> None:
    """Members, who see what happens in a shared namespace."""


@member.command("add")
@click.argument("namespace")
@click.argument("user")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role if role is not Role.OWNER]),
    default=Role.EDITOR.value,
    show_default=True,
    help="What they may do there.",
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
