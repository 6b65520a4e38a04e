from __future__ import annotations

import json
from typing import Any

import pytest

from tests.box_rules import TIMESTAMP, check_event
from tests.box_samples import ALL_FILES, ANN, BOB, HOME, NOON, event, folder, snapshot
from wakeful.core.events import Ancestor, Event, ItemEvent, MemberEvent
from wakeful.dialects.box.catalogue import ENTERPRISE
from wakeful.dialects.box.enterprise import (
    ABOUT_ACCESS,
    ABOUT_CONTENT,
    ABOUT_THEIR_ACTOR,
    render_enterprise_event,
    render_enterprise_page,
)
from wakeful.dialects.box.events import page, render_user_event

ANN_MINI = {"type": "user", "id": "1001", "name": "Ann", "login": "ann@example.com"}
BOB_MINI = {"type": "user", "id": "1002", "name": "Bob", "login": "bob@example.com"}
CONTRACTS = {"type": "folder", "id": "1005", "sequence_id": "2", "etag": "2", "name": "Contracts"}


def rendered(event: Event) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(render_enterprise_event(event))
    check_event(raw)
    return raw


def test_an_event_has_the_fields_of_recorded_ones() -> None:
    raw = rendered(event(source=snapshot(), ip="192.0.2.1", session="s1", action_by=ANN))

    assert raw == {
        "source": {
            "item_type": "file",
            "item_id": "1010",
            "item_name": "report.pdf",
            "parent": CONTRACTS,
            "owned_by": ANN_MINI,
        },
        "created_by": BOB_MINI,
        "action_by": ANN_MINI,
        "created_at": "2026-11-21T12:00:00+00:00",
        "recorded_at": "2026-11-21T12:00:02+00:00",
        "event_id": "0a" * 20,
        "event_type": "UPLOAD",
        "ip_address": "192.0.2.1",
        "type": "event",
        "session_id": "s1",
        "additional_details": {"size": 1234, "version_id": "1011"},
    }


def test_a_page_in_one_go_is_its_events_joined() -> None:
    told = [event(source=snapshot()), event("LOGIN", details={"a": 1}), event("UPLOAD", {"n": 1})]

    joined = page([render_enterprise_event(each) for each in told], 5)
    assert render_enterprise_page(told, 5) == joined
    assert render_enterprise_page([], 5) == page([], 5)


def test_what_nobody_knows_is_said_as_box_says_it() -> None:
    raw = rendered(event("SHIELD_ALERT"))

    assert raw["ip_address"] == "Unknown IP"
    for name in ("source", "action_by", "session_id", "additional_details"):
        assert raw[name] is None
    assert "accessible_by" not in raw


def test_both_streams_show_one_event_under_one_id() -> None:
    one = event(ItemEvent.RENAME, snapshot())

    ours, theirs = rendered(one), json.loads(render_user_event(one))

    assert (ours["event_type"], theirs["event_type"]) == ("RENAME", "ITEM_RENAME")
    for name in ("event_id", "created_at", "recorded_at", "created_by"):
        assert ours[name] == theirs[name]


def test_a_parent_has_its_etag_and_sequence_id() -> None:
    raw = rendered(event(source=snapshot(in_home=False, path=(Ancestor(1020, "team", 7),))))

    parent = raw["source"]["parent"]
    assert (parent["id"], parent["etag"], parent["sequence_id"]) == ("1020", "7", "7")


def test_what_goes_to_the_trash_is_told_with_the_folder_that_it_was_in() -> None:
    raw = rendered(event(ItemEvent.TRASH, snapshot(trashed_at=NOON)))

    assert (raw["event_type"], raw["source"]["parent"]) == ("DELETE", CONTRACTS)


@pytest.mark.parametrize(
    ("path", "in_home", "parent"),
    [
        pytest.param((HOME,), True, ALL_FILES, id="in a home"),
        pytest.param((), False, ALL_FILES, id="shared"),
        pytest.param((), True, None, id="the home"),
    ],
)
def test_the_root_of_a_home_alone_is_in_no_folder(
    path: tuple[Ancestor, ...], in_home: bool, parent: dict[str, Any] | None
) -> None:
    source = rendered(event(ItemEvent.CREATE, folder(path=path, in_home=in_home)))["source"]

    assert source["parent"] == parent
    assert source["item_id"] == ("1010" if parent else "0")


