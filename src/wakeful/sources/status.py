"""How a source is."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class SourceState(StrEnum):
    """What a source is doing."""

    STARTING = "starting"
    SCANNING = "scanning"  # the first comparison with the disk since the start or a pause
    LIVE = "live"
    PAUSED = "paused"  # the folder is not there, or not itself: waits for its return
    WAITING = "waiting"  # changes cannot be recorded at present: tries again
    STOPPED = "stopped"


class SourceStatus(msgspec.Struct, frozen=True):
    """A snapshot for people and metrics.

    `reason` says why it is paused, waiting, or had to start over. `bytes` is the sum of the
    sizes of all files, `pending` how many names wait to be looked at, `scan_seconds` how long the
    last whole scan took. `skipped` counts what is left out by reason, with `samples` of paths.
    `ready` means that the first scan since the start is done.
    """

    name: str
    path: str
    state: SourceState
    reason: str
    ready: bool
    files: int
    folders: int
    bytes: int
    pending: int
    unhashed: int
    overflows: int
    rescans: int
    failures: int
    scan_seconds: float
    skipped: dict[str, int]
    samples: dict[str, tuple[str, ...]]
