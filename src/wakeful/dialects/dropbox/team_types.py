"""Which of Dropbox's team event types each event of an enterprise is.

Rule: one table says it, by the names of the enterprise's stream. What Dropbox has no type for is
not in the table and is unlisted; so is what a producer made up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from wakeful.core.events import Event, Person, Snapshot
from wakeful.dialects.box.types import enterprise_name, stored_types
from wakeful.dialects.dropbox import team_details as details

CATEGORIES = frozenset(
    {
        "admin_alerting",
        "apps",
        "comments",
        "dash",
        "data_governance",
        "devices",
        "domains",
        "encryption",
        "file_operations",
        "file_requests",
        "groups",
        "logins",
        "members",
        "paper",
        "passwords",
        "protect",
        "reports",
        "sharing",
        "showcase",
        "signatures",
        "sso",
        "team_folders",
        "team_policies",
        "team_profile",
        "tfa",
        "trusted_teams",
    }
)
"""Dropbox's (`EventCategory` in its SDKs), but for `other`."""


class Kind(NamedTuple):
    """A type of team event."""

    tag: str
    category: str
    description: str
    make_details: details.Make


class Choice(NamedTuple):
    """A name for what is of two types to Dropbox: the second where `is_second` says so."""

    first: Kind
    second: Kind
    is_second: Callable[[Event], bool]


def kind_of(event: Event) -> Kind:
    """The type of *event*."""
    name = enterprise_name(event.type)
    found = TABLE.get(name)
    if found is None:
        return _UNLISTED._replace(description=name)
    if isinstance(found, Kind):
        return found
    return found.second if found.is_second(event) else found.first


def stored_types_of(*, category: str | None, tag: str | None) -> frozenset[str] | None:
    """The stored types of the events that may be of a category, or of a type; None where all
    may be: what a producer made up is not in the table."""
    if details.UNLISTED in (category, tag):
        return None
    names = (
        name
        for name, found in TABLE.items()
        for kind in _kinds(found)
        if category in (None, kind.category) and tag in (None, kind.tag)
    )
    return stored_types(names)


def _kinds(found: Kind | Choice) -> Iterable[Kind]:
    return (found,) if isinstance(found, Kind) else (found.first, found.second)


def _is_new_version(event: Event) -> bool:
    """Whether a file got new content, or came with its first: the id of that was taken together
    with its own."""
    source = event.source
    return isinstance(source, Snapshot) and source.version not in (0, source.id + 1)


def _left(event: Event) -> bool:
    """Whether somebody lost the access that they themselves gave up."""
    return isinstance(event.accessible_by, Person) and event.accessible_by.id == event.actor.id


# --- types ---

_UNLISTED = Kind(details.UNLISTED, details.UNLISTED, "", details.unknown)

_FILES, _SHARING, _COMMENTS = "file_operations", "sharing", "comments"

_FILE_ADD = Kind("file_add", _FILES, "A file or a folder was added", details.nothing)
_FILE_EDIT = Kind("file_edit", _FILES, "A file got new content", details.nothing)
_FILE_COPY = Kind("file_copy", _FILES, "A file or a folder was copied", details.relocated)
_FILE_MOVE = Kind("file_move", _FILES, "A file or a folder was moved", details.relocated)
_FILE_RENAME = Kind("file_rename", _FILES, "A file or a folder was renamed", details.relocated)
_FILE_DELETE = Kind("file_delete", _FILES, "A file or a folder was deleted", details.nothing)
_FILE_RESTORE = Kind("file_restore", _FILES, "What was deleted is there again", details.nothing)
_FILE_REVERT = Kind("file_revert", _FILES, "A file has an earlier version again", details.nothing)
_FILE_DOWNLOAD = Kind("file_download", _FILES, "A file was downloaded", details.nothing)
_FILE_PREVIEW = Kind("file_preview", _FILES, "A file was looked at", details.nothing)
_LOCKED, _UNLOCKED = (
    Kind(
        "file_locking_lock_status_changed",
        _FILES,
        "A file was locked or unlocked",
        details.constant(previous_value={".tag": before}, new_value={".tag": after}),
    )
    for before, after in (("unlocked", "locked"), ("locked", "unlocked"))
)

