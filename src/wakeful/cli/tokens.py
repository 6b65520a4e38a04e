"""`wakeful token`: with which clients sign in."""

from __future__ import annotations

from pathlib import Path

import click

from wakeful.administration import CreateToken, ListTokens, RevokeToken
from wakeful.cli.control import carry_out, data_option
from wakeful.cli.printing import json_option, table, tell, time
from wakeful.cli.words import Commands, Seconds, scope_option


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
