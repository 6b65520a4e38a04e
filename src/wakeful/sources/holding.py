"""A watched folder while an action has it for itself: neither its source nor another action looks
at it, changes it, or records anything of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from wakeful.core.rehearsal import Below
from wakeful.sources.adopting import Names, NotKnown
from wakeful.sources.arrivals import Arrivals
from wakeful.sources.hidden import Hidden
from wakeful.sources.ignore import Ignore
from wakeful.sources.reach import Reach
from wakeful.sources.session import Session
from wakeful.sources.work import Work

T = TypeVar("T")


class InThread(Protocol):
    """Runs work in the thread that looks at the disk."""

    def __call__(self, work: Callable[[], T]) -> Awaitable[T]: ...


class Holding:
    """What an action may do. `work` is its steps on the disk, which run by `in_thread`."""

    def __init__(
        self,
        root: str,
        session: Session,
        hidden: Hidden,
        ignore: Ignore,
        arrivals: Arrivals,
        in_thread: InThread,
        sweep: Callable[[], None],
    ) -> None:
        self._session = session
        self._adoption = session.adoption()
        self._arrivals = arrivals
        self._sweep = sweep
        self.in_thread = in_thread
        self.work = Work(Reach(root, session.inode, session.device), hidden, ignore)

    def suspect(self, names: Names) -> None:
        """The disk is not as recorded at that path: have it looked at."""
        self._session.suspect(names)

    def overtaken(self) -> None:
        """It was recorded and cannot be shown: have the records read again."""
        self._session.overtaken()

    def came(self, at: Names, below: Below) -> None:
        """It was recorded that *below* is at *at* now, or is another version."""
        self._adopt(lambda: self._adoption.came(at, below))

    def moved(self, at: Names, to: Names) -> None:
        """It was recorded that what was at *at* is at *to*."""
        self._adopt(lambda: self._adoption.moved(at, to))

    def went(self, at: Names) -> None:
        """It was recorded that nothing is at *at*."""
        self._adopt(lambda: self._adoption.went(at))

    async def undo(self) -> None:
        """Take everything on the disk back."""
        await self.in_thread(self.work.undo)

    async def finish(self, *, purged_folder: bool) -> None:
        """Everything was recorded: what is left over goes, soon. Of a folder that was purged,
        things may lie in the trash that went there before it."""
        left = await self.in_thread(self.work.finish)
        self._arrivals.drop_later(left)
        if purged_folder:
            self._sweep()

    def _adopt(self, adopt: Callable[[], None]) -> None:
        try:
            adopt()
        except NotKnown:
            self.overtaken()
