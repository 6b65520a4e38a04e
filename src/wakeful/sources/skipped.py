"""What is left out, and why: logged once a path, counted, with samples to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import structlog

_MOST_PATHS = 10_000
"""Paths remembered for each reason; more are counted without being known again."""

SAMPLES = 5

log = structlog.get_logger()


class Reason(StrEnum):
    """Why something is not in the feed, or not wholly."""

    LINK = "symbolic link"
    SPECIAL = "neither file nor folder"
    NAME = "name is not UTF-8"
    DEEP = "too deep"
    LONG = "path too long for the system"
    UNREADABLE_FOLDER = "folder cannot be read"
    UNREADABLE_FILE = "file cannot be read: announced without hashes"
    OTHER_DISK = "another file system is mounted there: watch it as a folder of its own"
    UNWATCHED = "cannot be watched: changes are seen at the next re-scan"


FOUND_BY_COMPARING = frozenset({Reason.LINK, Reason.SPECIAL, Reason.NAME, Reason.DEEP, Reason.LONG})
"""Each comparison of the whole finds these again, for as long as they are there. The others are
found when something happens, and have to be looked at."""


class Skipped:
    """The paths that are left out at present, by reason.

    What is no longer so is taken back when it is noticed, and else by the next comparison of the
    whole, which is between `begin` and `end`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._paths: dict[Reason, dict[str, None]] = {reason: {} for reason in Reason}
        self._more = dict.fromkeys(Reason, 0)
        self._found: set[tuple[Reason, str]] = set()  # since `begin`
        self._found_more = dict.fromkeys(Reason, 0)

    def add(self, reason: Reason, path: str) -> None:
        """*path* is below the root; it may hold bytes that are no UTF-8."""
        shown = path.encode("utf-8", "backslashreplace").decode()
        paths = self._paths[reason]
        if shown not in paths and len(paths) >= _MOST_PATHS:
            self._found_more[reason] += 1
            self._more[reason] = max(self._more[reason], self._found_more[reason])
            return
        self._found.add((reason, shown))
        if shown in paths:
            return
        paths[shown] = None
        quiet = reason in (Reason.LINK, Reason.SPECIAL)  # nothing is wrong with those
        (log.info if quiet else log.warning)(
            "left out", source=self._name, path=shown, reason=reason.value
        )

    def discard(self, reason: Reason, path: str) -> None:
        """*path* is no longer left out for that reason."""
        self._paths[reason].pop(path, None)

    def discard_all(self, path: str) -> None:
        """Whatever was at *path* is gone or in order now."""
        for paths in self._paths.values():
            paths.pop(path, None)

    def begin(self) -> None:
        """A comparison of the whole begins."""
        self._found.clear()
        self._found_more = dict.fromkeys(Reason, 0)

    def end(self, is_still: Callable[[Reason, str], bool]) -> None:
        """It has seen everything: what it did not find again is left out no longer, unless
        *is_still* says so, which is asked of what no comparison finds."""
        for reason, paths in self._paths.items():
            for path in list(paths):
                if (reason, path) in self._found:
                    continue
                if reason in FOUND_BY_COMPARING or not is_still(reason, path):
                    paths.pop(path, None)
            if reason in FOUND_BY_COMPARING:
                self._more[reason] = self._found_more[reason]
            elif len(paths) < _MOST_PATHS:
                self._more[reason] = 0

    def counts(self) -> Mapping[str, int]:
        """How many, by reason; reasons without any are left out."""
        counts = {r.value: len(p) + self._more[r] for r, p in self._paths.items()}
        return {reason: count for reason, count in counts.items() if count}

    def samples(self) -> Mapping[str, tuple[str, ...]]:
        """Up to five paths for each reason."""
        return {
            reason.value: tuple(path for path, _ in zip(paths, range(SAMPLES), strict=False))
            for reason, paths in self._paths.items()
            if paths
        }
