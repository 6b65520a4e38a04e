"""The rules of publishing, without I/O.

Rule: every try carries the same idempotency key, so that a change whose answer was lost on its
way is not made a second time (promise P3).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from wakeful.client.answers import bad_answer, refusal
from wakeful.client.errors import Unavailable
from wakeful.client.pace import Jitter, bound_after, full_jitter, retry_after
from wakeful.client.steps import Answer, Ask, Flow, Sleep
from wakeful.dialects.native import answers as native
from wakeful.dialects.native.results import ChangesAnswer

PATIENCE_SECONDS = 30.0  # a restart with a recovery of the store takes less
SILENCE_SECONDS = 60.0  # a large batch may wait for the disk

Batch = Mapping[str, Any] | Sequence[Mapping[str, Any]]
"""One change, or several that are made all or none, as `POST /v1/changes` takes them."""


def publish(
    base: str,
    changes: Batch,
    key: str | None = None,
    *,
    patience: float = PATIENCE_SECONDS,
    jitter: Jitter = full_jitter,
) -> Flow[ChangesAnswer]:
    """Publish *changes* under *key*, or one of our own; tries for *patience* seconds of waiting.

    Raises Refused, AuthenticationFailed and Unavailable.
    """
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key if key is not None else secrets.token_urlsafe(),
    }
    body = msgspec.json.encode(changes)
    ask = Ask("POST", base + native.CHANGES_PATH, SILENCE_SECONDS, body, headers)
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
                return native.read_changes_answer(reply.body)
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
