from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.box_rules import TIMESTAMP, check_event, check_page, strict_faults
from tests.box_samples import ALL_FILES, ANN, HOME, NOON, event, folder, snapshot
from wakeful.core.events import (
    Ancestor,
    Event,
    ItemEvent,
    MemberEvent,
    Person,
    Snapshot,
    decode,
    describe,
    encode,
)
from wakeful.dialects.box.events import UserEvent, page, render_page, render_user_event
from wakeful.dialects.box.items import item_full
from wakeful.dialects.box.types import user_name
from wakeful.dialects.box.users import party, user_mini
from wakeful.dialects.times import text_of


def rendered(event: Event) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(render_user_event(event))
    check_event(raw)
    return raw


def source_of(item: Snapshot, type: str = ItemEvent.UPLOAD) -> dict[str, Any]:
    raw: dict[str, Any] = rendered(event(type, item))["source"]
    return raw


def test_an_event_has_the_recorded_fields() -> None:
    raw = rendered(event(source=snapshot(), session="s1"))

    assert raw | {"source": ...} == {
        "type": "event",
        "event_id": "0a" * 20,
        "created_by": {
            "type": "user",
            "id": "1002",
            "name": "Bob",
            "login": "bob@example.com",
        },
        "created_at": "2026-11-21T12:00:00+00:00",
        "recorded_at": "2026-11-21T12:00:02+00:00",
        "event_type": "ITEM_UPLOAD",
        "session_id": "s1",
        "source": ...,
    }


def test_a_file_is_shown_in_full() -> None:
    ann = {"type": "user", "id": "1001", "name": "Ann", "login": "ann@example.com"}
    parent = {
        "type": "folder",
        "id": "1005",
        "sequence_id": "2",
        "etag": "2",
        "name": "Contracts",
    }

    assert source_of(snapshot()) == {
        "type": "file",
        "id": "1010",
        "file_version": {"type": "file_version", "id": "1011", "sha1": "ab" * 20},
        "sequence_id": "3",
        "etag": "3",
        "sha1": "ab" * 20,
        "name": "report.pdf",
        "description": "",
        "size": 1234,
        "path_collection": {"total_count": 2, "entries": [ALL_FILES, parent]},
        "created_at": "2026-11-21T12:00:00+00:00",
        "modified_at": "2026-11-21T12:00:01+00:00",
        "trashed_at": None,
        "purged_at": None,
        "content_created_at": "2026-11-21T11:59:59+00:00",
        "content_modified_at": "2026-11-21T11:59:59+00:00",
        "created_by": ann,
        "modified_by": {"type": "user", "id": "1002", "name": "Bob", "login": "bob@example.com"},
        "owned_by": ann,
        "shared_link": None,
        "parent": parent,
        "item_status": "active",
        "synced": True,
    }


def test_a_folder_is_shown_in_full() -> None:
    raw = source_of(folder(path=(HOME,)), ItemEvent.CREATE)

    assert (raw["type"], raw["id"], raw["etag"], raw["sequence_id"]) == ("folder", "1010", "3", "3")
    assert raw["folder_upload_email"] is None
    assert raw["parent"] == ALL_FILES
    assert "file_version" not in raw
    assert "item_collection" not in raw


@pytest.mark.parametrize("make", [snapshot, folder])
def test_what_is_in_the_trash_has_no_place_and_an_end(make: Any) -> None:
    raw = source_of(make(trashed_at=NOON), ItemEvent.TRASH)

    assert raw["item_status"] == "deleted"
    assert raw["parent"] is None
    assert raw["path_collection"] == {"total_count": 0, "entries": []}
    assert raw["trashed_at"] == "2026-11-21T12:00:00+00:00"
    assert raw["purged_at"] == "2026-12-21T12:00:00+00:00"


def test_the_root_of_a_home_is_folder_0() -> None:
    raw = source_of(folder(id=1003, name="All Files", path=()), "TAG_ITEM_CREATE")

    assert {name: raw[name] for name in ALL_FILES} == ALL_FILES
    assert raw["parent"] is None
    assert raw["path_collection"]["entries"] == []


def test_the_root_of_a_shared_namespace_is_a_folder_at_the_top() -> None:
    raw = source_of(folder(name="team", in_home=False, path=()), MemberEvent.ADD)

    assert (raw["id"], raw["name"], raw["etag"]) == ("1010", "team", "3")
    assert raw["parent"] == ALL_FILES
    assert raw["path_collection"] == {"total_count": 1, "entries": [ALL_FILES]}


def test_what_is_in_a_shared_namespace_lies_below_its_folder() -> None:
    raw = source_of(snapshot(in_home=False, path=(Ancestor(1020, "team", 7),)))

    team = {"type": "folder", "id": "1020", "sequence_id": "7", "etag": "7", "name": "team"}
    assert raw["path_collection"]["entries"] == [ALL_FILES, team]
    assert raw["parent"] == team


def test_what_is_right_in_the_home_has_folder_0_as_parent() -> None:
    assert source_of(snapshot(path=(HOME,)))["parent"] == ALL_FILES


def test_times_have_an_offset_and_no_fraction() -> None:
    raw = rendered(event(source=snapshot(trashed_at=NOON + 1)))

    texts = [raw["created_at"], raw["recorded_at"]]
    texts += [value for name, value in raw["source"].items() if name.endswith("_at")]
    assert len(texts) == 8
    assert all(TIMESTAMP.fullmatch(text) for text in texts)


