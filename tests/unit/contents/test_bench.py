"""Drafts on the disk: what a full or broken disk leaves, and who may read them."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from wakeful.contents.bench import FolderBench
from wakeful.contents.drafts import KeptDrafts
from wakeful.core.contents import Content, ContentChanged
from wakeful.core.errors import StoreFull, Unavailable

MOST = 10_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "drafts"


@pytest.fixture
def drafts(path: Path) -> Iterator[KeptDrafts]:
    with FolderBench(path) as bench:
        yield KeptDrafts(bench, MOST)


async def brought(drafts: KeptDrafts, id: str, offset: int, data: bytes) -> None:
    async with drafts.add(id, offset) as part:
        await part.write(data)
        await part.keep()


async def read_all(content: Content) -> bytes:
    data = b""
    while len(data) < content.size:
        data += await content.read(len(data), 10)
    return data


def all_in(path: Path) -> list[Path]:
    return sorted(path.rglob("*"))


async def test_nobody_else_may_read_them(drafts: KeptDrafts, path: Path) -> None:
    draft = await drafts.begin(1, "", 0)
    await brought(drafts, draft.id, 0, b"private")

    assert {os.stat(each).st_mode & 0o777 for each in (path, *all_in(path))} == {0o700, 0o600}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.ENOSPC, StoreFull, id="full"),
        pytest.param(errno.EIO, Unavailable, id="broken"),
    ],
)
@pytest.mark.parametrize("call", ["write", "fsync"])
async def test_a_disk_that_refuses_a_part_leaves_nothing_of_it(
    drafts: KeptDrafts,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    number: int,
    expected: type[Exception],
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "refused")

    draft = await drafts.begin(1, "", 0)
    await brought(drafts, draft.id, 0, b"before")
    before = all_in(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(expected):
            await brought(drafts, draft.id, 6, b"after")
        with pytest.raises(expected):
            await drafts.begin(1, "", 0)
    assert all_in(path) == before

    found = drafts.find(draft.id)
    assert found is not None
    assert [part.size for part in found.parts] == [6]
    with FolderBench(path) as bench:
        again = KeptDrafts(bench, MOST)
        assert again.find(draft.id) == found
        assert all_in(path) == before
    await brought(drafts, draft.id, 6, b"after")


async def test_a_part_that_is_damaged_or_gone_is_never_given_as_whole(
    drafts: KeptDrafts, path: Path
) -> None:
    for damage in (lambda file: os.truncate(file, 2), Path.unlink):
        draft = await drafts.begin(1, "", 0)
        await brought(drafts, draft.id, 0, b"0123")
        (part,) = (file for file in all_in(path / draft.id) if file.name != "about")
        damage(part)

        async with drafts.finish(draft.id) as content:
            with pytest.raises(ContentChanged):
                await read_all(content)