_COMMENT_ADD = Kind("file_add_comment", _COMMENTS, "A comment was made", details.comment)
_COMMENT_EDIT = Kind(
    "file_edit_comment", _COMMENTS, "A comment was changed", details.edited_comment
)
_COMMENT_DELETE = Kind("file_delete_comment", _COMMENTS, "A comment was deleted", details.comment)

_MEMBER_ADD = Kind(
    "shared_content_add_member", _SHARING, "Somebody was given access", details.access
)
_MEMBER_INVITE = Kind(
    "shared_content_add_invitees", _SHARING, "Somebody was invited", details.invited
)
_MEMBER_ROLE = Kind(
    "shared_content_change_member_role",
    _SHARING,
    "Somebody's access changed",
    details.changed_access,
)
_MEMBER_REMOVE = Kind(
    "shared_content_remove_member", _SHARING, "Somebody lost access", details.former_access
)
_MEMBER_LEAVE = Kind(
    "shared_content_relinquish_membership", _SHARING, "Somebody gave up access", details.nothing
)
_LINK_CREATE = Kind("shared_link_create", _SHARING, "A shared link was made", details.nothing)
_LINK_DISABLE = Kind("shared_link_disable", _SHARING, "A shared link was removed", details.nothing)
_LINK_EXPIRY = Kind("shared_link_change_expiry", _SHARING, "A link's end was set", details.nothing)
_LINK_SHARE = Kind("shared_link_share", _SHARING, "A shared link was sent", details.nothing)
_LINK_VIEW = Kind("shared_link_view", _SHARING, "A shared link was opened", details.nothing)

_LOGIN = Kind("login_success", "logins", "Somebody signed in", details.login)
_LOGIN_FAIL = Kind("login_fail", "logins", "Somebody could not sign in", details.failed_login)
_LOGIN_AS = Kind(
    "sign_in_as_session_start", "logins", "An admin signed in for a member", details.nothing
)
_TFA_ON, _TFA_OFF = (
    Kind(
        "tfa_change_status",
        "tfa",
        "Two-factor authentication was switched on or off",
        details.constant(new_value={".tag": status}),
    )
    for status in ("enabled", "disabled")
)

_DEVICE_LINK = Kind("device_link_success", "devices", "A device was linked", details.nothing)
_DEVICE_UNLINK = Kind(
    "device_unlink", "devices", "A device was unlinked", details.constant(delete_data=False)
)
_DEVICE_FAIL = Kind("device_link_fail", "devices", "A device was refused", details.refused_device)

_APP_LINK = Kind("app_link_user", "apps", "A member linked an app", details.app)
_APP_UNLINK = Kind("app_unlink_user", "apps", "A member unlinked an app", details.app)

_MEMBER_NEW, _MEMBER_GONE, _MEMBER_JOINED = (
    Kind("member_change_status", "members", "A member's status changed", details.constant(**values))
    for values in (
        {"new_value": {".tag": "active"}},
        {"new_value": {".tag": "removed"}},
        {"new_value": {".tag": "active"}, "previous_value": {".tag": "invited"}},
    )
)
_ADMIN_ROLE = Kind(
    "member_change_admin_role", "members", "A member's role changed", details.nothing
)
_EMAIL = Kind("member_change_email", "members", "A member's address changed", details.new_email)
_EMAIL_VERIFY = Kind(
    "secondary_email_verified", "members", "A further address was confirmed", details.second_email
)
_EMAIL_DELETE = Kind(
    "secondary_email_deleted", "members", "A further address was removed", details.second_email
)

_GROUP_CREATE = Kind("group_create", "groups", "A group was made", details.nothing)
_GROUP_DELETE = Kind("group_delete", "groups", "A group was deleted", details.nothing)
_GROUP_JOIN = Kind(
    "group_add_member", "groups", "Somebody joined a group", details.constant(is_group_owner=False)
)
_GROUP_LEAVE = Kind("group_remove_member", "groups", "Somebody left a group", details.nothing)
_GROUP_OWNER, _GROUP_MEMBER = (
    Kind(
        "group_change_member_role",
        "groups",
        "A member's role in a group changed",
        details.constant(is_group_owner=is_owner),
    )
    for is_owner in (True, False)
)

