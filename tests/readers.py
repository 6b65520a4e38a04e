"""A reader of the Box dialect that knows nothing of the project's code: plain requests.

What it reads by `GET /2.0/events` is what other readers are compared with.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.box_answers import check_answer
from tests.servers import eventually

Json = dict[str, Any]

_AWAY = 0.02  # seconds between two tries while the server is away


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of `GET /2.0/events`."""

    entries: tuple[Json, ...]
    position: int
    headers: httpx2.Headers


class Reader:
    """Reads one user's stream. It tries again while the server is away, up to its patience.

    Over TLS it trusts *authority*, a file.
    """

    def __init__(
        self, url: str, token: str, patience: float = 60.0, *, authority: Path | None = None
    ) -> None:
        self.url = url
        self._patience = patience
        self._checked: set[str] = set()
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=httpx2.Timeout(90.0),  # beyond the longest default hold
            verify=authority is None or ssl.create_default_context(cafile=authority),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send one request, once, and return whatever the answer is."""
        answer = self._http.request(method, path, **options)
        check_answer(
            method,
            answer.url.path,
            answer.status_code,
            answer.headers,
            answer.content,
            self._checked,
        )
        return answer

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """Ask for *path*; the body comes in pieces, as the server sends them."""
        with self._http.stream("GET", path) as answer:
            assert answer.status_code == 200
            yield answer.iter_bytes()

    def get(self, path: str, **params: str | int) -> Json:
        """The JSON of a request that has to succeed, at last."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self.ask("GET", path, params=params or None)
            except httpx2.TransportError:
                if time.monotonic() > deadline:
                    raise
            else:
                if answer.status_code != 503 or time.monotonic() > deadline:
                    assert answer.status_code == 200, (answer.status_code, answer.text)
                    found: Json = answer.json()
                    return found
            time.sleep(_AWAY)

    def page(self, position: int | str, limit: int = 500, stream_type: str = "all") -> Page:
        """One page, once."""
        answer = self.ask(
            "GET",
            "/2.0/events",
            params={"stream_position": position, "limit": limit, "stream_type": stream_type},
        )
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return _page(answer.json(), answer.headers)

    def now(self, stream_type: str = "all") -> int:
        """The position after the newest event."""
        return self.events("now", stream_type=stream_type)[1]

    def events(self, position: int | str, stream_type: str = "all") -> tuple[list[Json], int]:
        """Every event after *position*, and the position after the last."""
        found: list[Json] = []
        while True:
            got = self.get(
                "/2.0/events", stream_position=position, limit=500, stream_type=stream_type
            )
            page = _page(got, httpx2.Headers())
            found += page.entries
            position = page.position
            if not page.entries:
                return found, page.position

    def channel(self, stream_type: str = "all") -> str:
        """The realtime URL that `OPTIONS /2.0/events` gives."""
        answer = self.ask("OPTIONS", "/2.0/events", params={"stream_type": stream_type})
        assert answer.status_code == 200, (answer.status_code, answer.text)
        url: str = answer.json()["entries"][0]["url"]
        return url

    def poll(self, channel: str, position: int) -> Json:
        """What a poll is answered with, in the end."""
        return self.get(f"{channel}&stream_position={position}")

    def publish(self, *changes: Json, key: str | None = None) -> httpx2.Response:
        """Put changes in over HTTP, in one batch."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.ask("POST", "/v1/changes", json={"changes": changes}, headers=headers)

    def tell(self, *events: Json, user: str | None = None) -> list[str]:
        """Put in events that are no changes, as an admin for another *user*; returns their ids."""
        headers = {} if user is None else {"As-User": user}
        answer = self.ask("POST", "/v1/events", json={"events": events}, headers=headers)
        assert answer.status_code < 300, answer.text
        return [event["id"] for event in answer.json()["events"]]

    def metrics(self) -> dict[str, float]:
        """The samples of `/metrics` by name with labels, as they are written there."""
        samples = {}
        for line in self.ask("GET", "/metrics").text.splitlines():
            found = re.fullmatch(r"([^#\s][^{\s]*(?:\{.*\})?) (\S+)", line)
            if found:
                samples[found[1]] = float(found[2])
        return samples

    def wait_until_parked(self, polls: int) -> None:
        """Wait until exactly so many polls wait at the server."""
        eventually(
            lambda: self.metrics()["wakeful_polls_parked"] == polls, f"{polls} polls are parked"
        )


class Progress:
    """Follows a stream from a position, so that a test goes on when it has shown enough."""

    def __init__(self, reader: Reader, position: int) -> None:
        self._reader = reader
        self._channel = reader.channel()
        self.position = position
        self.events: list[Json] = []

    def wait_until(self, enough: Callable[[], bool], what: str, timeout: float = 180.0) -> None:
        """Read on until *enough* holds of `events`."""
        deadline = time.monotonic() + timeout
        while True:
            self.read()
            if enough():
                return
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                last = "\n".join(map(describe, self.events[-20:]))
                raise AssertionError(f"not in {timeout:.0f} s: {what}; the last events:\n{last}")
            try:
                # Answered as soon as there is more.
                polled = self._reader.ask(
                    "GET", f"{self._channel}&stream_position={self.position}", timeout=remaining
                )
            except httpx2.TransportError:
                time.sleep(_AWAY)
            else:
                if polled.status_code != 200:
                    time.sleep(_AWAY)

    def read(self) -> None:
        """Read what there is now."""
        found, self.position = self._reader.events(self.position)
        self.events += found


def _page(answer: Json, headers: httpx2.Headers) -> Page:
    assert answer["chunk_size"] == len(answer["entries"])
    return Page(tuple(answer["entries"]), answer["next_stream_position"], headers)


def describe(event: Json) -> str:
    """An event in one line, for people."""
    source = event["source"] or {}
    return (
        f"{event['event_type']} {source.get('type')} {source.get('id')} {source.get('name')!r}"
        f" sequence {source.get('sequence_id')} at {event['created_at']}"
    )


def ids(events: Iterable[Json]) -> list[str]:
    return [event["event_id"] for event in events]
