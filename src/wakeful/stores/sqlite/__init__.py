"""The embedded store: one SQLite database in a data folder."""

from __future__ import annotations

from wakeful.stores.sqlite.faults import (
    Damaged,
    EpochsExhausted,
    FolderError,
    FolderInUse,
    NotAStore,
    TooNew,
)
from wakeful.stores.sqlite.restore import new_epoch, restore
from wakeful.stores.sqlite.store import SqliteStore

__all__ = [
    "Damaged",
    "EpochsExhausted",
    "FolderError",
    "FolderInUse",
    "NotAStore",
    "SqliteStore",
    "TooNew",
    "new_epoch",
    "restore",
]
