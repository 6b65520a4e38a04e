"""What becomes of the body of a publish, and what its producer is told: the same for the app and
for the front, which carries out most of them."""

from __future__ import annotations

from functools import partial

import msgspec

from wakeful.access import Identity
from wakeful.core.publish import Changes, Key, Published
from wakeful.core.terms import FREELY, Terms
from wakeful.dialects.native.batches import check_key, digest_of
from wakeful.dialects.native.changes import parse_changes
from wakeful.dialects.native.events import parse_events
from wakeful.dialects.native.naming import Asker, find_named, names_anybody
from wakeful.dialects.native.results import changes_answer, events_answer

_encoder = msgspec.json.Encoder()


def changes_in(identity: Identity, body: bytes) -> Changes:
    """The changes in *body*. Raises as `parse_changes`."""
    return parse_changes(body, identity.home)


def events_in(identity: Identity, body: bytes) -> Changes:
    """The events in *body*. Raises as `parse_events`; what they raise in the commit, `find_named`
    says."""
    asked = parse_events(body, identity.home)
    if not names_anybody(asked):
        return tuple([each.tell for each in asked])
    by = Asker(identity.user, identity.enterprise, identity.is_admin)
    return partial(find_named, asked, by)


def key_of(identity: Identity, text: str | None, body: bytes) -> Key | None:
    """The idempotency key of the request; None where it came without. Raises InvalidRequest."""
    if text is None:
        return None
    return Key(identity.grant, check_key(text), digest_of(identity.user, body))


def terms_of(identity: Identity) -> Terms:
    return FREELY if identity.action_by is None else Terms(action_by=identity.action_by)


def changes_told(identity: Identity, published: Published, epoch: int) -> bytes:
    """What is answered to published changes."""
    enterprise = identity.enterprise if identity.is_admin else None
    return _encoder.encode(changes_answer(published, epoch, identity.user, enterprise))


def events_told(identity: Identity, published: Published, epoch: int) -> bytes:
    """What is answered to published events."""
    enterprise = identity.enterprise if identity.is_admin else None
    return _encoder.encode(events_answer(published, epoch, identity.user, enterprise))
