"""The changes that `POST /v1/changes` takes.

An item is named by its `item` id, by its `path`, or as what an earlier change of the same
request made: `{"change": 0}`. A folder that something goes into is named likewise: a text
that begins with a slash is a path, any other an id. Paths begin at the root of `namespace`,
by default the home of whoever asks; shared namespaces stand there as folders.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from wakeful.core import changes as core
from wakeful.core.changes import ById, ByPath, Change, Facts, Made, Ref
from wakeful.core.errors import InvalidName, InvalidRequest
from wakeful.core.names import check_name, split_path
from wakeful.dialects.bodies import decode
from wakeful.dialects.native.batches import WholeBodies, parse_batch, parse_time

ROOT = "0"
"""The root of the namespace, as in the Box dialect."""

_MOST_DIGITS = 18

Size = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Sha1 = Annotated[str, Meta(pattern="^[0-9a-fA-F]{40}$")]
ContentHash = Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$")]
Time: TypeAlias = str | int


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an earlier change of the same request made, counted from 0."""

    change: int


Named: TypeAlias = str | int | Earlier


class _Wire(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    namespace: str | int | None = None
    at: Time | None = None


class _Target(_Wire, frozen=True, kw_only=True):
    item: Named | None = None
    path: str | None = None


class CreateFolder(_Wire, frozen=True, kw_only=True, tag="create_folder"):
    path: str | None = None
    parent: Named | None = None
    name: str | None = None
    parents: bool = True


class Upload(_Target, frozen=True, kw_only=True, tag="upload"):
    parent: Named | None = None
    name: str | None = None
    parents: bool = True
    size: Size = 0
    sha1: Sha1 | None = None
    content_hash: ContentHash | None = None
    content_created_at: Time | None = None
    content_modified_at: Time | None = None


class Rename(_Target, frozen=True, kw_only=True, tag="rename"):
    name: str


class Move(_Target, frozen=True, kw_only=True, tag="move"):
    to: str | None = None
    parent: Named | None = None
    name: str | None = None


class Copy(_Target, frozen=True, kw_only=True, tag="copy"):
    to: str | None = None
    parent: Named | None = None
    name: str | None = None


class Trash(_Target, frozen=True, kw_only=True, tag="trash"):
    pass


class Restore(_Wire, frozen=True, kw_only=True, tag="restore"):
    """The path of what is in the trash names nothing: another item may have it by now."""

    item: Named
    parent: Named | None = None
    name: str | None = None


class Delete(_Target, frozen=True, kw_only=True, tag="delete"):
    pass


WireChange: TypeAlias = CreateFolder | Upload | Rename | Move | Copy | Trash | Restore | Delete


@cache
def _decoder() -> msgspec.json.Decoder[WireChange]:
    # It takes a while to be made: a server that starts has no use for it yet.
    return msgspec.json.Decoder(WireChange)


@cache
def _bodies() -> WholeBodies[WireChange]:
    return WholeBodies("changes", WireChange)


def parse_changes(body: bytes, home: int) -> tuple[Change, ...]:
    """The changes in a request by somebody with the home namespace *home*.

    Raises InvalidRequest, InvalidName and TooLarge, each with the field at fault.
    """

    wires = _bodies().read(body)
    if wires is not None:
        with suppress(InvalidRequest):  # raised again with the number of the change
            return tuple([_Reading(wire, home).change() for wire in wires])

    def parse(part: msgspec.Raw) -> Change:
        return _Reading(decode(part, _decoder()), home).change()

    return parse_batch(body, "changes", parse)


class _Reading:
    """One change, on its way from the wire's words to the core's."""

    def __init__(self, wire: WireChange, home: int) -> None:
        self._wire = wire
        self._at = parse_time(wire.at, "at")
        self._namespace = home if wire.namespace is None else parse_id(wire.namespace, "namespace")

    def change(self) -> Change:
        wire, at = self._wire, self._at
        match wire:
            case CreateFolder():
                parent, name = self._new_place(wire)
                return core.CreateFolder(at=at, parent=parent, name=name, parents=wire.parents)
            case Upload():
                return self._upload(wire)
            case Rename():
                name = _name(wire.name)
                return core.Move(at=at, item=self._target(wire), name=name)
            case Move():
                parent_or_none, name_or_none = self._destination(wire)
                if parent_or_none is None and name_or_none is None:
                    raise InvalidRequest("where to? Give `to`, `parent` or `name`", field="to")
                return core.Move(
                    at=at, item=self._target(wire), parent=parent_or_none, name=name_or_none
                )
            case Copy():
                parent_or_none, name_or_none = self._destination(wire)
                if parent_or_none is None:
                    parent_or_none = self._beside(wire)
                return core.Copy(
                    at=at, item=self._target(wire), parent=parent_or_none, name=name_or_none
                )
            case Trash():
                return core.Trash(at=at, item=self._target(wire))
            case Restore():
                item = self._ref(wire.item, "item")
                parent_or_none = None if wire.parent is None else self._folder(wire.parent)
                return core.Restore(
                    at=at, item=item, parent=parent_or_none, name=_optional_name(wire.name)
                )
            case Delete():
                return core.Delete(at=at, item=self._target(wire))

    def _upload(self, wire: Upload) -> Change:
        facts = Facts(
            size=wire.size,
            sha1=(wire.sha1 or "").lower(),
            content_hash=(wire.content_hash or "").lower(),
            content_created_at=parse_time(wire.content_created_at, "content_created_at"),
            content_modified_at=parse_time(wire.content_modified_at, "content_modified_at"),
        )
        if wire.item is not None:
            for field in ("path", "parent", "name"):
                if getattr(wire, field) is not None:
                    raise InvalidRequest("an upload to an item has no other place", field=field)
            item = self._ref(wire.item, "item")
            return core.NewVersion(at=self._at, item=item, facts=facts)
        parent, name = self._new_place(wire)
        return core.Upload(at=self._at, parent=parent, name=name, facts=facts, parents=wire.parents)

    def _new_place(self, wire: CreateFolder | Upload) -> tuple[Ref, str]:
        if wire.path is not None:
            if wire.parent is not None or wire.name is not None:
                field = "name" if wire.parent is None else "parent"
                raise InvalidRequest("give a path, or a parent and a name", field=field)
            return self._split(wire.path, "path")
        if wire.name is None:
            raise InvalidRequest("give a path, or a parent and a name", field="path")
        return self._folder(ROOT if wire.parent is None else wire.parent), _name(wire.name)

    def _destination(self, wire: Move | Copy) -> tuple[Ref | None, str | None]:
        if wire.to is not None:
            for field in ("parent", "name"):
                if getattr(wire, field) is not None:
                    raise InvalidRequest("give `to`, or a parent and a name", field=field)
            return self._split(wire.to, "to")
        parent = None if wire.parent is None else self._folder(wire.parent)
        return parent, _optional_name(wire.name)

    def _beside(self, wire: Copy) -> Ref:
        """The folder of an item that is named by its path."""
        if wire.path is None:
            raise InvalidRequest("a copy needs `to` or a parent", field="parent")
        return self._split(wire.path, "path")[0]

    def _split(self, path: str, field: str) -> tuple[Ref, str]:
        names = _names(path, field)
        if not names:
            raise InvalidName("the root has no name and is there already", field=field)
        return ByPath(self._namespace, names[:-1]), names[-1]

    def _target(self, wire: _Target) -> Ref:
        if wire.item is not None:
            if wire.path is not None:
                raise InvalidRequest("give an item or a path, not both", field="path")
            return self._ref(wire.item, "item")
        if wire.path is None:
            raise InvalidRequest("which one? Give an item or a path", field="item")
        return ByPath(self._namespace, _names(wire.path, "path"))

    def _folder(self, named: Named) -> Ref:
        if isinstance(named, str) and named.startswith("/"):
            return ByPath(self._namespace, _names(named, "parent"))
        return self._ref(named, "parent")

    def _ref(self, named: Named, field: str) -> Ref:
        if isinstance(named, Earlier):
            return Made(named.change)
        if named in (ROOT, 0):
            return ByPath(self._namespace, ())
        return ById(parse_id(named, field))


def _names(path: str, field: str) -> tuple[str, ...]:
    try:
        return split_path(path)
    except InvalidName as error:
        error.field = field
        raise


def _name(name: str) -> str:
    return check_name(name)


def _optional_name(name: str | None) -> str | None:
    return None if name is None else check_name(name)


def parse_id(value: object, field: str) -> int:
    """The id in *value*, a number or its text. Raises InvalidRequest."""
    if isinstance(value, str):
        if not (value.isascii() and value.isdigit()) or len(value) > _MOST_DIGITS:
            raise InvalidRequest(f"{value[:40]!r} is no id", field=field)
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**_MOST_DIGITS:
        raise InvalidRequest("an id is a number that the server gave", field=field)
    return value
