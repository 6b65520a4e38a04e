"""Notices of Linux, by inotify.

Never OPEN or ACCESS: our own reading would be noticed, and drown us. No MODIFY: it doubles the
load of the queue; whoever writes without closing is looked at by a timer. No ATTRIB: every
unpacked file would be told once more, for a time that a re-scan corrects.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections import deque
from collections.abc import Callable

from inotify_simple import INotify, flags, parse_events

from wakeful.sources.notices import Notice, Sign, Trouble, WatchLimit

_MASK = (
    flags.CLOSE_WRITE
    | flags.CREATE
    | flags.DELETE
    | flags.MOVED_FROM
    | flags.MOVED_TO
    | flags.ONLYDIR
    | flags.EXCL_UNLINK
)
_ROOT_MASK = flags.DELETE_SELF | flags.MOVE_SELF

_READ_BYTES = 32 * 1024
"""Some 800 notices: about 2 ms of work for the loop."""

_MOST_UNREAD = 64 * 1024 * 1024
"""Bytes kept while changes cannot be recorded; beyond it notices are dropped and a re-scan
finds what they told."""

_SIGNS = (
    (flags.CLOSE_WRITE, Sign.CLOSED),
    (flags.CREATE, Sign.CREATED),
    (flags.MOVED_TO, Sign.ARRIVED),
    (flags.MOVED_FROM, Sign.LEFT),
    (flags.DELETE, Sign.DELETED),
)


class InotifyWatcher:
    """One inotify instance, read by the loop."""

    def __init__(self) -> None:
        self._inotify: INotify | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._unread: deque[bytes] = deque()
        self._unread_bytes = 0
        self._dropped = False
        self._wake: Callable[[], None] = lambda: None
        self._root_wd = 0

    def open(self, root: str, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._loop = asyncio.get_running_loop()
        try:
            self._inotify = INotify(nonblocking=True)
        except OSError as error:
            if error.errno == errno.EMFILE:
                raise WatchLimit(
                    "no process of this user can watch more: raise it with"
                    " `sysctl fs.inotify.max_user_instances=512`"
                ) from error
            raise
        # The root first, with what is asked of no other folder; a later `add` of it, with fewer
        # flags, must not take them away (MASK_ADD).
        self._root_wd = self._inotify.add_watch(root, _MASK | _ROOT_MASK)
        self._loop.add_reader(self._inotify.fileno(), self._read)

    def add(self, path: str) -> int:
        assert self._inotify is not None
        try:
            wd: int = self._inotify.add_watch(path, _MASK | flags.MASK_ADD)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise WatchLimit(
                    "the system gives no more watches: raise it with"
                    " `sysctl fs.inotify.max_user_watches=1048576`"
                ) from error
            raise
        return wd

    def remove(self, wd: int) -> None:
        assert self._inotify is not None
        try:
            self._inotify.rm_watch(wd)
        except OSError as error:
            if error.errno != errno.EINVAL:  # ended already: its notice is on the way
                raise

    def take(self) -> list[Notice | tuple[Trouble, int]]:
        if self._dropped:
            self._dropped = False
            return [(Trouble.OVERFLOW, 0)]
        if not self._unread:
            return []
        data = self._unread.popleft()
        self._unread_bytes -= len(data)
        notices: list[Notice | tuple[Trouble, int]] = []
        for wd, mask, cookie, name in parse_events(data):
            if mask & flags.Q_OVERFLOW:
                notices.append((Trouble.OVERFLOW, 0))
            elif mask & flags.IGNORED:
                notices.append((Trouble.WATCH_ENDED, wd))
            elif mask & (_ROOT_MASK | flags.UNMOUNT):
                if wd == self._root_wd:
                    notices.append((Trouble.ROOT, wd))
            elif name:
                is_folder = bool(mask & flags.ISDIR)
                for flag, sign in _SIGNS:
                    if mask & flag:
                        notices.append(Notice(sign, wd, name, cookie, is_folder))
                        break
        return notices

    def close(self) -> None:
        if self._inotify is not None:
            assert self._loop is not None
            self._loop.remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None

    def _read(self) -> None:
        assert self._inotify is not None
        try:
            data = os.read(self._inotify.fileno(), _READ_BYTES)
        except BlockingIOError:
            return
        if self._unread_bytes > _MOST_UNREAD:
            self._unread.clear()
            self._unread_bytes = 0
            self._dropped = True
        else:
            self._unread.append(data)
            self._unread_bytes += len(data)
        self._wake()
