"""`wakeful publish event`: what changes no file, from a shell."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from click.shell_completion import CompletionItem

from wakeful.cli.publishing import how_of, options, send, show_events, time_of
from wakeful.core.events import EVERY_CLASS
from wakeful.dialects.box.catalogue import ENTERPRISE
from wakeful.dialects.box.types import (
    ENTERPRISE_ONLY,
    USER_TYPES,
    classes_of,
    enterprise_name,
)


class EventType(click.ParamType[str]):
    """The type of an event: any word, and Box's own are offered."""

    name = "type"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        begun = incomplete.upper()
        return [
            CompletionItem(name)
            for name in sorted(USER_TYPES | ENTERPRISE)
            if name.startswith(begun)
        ]


class JsonObject(click.ParamType[dict[str, Any]]):
    """An object in JSON."""

    name = "json"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        try:
            return msgspec.json.decode(value, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError) as error:
            self.fail(f"it is no JSON object: {error}", param, ctx)


def _list_types(context: click.Context, param: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    for name in sorted(USER_TYPES):
        views = "all three" if classes_of(name) == EVERY_CLASS else "all"
        click.echo(f"{name:<28}{enterprise_name(name):<28}{views}")
    click.echo("\nThe enterprise's alone:\n")
    for name in sorted(ENTERPRISE_ONLY):
        click.echo(name)
    context.exit()


@click.command()
@click.argument("type", type=EventType())
@click.option("--item", metavar="ID", help="The file or folder that it is about.")
@click.option("--source", type=JsonObject(), metavar="JSON", help="Anything else it is about.")
@click.option("--actor", metavar="WHO", help="Who did it: an id or a login.  [default: you]")
@click.option(
    "--audience",
    metavar="WHO",
    multiple=True,
    help="Whose stream shows it; may be repeated.  [default: that depends on the type]",
)
@click.option("--accessible-by", metavar="WHO", help="Who gained or lost access.")
@click.option("--action-by", metavar="WHO", help="Who acted in the actor's name.")
@click.option("--details", type=JsonObject(), metavar="JSON", help="Its additional_details.")
@click.option("--session", metavar="TEXT", help="Its session_id.")
@click.option("--ip", metavar="ADDRESS", help="Where the actor was.")
@click.option("--at", metavar="TIME", help="When it happened, such as 2026-01-31T12:00")
@click.option(
    "--types",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_types,
    help="List Box's types: in a user's stream, in the enterprise's, shown by which views.",
)
@options
def event(
    type: str,
    item: str | None,
    source: dict[str, Any] | None,
    audience: tuple[str, ...],
    at: str | None,
    **given: Any,
) -> int:
    """Something that changes no file: a comment, a login.

    TYPE is any word; --types lists those that Box has. Only admins name others than themselves.
    """
    names = ("actor", "accessible_by", "action_by", "details", "session", "ip")
    told = {name: given.pop(name) for name in names}
    how = how_of(given)
    if how.namespace is not None:
        raise click.UsageError("an event has no path, so --namespace means nothing")
    if item is not None and source is not None:
        raise click.UsageError("give --item or --source, not both")
    told["source"] = {"item": item} if item is not None else source
    told["audience"] = list(audience) or None
    told["created_at"] = None if at is None else time_of(at, "--at")
    published = {"type": type} | {name: value for name, value in told.items() if value is not None}
    return send(
        how,
        lambda client, wait: client.publish_events(
            published, idempotency_key=how.key, patience=wait
        ),
        show_events,
    )
