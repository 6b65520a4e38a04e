from __future__ import annotations

import json
from typing import Any

import pytest

from wakeful.core.changes import (
    ById,
    ByPath,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Made,
    Move,
    NewVersion,
    Restore,
    Trash,
    Upload,
)
from wakeful.dialects.native.batches import digest_of
from wakeful.dialects.native.changes import parse_changes

HOME = 7


def at(*names: str, namespace: int = HOME) -> ByPath:
    return ByPath(namespace, names)


@pytest.mark.parametrize(
    ("wire", "change"),
    [
        (
            {"kind": "create_folder", "path": "/a/b"},
            CreateFolder(parent=at("a"), name="b", parents=True),
        ),
        (
            {"kind": "create_folder", "path": "a", "parents": False, "namespace": "9"},
            CreateFolder(parent=at(namespace=9), name="a", parents=False),
        ),
        (
            {"kind": "upload", "path": "/a", "size": 3, "sha1": "AB" * 20, "at": 5},
            Upload(at=5, parent=at(), name="a", facts=Facts(size=3, sha1="ab" * 20), parents=True),
        ),
        (
            {"kind": "upload", "parent": "12", "name": "a"},
            Upload(parent=ById(12), name="a", facts=Facts(), parents=True),
        ),
        (
            {"kind": "upload", "parent": "/12", "name": "a"},
            Upload(parent=at("12"), name="a", facts=Facts(), parents=True),
        ),
        (
            {"kind": "upload", "item": 12, "content_modified_at": "1970-01-01T00:00:01Z"},
            NewVersion(item=ById(12), facts=Facts(content_modified_at=1000)),
        ),
        ({"kind": "rename", "path": "/a", "name": "b"}, Move(item=at("a"), name="b")),
        ({"kind": "move", "item": "5", "to": "/x/y"}, Move(item=ById(5), parent=at("x"), name="y")),
        ({"kind": "move", "item": "5", "parent": "0"}, Move(item=ById(5), parent=at())),
        ({"kind": "move", "item": "5", "name": "b"}, Move(item=ById(5), name="b")),
        (
            {"kind": "copy", "path": "/x/a", "name": "b"},
            Copy(item=at("x", "a"), parent=at("x"), name="b"),
        ),
        ({"kind": "trash", "item": {"change": 2}}, Trash(item=Made(2))),
        ({"kind": "restore", "item": "5"}, Restore(item=ById(5))),
        (
            {"kind": "restore", "item": "5", "parent": "/x", "name": "b"},
            Restore(item=ById(5), parent=at("x"), name="b"),
        ),
        ({"kind": "delete", "path": "/"}, Delete(item=at())),
    ],
)
def test_what_the_wire_says_in_the_words_of_the_core(wire: dict[str, Any], change: Change) -> None:
    assert parse_changes(json.dumps(wire).encode(), HOME) == (change,)


def test_a_request_is_told_from_others_by_user_and_body() -> None:
    digests = {
        digest_of(5, b"{}"),
        digest_of(6, b"{}"),
        digest_of(5, b"[]"),
        digest_of(50, b"{}"),
    }
    assert len(digests) == 4
    assert digest_of(5, b"{}") in digests
