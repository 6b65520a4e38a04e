"""The namespaces of watched folders, in which nothing but their sources may change anything.

What the disk does not do, the feed must not tell: the next look at the folder would take it back.
"""

from __future__ import annotations

from collections.abc import Set

from wakeful.core.errors import Forbidden


def check_unwatched(namespace: int, watched: Set[int]) -> None:
    """Raise Forbidden if *namespace* is that of a watched folder."""
    if namespace in watched:
        raise Forbidden("This is a watched folder: it is changed on its disk, and nowhere else")
