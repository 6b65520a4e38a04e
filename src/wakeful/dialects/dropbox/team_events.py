"""Events of an enterprise as Dropbox's team log has them (`team_log` of its SDKs).

Rule 1: an event counts at its event time (`core.timeline`), so that what a client asks for by time
is what it is told.

Rule 2: who acts in the name of another is the actor, an admin, and the other the context. Who
else is affected stands among the participants.

Rule 3: what has details that are not all known, or no type, says what is known as text
(`missing_details`): nothing that was recorded is kept from an admin.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from wakeful.core.events import Described, Event, Person, Snapshot, said
from wakeful.core.items import Kind
from wakeful.core.people import ANONYMOUS
from wakeful.core.timeline import event_time
from wakeful.dialects.dropbox.names import account_id, item_id, member_id, number_of, zulu
from wakeful.dialects.dropbox.shapes import TeamEvent
from wakeful.dialects.dropbox.team_details import UNLISTED, email
from wakeful.dialects.dropbox.team_types import kind_of

Json = dict[str, Any]

_encoder = msgspec.json.Encoder()


def team_event(event: Event) -> TeamEvent:
    """*event* as the team log has it."""
    kind = kind_of(event)
    details = kind.make_details(event)
    participants = _participants(event)
    assets = _assets(event)
    return TeamEvent(
        timestamp=zulu(event_time(event.created_at, event.recorded_at)),
        event_category={".tag": kind.category},
        actor=_actor(event),
        origin=_origin(event) or UNSET,
        involve_non_team_member=event.actor.id == ANONYMOUS
        or any(_is_stranger(participant) for participant in participants),
        context=_context(event),
        participants=participants,
        assets=assets,
        event_type={".tag": kind.tag, "description": kind.description},
        details=_missing(event) if details is None else {".tag": f"{kind.tag}_details", **details},
    )


def render_team_event(event: Event) -> bytes:
    """The JSON of *event* in the team log."""
    return _encoder.encode(team_event(event))


def people_of(event: Event) -> set[int]:
    """The users who are actor, context or participants of *event*."""
    people = {event.actor.id}
    if event.action_by is not None:
        people.add(event.action_by.id)
    if isinstance(event.accessible_by, Person):
        people.add(event.accessible_by.id)
    elif event.accessible_by is None:
        subject = _subject(event) or {}
        id = subject.get("id")
        number = number_of(id) if isinstance(id, str) else None
        if number is not None and subject["type"] == "user":
            people.add(number)
    return people


# --- who ---


def _member(person: Person) -> Json:
    member: Json = {
        "account_id": account_id(person.id),
        "display_name": person.name,
        "team_member_id": member_id(person.id),
    }
    address = email(person.login)
    return member if address is None else member | {"email": address}


def _actor(event: Event) -> Json:
    by = event.action_by
    if by is not None and by.id != event.actor.id:
        return {".tag": "admin", "admin": {".tag": "team_member", **_member(by)}}
    if event.actor.id == ANONYMOUS:
        return {".tag": "anonymous"}
    return {".tag": "user", "user": {".tag": "team_member", **_member(event.actor)}}


def _context(event: Event) -> Json:
    if event.actor.id == ANONYMOUS:
        return {".tag": "anonymous"}
    return {".tag": "team_member", **_member(event.actor)}


def _participants(event: Event) -> list[Json]:
    party = event.accessible_by
    if isinstance(party, Person):
        if party.id == event.actor.id:
            return []
        return [{".tag": "user", "user": {".tag": "team_member", **_member(party)}}]
    if party is not None:
        return [_described(party, "non_team_member")]
    subject = _subject(event)
    return [] if subject is None else [_described(subject, "team_member")]


def _subject(event: Event) -> Json | None:
    """The user or the group that *event* is about."""
    if not isinstance(event.source, Described):
        return None
    source = said(event.source)
    return source if source.get("type") in ("user", "group") else None


def _described(party: Json, status: str) -> Json:
    """A user or a group, as a producer described them."""
    name, id, login = (
        value if isinstance(value := party.get(field), str) else ""
        for field in ("name", "id", "login")
    )
    if party.get("type") == "group":
        group: Json = {".tag": "group", "display_name": name}
        return group | {"group_id": id} if id else group
    user: Json = {".tag": status, "display_name": name}
    number = number_of(id)
    if status == "team_member" and number is not None:
        user |= {"account_id": account_id(number), "team_member_id": member_id(number)}
    address = email(login)
    return {".tag": "user", "user": user if address is None else user | {"email": address}}


def _is_stranger(participant: Json) -> bool:
    user: Json = participant.get("user", {})
    return user.get(".tag") == "non_team_member"


def _origin(event: Event) -> Json | None:
    if event.ip is None and event.session is None:
        return None
    origin: Json = {"access_method": {".tag": UNLISTED}}
    if event.session is not None:
        session = {".tag": "web", "session_id": event.session}
        origin["access_method"] = {".tag": "end_user", "end_user": session}
    if event.ip is not None:
        origin["geo_location"] = {"ip_address": event.ip}
    return origin


# --- what ---


def _assets(event: Event) -> list[Json]:
    source = event.source
    if isinstance(source, Snapshot):
        item = _asset(
            source.kind,
            item_id(source.id),
            source.namespace,
            (*(folder.name for folder in source.path), source.name),
            in_home=source.in_home,
        )
        if source.kind is Kind.FILE:
            item["file_size"] = source.size
        before = event.whence
        if before is None:
            return [item]
        place = (item_id(before.item), before.namespace, before.names)
        return [_asset(source.kind, *place, in_home=before.in_home), item]
    return [] if source is None else _described_asset(said(source))


def _asset(kind: Kind, id: str, namespace: int, names: tuple[str, ...], *, in_home: bool) -> Json:
    """An item at a place, which *names* leads to from the root of a namespace."""
    root, *below = names
    relative = "/".join(("", *below)) or "/"
    return {
        ".tag": kind.value,
        "path": {
            "contextual": relative if in_home else "/".join(("", root, *below)),
            "namespace_relative": {
                "ns_id": str(namespace),
                "relative_path": relative,
                "is_shared_namespace": not in_home,
            },
        },
        "display_name": names[-1],
        "file_id": id,
    }


def _described_asset(source: Json) -> list[Json]:
    """A file or a folder, as a producer described it: in full or in short."""
    for prefix, kind in (("", source.get("type")), ("item_", source.get("item_type"))):
        if kind in ("file", "folder"):
            asset: Json = {".tag": kind, "path": {"namespace_relative": {}}}
            for field, key in (("display_name", "name"), ("file_id", "id")):
                value = source.get(prefix + key)
                if isinstance(value, str):
                    asset[field] = value
            return [asset]
    return []


def _missing(event: Event) -> Json:
    """What is known of *event*, as text."""
    known: Json = {"type": event.type}
    if isinstance(event.source, Described):
        known["source"] = msgspec.Raw(event.source)
    if event.details is not None:
        known["details"] = msgspec.Raw(event.details)
    return {".tag": "missing_details", "source_event_fields": _encoder.encode(known).decode()}
