"""`wakeful status`: how the server is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from wakeful.administration import Status
from wakeful.cli.control import carry_out, data_option
from wakeful.cli.lines import printable
from wakeful.cli.printing import json_option, tell


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