_REQUEST_CREATE = Kind(
    "file_request_create", "file_requests", "A file request was made", details.nothing
)
_REQUEST_DELETE = Kind(
    "file_request_delete", "file_requests", "A file request was deleted", details.nothing
)

_HOLD = "legal_hold_id"
_POLICY = "governance_policy_id"
_GOVERNANCE = "data_governance"
_HOLD_RELEASE = Kind(
    "legal_holds_release_a_hold", _GOVERNANCE, "A legal hold ended", details.named(_HOLD)
)
_HOLD_ADD = Kind(
    "legal_holds_add_members", _GOVERNANCE, "A legal hold covers more members", details.named(_HOLD)
)
_HOLD_REMOVE = Kind(
    "legal_holds_remove_members",
    _GOVERNANCE,
    "A legal hold covers fewer members",
    details.named(_HOLD),
)
_POLICY_ADD = Kind(
    "governance_policy_add_folders",
    _GOVERNANCE,
    "A policy covers more folders",
    details.named(_POLICY),
)
_POLICY_DELETE = Kind(
    "governance_policy_delete", _GOVERNANCE, "A policy was deleted", details.named(_POLICY)
)


def _sign(status: str, about: str) -> Kind:
    return Kind(f"sign_signature_request_{status}", "signatures", about, details.signature)


def _alerted(category: str) -> Kind:
    return Kind(
        "admin_alerting_triggered_alert", "admin_alerting", "An alert", details.alert(category)
    )


