"""The rules of publishing, without I/O.

Rule: every try carries the same idempotency key, so that a change whose answer was lost on its
way is not made a second time (promise P3).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from wakeful.client.answers import bad_answer, refusal
from wakeful.client.errors import Unavailable
from wakeful.client.pace import Jitter, bound_after, full_jitter, retry_after
from wakeful.client.steps import Answer, Ask, Flow, Sleep
from wakeful.dialects.native import answers as native
from wakeful.dialects.native.results import ChangesAnswer, EventsAnswer

PATIENCE_SECONDS = 30.0  # a restart with a recovery of the store takes less
SILENCE_SECONDS = 60.0  # a large batch may wait for the disk

Batch = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""One change or event, or several all or none, as `POST /v1/changes` and `/v1/events` take them."""

T = TypeVar("T")


def publish(
    base: str,
    changes: Batch,
    key: str | None = None,
    *,
    patience: float = PATIENCE_SECONDS,
    jitter: Jitter = full_jitter,
) -> Flow[ChangesAnswer]:
    """Publish *changes* under *key*, or one of our own; tries for *patience* seconds of waiting.

    Raises Refused, AuthenticationFailed and Unavailable, and ValueError for a key that cannot
    stand in a header.
    """
    ask = _ask(base + native.CHANGES_PATH, changes, key)
    return _try(ask, native.read_changes_answer, patience, jitter)


def publish_events(
    base: str,
    events: Batch,
    key: str | None = None,
    *,
    patience: float = PATIENCE_SECONDS,
    jitter: Jitter = full_jitter,
) -> Flow[EventsAnswer]:
    """Publish *events*, in the same way."""
    ask = _ask(base + native.EVENTS_PATH, events, key)
    return _try(ask, native.read_events_answer, patience, jitter)


def _ask(url: str, batch: Batch, key: str | None) -> Ask:
    if key is None:
        key = secrets.token_urlsafe()
    elif not key.isascii() or not key.isprintable():
        raise ValueError("an idempotency key has letters, digits and signs of ASCII only")
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    return Ask("POST", url, SILENCE_SECONDS, msgspec.json.encode(batch), headers)


def _try(ask: Ask, read: Callable[[bytes], T], patience: float, jitter: Jitter) -> Flow[T]:
    failures = 0
    waited = 0.0
    while True:
        reply = yield ask
        least = 0.0
        if not isinstance(reply, Answer):
            assert reply is not None, "a driver answers every request"
            reason = reply.reason
            waited += ask.silence if reply.was_silent else 0.0
        elif 200 <= reply.status < 300:
            try:
                return read(reply.body)
            except ValueError as error:
                reason = f"the server's answer makes no sense: {error}"
        elif refused := refusal(reply):
            raise refused
        else:
            reason, least = bad_answer(reply), retry_after(reply.headers)
        pause = least + jitter(bound_after(failures))
        failures += 1
        waited += pause
        if waited > patience:
            raise Unavailable(f"nothing was published, as far as is known: {reason}")
        yield Sleep(pause)
