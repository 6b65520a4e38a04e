"""`wakeful publish`: changes into the feed, from a shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from wakeful.cli import reach
from wakeful.cli.lines import printable
from wakeful.client import ChangesAnswer, Client, ClientError, Refused

F = TypeVar("F", bound=Callable[..., object])

DEFAULT_WAIT_SECONDS = 5.0
"""Long enough for a restart of the server, short enough for somebody who forgot to start it."""


@dataclass(frozen=True, slots=True)
class _How:
    """What may be given before the kind of change and after it."""

    flags: reach.Flags = field(default_factory=reach.Flags)
    namespace: str | None = None
    key: str | None = None
    wait: float | None = None
    as_json: bool = False

    def over(self, other: _How) -> _How:
        return _How(
            self.flags.over(other.flags),
            self.namespace or other.namespace,
            self.key or other.key,
            other.wait if self.wait is None else self.wait,
            self.as_json or other.as_json,
        )


def _options(command: F) -> F:
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


def _how(given: dict[str, Any]) -> _How:
    """The options taken out of *given*, over those that stood before the kind of change."""
    names = ("url", "token", "token_file", "data")
    how = _How(
        reach.Flags(**{name: given.pop(name) for name in names}),
        *(given.pop(name) for name in ("namespace", "key", "wait", "as_json")),
    )
    earlier = click.get_current_context().obj
    return how.over(earlier) if isinstance(earlier, _How) else how


_ITEM = click.option("--item", metavar="ID", help="The item's id, in place of its path.")


@click.group(invoke_without_command=True)
@_options
@click.option(
    "--batch",
    type=click.File("rb"),
    metavar="FILE|-",
    help="JSON as for POST /v1/changes: one change, or a list of them, made all or none.",
)
@click.pass_context
def publish(context: click.Context, /, batch: Any, **given: Any) -> int:
    """Put a change into the feed; it is safe on the server's disk when this ends.

    Items are named by path, or with --item by id. Prints each item with its id, and each event
    with its position.
    """
    context.obj = None
    how = _how(given)
    if context.invoked_subcommand is not None:
        if batch is not None:
            raise click.UsageError("give a kind of change or --batch, not both")
        context.obj = how
        return 0
    if batch is None:
        raise click.UsageError("what has changed? Give a kind of change or --batch")
    try:
        changes = msgspec.json.decode(batch.read())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise click.ClickException(f"the batch is no JSON: {error}") from None
    if not isinstance(changes, dict | list):
        raise click.ClickException("the batch is neither a change nor a list of them")
    if how.namespace is not None:
        raise click.UsageError("--namespace stands in each change of a batch")
    return _publish(changes, how)


@publish.command("create-folder")
@click.argument("path")
@_options
def create_folder(path: str, **given: Any) -> int:
    """A new folder, with those that are missing above it."""
    return _one({"kind": "create_folder", "path": path}, given)


@publish.command()
@click.argument("path", required=False)
@_ITEM
@click.option("--size", type=click.IntRange(min=0), metavar="BYTES")
@click.option("--sha1", metavar="HEX")
@click.option(
    "--modified", metavar="TIME", help="When the content was last changed, such as 2026-01-31T12:00"
)
@click.option(
    "--from",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Take size, hashes and times from FILE. A PATH that ends with / gets its name.",
)
@_options
def upload(
    path: str | None,
    item: str | None,
    size: int | None,
    sha1: str | None,
    modified: str | None,
    file: Path | None,
    **given: Any,
) -> int:
    """A new file, or a new version of a file.

    Only what is known of the content is published, never the content itself.
    """
    facts: dict[str, object] = {}
    if file is not None:
        facts = _facts(file)
        if path is not None and path.endswith("/"):
            path += file.name
    if size is not None:
        facts["size"] = size
    if sha1 is not None:
        facts["sha1"] = sha1
    if modified is not None:
        facts["content_modified_at"] = _time(modified)
    return _one({"kind": "upload", **_target(path, item), **facts}, given)


@publish.command()
@click.argument("words", nargs=-1, metavar="[PATH] NAME")
@_ITEM
@_options
def rename(words: tuple[str, ...], item: str | None, **given: Any) -> int:
    """Another name, in the same folder."""
    path, name = _target_and_one(words, item)
    return _one({"kind": "rename", **_target(path, item), "name": name}, given)


def _into_folder(kind: str, help: str) -> click.Command:
    @click.command(kind, help=help)
    @click.argument("words", nargs=-1, metavar="[PATH] FOLDER")
    @_ITEM
    @click.option("--name", help="Its name there, where it is another.")
    @_options
    def command(words: tuple[str, ...], item: str | None, name: str | None, **given: Any) -> int:
        path, folder = _target_and_one(words, item)
        change = {"kind": kind, **_target(path, item), "parent": _folder(folder)}
        return _one(change | ({} if name is None else {"name": name}), given)

    return command


def _alone(kind: str, help: str) -> click.Command:
    @click.command(kind, help=help)
    @click.argument("path", required=False)
    @_ITEM
    @_options
    def command(path: str | None, item: str | None, **given: Any) -> int:
        return _one({"kind": kind, **_target(path, item)}, given)

    return command


publish.add_command(
    _into_folder("move", "Into another folder, given by path, or by id where it is a number.")
)
publish.add_command(
    _into_folder("copy", "A copy in a folder, given by path, or by id where it is a number.")
)
publish.add_command(_alone("trash", "Into the trash, with all that is in it."))
publish.add_command(_alone("delete", "Gone for good, with all that is in it."))


@publish.command()
@click.argument("item", metavar="ID")
@click.option("--to", "folder", metavar="FOLDER", help="Where to, if not to where it was.")
@click.option("--name", help="Its new name, where it is another.")
@_options
def restore(item: str, folder: str | None, name: str | None, **given: Any) -> int:
    """Back from the trash, by id: its path may be that of another item by now."""
    change: dict[str, object] = {"kind": "restore", "item": item}
    if folder is not None:
        change["parent"] = _folder(folder)
    if name is not None:
        change["name"] = name
    return _one(change, given)


def _one(change: Mapping[str, object], given: dict[str, Any]) -> int:
    how = _how(given)
    if how.namespace is not None:
        change = {**change, "namespace": how.namespace}
    return _publish(change, how)


def _publish(changes: Any, how: _How) -> int:
    url, token = reach.reach(how.flags, os.environ)
    try:
        client = Client(url, token)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    wait = DEFAULT_WAIT_SECONDS if how.wait is None else how.wait
    try:
        with client:
            answer = client.publish(changes, idempotency_key=how.key, patience=wait)
    except Refused as error:
        place = f" ({error.field})" if error.field else ""
        raise click.ClickException(f"{error}{place}") from None
    except ClientError as error:
        raise click.ClickException(f"{url}: {error}") from None
    if how.as_json:
        click.echo(msgspec.json.encode(answer))
    else:
        _show(answer)
    return 0


def _show(answer: ChangesAnswer) -> None:
    for result in answer.changes:
        if result.item is not None:
            click.echo(f"{result.item.type} {result.item.id}  {printable(result.item.name)}")
    for event in answer.events:
        place = "not in your stream" if event.position is None else f"position {event.position}"
        click.echo(f"event {event.id}  {place}")
    if answer.replayed:
        click.echo("This was published before under the same key; nothing was added.", err=True)


def _target(path: str | None, item: str | None) -> dict[str, str]:
    if (path is None) == (item is None):
        raise click.UsageError("which item? Give its path, or --item and its id")
    return {"item": item} if item is not None else {"path": path or ""}


def _target_and_one(words: tuple[str, ...], item: str | None) -> tuple[str | None, str]:
    """The path, which is there unless *item* is, and the word after it."""
    if len(words) != (2 if item is None else 1):
        raise click.UsageError("give two words, or --item and one of them")
    return (words[0] if item is None else None), words[-1]


def _folder(text: str) -> str:
    """A folder as the server takes it: an id, or a path with a slash in front."""
    return text if text.startswith("/") or text.isdigit() else f"/{text}"


def _time(text: str) -> str:
    """A time with an offset; one without is local."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no time such as 2026-01-31T12:00", param_hint="--modified"
        ) from None
    return (moment if moment.tzinfo else moment.astimezone()).isoformat()


def _facts(file: Path) -> dict[str, object]:
    """What is known of the content of *file*, read now."""
    # Only this kind of change needs the hashes of the folder source.
    from wakeful.sources.hashing import Hashing

    try:
        with file.open("rb") as opened:
            found = os.fstat(opened.fileno())
            hashing = Hashing(opened.fileno(), sys.maxsize)
            while not hashing.step():
                pass
    except OSError as error:
        raise click.ClickException(f"cannot read {file}: {error.strerror}") from None
    return {
        "size": hashing.size,
        "sha1": hashing.sha1,
        "content_hash": hashing.content_hash,
        "content_modified_at": found.st_mtime_ns // 1_000_000,
    }
