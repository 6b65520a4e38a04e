"""How commands and their values are read: groups of commands, scopes, spans of time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from wakeful.core.scopes import GRANT_SCOPES
from wakeful.settings import parse_size

_SPAN = re.compile(r"([0-9]{1,12})\s*([smhd]?)", re.ASCII)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}


class Commands(click.Group):
    """A group that says which commands there are where there is none of a name."""

    group_class = type

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name[:1].isalnum() and self.get_command(ctx, name) is None:
            ctx.fail(f"No such command {name!r}. There is: {', '.join(self.list_commands(ctx))}.")
        return super().resolve_command(ctx, args)


class Seconds(click.ParamType[int]):
    """A span of time, as seconds: `90`, `30m`, `12h`, `7d`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        found = _SPAN.fullmatch(str(value).strip())
        if found is None or not int(found[1]):
            self.fail(f"{value!r} is no span of time, as 90 (seconds), 30m, 12h or 7d are", param)
        return int(found[1]) * _UNITS[found[2]]


THE_SERVERS = "default"
"""The quota of a user who has none of their own."""


class Quota(click.ParamType[int | str]):
    """How much somebody may have, in bytes: `500M`, `10G`; `none` is without limit (0), `default`
    as the server says (THE_SERVERS)."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | str:
        text = str(value).strip()
        if text == THE_SERVERS:
            return THE_SERVERS
        if text == "none":
            return 0
        size = parse_size(text)
        if not size:
            self.fail(f"{value!r} is no size, as 500M, 10G, none or default are", param)
        return size


enterprise_option = click.option(
    "--enterprise", help="Of this enterprise (a name or an id).  [default: the first]"
)


def scope_option(what: str) -> Callable[[Any], Any]:
    """The option `--scope`, which says *what* they are for."""
    return click.option(
        "--scope",
        "scopes",
        multiple=True,
        type=click.Choice(GRANT_SCOPES),
        metavar="SCOPE",
        help=f"{what} Repeatable. One of {', '.join(GRANT_SCOPES)}.",
    )