@pytest.mark.parametrize("at", [-(10**18), -1, 10**18])
def test_a_time_that_no_year_holds_does_not_stop_a_page(at: int) -> None:
    raw = source_of(snapshot(content_modified_at=at, trashed_at=at))

    assert TIMESTAMP.fullmatch(raw["content_modified_at"])
    assert TIMESTAMP.fullmatch(raw["purged_at"])


def test_a_file_that_is_not_hashed_yet_has_an_empty_sha1() -> None:
    raw = source_of(snapshot(sha1=""))

    assert raw["sha1"] == raw["file_version"]["sha1"] == ""


def test_any_other_source_and_details_pass_as_they_were_given() -> None:
    raw = rendered(event("COMMENT_CREATE", {"type": "comment", "n": [1]}, details={"a": {"b": 1}}))

    assert raw["source"] == {"type": "comment", "n": [1]}
    assert raw["additional_details"] == {"a": {"b": 1}}


names = st.text(st.characters(codec="utf-8"), max_size=8)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | names,
    lambda within: st.lists(within, max_size=3) | st.dictionaries(names, within, max_size=3),
    max_leaves=8,
)
maps: st.SearchStrategy[dict[str, Any]] = st.dictionaries(names, plain, max_size=3)
times = st.integers(0, 2**42)


@given(
    source=st.none() | maps | st.just(snapshot()) | st.just(folder(trashed_at=NOON)),
    details=st.none() | maps,
    accessible_by=st.none() | maps | st.just(ANN),
    actor=st.builds(Person, id=st.sampled_from([2, 1001]), name=names, login=names),
    type=names,
    session=st.none() | names,
    times=st.tuples(times, times) | times.map(lambda time: (time, time)),
)
def test_an_event_is_written_in_its_declared_form(
    source: dict[str, Any] | Snapshot | None,
    details: dict[str, Any] | None,
    accessible_by: dict[str, Any] | Person | None,
    actor: Person,
    type: str,
    session: str | None,
    times: tuple[int, int],
) -> None:
    told = event(type, source, actor=actor, session=session, accessible_by=accessible_by)
    told = replace(told, created_at=times[0], recorded_at=times[1])
    if details is not None:
        told = replace(told, details=describe(details))

    form = UserEvent(
        event_id=told.id,
        created_by=user_mini(actor),
        created_at=text_of(times[0]),
        recorded_at=text_of(times[1]),
        event_type=user_name(type),
        session_id=session,
        source=item_full(source) if isinstance(source, Snapshot) else source,
        additional_details=msgspec.UNSET if details is None else details,
        accessible_by=msgspec.UNSET if accessible_by is None else party(accessible_by),
    )
    assert render_user_event(decode(encode(told))) == msgspec.json.encode(form)


def test_an_event_without_a_source_says_null() -> None:
    raw = rendered(event("LOGIN"))

    assert raw["source"] is None
    assert "additional_details" not in raw


def test_who_joined_is_told_with_ids_in_text() -> None:
    raw = rendered(
        event(
            MemberEvent.ADD,
            folder(in_home=False, path=()),
            details={"role": "editor"},
            accessible_by=Person(1002, "Bob", "b"),
        )
    )

    assert raw["accessible_by"] == {"type": "user", "id": "1002", "name": "Bob", "login": "b"}
    assert raw["additional_details"] == {"role": "editor"}


def test_where_an_actor_was_is_not_told_to_users() -> None:
    raw = rendered(event("ITEM_DOWNLOAD", snapshot(), ip="192.0.2.1", action_by=ANN))

    assert "192.0.2.1" not in json.dumps(raw)
    assert "action_by" not in raw


def test_a_page_is_its_events_joined() -> None:
    one = render_user_event(event(source=snapshot()))
    two = render_user_event(event("LOGIN"))

    raw = json.loads(page([one, two], 2**40 + 2))

    check_page(raw)
    assert raw["entries"] == [json.loads(one), json.loads(two)]
    assert raw["next_stream_position"] == 2**40 + 2


def test_an_empty_page() -> None:
    empty = b'{"chunk_size":0,"next_stream_position":1099511627776,"entries":[]}'

    assert page([], 2**40) == render_page([], 2**40) == empty


def test_a_page_in_one_go_is_the_same() -> None:
    told = [event(source=snapshot()), event("LOGIN", {"a": 1}), event(source=folder())]

    assert render_page(told, 5) == page([render_user_event(each) for each in told], 5)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"event_id": 5}, "event_id"),
        ({"session_id": 5}, "session_id"),
        ({"source": []}, "source"),
        ({"source": ""}, "source"),
        ({"created_by": {"type": "user", "id": 5}}, "created_by.id"),
        ({"additional_details": []}, "additional_details"),
        ({"source": {"type": "file", "id": 5}}, "source.id"),
        ({"source": {"type": "file", "id": "5", "etag": 1}}, "source.etag"),
        ({"source": {"type": "file", "id": "5", "size": "1"}}, "source.size"),
        ({"source": {"item_type": "file", "item_id": "5"}}, "source.item_name"),
        (
            {"source": {"type": "folder", "id": "5", "path_collection": {"entries": []}}},
            "source.path_collection.total_count",
        ),
    ],
)
def test_the_strict_rules_see_each_fault(change: dict[str, Any], fault: str) -> None:
    raw = msgspec.json.decode(render_user_event(event(source=snapshot())))

    assert fault in list(strict_faults(raw | change))
