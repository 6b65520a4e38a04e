"""A store that forgets when the process ends: for the emulator and for tests."""

from __future__ import annotations

from wakeful.stores.memory.store import MemoryStore

__all__ = ["MemoryStore"]
