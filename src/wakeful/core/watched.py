"""The namespaces of watched folders, in which nothing changes but what their disks do.

What the disk does not do, the feed must not tell: the next look at the folder would take it back.
"""

from __future__ import annotations

from collections.abc import Set

from wakeful.core.errors import Forbidden
from wakeful.core.terms import Terms


class Watched(Forbidden):
    """It concerns `namespace`, that of a watched folder: its disk has to do it first, if it may."""

    def __init__(self, namespace: int) -> None:
        super().__init__("This is a watched folder: it is changed on its disk, and nowhere else")
        self.namespace = namespace


def check_unwatched(namespace: int, watched: Set[int]) -> None:
    """Raise Watched if *namespace* is one of *watched*."""
    if namespace in watched:
        raise Watched(namespace)


def check_done(namespace: int, terms: Terms) -> None:
    """Raise Watched if *namespace* is that of a watched folder whose disk does nothing."""
    if namespace not in terms.done:
        check_unwatched(namespace, terms.watched)
