"""What Dropbox's clients insist on in an event of the team log (`dropbox.team_log` 12.2.4): a
page with one event that breaks a rule is refused as a whole."""

from __future__ import annotations

import json
import re
from typing import Any

Json = dict[str, Any]

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
MUST = ("timestamp", "event_category", "event_type", "details")

Fields = dict[str, type[Any]]

_RELOCATED: Fields = {"relocate_action_details": list}
_CHANGED: Fields = {"previous_value": dict, "new_value": dict}
_NEW: Fields = {"new_value": dict}
_OWNER: Fields = {"is_group_owner": bool}
_HOLD: Fields = {"legal_hold_id": str, "name": str}
_POLICY: Fields = {"governance_policy_id": str, "name": str}
_SIGNATURE: Fields = {"recipient": str, "file_name": str}
_LEVEL: Fields = {"shared_content_access_level": dict}

DETAILS: dict[str, Fields] = {
    "admin_alerting_triggered_alert": {
        "alert_name": str,
        "alert_severity": dict,
        "alert_category": dict,
        "alert_instance_id": str,
    },
    "app_link_user": {"app_info": dict},
    "app_unlink_user": {"app_info": dict},
    "device_link_fail": {"device_type": dict},
    "device_link_success": {},
    "device_unlink": {"delete_data": bool},
    "file_add": {},
    "file_add_comment": {},
    "file_copy": _RELOCATED,
    "file_delete": {},
    "file_delete_comment": {},
    "file_download": {},
    "file_edit": {},
    "file_edit_comment": {"previous_comment_text": str},
    "file_locking_lock_status_changed": _CHANGED,
    "file_move": _RELOCATED,
    "file_preview": {},
    "file_rename": _RELOCATED,
    "file_request_create": {},
    "file_request_delete": {},
    "file_restore": {},
    "file_revert": {},
    "governance_policy_add_folders": _POLICY,
    "governance_policy_delete": _POLICY,
    "group_add_member": _OWNER,
    "group_change_member_role": _OWNER,
    "group_create": {},
    "group_delete": {},
    "group_remove_member": {},
    "legal_holds_add_members": _HOLD,
    "legal_holds_release_a_hold": _HOLD,
    "legal_holds_remove_members": _HOLD,
    "login_fail": {"login_method": dict, "error_details": dict},
    "login_success": {"login_method": dict},
    "member_change_admin_role": {},
    "member_change_email": {"new_value": str},
    "member_change_status": _NEW,
    "secondary_email_deleted": {"secondary_email": str},
    "secondary_email_verified": {"secondary_email": str},
    "shared_content_add_invitees": {**_LEVEL, "invitees": list},
    "shared_content_add_member": _LEVEL,
    "shared_content_change_member_role": {"new_access_level": dict},
    "shared_content_relinquish_membership": {},
    "shared_content_remove_member": {},
    "shared_link_change_expiry": {},
    "shared_link_create": {},
    "shared_link_disable": {},
    "shared_link_share": {},
    "shared_link_view": {},
    "sign_in_as_session_start": {},
    "sign_signature_request_canceled": _SIGNATURE,
    "sign_signature_request_completed": _SIGNATURE,
    "sign_signature_request_declined": _SIGNATURE,
    "sign_signature_request_opened": _SIGNATURE,
    "sign_signature_request_sent": _SIGNATURE,
    "tfa_change_status": _NEW,
}
"""The fields that the details of a type have to have."""


def check_team_event(event: Json) -> None:
    """Raise AssertionError unless a client can read *event*."""
    for name in MUST:
        assert name in event
    assert TIME.fullmatch(event["timestamp"])
    tag = event["event_type"][".tag"]
    assert tag in DETAILS or tag == "unlisted"
    assert isinstance(event["event_type"]["description"], str)
    # The Python SDK refuses the word; what it does not know it takes for that.
    assert '".tag": "other"' not in json.dumps(event)
    _check_details(tag, event)
    for user in _users(event):
        assert user[".tag"] in ("team_member", "non_team_member")
        assert len(user.get("account_id", "x" * 40)) == 40
        assert len(user.get("email", "")) <= 255
    for participant in event["participants"]:
        if participant[".tag"] == "group":
            assert isinstance(participant["display_name"], str)
    for asset in event["assets"]:
        assert asset[".tag"] in ("file", "folder")
        assert isinstance(asset["path"]["namespace_relative"], dict)
    if "origin" in event:
        assert event["origin"]["access_method"][".tag"] in ("end_user", "unlisted")


def _check_details(tag: str, event: Json) -> None:
    details = event["details"]
    if details[".tag"] == "missing_details":
        assert isinstance(details["source_event_fields"], str)
        return
    assert details[".tag"] == f"{tag}_details"
    for name, kind in DETAILS[tag].items():
        assert isinstance(details[name], kind), (tag, name)
        assert kind is not dict or name in ("error_details",) or ".tag" in details[name]
    for move in details.get("relocate_action_details", ()):
        for index in (move["src_asset_index"], move["dest_asset_index"]):
            assert 0 <= index < len(event["assets"])


def _users(event: Json) -> list[Json]:
    users = [
        participant["user"]
        for participant in event["participants"]
        if participant[".tag"] == "user"
    ]
    actor = event["actor"]
    if actor[".tag"] != "anonymous":
        users.append(actor[actor[".tag"]])
    if event["context"][".tag"] != "anonymous":
        users.append(event["context"])
    return users
