"""Stores to measure with, which can be kept for the next run: the largest take minutes to write."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.systems.wakeful_data import Prepared, prepare


@dataclass(frozen=True)
class _Note:
    """Lies beside a store that is complete: what it was to be, and who is in it."""

    wish: str
    prepared: Prepared


class Stores:
    """Stores by name, in *folder*. One that is there, as wished and of the schema of today, is
    used again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def prepared(self, name: str, users: int, **wish: Any) -> Prepared:
        """As `wakeful_data.prepare`."""
        note = self._folder / f"{name}.json"
        wished = f"{users} users, {sorted(wish.items())}, schema {_schema()}"
        if note.exists():
            kept = msgspec.json.decode(
                note.read_bytes(), type=_Note, dec_hook=lambda kind, text: kind(text)
            )
            if kept.wish == wished:
                return kept.prepared
            note.unlink()
        data = self._folder / name
        shutil.rmtree(data, ignore_errors=True)  # of another wish, or not finished
        prepared = prepare(data, users, **wish)
        note.write_bytes(msgspec.json.encode(_Note(wished, prepared), enc_hook=str))
        return prepared


def _schema() -> str:
    digest = hashlib.sha256()
    for migration in sorted(
        resources.files("wakeful.stores.sqlite").joinpath("migrations").iterdir(),
        key=lambda file: file.name,
    ):
        digest.update(migration.read_bytes())
    return digest.hexdigest()[:16]
