"""Earlier versions of files: every store keeps them until they are too old, or their file goes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.contract.things import A_FILE, A_FOLDER, do, put_items
from wakeful.core.items import Version, version_of
from wakeful.core.lookups.trees import NamedContents, VersionById, VersionsOf
from wakeful.core.ports import Store
from wakeful.core.writes import PutVersion, RemoveSubtree


def version(file: int, id: int, content: str = "", replaced_at: int = 1_000) -> Version:
    item = replace(A_FILE, id=file, version=id, content=content or f"content {file} {id}")
    return version_of(item, replaced_at)


async def put(store: Store, *versions: Version) -> None:
    for each in versions:
        await store.commit(do(PutVersion(each)))


async def count(store: Store, file: int) -> int:
    kept: tuple[Version, ...] = await store.ask(VersionsOf(file, 10))
    return len(kept)


async def test_versions_are_found_and_listed_from_the_newest(store: Store) -> None:
    kept = [version(1, id) for id in (10, 30, 20)]
    await put(store, *kept, version(2, 15))

    assert await store.ask(VersionById(1, 30)) == kept[1]
    assert await store.ask(VersionById(1, 15)) is None
    assert await store.ask(VersionById(3, 10)) is None
    assert await store.ask(VersionsOf(1, 10)) == (kept[1], kept[2], kept[0])
    assert await store.ask(VersionsOf(1, 1)) == (kept[1],)
    assert await store.ask(VersionsOf(1, 10, before=30)) == (kept[2], kept[0])
    assert await store.ask(VersionsOf(1, 10, before=10)) == ()
    assert await store.ask(VersionsOf(3, 10)) == ()


async def test_a_version_that_is_put_again_is_one(store: Store) -> None:
    await put(store, version(1, 10), version(1, 10, replaced_at=2_000))

    (kept,) = await store.ask(VersionsOf(1, 10))
    assert kept.replaced_at == 2_000


async def test_what_a_version_names_is_named(store: Store) -> None:
    await put(store, version(1, 10, "a"), version(1, 20, "a"), version(2, 30, "b"))
    await put_items(store, replace(A_FILE, id=3, content="c"))

    assert await store.ask(NamedContents(("a", "b", "c", "d"))) == {"a", "b", "c"}

    await store.trim_versions(1_001, 1)
    assert await store.ask(NamedContents(("a", "b"))) == {"a", "b"}
    await store.trim_versions(1_001, 1)
    assert "a" not in await store.ask(NamedContents(("a",)))


async def test_versions_go_with_their_file(store: Store) -> None:
    await put_items(
        store,
        replace(A_FOLDER, id=5),
        replace(A_FILE, id=6, parent=5, name="6"),
        replace(A_FILE, id=7, parent=A_FOLDER.parent, name="7"),
    )
    await put(store, version(6, 10), version(7, 20))

    await store.commit(do(RemoveSubtree(5)))

    assert await store.ask(VersionsOf(6, 10)) == ()
    assert await count(store, 7) == 1
    assert await store.ask(NamedContents(("content 6 10", "content 7 20"))) == {"content 7 20"}


async def test_the_oldest_are_trimmed_in_steps(store: Store) -> None:
    await put(store, *(version(file, 10, replaced_at=1_000 * file) for file in (3, 1, 2, 4)))

    assert await store.trim_versions(1_000, 10) == 0
    assert await store.trim_versions(4_000, 2) == 2
    assert [await count(store, file) for file in (1, 2, 3, 4)] == [0, 0, 1, 1]
    assert await store.trim_versions(4_000, 2) == 1
    assert await store.trim_versions(4_000, 2) == 0


async def test_a_command_that_fails_keeps_and_removes_no_version(store: Store) -> None:
    await put_items(store, replace(A_FILE, id=6))
    await put(store, version(6, 10, "a"))

    with pytest.raises(ZeroDivisionError):
        await store.commit(
            do(PutVersion(version(6, 20, "b")), RemoveSubtree(6), ZeroDivisionError())
        )

    assert await store.ask(VersionsOf(6, 10)) == (version(6, 10, "a"),)
    assert await store.ask(NamedContents(("a", "b"))) == {"a"}
