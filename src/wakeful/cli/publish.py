"""`wakeful publish`: changes into the feed, from a shell."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import msgspec

from wakeful.cli.publish_event import event
from wakeful.cli.publishing import How, how_of, options, send, show_changes, time_of
from wakeful.cli.words import Commands

_ITEM = click.option("--item", metavar="ID", help="The item's id, in place of its path.")


@click.group(cls=Commands, invoke_without_command=True)
@options
@click.option(
    "--batch",
    type=click.File("rb"),
    metavar="FILE|-",
    help="JSON as for POST /v1/changes: one change, or a list of them, made all or none.",
)
@click.pass_context
def publish(context: click.Context, /, batch: Any, **given: Any) -> int:
    """Put a change into the feed.

    It is safe on the server's disk when this ends. Items are named by path, or with --item by id.
    Prints each item with its id, and each event with its position.
    """
    context.obj = None
    how = how_of(given)
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
@options
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
@options
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
        facts["content_modified_at"] = time_of(modified, "--modified")
    return _one({"kind": "upload", **_target(path, item), **facts}, given)


@publish.command()
@click.argument("words", nargs=-1, metavar="[PATH] NAME")
@_ITEM
@options
def rename(words: tuple[str, ...], item: str | None, **given: Any) -> int:
    """Another name, in the same folder."""
    path, name = _target_and_one(words, item)
    return _one({"kind": "rename", **_target(path, item), "name": name}, given)


def _into_folder(kind: str, help: str) -> click.Command:
    @click.command(kind, help=help)
    @click.argument("words", nargs=-1, metavar="[PATH] FOLDER")
    @_ITEM
    @click.option("--name", help="Its name there, where it is another.")
    @options
    def command(words: tuple[str, ...], item: str | None, name: str | None, **given: Any) -> int:
        path, folder = _target_and_one(words, item)
        change = {"kind": kind, **_target(path, item), "parent": _folder(folder)}
        return _one(change | ({} if name is None else {"name": name}), given)

    return command


def _alone(kind: str, help: str) -> click.Command:
    @click.command(kind, help=help)
    @click.argument("path", required=False)
    @_ITEM
    @options
    def command(path: str | None, item: str | None, **given: Any) -> int:
        return _one({"kind": kind, **_target(path, item)}, given)

    return command


publish.add_command(
    _into_folder(
        "move", "Into another folder.\n\nIt is given by path, or by id where it is a number."
    )
)
publish.add_command(
    _into_folder(
        "copy", "A copy in a folder.\n\nIt is given by path, or by id where it is a number."
    )
)
publish.add_command(event)
publish.add_command(_alone("trash", "Into the trash, with all that is in it."))
publish.add_command(_alone("delete", "Gone for good, with all that is in it."))


@publish.command()
@click.argument("item", metavar="ID")
@click.option("--to", "folder", metavar="FOLDER", help="Where to, if not to where it was.")
@click.option("--name", help="Its new name, where it is another.")
@options
def restore(item: str, folder: str | None, name: str | None, **given: Any) -> int:
    """Back from the trash, by id.

    Its path may be that of another item by now.
    """
    change: dict[str, object] = {"kind": "restore", "item": item}
    if folder is not None:
        change["parent"] = _folder(folder)
    if name is not None:
        change["name"] = name
    return _one(change, given)


def _one(change: Mapping[str, object], given: dict[str, Any]) -> int:
    how = how_of(given)
    if how.namespace is not None:
        change = {**change, "namespace": how.namespace}
    return _publish(change, how)


def _publish(changes: Any, how: How) -> int:
    return send(
        how,
        lambda client, wait: client.publish(changes, idempotency_key=how.key, patience=wait),
        show_changes,
    )


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
