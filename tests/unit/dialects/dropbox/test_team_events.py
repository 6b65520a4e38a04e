"""Events as Dropbox's team log has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.box_samples import ANN, BOB, NOON, event, folder, snapshot
from tests.dropbox_rules import check_team_event
from wakeful.core.events import Ancestor, Event, ItemEvent, MemberEvent, Person, Whence
from wakeful.core.people import ANONYMOUS
from wakeful.dialects.box.catalogue import ENTERPRISE, IN_EVERY_VIEW, ONLY_IN_ALL
from wakeful.dialects.box.types import CORE_NAMES, enterprise_name
from wakeful.dialects.dropbox.team_events import people_of, render_team_event
from wakeful.dialects.dropbox.team_types import CATEGORIES, TABLE, stored_types_of

Json = dict[str, Any]

ANN_MEMBER = {
    "account_id": "dbid:" + "A" * 31 + "1001",
    "display_name": "Ann",
    "team_member_id": "dbmid:" + "A" * 30 + "1001",
    "email": "ann@example.com",
}
BOB_MEMBER = {
    "account_id": "dbid:" + "A" * 31 + "1002",
    "display_name": "Bob",
    "team_member_id": "dbmid:" + "A" * 30 + "1002",
    "email": "bob@example.com",
}
EVERY_TYPE = sorted({*ENTERPRISE, *IN_EVERY_VIEW, *ONLY_IN_ALL, *map(str, CORE_NAMES)})


def rendered(event: Event) -> Json:
    raw: Json = json.loads(render_team_event(event))
    check_team_event(raw)
    return raw


def tag(type: str, source: Any = None, **fields: Any) -> str:
    found: str = rendered(event(type, source, **fields))["event_type"][".tag"]
    return found


def details(type: str, source: Any = None, **fields: Any) -> Json:
    found: Json = rendered(event(type, source, **fields))["details"]
    return found


def test_an_event_says_who_did_what_where_and_to_what() -> None:
    new = snapshot(id=1010, version=1011)

    raw = rendered(event(ItemEvent.UPLOAD, new, ip="192.0.2.1", session="s1"))

    assert raw == {
        "timestamp": "2026-11-21T12:00:00Z",
        "event_category": {".tag": "file_operations"},
        "actor": {".tag": "user", "user": {".tag": "team_member", **BOB_MEMBER}},
        "origin": {
            "access_method": {
                ".tag": "end_user",
                "end_user": {".tag": "web", "session_id": "s1"},
            },
            "geo_location": {"ip_address": "192.0.2.1"},
        },
        "involve_non_team_member": False,
        "context": {".tag": "team_member", **BOB_MEMBER},
        "participants": [],
        "assets": [
            {
                ".tag": "file",
                "path": {
                    "contextual": "/Contracts/report.pdf",
                    "namespace_relative": {
                        "ns_id": "1004",
                        "relative_path": "/Contracts/report.pdf",
                        "is_shared_namespace": False,
                    },
                },
                "display_name": "report.pdf",
                "file_id": "id:1010",
                "file_size": 1234,
            }
        ],
        "event_type": {".tag": "file_add", "description": "A file or a folder was added"},
        "details": {".tag": "file_add_details"},
    }


def test_new_content_of_a_file_is_an_edit() -> None:
    assert tag(ItemEvent.UPLOAD, snapshot(version=1011)) == "file_add"
    assert tag(ItemEvent.UPLOAD, snapshot(version=1500)) == "file_edit"
    assert tag(ItemEvent.CREATE, folder()) == "file_add"
    assert tag("UPLOAD", {"type": "file", "id": "5", "name": "a"}) == "file_add"


@pytest.mark.parametrize(
    ("type", "name"),
    [(ItemEvent.RENAME, "rename"), (ItemEvent.MOVE, "move"), (ItemEvent.COPY, "copy")],
)
def test_what_moved_is_told_with_both_places(type: str, name: str) -> None:
    before = Whence(1009, 1030, False, ("Team", "old", "draft.pdf"))

    raw = rendered(event(type, snapshot(), whence=before))

    assert raw["event_type"][".tag"] == f"file_{name}"
    assert raw["details"]["relocate_action_details"] == [
        {"src_asset_index": 0, "dest_asset_index": 1}
    ]
    source, target = raw["assets"]
    assert source["file_id"] == "id:1009"
    assert source["display_name"] == "draft.pdf"
    assert source["path"] == {
        "contextual": "/Team/old/draft.pdf",
        "namespace_relative": {
            "ns_id": "1030",
            "relative_path": "/old/draft.pdf",
            "is_shared_namespace": True,
        },
    }
    assert target["path"]["contextual"] == "/Contracts/report.pdf"


def test_where_the_place_before_is_not_known_none_is_told() -> None:
    raw = rendered(event(ItemEvent.MOVE, snapshot()))

    assert len(raw["assets"]) == 1
    assert raw["details"]["relocate_action_details"] == []


def test_the_root_of_a_shared_namespace_has_its_name() -> None:
    root = folder(in_home=False, name="Team", path=())

    raw = rendered(event(MemberEvent.ADD, root, details={"role": "editor"}, accessible_by=ANN))

    (asset,) = raw["assets"]
    assert asset["path"]["contextual"] == "/Team"
    assert asset["path"]["namespace_relative"]["relative_path"] == "/"
    assert "file_size" not in asset
    below = rendered(event(source=snapshot(in_home=False, path=(Ancestor(7, "Team", 0),))))
    assert below["assets"][0]["path"]["contextual"] == "/Team/report.pdf"


def test_who_joins_and_leaves_a_namespace_is_a_participant() -> None:
    root = folder(in_home=False, name="Team", path=())
    role = {"role": "viewer"}
    both = {"role": "viewer", "previous_role": "editor"}

    added = rendered(event(MemberEvent.ADD, root, details=role, accessible_by=ANN))
    changed = rendered(event(MemberEvent.ROLE, root, details=both, accessible_by=ANN))
    removed = rendered(event(MemberEvent.REMOVE, root, details=role, accessible_by=ANN))
    left = rendered(event(MemberEvent.REMOVE, root, details=role, accessible_by=BOB))

    assert added["participants"] == [
        {".tag": "user", "user": {".tag": "team_member", **ANN_MEMBER}}
    ]
    assert added["details"] == {
        ".tag": "shared_content_add_member_details",
        "shared_content_access_level": {".tag": "viewer"},
    }
    assert changed["details"] == {
        ".tag": "shared_content_change_member_role_details",
        "new_access_level": {".tag": "viewer"},
        "previous_access_level": {".tag": "editor"},
    }
    assert removed["details"][".tag"] == "shared_content_remove_member_details"
    assert left["details"] == {".tag": "shared_content_relinquish_membership_details"}
    assert left["participants"] == []


def test_who_acts_in_the_name_of_another_is_an_admin_and_the_other_the_context() -> None:
    raw = rendered(event("LOGIN", action_by=ANN))

    assert raw["actor"] == {".tag": "admin", "admin": {".tag": "team_member", **ANN_MEMBER}}
    assert raw["context"] == {".tag": "team_member", **BOB_MEMBER}
    assert rendered(event("LOGIN", action_by=BOB))["actor"][".tag"] == "user"


def test_where_no_address_is_known_none_is_told() -> None:
    assert rendered(event("LOGIN", session="s"))["origin"] == {
        "access_method": {".tag": "end_user", "end_user": {".tag": "web", "session_id": "s"}}
    }
    assert "origin" not in rendered(event("LOGIN"))


def test_somebody_whom_nobody_knows_is_anonymous() -> None:
    raw = rendered(event("DOWNLOAD", snapshot(), actor=Person(ANONYMOUS, "", "")))

    assert raw["actor"] == raw["context"] == {".tag": "anonymous"}
    assert raw["involve_non_team_member"] is True


def test_people_and_groups_from_elsewhere_are_participants_as_they_were_described() -> None:
    stranger = {"type": "user", "name": "Zoe", "login": "zoe@example.org", "id": ""}

    by_mail = rendered(event("COLLABORATION_INVITE", snapshot(), accessible_by=stranger))
    group = rendered(
        event("GROUP_ADD_ITEM", accessible_by={"type": "group", "id": "g", "name": "G"})
    )
    nameless = rendered(event("GROUP_CREATION", {"type": "group", "name": 5}))
    user = rendered(event("NEW_USER", {"type": "user", "id": "1001", "name": "Ann", "login": ""}))

    assert by_mail["participants"] == [
        {
            ".tag": "user",
            "user": {".tag": "non_team_member", "display_name": "Zoe", "email": "zoe@example.org"},
        }
    ]
    assert by_mail["involve_non_team_member"] is True
    assert by_mail["details"]["invitees"] == ["zoe@example.org"]
    assert group["participants"] == [{".tag": "group", "display_name": "G", "group_id": "g"}]
    assert nameless["participants"] == [{".tag": "group", "display_name": ""}]
    assert user["participants"][0]["user"] == {
        ".tag": "team_member",
        "display_name": "Ann",
        "account_id": ANN_MEMBER["account_id"],
        "team_member_id": ANN_MEMBER["team_member_id"],
    }


def test_files_that_a_producer_described_are_assets() -> None:
    full = rendered(event("DOWNLOAD", {"type": "file", "id": "5", "name": "a.txt"}))
    short = rendered(event("SHARE", {"item_type": "folder", "item_id": "6", "item_name": "docs"}))
    odd = rendered(event("DOWNLOAD", {"type": "file", "id": 5}))

    assert full["assets"] == [
        {
            ".tag": "file",
            "path": {"namespace_relative": {}},
            "display_name": "a.txt",
            "file_id": "5",
        }
    ]
    assert short["assets"][0][".tag"] == "folder"
    assert short["assets"][0]["display_name"] == "docs"
    assert odd["assets"] == [{".tag": "file", "path": {"namespace_relative": {}}}]
    assert rendered(event("DOWNLOAD", {"type": "web_link"}))["assets"] == []


def test_what_dropbox_has_no_type_for_is_told_as_text() -> None:
    raw = rendered(event("ALARM", {"door": 5}, details={"loud": True}))

    assert raw["event_type"] == {".tag": "unlisted", "description": "ALARM"}
    assert raw["event_category"] == {".tag": "unlisted"}
    assert raw["details"][".tag"] == "missing_details"
    assert json.loads(raw["details"]["source_event_fields"]) == {
        "type": "ALARM",
        "source": {"door": 5},
        "details": {"loud": True},
    }


@pytest.mark.parametrize(
    ("type", "fields", "found"),
    [
        ("COMMENT_CREATE", {"source": {"message": "hi"}}, {"comment_text": "hi"}),
        ("COMMENT_CREATE", {"details": {"message": "ho"}}, {"comment_text": "ho"}),
        ("COMMENT_CREATE", {"source": snapshot()}, {}),
        ("COMMENT_DELETE", {}, {}),
        (
            "COMMENT_EDIT",
            {"details": {"message": "b", "previous_message": "a"}},
            {"comment_text": "b", "previous_comment_text": "a"},
        ),
        ("COMMENT_EDIT", {}, None),
        ("LOGIN", {}, {"login_method": {".tag": "unlisted"}}),
        ("LOGIN", {"details": {"login_method": "saml"}}, {"login_method": {".tag": "saml"}}),
        ("LOGIN", {"details": {"login_method": ["x"]}}, {"login_method": {".tag": "unlisted"}}),
        (
            "FAILED_LOGIN",
            {"details": {"reason": "locked"}},
            {
                "login_method": {".tag": "unlisted"},
                "error_details": {"user_friendly_message": "locked"},
            },
        ),
        ("FAILED_LOGIN", {}, {"login_method": {".tag": "unlisted"}, "error_details": {}}),
        ("DEVICE_TRUST_CHECK_FAILED", {}, {"device_type": {".tag": "unlisted"}}),
        (
            "DEVICE_TRUST_CHECK_FAILED",
            {"ip": "::1"},
            {"device_type": {".tag": "unlisted"}, "ip_address": "::1"},
        ),
        ("EMAIL_ALIAS_PRIMARY", {"details": {"email": "a@b"}}, {"new_value": "a@b"}),
        ("EMAIL_ALIAS_PRIMARY", {"details": {"email": "a" * 256}}, None),
        ("EMAIL_ALIAS_CONFIRM", {"details": {"email": "a@b"}}, {"secondary_email": "a@b"}),
        ("EMAIL_ALIAS_REMOVE", {}, None),
        (
            "OAUTH2_ACCESS_TOKEN_REVOKE",
            {"details": {"client_id": "c", "service_name": "App"}},
            {"app_info": {".tag": "user_linked_app", "app_id": "c", "display_name": "App"}},
        ),
        (
            "LEGAL_HOLD_POLICY_DELETE",
            {"source": {"id": "5", "name": "Case"}},
            {"legal_hold_id": "5", "name": "Case"},
        ),
        ("LEGAL_HOLD_POLICY_DELETE", {"source": {"id": "", "name": "Case"}}, None),
        ("RETENTION_POLICY_ASSIGNMENT_ADD", {"source": snapshot()}, None),
        (
            "SIGN_DOCUMENT_SIGNED",
            {},
            None,
        ),
        (
            "SIGN_DOCUMENT_ASSIGNED",
            {"source": snapshot(), "accessible_by": ANN},
            {"recipient": "ann@example.com", "file_name": "report.pdf"},
        ),
        ("SIGN_DOCUMENT_ASSIGNED", {"source": snapshot()}, None),
        ("SIGN_DOCUMENT_DECLINED", {"accessible_by": {"type": "user", "login": "z@y"}}, None),
        (
            "SHIELD_ALERT",
            {"details": {"name": "Odd place"}},
            {
                "alert_name": "Odd place",
                "alert_severity": {".tag": "na"},
                "alert_category": {".tag": "threat_management"},
                "alert_instance_id": "0a" * 20,
            },
        ),
        (
            "COLLABORATION_INVITE",
            {"details": {"role": "Co-Owner"}},
            {
                "shared_content_access_level": {".tag": "owner"},
                "invitees": [],
            },
        ),
        ("CHANGE_FOLDER_PERMISSION", {}, {"new_access_level": {".tag": "unlisted"}}),
        ("COLLABORATION_EXPIRATION", {}, {}),
        ("GROUP_ADMIN_CREATED", {}, {"is_group_owner": True}),
        (
            "LOCK",
            {},
            {"previous_value": {".tag": "unlocked"}, "new_value": {".tag": "locked"}},
        ),
    ],
)
def test_details_have_what_is_known_or_are_missing(
    type: str, fields: Json, found: Json | None
) -> None:
    told = details(type, **fields)

    if found is None:
        assert told[".tag"] == "missing_details"
    else:
        assert {name: value for name, value in told.items() if name != ".tag"} == found


@pytest.mark.parametrize("type", EVERY_TYPE)
def test_every_type_of_the_enterprise_can_be_read_whatever_it_is_about(type: str) -> None:
    sources: tuple[Any, ...] = (
        None,
        snapshot(),
        folder(),
        {"type": "user", "id": "11", "name": "Ann", "login": "ann@example.com"},
        {"type": "group", "id": "9", "name": "Staff"},
        {"type": "file", "id": "5", "name": "a.txt"},
        {"policy_id": "5", "policy_name": "Keep"},
    )
    for source in sources:
        raw = rendered(event(type, source))
        kinds = stored_types_of(category=raw["event_category"][".tag"], tag=None)
        assert kinds is None or type in kinds
        kinds = stored_types_of(category=None, tag=raw["event_type"][".tag"])
        assert kinds is None or type in kinds
        assert (enterprise_name(type) in TABLE) == (kinds is not None)


def test_the_table_has_names_and_categories_that_there_are() -> None:
    assert TABLE.keys() <= {enterprise_name(type) for type in EVERY_TYPE}
    for category in CATEGORIES:
        stored_types_of(category=category, tag=None)
    assert stored_types_of(category=None, tag="sso_error") == frozenset()
    assert stored_types_of(category="unlisted", tag=None) is None


def test_an_event_counts_no_later_than_it_was_recorded() -> None:
    late = event("LOGIN", created_at=NOON + 3_600_000, recorded_at=NOON)

    assert rendered(late)["timestamp"] == "2026-11-21T12:00:00Z"


def test_people_are_actor_context_and_participants() -> None:
    plain = event("LOGIN")

    assert people_of(plain) == {BOB.id}
    assert people_of(replace(plain, action_by=ANN)) == {ANN.id, BOB.id}
    assert people_of(replace(plain, accessible_by=ANN)) == {ANN.id, BOB.id}
    stranger = {"type": "user", "id": "7", "login": "zoe@example.org"}
    assert people_of(replace(plain, accessible_by=stranger)) == {BOB.id}
    for id, found in (("7", {7}), ("x", set()), (7, set())):
        assert people_of(event("NEW_USER", {"type": "user", "id": id})) == {BOB.id, *found}
    assert people_of(event("NEW_USER", {"type": "group", "id": "7"})) == {BOB.id}
