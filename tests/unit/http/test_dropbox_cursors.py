"""Cursors that are remembered say what they always said."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from wakeful.access import open_access
from wakeful.core.cursors import Cursor, Reached, Scope
from wakeful.core.errors import CursorExpired
from wakeful.dialects.dropbox import cursors
from wakeful.dialects.dropbox.errors import InvalidCursor
from wakeful.http.dropbox.cursors import Cursors
from wakeful.stores.memory import MemoryStore

EPOCH = 3
CURSOR = Cursor(7, 8, EPOCH, Scope("a", limit=5), Reached(9, 20, 30), (Reached(10, 1),))


async def test_a_cursor_is_opened_as_it_was_sealed_remembered_or_not() -> None:
    access = await open_access(MemoryStore())
    ours, others = Cursors(access), Cursors(access)

    text = ours.sealed(CURSOR)

    assert text == cursors.sealed(access.seal, CURSOR)
    for each in (ours, others, others):
        assert each.opened(text, "f", EPOCH) == CURSOR
        with pytest.raises(CursorExpired):
            each.opened(text, "f", EPOCH + 1)


async def test_what_was_never_sealed_is_refused_each_time() -> None:
    ours = Cursors(await open_access(MemoryStore()))
    text = ours.sealed(CURSOR)
    for wrong in ("", "x", text + "A", text[:-1]):
        for _ in range(2):
            with pytest.raises(InvalidCursor):
                ours.opened(wrong, "f", EPOCH)


@pytest.mark.parametrize(("mounts", "is_remembered"), [(10, True), (1000, False)])
async def test_one_that_takes_much_memory_is_not_remembered(
    monkeypatch: pytest.MonkeyPatch, mounts: int, is_remembered: bool
) -> None:
    access = await open_access(MemoryStore())
    ours = Cursors(access)
    cursor = replace(CURSOR, mounts=tuple(Reached(100 + n, n) for n in range(mounts)))
    text = ours.sealed(cursor)
    read: list[str] = []
    unseal = access.unseal

    def reading(purpose: bytes, text: str) -> bytes | None:
        read.append(text)
        return unseal(purpose, text)

    monkeypatch.setattr(access, "unseal", reading)
    for _ in range(2):
        assert ours.opened(text, "f", EPOCH) == cursor

    assert read == ([] if is_remembered else [text, text])
