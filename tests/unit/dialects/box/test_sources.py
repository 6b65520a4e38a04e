from __future__ import annotations

from typing import Any

import pytest

from tests.box_rules import strict_faults
from wakeful.core.errors import InvalidRequest
from wakeful.dialects.box.sources import check_source


@pytest.mark.parametrize(
    "source",
    [
        None,
        {},
        {"anything": [1, {"deep": None}]},
        {"type": "comment", "id": 5},
        {"type": 5, "inside": [{"type": None}]},
        {"item_type": "web_link", "item_id": 5},
        {"type": "file", "id": "5"},
        {"type": "file", "id": "5", "etag": None, "permissions": {"unknown": "passes"}},
        {"type": "folder", "id": "5", "path_collection": {"total_count": 0, "entries": []}},
        {"type": "user", "id": "5", "name": "Ann"},
        {"item_type": "file", "item_id": "5", "item_name": "a", "owned_by": None},
        {"type": "app_item", "id": "5", "app_item_type": "note"},
    ],
)
def test_what_every_sdk_reads_passes(source: dict[str, Any] | None) -> None:
    check_source(source)


@pytest.mark.parametrize(
    ("source", "field"),
    [
        ({"type": "file"}, "source"),
        ({"type": "file", "id": 5}, "source.id"),
        ({"type": "file", "id": "5", "etag": 1}, "source.etag"),
        ({"type": "file", "id": "5", "size": "1"}, "source.size"),
        ({"type": "file", "id": "5", "file_version": {"id": "6"}}, "source.file_version"),
        ({"type": "file", "id": "5", "parent": {"type": "folder", "id": 6}}, "source.parent.id"),
        ({"type": "folder", "id": "5", "path_collection": {}}, "source.path_collection"),
        ({"type": "user", "id": 5}, "source.id"),
        ({"type": "app_item", "id": "5"}, "source"),
        ({"item_type": "folder", "item_id": "5"}, "source"),
        ({"item_type": "file", "item_id": 5, "item_name": "a"}, "source.item_id"),
        ({"type": ["file"]}, "source.type"),
        ({"type": {}}, "source.type"),
        ({"item_type": ["file"]}, "source.item_type"),
        ({"any": {"where": [1, {"type": ["x"]}]}}, "source.any.where[1].type"),
        ({"type": "file", "id": "5", "parent": {"type": "x", "id": "6"}}, "source.parent.type"),
        ({"type": "file", "id": "5", "owned_by": {"type": "x", "id": "6"}}, "source.owned_by.type"),
        (
            {"type": "file", "id": "5", "file_version": {"type": "x", "id": "6"}},
            "source.file_version.type",
        ),
        (
            {
                "type": "app_item",
                "id": "5",
                "app_item_type": "n",
                "group": {"type": "x", "id": "6"},
            },
            "source.group.type",
        ),
    ],
)
def test_what_makes_an_sdk_refuse_the_page_is_refused_at_the_door(
    source: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        check_source(source)
    assert raised.value.field == field


def test_the_door_is_no_wider_than_the_strict_rules() -> None:
    event = {"event_id": "1", "event_type": "X"}
    for name in ("etag", "sequence_id", "name", "description", "sha1", "created_at", "parent"):
        source = {"type": "file", "id": "5", name: 5 if name != "parent" else {"id": 5}}
        assert list(strict_faults(event | {"source": source}))
        with pytest.raises(InvalidRequest):
            check_source(source)