TABLE: dict[str, Kind | Choice] = {
    # Files and folders.
    "CONTENT_ACCESS": _FILE_PREVIEW,
    "COPY": _FILE_COPY,
    "DELETE": _FILE_DELETE,
    "DOWNLOAD": _FILE_DOWNLOAD,
    "EDIT": _FILE_EDIT,
    "FILE_VERSION_RESTORE": _FILE_REVERT,
    "FILE_WATERMARKED_DOWNLOAD": _FILE_DOWNLOAD,
    "ITEM_MODIFY": _FILE_EDIT,
    "ITEM_OPEN": _FILE_PREVIEW,
    "LOCK": _LOCKED,
    "MOVE": _FILE_MOVE,
    "PREVIEW": _FILE_PREVIEW,
    "RENAME": _FILE_RENAME,
    "UNDELETE": _FILE_RESTORE,
    "UNLOCK": _UNLOCKED,
    "UPLOAD": Choice(_FILE_ADD, _FILE_EDIT, _is_new_version),
    # Comments.
    "ANNOTATIONV2_CREATE": _COMMENT_ADD,
    "ANNOTATIONV2_DELETE": _COMMENT_DELETE,
    "ANNOTATIONV2_EDIT": _COMMENT_EDIT,
    "COMMENT_CREATE": _COMMENT_ADD,
    "COMMENT_DELETE": _COMMENT_DELETE,
    "COMMENT_EDIT": _COMMENT_EDIT,
    # Sharing.
    "CHANGE_FOLDER_PERMISSION": _MEMBER_ROLE,
    "COLLABORATION_ACCEPT": _MEMBER_ADD,
    "COLLABORATION_EXPIRATION": _MEMBER_REMOVE,
    "COLLABORATION_INVITE": _MEMBER_INVITE,
    "COLLABORATION_REMOVE": Choice(_MEMBER_REMOVE, _MEMBER_LEAVE, _left),
    "COLLABORATION_ROLE_CHANGE": _MEMBER_ROLE,
    "GROUP_ADD_ITEM": _MEMBER_ADD,
    "GROUP_REMOVE_ITEM": _MEMBER_REMOVE,
    "SHARE": _LINK_CREATE,
    "SHARED_LINK_REDIRECT_OUT_OF_SHARED_CONTEXT": _LINK_VIEW,
    "SHARED_LINK_SEND": _LINK_SHARE,
    "SHARE_EXPIRATION": _LINK_DISABLE,
    "UNSHARE": _LINK_DISABLE,
    "UPDATE_SHARE_EXPIRATION": _LINK_EXPIRY,
    # Signing in.
    "ADMIN_LOGIN": _LOGIN_AS,
    "DISABLE_MULTI_FACTOR_AUTH": _TFA_OFF,
    "ENABLE_MULTI_FACTOR_AUTH": _TFA_ON,
    "FAILED_LOGIN": _LOGIN_FAIL,
    "LOGIN": _LOGIN,
    # Devices and apps.
    "ADD_DEVICE_ASSOCIATION": _DEVICE_LINK,
    "ADD_LOGIN_ACTIVITY_DEVICE": _DEVICE_LINK,
    "DEVICE_TRUST_CHECK_FAILED": _DEVICE_FAIL,
    "OAUTH2_ACCESS_TOKEN_REVOKE": _APP_UNLINK,
    "OAUTH2_REFRESH_TOKEN_REVOKE": _APP_UNLINK,
    "REMOVE_DEVICE_ASSOCIATION": _DEVICE_UNLINK,
    "REMOVE_LOGIN_ACTIVITY_DEVICE": _DEVICE_UNLINK,
    "USER_AUTHENTICATE_OAUTH2_ACCESS_TOKEN_CREATE": _APP_LINK,
    # Members and groups.
    "CHANGE_ADMIN_ROLE": _ADMIN_ROLE,
    "DELETE_USER": _MEMBER_GONE,
    "EMAIL_ALIAS_CONFIRM": _EMAIL_VERIFY,
    "EMAIL_ALIAS_PRIMARY": _EMAIL,
    "EMAIL_ALIAS_REMOVE": _EMAIL_DELETE,
    "GROUP_ADD_USER": _GROUP_JOIN,
    "GROUP_ADMIN_CREATED": _GROUP_OWNER,
    "GROUP_ADMIN_DELETED": _GROUP_MEMBER,
    "GROUP_CREATION": _GROUP_CREATE,
    "GROUP_DELETION": _GROUP_DELETE,
    "GROUP_REMOVE_USER": _GROUP_LEAVE,
    "MASTER_INVITE_ACCEPT": _MEMBER_JOINED,
    "NEW_USER": _MEMBER_NEW,
    # Requests, signatures, governance, alerts.
    "AI_SECURITY_DETECTION": _alerted("threat_management"),
    "CONTENT_WORKFLOW_ABNORMAL_DOWNLOAD_ACTIVITY": _alerted("massive_file_operation"),
    "DATA_RETENTION_REMOVE_RETENTION": _POLICY_DELETE,
    "FILE_MARKED_MALICIOUS": _alerted("malware_sharing"),
    "FILE_REQUEST_CREATE": _REQUEST_CREATE,
    "FILE_REQUEST_DELETE": _REQUEST_DELETE,
    "LEGAL_HOLD_ASSIGNMENT_CREATE": _HOLD_ADD,
    "LEGAL_HOLD_ASSIGNMENT_DELETE": _HOLD_REMOVE,
    "LEGAL_HOLD_POLICY_DELETE": _HOLD_RELEASE,
    "RETENTION_POLICY_ASSIGNMENT_ADD": _POLICY_ADD,
    "SHIELD_ALERT": _alerted("threat_management"),
    "SIGN_DOCUMENT_ASSIGNED": _sign("sent", "A signature was asked for"),
    "SIGN_DOCUMENT_CANCELLED": _sign("canceled", "A request for a signature was withdrawn"),
    "SIGN_DOCUMENT_COMPLETED": _sign("completed", "A document was signed by all"),
    "SIGN_DOCUMENT_DECLINED": _sign("declined", "A signature was refused"),
    "SIGN_DOCUMENT_VIEWED_BY_SIGNED": _sign("opened", "A signer opened the document"),
    "SIGN_DOCUMENT_VIEWED_BY_SIGNER": _sign("opened", "A signer opened the document"),
}
"""The names of the enterprise's stream (`box.types.enterprise_name`), and what they are here."""
