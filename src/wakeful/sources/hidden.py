"""The hidden place in a watched folder: what is not yet, or no longer, in the tree.

It is on the same file system as the folder, so that everything comes and goes by one rename. Below
`.wakeful/` each store has a place of its own, `MARK/`, with

- `incoming/`: contents on their way in, copies being made, and what is to be removed;
- `trash/`: what lies in the trash, each by the id of its item;
- `found/`: what lay in one of these and is not known to the records. Nothing here removes it.

Rule 1: nothing is made before it is needed, and what is empty goes when the server stops.

Rule 2: only this user can look into it. A place that another server holds is left alone.

Rule 3: what a crash left in `incoming/` was never told of, and goes at the next start. Of what lies
in `trash/` nothing goes but what was purged, or is recorded elsewhere: that the records do not
know of it, or think that it is at its place, may be their fault (an older backup) or that of a
step that could not be taken back.

Rule 4: the place of a store that keeps nothing goes with its server, or when the next one finds
that nobody holds it; all but `found/`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from threading import Lock

import structlog

from wakeful.core.errors import Unavailable
from wakeful.sources.descent import go_through
from wakeful.sources.ground import FOLDER_FLAGS
from wakeful.sources.ignore import HIDDEN

INCOMING = "incoming"
TRASH = "trash"
FOUND = "found"

_PASSING = "memory-"
_MARK = re.compile(r"(?:memory-)?[0-9a-f]{16}")
_OPEN = os.O_RDONLY | FOLDER_FLAGS

log = structlog.get_logger()


def new_mark(*, lasting: bool) -> str:
    """The name of a place; of one that goes with its server where not *lasting*."""
    return ("" if lasting else _PASSING) + secrets.token_hex(8)


class Hidden:
    """The place *mark* in the folder that *top* opens. All of this runs in threads."""

    def __init__(self, top: Callable[[], int], mark: str) -> None:
        self._top = top
        self._mark = mark
        self._held = -1  # the place, with a lock on it
        self._holding = Lock()

    def incoming(self) -> int:
        """`incoming/`, open, and made if need be. Raises OSError and Unavailable."""
        return self._open(INCOMING)

    def trash(self) -> int:
        """`trash/`, likewise."""
        return self._open(TRASH)

    def clean(self) -> None:
        """Remove what a crash left in `incoming/`, and passing places that nobody holds."""
        with suppress(FileNotFoundError):
            top = self._all(make=False)
            try:
                for name in os.listdir(top):
                    if name.startswith(_PASSING) and name != self._mark and _MARK.fullmatch(name):
                        _remove_abandoned(top, name)
            finally:
                os.close(top)
            with closing(self._open(INCOMING, make=False)) as incoming:
                for name in os.listdir(incoming):
                    try:
                        remove(incoming, name)
                    except OSError as error:  # it hinders nothing
                        log.warning("something hidden was not removed", error=str(error))

    def kept(self) -> list[int]:
        """The ids of items of which something lies in `trash/`."""
        try:
            with closing(self._open(TRASH, make=False)) as trash:
                return [int(name) for name in os.listdir(trash) if name.isdigit()]
        except FileNotFoundError:
            return []

    def set_aside(self, id: int) -> str | None:
        """Take what lies in `trash/` of an item to be removed; its name in `incoming/`."""
        name = secrets.token_hex(16)
        try:
            with closing(self._open(TRASH, make=False)) as trash, closing(self.incoming()) as to:
                os.rename(str(id), name, src_dir_fd=trash, dst_dir_fd=to)
        except FileNotFoundError:
            return None
        return name

    def inode(self, id: int) -> int | None:
        """The inode of what lies in `trash/` of an item; None where nothing does."""
        try:
            with closing(self._open(TRASH, make=False)) as trash:
                return os.stat(str(id), dir_fd=trash, follow_symlinks=False).st_ino
        except FileNotFoundError:
            return None

    def keep(self, id: int) -> None:
        """Take what lies in `trash/` of an item to `found/`, if anything does."""
        with suppress(FileNotFoundError), closing(self._open(TRASH, make=False)) as trash:
            self._keep(trash, str(id))

    def keep_arrived(self, name: str) -> None:
        """Take *name* in `incoming/` there."""
        with closing(self.incoming()) as incoming:
            self._keep(incoming, name)

    def _keep(self, folder: int, name: str) -> None:
        os.stat(name, dir_fd=folder, follow_symlinks=False)  # else `found/` would be made for it
        kept = f"{name}-{secrets.token_hex(4)}"
        with closing(self._open(FOUND)) as found:
            os.rename(name, kept, src_dir_fd=folder, dst_dir_fd=found)
            os.fsync(found)
        log.warning(
            "kept something that is not recorded: it can be moved from there, or removed",
            path=f"{HIDDEN}/{self._mark}/{FOUND}/{kept}",
        )

    def remove(self, name: str) -> None:
        """Remove *name* from `incoming/`, with all that is in it."""
        with suppress(FileNotFoundError), closing(self._open(INCOMING, make=False)) as incoming:
            remove(incoming, name)

    def close(self) -> None:
        """Let go of the place, and remove it if nothing is in it, or if it is a passing one."""
        with suppress(OSError, Unavailable):
            top = self._all(make=False)
            try:
                if self._mark.startswith(_PASSING) and self._held >= 0:
                    _remove_passing(top, self._mark)
                for name in (INCOMING, TRASH, FOUND, ""):
                    with suppress(OSError):
                        os.rmdir(f"{self._mark}/{name}", dir_fd=top)
            finally:
                os.close(top)
            with closing(self._top()) as root:
                os.rmdir(HIDDEN, dir_fd=root)
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _open(self, name: str, *, make: bool = True) -> int:
        top = self._all(make=make)
        try:
            place = _below(top, self._mark, make=make)
        finally:
            os.close(top)
        try:
            with self._holding:
                self._hold(place)
            return _below(place, name, make=make)
        finally:
            os.close(place)

    def _all(self, *, make: bool) -> int:
        with closing(self._top()) as root:
            return _below(root, HIDDEN, make=make)

    def _hold(self, place: int) -> None:
        """Lock the place; another may have taken the place of the one that was locked."""
        if self._held >= 0:
            if os.fstat(self._held).st_ino == os.fstat(place).st_ino:
                return
            os.close(self._held)
            self._held = -1
        held = os.dup(place)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(held)
            raise Unavailable("Another server acts on this folder for the same store") from error
        self._held = held


def remove(folder: int, name: str) -> None:
    """Remove *name* from an open folder, with all that is in it, whatever its mode. Raises OSError
    where it cannot be removed, or another file system is mounted in it, which nobody gave away."""
    try:
        os.unlink(name, dir_fd=folder)
        return
    except FileNotFoundError:
        return
    except (IsADirectoryError, PermissionError):  # macOS says the latter of a folder
        pass
    try:
        _remove_folder(folder, name, open_up=False)
    except PermissionError:
        # What its owner may not look into could not be removed.
        _remove_folder(folder, name, open_up=True)


def _remove_folder(folder: int, name: str, *, open_up: bool) -> None:
    """As `remove`. With *open_up* let the owner into all folders on the way."""
    device = os.fstat(folder).st_dev

    def enter(above: int, below: str) -> None:
        if os.stat(below, dir_fd=above, follow_symlinks=False).st_dev != device:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), below)
        if open_up:
            os.chmod(below, 0o700, dir_fd=above)

    def empty(within: int) -> None:
        with os.scandir(within) as entries:
            files = [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
        for each in files:
            os.unlink(each, dir_fd=within)

    go_through(folder, name, enter=enter)
    go_through(folder, name, within=empty, leave=lambda above, below: os.rmdir(below, dir_fd=above))


def _remove_abandoned(top: int, name: str) -> None:
    with suppress(OSError), closing(os.open(name, _OPEN, dir_fd=top)) as place:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove_passing(top, name)


def _remove_passing(top: int, mark: str) -> None:
    with closing(os.open(mark, _OPEN, dir_fd=top)) as place:
        for name in (INCOMING, TRASH):
            remove(place, name)
        with suppress(OSError):
            os.rmdir(FOUND, dir_fd=place)
    with suppress(OSError):  # what was found stays
        os.rmdir(mark, dir_fd=top)


def _below(folder: int, name: str, *, make: bool) -> int:
    """A private folder in an open one. Raises OSError, where it is not ours EPERM."""
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=folder)
            # Else what is put below it would go with it in a power loss, though it was synced.
            os.fsync(folder)
    try:
        fd = os.open(name, _OPEN, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ENOTDIR, errno.ELOOP):  # which no time will change
            raise PermissionError(errno.EPERM, "the hidden place is no folder", name) from error
        raise
    found = os.fstat(fd)
    # What others could look into, or exchange what is in it, is no hidden place.
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        os.close(fd)
        raise PermissionError(errno.EPERM, "the hidden place belongs to somebody else", name)
    return fd


class closing:
    def __init__(self, fd: int) -> None:
        self._fd = fd

    def __enter__(self) -> int:
        return self._fd

    def __exit__(self, *exc: object) -> None:
        os.close(self._fd)