@pytest.mark.parametrize("type", ["ITEM_DOWNLOAD", "DOWNLOAD", ItemEvent.COPY])
def test_who_reads_or_writes_content_is_told_which(type: str) -> None:
    raw = rendered(event(type, snapshot(), details={"service_name": "Sync", "size": 1}))

    # What the producer knows better stands.
    assert raw["additional_details"] == {"size": 1, "version_id": "1011", "service_name": "Sync"}


@pytest.mark.parametrize(
    ("type", "source"),
    [("COMMENT_CREATE", snapshot()), (ItemEvent.CREATE, folder()), ("UPLOAD", {"anything": 1})],
)
def test_other_events_have_the_details_that_were_given(type: str, source: Any) -> None:
    assert rendered(event(type, source))["additional_details"] is None
    assert rendered(event(type, source, details={"a": 1}))["additional_details"] == {"a": 1}


def test_who_joins_is_told_in_the_form_of_recorded_events() -> None:
    team = folder(name="Team", in_home=False, path=())

    raw = rendered(event(MemberEvent.ADD, team, accessible_by=BOB, details={"role": "editor"}))

    assert raw["event_type"] == "COLLABORATION_ACCEPT"
    assert raw["source"] == {
        "folder_id": "1010",
        "folder_name": "Team",
        "user_id": "1002",
        "user_name": "Bob",
        "parent": ALL_FILES,
        "owned_by": ANN_MINI,
    }
    assert raw["accessible_by"] == BOB_MINI
    assert raw["additional_details"] == {"role": "editor"}


@pytest.mark.parametrize(
    ("accessible_by", "fields"),
    [
        ({"type": "group", "id": "9", "name": "Staff"}, {"group_id": "9", "group_name": "Staff"}),
        ({"type": "user", "login": "x@example.com"}, {"user_id": "", "user_name": ""}),
    ],
)
def test_a_group_or_a_stranger_may_gain_access(
    accessible_by: dict[str, Any], fields: dict[str, str]
) -> None:
    raw = rendered(event("COLLABORATION_INVITE", snapshot(), accessible_by=accessible_by))

    assert raw["accessible_by"] == accessible_by
    assert (
        raw["source"].items() >= (fields | {"file_id": "1010", "file_name": "report.pdf"}).items()
    )


def test_without_somebody_who_gains_access_the_item_is_told_as_ever() -> None:
    assert rendered(event("COLLABORATION_INVITE", snapshot()))["source"]["item_id"] == "1010"


@pytest.mark.parametrize("type", sorted(ABOUT_THEIR_ACTOR))
def test_what_users_do_to_themselves_is_about_them(type: str) -> None:
    assert rendered(event(type))["source"] == BOB_MINI
    assert rendered(event(type, {"device": "phone"}))["source"] == {"device": "phone"}


def test_a_file_that_a_producer_described_is_told_of_in_short() -> None:
    in_full = json.loads(render_user_event(event(source=snapshot())))["source"]

    assert rendered(event("ITEM_UPLOAD", in_full))["source"] == {
        "item_type": "file",
        "item_id": "1010",
        "item_name": "report.pdf",
        "parent": CONTRACTS,
        "owned_by": ANN_MINI,
    }


def test_a_folder_that_a_producer_described_need_not_have_an_owner() -> None:
    source = {"type": "folder", "id": "7", "name": "docs"}
    short = {"item_type": "folder", "item_id": "7", "item_name": "docs", "parent": None}

    assert rendered(event("ITEM_CREATE", source))["source"] == short
    assert rendered(event("COLLABORATION_INVITE", source, accessible_by=BOB))["source"] == {
        "folder_id": "7",
        "folder_name": "docs",
        "user_id": "1002",
        "user_name": "Bob",
        "parent": None,
    }


def test_a_file_without_a_name_has_no_short_form() -> None:
    source = {"type": "file", "id": "7"}

    assert rendered(event("ITEM_CREATE", source))["source"] == source


@pytest.mark.parametrize("source", [{"barrier_id": 1}, {"type": "user", "id": "1"}, {}])
def test_any_other_source_passes_as_it_was_given(source: dict[str, Any]) -> None:
    assert rendered(event("LOGIN", source))["source"] == source


def test_times_have_an_offset_and_no_fraction() -> None:
    raw = rendered(event(source=snapshot()))

    assert TIMESTAMP.fullmatch(raw["created_at"])
    assert TIMESTAMP.fullmatch(raw["recorded_at"])


def test_the_rules_are_about_names_that_there_are() -> None:
    assert ABOUT_ACCESS | ABOUT_CONTENT | ABOUT_THEIR_ACTOR <= ENTERPRISE
