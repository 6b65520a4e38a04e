"""Contents that come in parts, on every bench."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from wakeful.contents import drafts as kept_drafts
from wakeful.contents.bench import FolderBench, MemoryBench
from wakeful.contents.drafts import Bench, KeptDrafts
from wakeful.core.contents import Content
from wakeful.core.drafts import (
    Draft,
    Drafts,
    DraftSealed,
    NoDraft,
    PartTaken,
    TooManyDrafts,
)
from wakeful.core.errors import TooLarge

MOST = 100
ANN, BOB = 1, 2


async def read_all(content: Content) -> bytes:
    data = b""
    while piece := await content.read(len(data), 3):
        data += piece
    assert len(data) == content.size
    return data


async def brought(
    drafts: Drafts, id: str, offset: int, data: bytes, *, seal: bool = False
) -> Draft:
    async with drafts.add(id, offset) as part:
        await part.write(data)
        return await part.keep(seal=seal)


async def finished(drafts: Drafts, id: str) -> bytes:
    async with drafts.finish(id) as content:
        return await read_all(content)


@pytest.fixture(params=["memory", "folder"])
def bench(request: Any, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        if request.param == "memory":
            yield MemoryBench()
        else:
            yield stack.enter_context(FolderBench(tmp_path / "drafts"))


@pytest.fixture
def drafts(bench: Bench) -> Drafts:
    return KeptDrafts(bench, MOST)


async def test_parts_are_one_content_whatever_the_order_in_which_they_came(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "a note", 7)
    assert (draft.owner, draft.note, draft.begun_at, draft.parts) == (ANN, "a note", 7, ())

    await brought(drafts, draft.id, 4, b"4567")
    assert not (drafts.find(draft.id) or draft).is_whole
    draft = await brought(drafts, draft.id, 0, b"0123")

    assert (draft.size, draft.is_whole, draft.is_sealed) == (8, True, False)
    assert [part.offset for part in draft.parts] == [0, 4]
    assert draft.parts[1].sha1 == hashlib.sha1(b"4567").hexdigest()
    assert drafts.find(draft.id) == draft
    assert await finished(drafts, draft.id) == b"01234567"
    assert drafts.find(draft.id) is None


async def test_a_draft_without_parts_is_an_empty_content(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)

    draft = await brought(drafts, draft.id, 0, b"")

    assert draft.parts == ()
    assert await finished(drafts, draft.id) == b""


async def test_what_is_not_kept_leaves_nothing(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)

    async with drafts.add(draft.id, 0) as part:
        await part.write(b"broken off")

    assert drafts.find(draft.id) == draft


async def test_the_same_part_again_is_no_error_and_another_at_its_place_is_one(
    drafts: Drafts,
) -> None:
    draft = await drafts.begin(ANN, "", 0)
    draft = await brought(drafts, draft.id, 10, b"0123456789")

    assert await brought(drafts, draft.id, 10, b"0123456789") == draft
    for offset, data in ((10, b"other 6789"), (5, b"012345"), (19, b"0"), (0, b"x" * 30)):
        with pytest.raises(PartTaken):
            await brought(drafts, draft.id, offset, data)

    assert drafts.find(draft.id) == draft


async def test_what_is_missing_before_the_end_of_a_sealed_draft_may_come_yet(
    drafts: Drafts,
) -> None:
    draft = await drafts.begin(ANN, "", 0)
    draft = await brought(drafts, draft.id, 4, b"last", seal=True)
    assert (draft.is_sealed, draft.is_whole) == (True, False)

    draft = await brought(drafts, draft.id, 0, b"more")

    assert (draft.is_sealed, draft.is_whole) == (True, True)
    empty = await drafts.begin(ANN, "", 0)
    await brought(drafts, empty.id, 0, b"", seal=True)
    with pytest.raises(DraftSealed):
        await brought(drafts, empty.id, 0, b"more")


async def test_nothing_is_added_behind_the_end_of_what_is_sealed(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)
    draft = await brought(drafts, draft.id, 0, b"last", seal=True)
    assert draft.is_sealed

    with pytest.raises(DraftSealed):
        await brought(drafts, draft.id, 4, b"more")
    assert await brought(drafts, draft.id, 0, b"last", seal=True) == draft

    assert await finished(drafts, draft.id) == b"last"


async def test_who_fails_to_finish_a_draft_leaves_it_as_it_was(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)
    draft = await brought(drafts, draft.id, 0, b"a")

    with pytest.raises(ZeroDivisionError):
        async with drafts.finish(draft.id):
            raise ZeroDivisionError

    assert drafts.find(draft.id) == draft
    assert await finished(drafts, draft.id) == b"a"


async def test_a_draft_is_finished_once(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)
    await brought(drafts, draft.id, 0, b"a")

    both = await asyncio.gather(
        finished(drafts, draft.id), finished(drafts, draft.id), return_exceptions=True
    )

    assert both[0] == b"a"
    assert isinstance(both[1], NoDraft)


async def test_what_is_gone_takes_no_part_and_cannot_be_finished(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)
    async with drafts.add(draft.id, 0) as part:
        await part.write(b"a")
        await drafts.drop(draft.id)
        with pytest.raises(NoDraft):
            await part.keep()

    with pytest.raises(NoDraft):
        await brought(drafts, draft.id, 0, b"a")
    with pytest.raises(NoDraft):
        await finished(drafts, draft.id)
    await drafts.drop(draft.id)


async def test_a_draft_is_no_larger_than_a_file(drafts: Drafts) -> None:
    draft = await drafts.begin(ANN, "", 0)
    await brought(drafts, draft.id, 0, b"x" * 60)

    with pytest.raises(TooLarge):
        await brought(drafts, draft.id, 60, b"x" * 41)
    with pytest.raises(TooLarge):
        await brought(drafts, draft.id, 60, b"x" * 101)

    assert (await brought(drafts, draft.id, 60, b"x" * 40)).size == MOST


async def test_the_drafts_of_one_owner_hold_no_more_than_a_few_files(
    drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_drafts, "FILES_HELD", 2)
    ids = [(await drafts.begin(ANN, "", 0)).id for _ in range(3)]
    await brought(drafts, ids[0], 0, b"x" * 100)
    async with drafts.add(ids[1], 0) as part:
        await part.write(b"x" * 100)
        with pytest.raises(TooManyDrafts):
            await brought(drafts, ids[2], 0, b"x")
    # What was not kept counts no more, and neither does what is gone.
    await brought(drafts, ids[2], 0, b"x" * 100)
    with pytest.raises(TooManyDrafts):
        await brought(drafts, ids[1], 0, b"x")
    await brought(drafts, (await drafts.begin(BOB, "", 0)).id, 0, b"x" * 100)
    await drafts.drop(ids[0])

    assert (await brought(drafts, ids[1], 0, b"x" * 100)).size == 100


async def test_an_owner_has_only_so_many_drafts(
    drafts: Drafts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_drafts, "MOST_DRAFTS", 2)
    first = await drafts.begin(ANN, "", 0)
    await drafts.begin(ANN, "", 0)

    with pytest.raises(TooManyDrafts):
        await drafts.begin(ANN, "", 0)
    await drafts.begin(BOB, "", 0)
    await drafts.drop(first.id)

    await drafts.begin(ANN, "", 0)


async def test_old_drafts_are_told(drafts: Drafts) -> None:
    ids = [(await drafts.begin(ANN, "", at)).id for at in (1, 2, 3)]

    assert drafts.begun_before(3) == tuple(ids[:2])


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Callable[[], Drafts]]:
    """The drafts in one folder, as each start of a server finds them."""
    with ExitStack() as stack:
        yield lambda: KeptDrafts(stack.enter_context(FolderBench(tmp_path / "drafts")), MOST)


async def test_p1_what_was_kept_is_there_after_a_restart(
    reopened: Callable[[], Drafts], tmp_path: Path
) -> None:
    before = reopened()
    draft = await before.begin(ANN, "a note", 7)
    await brought(before, draft.id, 0, b"0123")
    draft = await brought(before, draft.id, 4, b"45", seal=True)
    adding = before.add((await before.begin(ANN, "", 8)).id, 0)
    await (await adding.__aenter__()).write(b"half")
    (tmp_path / "drafts" / "no draft").mkdir()

    after = reopened()

    assert after.find(draft.id) == draft
    assert [path.name for path in (tmp_path / "drafts").rglob("new-*")] == []
    assert not (tmp_path / "drafts" / "no draft").exists()
    assert await finished(after, draft.id) == b"012345"
    assert reopened().find(draft.id) is None
    await adding.__aexit__(None, None, None)


async def test_p1_bytes_count_after_a_restart_too(
    reopened: Callable[[], Drafts], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_drafts, "FILES_HELD", 1)
    before = reopened()
    await brought(before, (await before.begin(ANN, "", 0)).id, 0, b"x" * MOST)

    after = reopened()

    with pytest.raises(TooManyDrafts):
        await brought(after, (await after.begin(ANN, "", 0)).id, 0, b"x")
