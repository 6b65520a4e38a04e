"""Events as a consumer sees them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from wakeful.client.events import Actor, Event, event_from

FOLDER = {"type": "folder", "id": "12", "name": "Reports"}
RAW: dict[str, Any] = {
    "type": "event",
    "event_id": "a" * 40,
    "event_type": "ITEM_MOVE",
    "created_at": "2026-01-02T03:04:05-07:00",
    "recorded_at": "2026-01-02T03:04:06-07:00",
    "created_by": {"type": "user", "id": "7", "name": "Ada", "login": "ada@example.org"},
    "source": {
        "type": "file",
        "id": "11",
        "name": "a.txt",
        "etag": "3",
        "sequence_id": "3",
        "size": 5,
        "sha1": "f" * 40,
        "file_version": {"type": "file_version", "id": "99"},
        "parent": FOLDER,
        "path_collection": {
            "total_count": 2,
            "entries": [{"type": "folder", "id": "0", "name": "All Files"}, FOLDER],
        },
        "item_status": "active",
        "created_at": "2026-01-01T00:00:00Z",
        "modified_at": "2026-01-01T00:00:01Z",
        "content_created_at": "2026-01-01T00:00:02Z",
        "content_modified_at": "2026-01-01T00:00:03Z",
    },
}


def source(**changed: Any) -> Event:
    return event_from({**RAW, "source": {**RAW["source"], **changed}})


def test_an_event_has_the_fields_that_most_consumers_use() -> None:
    event = event_from(RAW)

    assert (event.id, event.type) == ("a" * 40, "ITEM_MOVE")
    assert event.created_at == datetime(2026, 1, 2, 10, 4, 5, tzinfo=UTC)
    assert event.recorded_at == datetime(2026, 1, 2, 10, 4, 6, tzinfo=UTC)
    assert event.actor == Actor("7", "Ada", "ada@example.org")
    assert event.raw == RAW


def test_a_source_tells_what_and_where_the_item_is() -> None:
    item = event_from(RAW).source

    assert item is not None
    assert (item.kind, item.id, item.name, item.parent_id) == ("file", "11", "a.txt", "12")
    assert item.path == "/Reports/a.txt"
    assert (item.etag, item.sequence_id, item.version_id) == ("3", "3", "99")
    assert (item.size, item.sha1) == (5, "f" * 40)
    assert not item.is_trashed
    times = (item.created_at, item.modified_at, item.content_created_at, item.content_modified_at)
    assert times == tuple(datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC) for second in range(4))


def test_an_item_in_the_trash_has_no_path() -> None:
    trashed = source(
        item_status="deleted", parent=None, path_collection={"total_count": 0, "entries": []}
    )

    assert trashed.source is not None
    assert trashed.source.is_trashed
    assert (trashed.source.path, trashed.source.parent_id) == (None, None)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(None, id="none"),
        pytest.param({"type": "comment", "id": "5"}, id="another type"),
        pytest.param({"item_type": "file", "item_id": "5"}, id="enterprise form"),
        pytest.param([], id="list"),
        pytest.param("", id="text"),
    ],
)
def test_an_event_about_anything_else_has_no_source_but_the_raw_one(other: object) -> None:
    event = event_from({**RAW, "source": other})

    assert event.source is None
    assert event.raw["source"] == other


@pytest.mark.parametrize("field", [*RAW, "unheard_of"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "x", True], ids=repr)
def test_a_strange_field_never_keeps_an_event_back(field: str, value: object) -> None:
    assert isinstance(event_from({**RAW, field: value}), Event)


@pytest.mark.parametrize("field", RAW["source"])
@pytest.mark.parametrize("value", [None, 1, [], {}, "x", {"entries": [1]}], ids=repr)
def test_a_strange_field_of_a_source_never_keeps_an_event_back(field: str, value: object) -> None:
    assert isinstance(source(**{field: value}), Event)


def test_an_empty_hash_is_one_that_is_not_known() -> None:
    item = source(sha1="").source

    assert item is not None
    assert item.sha1 is None


def test_the_short_form_of_an_item_in_the_enterprises_stream_is_read() -> None:
    source = {
        "item_type": "file",
        "item_id": "7",
        "item_name": "a.txt",
        "parent": {"type": "folder", "id": "5", "name": "docs"},
    }

    item = event_from({"event_id": "1", "event_type": "UPLOAD", "source": source}).source

    assert item is not None
    assert (item.kind, item.id, item.name, item.parent_id) == ("file", "7", "a.txt", "5")
    assert (item.path, item.size, item.etag) == (None, None, None)
    strange = event_from({"source": source | {"item_type": "web_link"}})
    assert strange.source is None
