"""Runs the official SDKs as their users do: each in its own process and environment.

The programs are in `programs/`. Each takes one JSON object:

- `url` and `token`; `sign_in`, which has the `way` and what that needs (see `sign_ins.py`);
- what to `do`, in that order: give the `history` of an enterprise, `read` items, `look` around,
  `follow` a stream as it grows;
- for history its stream type as `history`, and `event_types`, `limit`, `created_after`,
  `created_before` (or null);
- to follow, `start` (a position, `now`, `0`, or null for the SDK's own default) and
  `stream_type` (or null);
- to read, the ids of `files` and `folders`; to `look` around, the id of a `file`;
- for Node the `home` of its node_modules, and the `package` that it requires.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.components import node_sdk, python_sdk
from tests.processes import Program
from tests.servers import clean_environ

Json = dict[str, Any]

DEVELOPER_TOKEN: Json = {"way": "developer token"}

_PROGRAMS = Path(__file__).with_name("programs")
_NOTHING = dict.fromkeys(("event_types", "limit", "created_after", "created_before"))


@dataclass(frozen=True, slots=True)
class Sdk:
    """An SDK that the tests run."""

    name: str
    program: str
    """The file in `programs/`. The generated SDKs of one language have the same calls."""
    home: str
    """The folder in `.sdk`."""
    package: str = ""
    """What a Node program requires."""
    stream_types: bool = True
    """Whether its event stream can be told a stream type."""

    def command(self, task: Json, file: Path | None = None) -> list[str]:
        """The command line that does *task*, by its program or that in *file*; skips the test
        where the SDK is missing."""
        # The SDKs numbered 4 warn of their older half: that is no complaint about the server. And
        # warnings as errors are for our own code.
        program = str(file or _PROGRAMS / self.program)
        if self.package:
            task = task | {"home": str(node_sdk(self.home)), "package": self.package}
            return ["node", "--no-warnings", program, json.dumps(task)]
        quiet = ["-W", "ignore::DeprecationWarning"]
        return [str(python_sdk(self.home)), *quiet, program, json.dumps(task)]


BOXSDK3 = Sdk("boxsdk 3", "boxsdk3.py", "boxsdk3")
BOXSDK4_BOXSDK = Sdk("boxsdk 4, its boxsdk", "boxsdk3.py", "boxsdk4")
BOXSDK4_GEN = Sdk("boxsdk 4, its box_sdk_gen", "boxsdk10.py", "boxsdk4")
BOXSDK10 = Sdk("boxsdk 10", "boxsdk10.py", "boxsdk10")
BOXGEN1 = Sdk("box-sdk-gen 1", "boxsdk10.py", "boxgen1")
BOXNODE3 = Sdk("box-node-sdk 3", "boxnode3.js", "boxnode3", "box-node-sdk", stream_types=False)
BOXNODE4_BOXSDK = Sdk(
    "box-node-sdk 4, its BoxSDK", "boxnode3.js", "boxnode4", "box-node-sdk", stream_types=False
)
BOXNODE4_GEN = Sdk(
    "box-node-sdk 4, its sdk-gen", "boxnode10.js", "boxnode4", "box-node-sdk/sdk-gen"
)
BOXNODE10 = Sdk("box-node-sdk 10", "boxnode10.js", "boxnode10", "box-node-sdk")
BOXTS1 = Sdk("box-typescript-sdk-gen 1", "boxnode10.js", "boxts1", "box-typescript-sdk-gen")

SDKS = (
    BOXSDK3,
    BOXSDK4_BOXSDK,
    BOXSDK4_GEN,
    BOXSDK10,
    BOXGEN1,
    BOXNODE3,
    BOXNODE4_BOXSDK,
    BOXNODE4_GEN,
    BOXNODE10,
    BOXTS1,
)
"""Every line of SDKs that runs here. Of those numbered 4, which have two SDKs in them, both."""

PYTHON_HANDWRITTEN = (BOXSDK3, BOXSDK4_BOXSDK)
PYTHON_GENERATED = (BOXSDK4_GEN, BOXSDK10, BOXGEN1)


class Follower:
    """One SDK that follows a stream, and everything that it printed, over all its starts."""

    def __init__(
        self,
        sdk: Sdk,
        url: str,
        token: str,
        stream_type: str | None = None,
        sign_in: Json = DEVELOPER_TOKEN,
        history: str | None = None,
    ) -> None:
        self.sdk = sdk
        self._task = _NOTHING | {
            "do": ["follow"] if history is None else ["history", "follow"],
            "history": history,
            "url": url,
            "token": token,
            "stream_type": stream_type,
            "sign_in": sign_in,
        }
        self._program = Program(sdk.name)

    def start(self, position: int | str | None = None) -> None:
        """Start the program, or start it again."""
        start = None if position is None else str(position)
        self._program.start(self.sdk.command(self._task | {"start": start}))

    def is_running(self) -> bool:
        return self._program.is_running()

    def wait_until_it_gave_up(self, timeout: float) -> None:
        self._program.wait_until_ended(timeout)

    def close(self) -> None:
        self._program.close()

    @property
    def printed(self) -> list[Json]:
        """Every event that the SDK gave to its user, in that order."""
        return [json.loads(line) for line in self._program.lines]

    @property
    def events(self) -> list[Json]:
        """What it gave, without repeats (the first of each event id counts)."""
        first: dict[str, Json] = {}
        for event in self.printed:
            first.setdefault(event["event_id"], event)
        return list(first.values())

    @property
    def complaints(self) -> str:
        """What it wrote to standard error."""
        return self._program.complaints

    def wait_for_event(self, event_id: str, timeout: float = 180.0) -> None:
        """Wait until the SDK gave the event *event_id*."""
        self._program.wait_for(
            lambda lines: any(event_id in line for line in reversed(lines)),
            f"event {event_id}",
            timeout,
        )


@contextmanager
def following(
    sdk: Sdk,
    url: str,
    token: str,
    *,
    start: int | str | None = None,
    stream_type: str | None = None,
    sign_in: Json = DEVELOPER_TOKEN,
    history: str | None = None,
) -> Iterator[Follower]:
    """A follower that runs, and is ended with the test; its complaints are shown if that fails.

    With *history* it gives the enterprise's events of that stream type first.
    """
    follower = Follower(sdk, url, token, stream_type, sign_in, history)
    try:
        follower.start(start)
        yield follower
    finally:
        follower.close()
        sys.stderr.write(f"--- {sdk.name} on standard error ---\n{follower.complaints}\n")


def read_items(
    sdk: Sdk, url: str, token: str, *, files: list[str], folders: list[str]
) -> list[Json]:
    """What an SDK reads of its user, of some items, and of what is in the folders."""
    return _printed(sdk, url, token, do=["read"], files=files, folders=folders)


def look_around(sdk: Sdk, url: str, token: str, *, file: str) -> Json:
    """What an SDK downloads of a file, whole and in part, and the users, the trash and the root
    as it lists them."""
    found: Json = {}
    for line in _printed(sdk, url, token, do=["look"], file=file):
        found |= line
    return found


def read_history(sdk: Sdk, url: str, token: str, stream_type: str, **options: Any) -> list[Json]:
    """The events of an enterprise that an SDK gives, page by page until one is empty."""
    task = _NOTHING | {"history": stream_type} | options
    return _printed(sdk, url, token, do=["history"], **task)


def _printed(sdk: Sdk, url: str, token: str, **task: Any) -> list[Json]:
    """What the program of an SDK prints, which has to end well."""
    command = sdk.command(task | {"url": url, "token": token, "sign_in": DEVELOPER_TOKEN})
    with tempfile.TemporaryFile() as complaints:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=clean_environ(),
            timeout=300,
            check=False,
        )
        complaints.seek(0, os.SEEK_SET)
        assert done.returncode == 0, complaints.read().decode(errors="replace")
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
