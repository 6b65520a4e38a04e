"""The details of team events: for each type of them the fields that Dropbox's clients check.

Rule: a fact is never made up. Where one that has to be there is not known, there are none; where a
tag has to be, and Dropbox has none for what is known, it is `UNLISTED`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wakeful.core.events import Event, Person, Snapshot, said
from wakeful.dialects.box.types import enterprise_name

UNLISTED = "unlisted"
"""A tag that Dropbox does not have: clients take it for `other`, a word that the Python SDK
refuses to read itself."""

Details = dict[str, Any]

Make = Callable[[Event], Details | None]
"""Makes the details of an event; None where one that has to be there is not known."""

_ACCESS_LEVELS = {
    "owner": "owner",
    "co-owner": "owner",
    "editor": "editor",
    "viewer uploader": "editor",
    "viewer": "viewer",
    "previewer": "viewer",
}
"""The roles of this feed and of Box, as access levels."""

_LOGIN_METHODS = frozenset(
    {
        "apple_oauth",
        "first_party_token_exchange",
        "google_oauth",
        "kakao_oauth",
        "lenovo_oauth",
        "microsoft_oauth",
        "passkey",
        "password",
        "qr_code",
        "saml",
        "two_factor_authentication",
        "web_session",
    }
)

_LONGEST_EMAIL = 255


def email(text: str) -> str | None:
    """*text* as an address in Dropbox's form; None where there is none, or a longer one."""
    return text if 0 < len(text) <= _LONGEST_EMAIL else None


def nothing(event: Event) -> Details:
    return {}


def unknown(event: Event) -> None:
    return None


def _said(event: Event, name: str) -> str | None:
    """The text that the details of *event* have under *name*."""
    found = said(event.details).get(name)
    return found if isinstance(found, str) else None


def _subject(event: Event, *names: str) -> str | None:
    """The text that the source of *event* has under the first of *names* that it has."""
    source = event.source
    if isinstance(source, Snapshot):
        return source.name if "name" in names else None
    given = said(source)
    for name in names:
        found = given.get(name)
        if isinstance(found, str) and found:
            return found
    return None


def _party_email(event: Event) -> str | None:
    party = event.accessible_by
    if isinstance(party, Person):
        return email(party.login)
    login = (party or {}).get("login")
    return email(login) if isinstance(login, str) else None


def relocated(event: Event) -> Details:
    # Assets are told in this order; what it came from may not be known.
    moves = [] if event.whence is None else [{"src_asset_index": 0, "dest_asset_index": 1}]
    return {"relocate_action_details": moves}


def _level(role: str | None) -> dict[str, str]:
    return {".tag": _ACCESS_LEVELS.get((role or "").lower(), UNLISTED)}


def access(event: Event) -> Details:
    return {"shared_content_access_level": _level(_said(event, "role"))}


def former_access(event: Event) -> Details:
    return access(event) if _said(event, "role") else {}


def changed_access(event: Event) -> Details:
    details: Details = {"new_access_level": _level(_said(event, "role"))}
    before = _said(event, "previous_role")
    return details if before is None else details | {"previous_access_level": _level(before)}


def invited(event: Event) -> Details:
    invited = _party_email(event)
    return access(event) | {"invitees": [] if invited is None else [invited]}


def comment(event: Event) -> Details:
    text = _said(event, "message") or _subject(event, "message")
    return {} if text is None else {"comment_text": text}


def edited_comment(event: Event) -> Details | None:
    before = _said(event, "previous_message")
    return None if before is None else comment(event) | {"previous_comment_text": before}


def constant(**details: Any) -> Make:
    return lambda event: details


def login(event: Event) -> Details:
    method = _said(event, "login_method")
    return {"login_method": {".tag": method if method in _LOGIN_METHODS else UNLISTED}}


def failed_login(event: Event) -> Details:
    reason = _said(event, "reason")
    error = {} if reason is None else {"user_friendly_message": reason}
    return login(event) | {"error_details": error}


def refused_device(event: Event) -> Details:
    device: Details = {"device_type": {".tag": UNLISTED}}
    return device if event.ip is None else device | {"ip_address": event.ip}


def new_email(event: Event) -> Details | None:
    address = _said(event, "email")
    return None if address is None or email(address) is None else {"new_value": address}


def second_email(event: Event) -> Details | None:
    address = _said(event, "email")
    return None if address is None or email(address) is None else {"secondary_email": address}


def app(event: Event) -> Details:
    names = {
        "app_id": _said(event, "app_id") or _said(event, "client_id"),
        "display_name": _said(event, "app_name") or _said(event, "service_name"),
    }
    known = {name: value for name, value in names.items() if value}
    return {"app_info": {".tag": "user_linked_app", **known}}


def alert(category: str) -> Make:
    def details(event: Event) -> Details:
        name = _said(event, "name") or _subject(event, "name") or enterprise_name(event.type)
        return {
            "alert_name": name,
            "alert_severity": {".tag": "na"},
            "alert_category": {".tag": category},
            "alert_instance_id": event.id,
        }

    return details


def named(id: str) -> Make:
    """A policy or a hold, which its source names by id and name; the id under the name *id*."""

    def details(event: Event) -> Details | None:
        name = _subject(event, "name", "policy_name")
        number = _subject(event, "id", "policy_id")
        return None if name is None or number is None else {id: number, "name": name}

    return details


def signature(event: Event) -> Details | None:
    recipient = _said(event, "recipient") or _party_email(event)
    file = _subject(event, "name", "item_name")
    if recipient is None or file is None:
        return None
    return {"recipient": recipient, "file_name": file}
