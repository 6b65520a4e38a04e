"""Asking the emulator over HTTP."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60.0
"""How long anything may take: far above what it does take, even on a busy machine."""


class EmulatorFailed(Exception):
    """The emulator did not start, or refused what it was asked for."""


def ask(url: str, token: str, method: str, path: str, body: object = None) -> Any:
    """One request in a connection of its own; returns what its JSON says. Raises EmulatorFailed."""
    # By the standard library: what tests put in the place of HTTP clients is for those that
    # they test.
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=PATIENCE_SECONDS)
    try:
        raw = None if body is None else json.dumps(body)
        connection.request(method, path, raw, {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError as error:
        raise EmulatorFailed(f"{method} {path}: {error}") from error
    finally:
        connection.close()
    if answer.status >= 300:
        raise EmulatorFailed(f"{method} {path}: {answer.status} {text}")
    return json.loads(text)
