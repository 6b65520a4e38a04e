"""What all of `wakeful publish` has in common: where to, under which key, and what is printed."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import click
import msgspec

from wakeful.cli import reach
from wakeful.cli.lines import NOT_UTF8, printable
from wakeful.client import ChangesAnswer, Client, ClientError, EventsAnswer, Refused

F = TypeVar("F", bound=Callable[..., object])
A = TypeVar("A", ChangesAnswer, EventsAnswer)

DEFAULT_WAIT_SECONDS = 5.0
"""Long enough for a restart of the server, short enough for somebody who forgot to start it."""


@dataclass(frozen=True, slots=True)
class How:
    """What may be given before the kind of change and after it."""

    flags: reach.Flags = field(default_factory=reach.Flags)
    namespace: str | None = None
    key: str | None = None
    wait: float | None = None
    as_json: bool = False

    def over(self, other: How) -> How:
        return How(
            self.flags.over(other.flags),
            self.namespace or other.namespace,
            self.key or other.key,
            other.wait if self.wait is None else self.wait,
            self.as_json or other.as_json,
        )


def options(command: F) -> F:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the server's answer."),
        click.option(
            "--wait",
            type=click.FloatRange(min=0),
            metavar="SECONDS",
            help="How long to try again where the server cannot be reached.  "
            f"[default: {DEFAULT_WAIT_SECONDS:.0f}]",
        ),
        click.option(
            "--key", help="An idempotency key: the same request under it is made only once."
        ),
        click.option("--namespace", metavar="ID", help="Where paths begin.  [default: your home]"),
    ):
        command = option(command)
    return reach.options(command)


def how_of(given: dict[str, Any]) -> How:
    """The options taken out of *given*, over those that stood before the kind of change."""
    names = ("url", "token", "token_file", "data", "ca")
    how = How(
        reach.Flags(**{name: given.pop(name) for name in names}),
        *(given.pop(name) for name in ("namespace", "key", "wait", "as_json")),
    )
    earlier = click.get_current_context().obj
    return how.over(earlier) if isinstance(earlier, How) else how


def send(how: How, ask: Callable[[Client, float], A], show: Callable[[A], None]) -> int:
    """Carry out *ask* with a client and the seconds that it may wait; *show* the answer."""
    url, token, tls = reach.reach(how.flags, os.environ)
    try:
        client = Client(url, token, tls=tls)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    wait = DEFAULT_WAIT_SECONDS if how.wait is None else how.wait
    try:
        with client:
            answer = ask(client, wait)
    except Refused as error:
        place = f" ({error.field})" if error.field else ""
        raise click.ClickException(f"{error}{place}") from None
    except ClientError as error:
        raise click.ClickException(f"{url}: {error}") from None
    except UnicodeEncodeError:
        raise click.ClickException(NOT_UTF8) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if how.as_json:
        click.echo(msgspec.json.encode(answer))
    else:
        show(answer)
        if answer.replayed:
            click.echo("This was published before under the same key; nothing was added.", err=True)
    return 0


def show_changes(answer: ChangesAnswer) -> None:
    for result in answer.changes:
        if result.item is not None:
            click.echo(f"{result.item.type} {result.item.id}  {printable(result.item.name)}")
    show_events(answer)


def show_events(answer: ChangesAnswer | EventsAnswer) -> None:
    for event in answer.events:
        place = "not in your stream" if event.position is None else f"position {event.position}"
        click.echo(f"event {event.id}  {place}")


def time_of(text: str, option: str) -> str:
    """A time with an offset; one without is local."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.astimezone()
    except (ValueError, OverflowError):
        raise click.BadParameter(
            f"{text!r} is no time such as 2026-01-31T12:00", param_hint=option
        ) from None
    return moment.isoformat()
