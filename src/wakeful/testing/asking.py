"""Asking the emulator over HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

BY_THE_TEST = {"Wakeful-Testing": "1"}
"""A header of requests that are not those of the tested program: nothing goes wrong with them, and
they are not noted."""

PATIENCE_SECONDS = 60.0
"""How long anything may take: far above what it does take, even on a busy machine."""


class EmulatorFailed(Exception):
    """The emulator did not start, or refused what it was asked for."""


def ask(url: str, token: str, method: str, path: str, body: object = None) -> Any:
    """One request in a connection of its own; returns what its JSON says. Raises EmulatorFailed."""
    raw = None if body is None else json.dumps(body).encode()
    return send(url, token, method, path, raw, {})


def send(
    url: str,
    token: str,
    method: str,
    path: str,
    content: bytes | None,
    headers: Mapping[str, str],
) -> Any:
    """As `ask`, with any *content*."""
    # By the standard library: what tests put in the place of HTTP clients is for those that
    # they test.
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=PATIENCE_SECONDS)
    try:
        own = {"Authorization": f"Bearer {token}"} | BY_THE_TEST
        connection.request(method, path, content, own | dict(headers))
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError as error:
        raise EmulatorFailed(f"{method} {path}: {error}") from error
    finally:
        connection.close()
    if answer.status >= 300:
        raise EmulatorFailed(f"{method} {path}: {answer.status} {text}")
    return json.loads(text)
