"""Wakeful itself: the real server, on a data folder with an fsync before each wake."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.load.generator import Extract, Request
from benchmarks.systems.polling import HOLD_SECONDS, Running, Users, Wording, get, post
from benchmarks.systems.processes import tree
from benchmarks.systems.wakeful_data import Prepared
from tests.servers import Server
from wakeful import __version__

_TOKEN = "Authorization: Bearer {{2}}"
_JSON = "Content-Type: application/json"

_NEXT = (Extract("a", '"next_stream_position":', ",}"),)
_CURSOR = (Extract("a", '"cursor":"', '"'),)

EVENT = '{"type":"benchmark.told","audience":["{{1}}"]}'

POLL = Request(get("/subscribe?channel={{3}}&stream_type=all&stream_position={{a}}", _TOKEN))
READ = Request(get("/2.0/events?stream_position={{a}}&limit=500", _TOKEN), extracts=_NEXT)
NOW = Request(get("/2.0/events?stream_position=now", _TOKEN), extracts=_NEXT)
CHANGE = Request(
    post("/v1/changes", '{"kind":"upload","path":"/a file.txt","size":{{n}}}', _TOKEN, _JSON)
)
CHANGES = Request(
    post("/v1/changes", "[{{items}}]", _TOKEN, _JSON),
    item='{"kind":"upload","path":"/a file {{n}}.txt","size":1}',
)
OWN_EVENTS = Request(
    post("/v1/events", "[{{items}}]", _TOKEN, _JSON), item='{"type":"benchmark.told"}'
)
LONGPOLL = Request(post("/2/files/list_folder/longpoll", '{"cursor":"{{a}}","timeout":480}', _JSON))
CONTINUE = Request(
    post("/2/files/list_folder/continue", '{"cursor":"{{a}}"}', _TOKEN, _JSON), extracts=_CURSOR
)


def wording(admin: Sequence[str], *, reads: bool = False) -> Wording:
    """As Box's clients wait. The admin tells; with *reads* whoever was woken reads what came."""
    told_by = f"Authorization: Bearer {admin[1]}"
    return Wording(
        poll=POLL,
        publish=Request(post("/v1/events", EVENT, told_by, _JSON)),
        asks=(
            NOW,
            Request(_options(_TOKEN)),
        ),
        read=READ if reads else None,
        batch=Request(post("/v1/events", "[{{items}}]", told_by, _JSON), item=EVENT),
        advances=not reads,
        cursor=4,
    )


def dropbox_wording() -> Wording:
    """As Dropbox's clients wait, who read after each wake: only that gives them a new cursor."""
    return Wording(poll=LONGPOLL, publish=CHANGE, asks=(), read=CONTINUE, cursor=5)


def team_change(prepared: Prepared) -> Request:
    """A change in the namespace of which all users are members."""
    body = (
        f'{{"kind":"upload","namespace":"{prepared.team}","path":"/shared.txt","size":{{{{n}}}}}}'
    )
    return Request(post("/v1/changes", body, f"Authorization: Bearer {prepared.admin[1]}", _JSON))


def _options(*headers: str) -> str:
    return get("/2.0/events", *headers).replace("GET ", "OPTIONS ", 1)


class Wakeful:
    name = "wakeful"
    title = "Wakeful"
    holds = True
    most_polls: int | None = None

    def __init__(self, prepared: Prepared, *, in_place: bool = False) -> None:
        """On a copy of what was prepared, or *in_place* where it is too much to copy."""
        self.prepared = prepared
        self.wording = wording(prepared.admin)
        self._in_place = in_place
        self._server: Server | None = None

    def version(self) -> str:
        return __version__

    def users(self, count: int) -> Users:
        return self.prepared.users[:count]

    def devices(self, count: int) -> Users:
        # Each has a channel of its own: who is told again and again on one is slowed.
        user = self.prepared.admin
        return [
            (user[0], user[1], channel, *user[3:]) for channel in self.prepared.channels[:count]
        ]

    def start(self, folder: Path, users: int) -> Running:
        if self._in_place:
            (folder / "data").symlink_to(self.prepared.data)
        else:
            shutil.copytree(self.prepared.data, folder / "data")
        self._server = Server(folder, arguments=("--hold", str(HOLD_SECONDS)), activated=False)
        self._server.start()
        return Running(self._server.port, tree(self._server.pid))

    def end(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
