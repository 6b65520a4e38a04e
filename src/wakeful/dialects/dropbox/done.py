"""What is answered to those who changed something, as Dropbox's API has it (files.stone)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from wakeful.dialects.dropbox.errors import Refused
from wakeful.dialects.dropbox.shapes import Metadata

Union = dict[str, Any]
"""A union of Dropbox's, under its `.tag`."""


class Changed(msgspec.Struct):
    """What was made, moved, copied or deleted."""

    metadata: Metadata


class Complete(msgspec.Struct, tag_field=".tag", tag="complete"):
    """A batch that is done: for each entry `success` or `failure`, in their order."""

    entries: list[Union]


class Launched(msgspec.Struct, tag_field=".tag", tag="async_job_id"):
    """A batch whose outcome is to be asked for."""

    async_job_id: str


class ListRevisionsResult(msgspec.Struct):
    is_deleted: bool
    entries: list[Metadata]
    has_more: bool
    server_deleted: str | UnsetType = UNSET


class Started(msgspec.Struct):
    session_id: str


class StartedBatch(msgspec.Struct):
    session_ids: list[str]


class Entries(msgspec.Struct):
    """A batch that is done, where there is no other way."""

    entries: list[Union]


def success(changed: Metadata) -> Union:
    """The entry of a batch about what was *changed*."""
    return {".tag": "success", "metadata": msgspec.to_builtins(changed)}


def relocated(changed: Metadata) -> Union:
    """The same of what was moved or copied: there a union within stands for itself."""
    return {".tag": "success", "success": msgspec.to_builtins(changed)}


def committed(file: Metadata) -> Union:
    """The same of a file: what it is stands in the union itself."""
    return {**msgspec.to_builtins(file), ".tag": "success"}


def failure(refused: Refused, *around: str) -> Union:
    """The entry of a batch that was *refused*; *around* are the unions between it and its own."""
    union = refused.union
    for tag in reversed(("failure", *around)):
        union = {".tag": tag, tag: union}
    return union
