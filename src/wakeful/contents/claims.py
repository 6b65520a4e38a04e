"""Who brings which content, so that none is removed that an item is about to name.

A content may be removed when no item names it, and between asking that and removing it somebody
may bring the same again. So whoever removes condemns first and asks then; whoever brings claims
first and keeps then, which pardons. Both run in threads, under one lock.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock


class Claims:
    """The addresses that are claimed, and those that are condemned."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._claimed: dict[str, int] = {}
        self._condemned: set[str] = set()
        self._released: set[str] = set()

    def claim(self, address: str) -> None:
        """Begin to bring *address*. Waits for a removal that is under way."""
        with self._lock:
            self._claimed[address] = self._claimed.get(address, 0) + 1
            self._condemned.discard(address)

    def release(self, address: str) -> None:
        """End what `claim` began."""
        with self._lock:
            left = self._claimed[address] - 1
            if left:
                self._claimed[address] = left
            else:
                del self._claimed[address]
                self._released.add(address)

    def take_released(self) -> tuple[str, ...]:
        """The addresses that nobody claims any more, since the last call."""
        with self._lock:
            released, self._released = self._released, set()
        return tuple(sorted(released))

    def condemn(self, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """Condemn those of *addresses* that nobody claims, and no others."""
        with self._lock:
            free = tuple(address for address in addresses if address not in self._claimed)
            self._condemned = set(free)
        return free

    def remove(self, address: str, removal: Callable[[], None]) -> bool:
        """Carry out *removal* if *address* is still condemned."""
        with self._lock:
            if address not in self._condemned:
                return False
            self._condemned.discard(address)
            removal()
            return True
