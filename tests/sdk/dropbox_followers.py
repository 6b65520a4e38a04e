"""Runs the official Dropbox SDKs as their users do: each in its own process, over TLS.

The programs are in `programs/`. Each takes one JSON object:

- `host` and `token` (Python takes the host from the environment);
- what to `do`: `follow` or `look`;
- to follow, the `cursor` to go on from (or null), and `listings`: the limit of each with how often
  to be woken until the account is listed anew (null: for ever);
- to look, the path of a `file`.

Who follows prints a line for each page: whether it `begins` a listing, its `entries`, `cursor` and
`has_more`. An entry has its `kind` (`file`, `folder` or `deleted`), `path`, and what else the SDK
tells of it: see `told`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.folding import Applied, fold_in_order, fold_sorted
from tests.processes import Program
from tests.readers import Json
from tests.sdk.followers import Sdk
from tests.servers import Server
from wakeful.core.items import Kind

DROPBOX12 = Sdk("dropbox 12", "dropbox12.py", "dropbox12")
DROPBOX120 = Sdk("dropbox 12.0.2", "dropbox12.py", "dropbox120")
DROPBOXJS10 = Sdk("dropbox 10 for Node", "dropboxjs10.js", "dropboxjs10", "dropbox")

DROPBOX_V1 = Sdk("dropbox 3.38, version 1 of the API", "dropboxv1.py", "dropboxv1")

PYTHON = (DROPBOX12, DROPBOX120)
SDKS = (*PYTHON, DROPBOXJS10)
EVERY_VERSION = (*SDKS, DROPBOX_V1)

Listings = Sequence[tuple[int, int | None]]

_FIELDS = ("shown", "name", "id", "rev", "size", "hash")
_UNTOLD = {DROPBOX_V1: ("id", "hash")}
_KINDS = {"folder": Kind.FOLDER, "file": Kind.FILE}


def pointed_at(server: Server) -> Mapping[str, str]:
    """The environment in which every SDK finds *server* and trusts it."""
    hosts = ("DROPBOX_API_HOST", "DROPBOX_API_CONTENT_HOST", "DROPBOX_API_NOTIFY_HOST")
    bundles = ("REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return dict.fromkeys(hosts, server.tls_host) | dict.fromkeys(bundles, str(server.authority))


def command(sdk: Sdk, server: Server, task: Json, file: Path | None = None) -> list[str]:
    return sdk.command({"host": server.tls_host, "token": server.token} | task, file)


class Follower:
    """One SDK that follows an account, and what a user of it has by path."""

    def __init__(self, sdk: Sdk, server: Server) -> None:
        self.sdk = sdk
        self._server = server
        self._program = Program(sdk.name)
        self._folded = 0
        self._last: Json = {"has_more": True, "cursor": None}
        self._in_order: Applied = {}
        self._sorted: Applied = {}
        self.pages: list[int] = []
        """How many entries were on each page."""
        self.listings = 0

    def start(self, listings: Listings) -> None:
        """Start, or go on where it was."""
        self._fold_new(self._program.lines)
        task = {"do": "follow", "cursor": self._last["cursor"], "listings": listings}
        environ = pointed_at(self._server)
        self._program.start(command(self.sdk, self._server, task), environ)

    def close(self) -> None:
        self._program.close()

    @property
    def complaints(self) -> str:
        return self._program.complaints

    def wait_until_it_has(self, truth: Applied) -> None:
        """Wait until it was told all that there is, and has just that."""
        truth = as_told(truth, self.sdk)
        try:
            self._program.wait_for(lambda lines: self._has(lines, truth), "the tree")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self._difference(truth)}") from None

    def _has(self, lines: list[str], truth: Applied) -> bool:
        self._fold_new(lines)
        return not self._last["has_more"] and self._in_order == truth == self._sorted

    def _fold_new(self, lines: list[str]) -> None:
        for line in lines[self._folded :]:
            self._folded += 1
            # The last line of a program that was killed may be cut off.
            if line.endswith("\n"):
                self._fold(json.loads(line))

    def _fold(self, page: Json) -> None:
        self._last = page
        self.pages.append(len(page["entries"]))
        if page["begins"]:
            self.listings += 1
            self._in_order.clear()
            self._sorted.clear()
        entries = [(entry["path"][1:], told(entry)) for entry in page["entries"]]
        fold_in_order(self._in_order, entries)
        fold_sorted(self._sorted, entries)

    def _difference(self, truth: Applied) -> str:
        lines = [f"has_more is {self._last['has_more']}"]
        for name, state in (("in order", self._in_order), ("sorted", self._sorted)):
            for path in sorted(state.keys() | truth.keys()):
                if state.get(path) != truth.get(path):
                    lines.append(f"{name}: {path!r} {state.get(path)} but {truth.get(path)}")
        return "\n".join(lines[:30])


def told(entry: Json) -> tuple[object, ...] | None:
    """What a program says of an entry, as `tests/folding.py` has it."""
    if entry["kind"] == "deleted":
        return None
    return (_KINDS[entry["kind"]], *(entry.get(field) for field in _FIELDS))


def as_told(truth: Applied, sdk: Sdk) -> Applied:
    """*truth* without what the API of *sdk* does not tell."""
    kept = (True, *(field not in _UNTOLD.get(sdk, ()) for field in _FIELDS))
    return {
        path: tuple(each if is_told else None for each, is_told in zip(fields, kept, strict=True))
        for path, fields in truth.items()
    }


@contextmanager
def following(sdk: Sdk, server: Server, listings: Listings) -> Iterator[Follower]:
    """A follower that runs, and is ended with the test; its complaints are shown if that fails."""
    follower = Follower(sdk, server)
    try:
        follower.start(listings)
        yield follower
    finally:
        follower.close()
        sys.stderr.write(f"--- {sdk.name} on standard error ---\n{follower.complaints}\n")


def look_around(sdk: Sdk, server: Server, file: str) -> Json:
    """What an SDK reads of its user and of *file*, and how it is refused what it may not have."""
    run = Program(sdk.name)
    try:
        run.start(command(sdk, server, {"do": "look", "file": file}), pointed_at(server))
        assert run.wait_until_ended() == 0, run.complaints
    finally:
        run.close()
    [line] = run.lines
    found: Json = json.loads(line)
    return found
