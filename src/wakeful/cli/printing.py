"""How the commands for people and for programs print what they were told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import click
import msgspec

from wakeful.cli.lines import printable

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def time(ms: int) -> str:
    return dt.datetime.fromtimestamp(ms / 1000).strftime("%Y-%m-%d %H:%M")


def size(count: int) -> str:
    """*count* bytes, for the eye."""
    shown = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if shown < 1024:
            return f"{shown:.3g} {unit}" if unit != "B" else f"{count} B"
        shown /= 1024
    return f"{shown:.4g} TiB"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rows = [tuple(map(printable, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)


def tell(as_json: bool, result: object, text: str) -> None:
    click.echo(msgspec.json.encode(result).decode() if as_json else text)
