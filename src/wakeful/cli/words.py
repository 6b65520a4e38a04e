"""How commands and their values are read: groups of commands, scopes, spans of time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

from wakeful.core.scopes import GRANT_SCOPES

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
