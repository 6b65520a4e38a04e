"""Disks that fail when a test wants it, and forget what was never synced."""

from __future__ import annotations

import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import apsw

_serial = count()


class Disk(apsw.VFS):
    """A layer under SQLite that passes everything on, until it is told otherwise.

    `full`: what would make a file longer has no room. `broken`: syncing fails, or
    where `broken_file` is given, syncing of that file.
    `held`: syncing waits until it is set; `syncing` tells that one waits.
    """

    def __init__(self) -> None:
        self.name = f"disk-{next(_serial)}"
        self.full = False
        self.broken = False
        self.broken_file: Path | None = None
        self.writes = 0
        self.syncs = 0
        self.held = threading.Event()
        self.held.set()
        self.syncing = threading.Event()
        self.lock = threading.RLock()  # the power goes away between two calls, not within one
        self.durable: dict[str, bytearray] = {}
        self.unsynced: dict[str, list[tuple[int, bytes] | int]] = {}
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        return DiskFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        with self.lock:
            super().xDelete(filename, syncdir)
            self.durable.pop(filename, None)
            self.unsynced.pop(filename, None)

    def after_power_loss(self, data: Path, to: Path, surviving: random.Random | None) -> None:
        """Write to the folder *to* what the disk still holds of the folder *data*.

        What was not synced is lost, or where *surviving* is given, some of it.
        """
        to.mkdir()
        with self.lock:
            shutil.copy(data / "epoch.json", to)
            for name, durable in self.durable.items():
                contents = bytearray(durable)
                for change in self.unsynced[name]:
                    if surviving is not None and surviving.random() < 0.5:
                        _apply(contents, change)
                (to / Path(name).name).write_bytes(contents)


class DiskFile(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self.disk = disk
        self.path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if self.path not in disk.durable:
            file = Path(self.path)
            disk.durable[self.path] = bytearray(file.read_bytes() if file.exists() else b"")
            disk.unsynced[self.path] = []
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.writes += 1
        if self.disk.full and offset + len(data) > self.xFileSize():
            raise apsw.FullError
        with self.disk.lock:
            super().xWrite(data, offset)
            self.disk.unsynced[self.path].append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        with self.disk.lock:
            super().xTruncate(size)
            self.disk.unsynced[self.path].append(size)

    def xSync(self, flags: int) -> None:
        self.disk.syncing.set()
        self.disk.held.wait()
        if self.disk.broken or self.disk.broken_file == Path(self.path):
            raise apsw.IOError("the disk is broken")
        with self.disk.lock:
            super().xSync(flags)
            self.disk.syncs += 1
            for change in self.disk.unsynced[self.path]:
                _apply(self.disk.durable[self.path], change)
            self.disk.unsynced[self.path].clear()


def _apply(contents: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del contents[change:]
        return
    offset, data = change
    contents.extend(bytes(max(0, offset + len(data) - len(contents))))
    contents[offset : offset + len(data)] = data


@contextmanager
def a_disk() -> Iterator[Disk]:
    disk = Disk()
    try:
        yield disk
    finally:
        disk.held.set()
        disk.unregister()
