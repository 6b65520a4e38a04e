"""Which names must be looked at, and when.

A notice never says what is true now, only that a name is worth a look; the look decides.
The times here give programs the chance to finish what they began:

Rule 1: a known file that was closed after writing, and whatever arrived by a rename on a known
name or from a known place, is due at once.

Rule 2: a new name is held for 10 ms: it may be a temporary file that is renamed at once. A
known file that moves to a name which looks like a backup of its own (`a` to `a~`, `a.bak`) is
held as long as a vanished name: its old name may come back, and then keeps the item.

Rule 3: a vanished name is held for 150 ms, longer (up to 1 s) while more vanishes in its folder
or below it, so that `rm -r` is one change. It is due only after everything that appeared
before it was looked at: it may have been found elsewhere. Where the folder above vanished too,
that comes first.

All times are in seconds of one clock that is given with each call.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from wakeful.sources.notices import Sign
from wakeful.sources.snapshot import Folder, unpack

NEW_HOLD = 0.010
GONE_HOLD = 0.150
GONE_LIMIT = 1.0
LOST_HOLD = 0.020

_TAKEN = -1.0
_MOST_ORIGINS = 8
_MOST_COOKIES = 2_000

Place = tuple[Folder, str]


class Mark:
    """A name that must be looked at.

    `gone` tells that the last notice was of its vanishing, `closed` that nobody needs to be
    asked whether it is still being written. `origins` are places that its content may have
    come from by renames. `writing` counts looks that found it being written, `waiting` marks
    one that waits for something else to be settled first.
    """

    __slots__ = (
        "arrived",
        "closed",
        "due",
        "folder",
        "gone",
        "name",
        "origins",
        "tries",
        "waiting",
        "writing",
    )

    def __init__(self, folder: Folder, name: str, arrived: float) -> None:
        self.folder = folder
        self.name = name
        self.arrived = arrived
        self.due = arrived
        self.gone = False
        self.closed = False
        self.origins: tuple[Place, ...] = ()
        self.tries = 0
        self.writing = 0
        self.waiting = False

    def __repr__(self) -> str:
        return f"<Mark {self.folder.path(self.name)} [{'gone' if self.gone else 'here'}]>"


class Marks:
    """All names that must be looked at, each once."""

    def __init__(self) -> None:
        self._marks: dict[Place, Mark] = {}
        self._due: list[tuple[float, int, Mark]] = []
        self._appearing: list[tuple[float, int, Mark]] = []
        self._left: dict[int, tuple[Place, ...]] = {}  # by cookie: where it came from
        self._count = 0
        self.vanished: dict[int, Place] = {}
        """By inode: known files that are not, or may not be, where they are recorded."""
        self.unlisted: dict[Folder, float] = {}
        """Folders whose content must be compared, each with when its cause was noticed."""

    def __len__(self) -> int:
        return len(self._marks)

    def __iter__(self) -> Iterator[Mark]:
        return iter(self._marks.values())

    def __repr__(self) -> str:
        return f"<Marks [{len(self._marks)}]>"

    def get(self, folder: Folder, name: str) -> Mark | None:
        return self._marks.get((folder, name))

    # --- notices ---

    def notice(self, folder: Folder, name: str, sign: Sign, now: float, cookie: int = 0) -> None:
        """Something happened to *name* in *folder*."""
        place = (folder, name)
        known = name in folder.entries
        if sign in (Sign.LEFT, Sign.DELETED):
            self._vanish(place, sign, now, cookie, known=known)
            return
        mark = self._open(place, now)
        if sign is Sign.CLOSED:
            mark.closed = True
            self._schedule(mark, now if known else min(now, mark.arrived) + NEW_HOLD)
        elif sign is Sign.ARRIVED:
            mark.closed = True
            mark.origins = self._left.pop(cookie, ())
            self._schedule(mark, now + self._arrival_hold(mark, known=known))
        else:
            mark.closed = False
            if sign is Sign.CHANGED:  # it may as well be gone, and found elsewhere
                self._index(mark)
            self._schedule(mark, now + NEW_HOLD)

    def found(self, folder: Folder, name: str, now: float, *, gone: bool, since: float) -> None:
        """A scan saw that *name* is not as recorded. *since* is when its cause was noticed."""
        mark = self._marks.get((folder, name))
        if mark is not None:
            return  # a notice knows it better
        if gone:
            mark = self._new((folder, name), now)
            mark.gone = True
            self._index(mark)
            self._schedule(mark, now + GONE_HOLD)
        else:
            mark = self._open((folder, name), since)
            self._index(mark)
            self._schedule(mark, now + NEW_HOLD)

    def must_list(self, folder: Folder, since: float) -> None:
        """The content of *folder* must be compared. *since* is when its cause was noticed."""
        folder.listed = False
        self.unlisted.setdefault(folder, since)

    def _vanish(self, place: Place, sign: Sign, now: float, cookie: int, *, known: bool) -> None:
        mark = self._marks.get(place)
        if sign is Sign.LEFT:
            before = mark.origins if mark is not None else ()
            self._left[cookie] = ((place, *before) if known else before)[:_MOST_ORIGINS]
            if len(self._left) > _MOST_COOKIES:  # left for places that nobody watches
                del self._left[next(iter(self._left))]
        if not known:
            if mark is not None:
                self.settle(mark)  # came and went
            return
        if mark is None:
            mark = self._new(place, now)
        if not mark.gone:
            mark.arrived = now
        mark.gone, mark.closed, mark.writing = True, False, 0
        for folder in place[0].above():
            folder.quiet = now
        self._index(mark)
        self._schedule(mark, now + GONE_HOLD)

    def _arrival_hold(self, mark: Mark, *, known: bool) -> float:
        for folder, name in mark.origins:
            if name in folder.entries:
                if folder is mark.folder and looks_like_backup(name, mark.name) and not known:
                    return GONE_HOLD
                return 0.0
        return 0.0 if known else NEW_HOLD

    # --- taking and settling ---

    def next_due(self) -> float | None:
        """When the next mark is due."""
        while self._due:
            due, _, mark = self._due[0]
            if mark.due == due and self._marks.get((mark.folder, mark.name)) is mark:
                return due
            heappop(self._due)
        return None

    def take(self, now: float, limit: int) -> list[Mark]:
        """Up to *limit* marks that are due, in order. Each must be settled or put off."""
        taken: list[Mark] = []
        while len(taken) < limit:
            due = self.next_due()
            if due is None or due > now:
                break
            mark = heappop(self._due)[2]
            mark.due = _TAKEN  # two notices at once schedule it twice for one moment
            if mark.folder.gone:
                self.settle(mark)
                continue
            later = self._not_yet(mark, now) if mark.gone else None
            if later is not None:
                self._schedule(mark, later)
                continue
            taken.append(mark)
        return taken

    def settle(self, mark: Mark) -> None:
        """The mark has done its work."""
        place = (mark.folder, mark.name)
        if self._marks.get(place) is mark:
            del self._marks[place]
        packed = mark.folder.entries.get(mark.name)
        if isinstance(packed, bytes):
            self.unindex(unpack(packed)[1], place)

    def unindex(self, inode: int, place: Place) -> None:
        """The file with that inode is no longer missed at *place*."""
        if self.vanished.get(inode) == place:
            del self.vanished[inode]

    def put_off(self, mark: Mark, due: float, *, waiting: bool = False) -> None:
        """Look again at *due*. While *waiting*, nothing waits for this mark."""
        mark.tries += 1
        mark.waiting = waiting
        self._schedule(mark, due)

    def take_for_gone(self, mark: Mark, now: float) -> None:
        """A look found nothing where something was known: hold it as a vanished name."""
        mark.gone, mark.arrived, mark.waiting = True, now, False
        self._index(mark)
        self._schedule(mark, now + GONE_HOLD)

    def appearing_before(self, mark: Mark) -> bool:
        """Whether anything else that appeared before *mark* + 150 ms waits for its look."""
        return self._appeared(mark.arrived + GONE_HOLD, mark)

    def _not_yet(self, mark: Mark, now: float) -> float | None:
        """When to come back to a vanished name, None where its time has come."""
        folder = mark.folder
        if folder.parent is not None:
            above = self._marks.get((folder.parent, folder.name))
            if above is not None and above.gone:
                return max(above.due, now) + 0.001
        if now < folder.quiet + GONE_HOLD and now < mark.arrived + GONE_LIMIT:
            return min(folder.quiet + GONE_HOLD, mark.arrived + GONE_LIMIT)
        if self._appeared(mark.arrived + GONE_HOLD, mark):
            return now + NEW_HOLD
        return None

    def _appeared(self, before: float, besides: Mark) -> bool:
        if any(since <= before for since in self.unlisted.values()):
            return True  # anything may be found there
        heap = self._appearing
        while heap:
            arrived, _, mark = heap[0]
            alive = self._marks.get((mark.folder, mark.name)) is mark and not mark.folder.gone
            if not alive or mark.gone or mark.arrived != arrived:
                heappop(heap)
                continue
            if arrived > before:
                return False
            if mark is besides or mark.waiting or mark.writing:
                # Rare: look past it without losing it.
                return any(
                    arrived <= before
                    and other is not besides
                    and not (other.gone or other.waiting or other.writing or other.folder.gone)
                    and self._marks.get((other.folder, other.name)) is other
                    for arrived, _, other in heap
                )
            return True
        return False

    # --- inside ---

    def _open(self, place: Place, arrived: float) -> Mark:
        """The mark of a name that is there, as far as is known."""
        mark = self._marks.get(place)
        if mark is None:
            mark = self._new(place, arrived)
        elif mark.gone:
            mark.gone = False
            mark.arrived = arrived
        elif not mark.waiting and not mark.writing:
            return mark
        mark.waiting, mark.writing = False, 0
        self._count += 1
        heappush(self._appearing, (mark.arrived, self._count, mark))
        return mark

    def _new(self, place: Place, arrived: float) -> Mark:
        mark = Mark(*place, arrived)
        self._marks[place] = mark
        return mark

    def _index(self, mark: Mark) -> None:
        packed = mark.folder.entries.get(mark.name)
        if isinstance(packed, bytes):
            inode = unpack(packed)[1]
            if inode:
                self.vanished[inode] = (mark.folder, mark.name)

    def _schedule(self, mark: Mark, due: float) -> None:
        mark.due = due
        self._count += 1
        heappush(self._due, (due, self._count, mark))


def looks_like_backup(name: str, backup: str) -> bool:
    """Whether *backup* is what programs call the old version of *name*: `a~`, `a.bak`, `a.1`,
    `#a#`, and `report.old` for `report.txt`."""
    if name in backup:
        return True
    stem = name.rpartition(".")[0]
    return bool(stem) and backup in (f"{stem}.bak", f"{stem}.old", f"{stem}.orig")
