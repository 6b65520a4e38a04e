"""`wakeful tail`: the feed in a terminal, or as JSON for machines."""

from __future__ import annotations

import io
import os
import select
import stat
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import click

from wakeful.cli import reach
from wakeful.cli.lines import Printer, json_printer, plain_printer
from wakeful.client import (
    AuthenticationFailed,
    Back,
    Client,
    ClientError,
    Events,
    FilePositions,
    Gap,
    Lost,
    Notice,
    Stream,
)


@click.command()
@reach.options
@click.option(
    "--since",
    default="now",
    metavar="now|0|POSITION",
    show_default=True,
    help="Where to begin; 0 is the oldest event kept.",
)
@click.option(
    "--stream",
    type=click.Choice([each.value for each in Stream]),
    default=Stream.ALL.value,
    show_default=True,
    help="Everything of the user's, or only what changes files and folders; for admins "
    "everything in the enterprise, as it is recorded or in order of time.",
)
@click.option(
    "--type",
    "types",
    metavar="TYPE,...",
    default="",
    help="Of the enterprise's events only these, by Box's names (UPLOAD,LOGIN).",
)
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line of JSON.")
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the position in FILE, and go on from there next time.",
)
def tail(
    since: str, stream: str, types: str, as_json: bool, resume: Path | None, **flags: Any
) -> int:
    """Show each change as it happens, one line for each.

    Goes on through restarts of the server. Ctrl-C ends it (exit code 130, as with tail -f), and
    so does the end of whatever reads from it (exit code 0).
    """
    url, token, tls = reach.reach(reach.Flags(**flags), os.environ)
    try:
        client = Client(url, token, tls=tls)
        events = client.events(
            since,
            stream=stream,
            types=[name.strip() for name in types.split(",") if name.strip()],
            positions=None if resume is None else FilePositions(resume),
            on_notice=_notice_printer(url),
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if sys.stderr.isatty():
        click.secho(f"Following {url}. Ctrl-C ends.", err=True, dim=True)
    try:
        return _print_all(events, _printer(as_json))
    except AuthenticationFailed as error:
        raise click.ClickException(f"{error}; `wakeful token create` makes another") from None
    except ClientError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        # Of the position file, or of a disk that standard output is redirected to.
        raise click.ClickException(f"cannot write: {error.strerror or error}") from None


def _print_all(events: Events, print_event: Printer) -> int:
    with events:
        _close_with_reader(events)
        try:
            for event in events:
                print_event(event)
        except BrokenPipeError:
            # Else the interpreter tries to write the rest when it ends, and complains.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _printer(as_json: bool) -> Printer:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that knows no Chinese must not end it at the first Chinese name.
        sys.stdout.reconfigure(errors="backslashreplace")
    if as_json:
        return json_printer(sys.stdout.buffer)
    if sys.stdout.isatty():
        # Only for eyes: it takes a while to import.
        from rich.console import Console

        from wakeful.cli.colours import colour_printer

        return colour_printer(Console(), date.today())
    return plain_printer(sys.stdout)


def _notice_printer(url: str) -> Callable[[Notice], None]:
    def show(notice: Notice) -> None:
        match notice:
            case Lost():
                text = f"{url} is lost ({notice.reason}): waiting for it to come back"
            case Back():
                text = f"{url} is back, nothing was missed"
            case Gap():
                text = f"events after position {notice.asked} may be missing: it is not kept"
            case _:
                return
        click.secho(f"wakeful: {text}", err=True, dim=True)

    return show


def _close_with_reader(events: Events) -> None:
    """End *events* when nobody reads standard output any more.

    Writing would tell, but the next event may be hours away: `wakeful tail | head -1` ends after
    its line.
    """
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError):  # no file, as in a test
        return
    mode = os.fstat(output).st_mode
    if not stat.S_ISFIFO(mode) and not stat.S_ISSOCK(mode):
        return
    poller = select.poll()
    poller.register(output, 0)  # nothing but the errors that are always told

    def watch() -> None:
        poller.poll()
        events.close()

    threading.Thread(target=watch, name="reader of standard output", daemon=True).start()
