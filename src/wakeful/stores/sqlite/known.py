"""What the writer knows without asking: people, places, and the folders that things lie in.

Every command begins with the same few look-ups: who it is by, whose namespace it is, who may
know, what is above. The writer is the only one who writes, so what it has looked up stays true
until it writes something else there. Whoever writes one of these rows forgets it here.

Rule: a command that wrote and was undone may have looked at its own rows. So all is forgotten
then (`Transaction.run`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from wakeful.core.items import Item
from wakeful.core.people import Member, Namespace, User

# Publishers are mostly told of by their ids alone; what is in their homes is asked for less, and
# takes more. Some 30 and 15 MB in all, where there are as many.
_MOST_USERS = 100_000
_MOST_PLACES = 20_000


def forget_oldest(table: dict[int, Any], most: int) -> None:
    """Where there are more than *most*, forget the quarter that was learned first: to forget all
    would have all asked for again at once."""
    if len(table) > most:
        for key in [*islice(table, most // 4)]:
            del table[key]


class Known:
    """Bounded: what is too much is forgotten between two groups."""

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.namespaces: dict[int, Namespace] = {}
        self.members: dict[int, tuple[Member, ...]] = {}
        self._lineages: dict[int, tuple[Item, ...]] = {}
        self._above: set[int] = set()  # all that is in any of the lineages
        self._count = 0

    def clear(self) -> None:
        """Forget all."""
        self.users.clear()
        self.namespaces.clear()
        self.members.clear()
        self.forget_lineages()

    def bound(self) -> None:
        """Forget what has become too much."""
        forget_oldest(self.users, _MOST_USERS)
        forget_oldest(self.namespaces, _MOST_PLACES)
        forget_oldest(self.members, _MOST_PLACES)
        if self._count > _MOST_PLACES:
            self.forget_lineages()

    def lineage(self, folder: int) -> tuple[Item, ...] | None:
        """From the root down to *folder*, if that is known."""
        return self._lineages.get(folder)

    def learn_lineage(self, lineage: tuple[Item, ...]) -> None:
        """Know *lineage*, if a folder is at its end: a file is seldom asked for again."""
        if lineage and lineage[-1].is_folder:
            self._lineages[lineage[-1].id] = lineage
            self._above.update([item.id for item in lineage])
            self._count += len(lineage)

    def forget_lineages(self) -> None:
        """Something that many may be below is no longer what or where it was."""
        self._lineages.clear()
        self._above.clear()
        self._count = 0

    def changed(self, items: Iterable[Item]) -> None:
        """*items* are written: forget what is known of them and of what is below them."""
        above = self._above
        for item in items:
            if item.id in above:
                self.forget_lineages()
                return
