"""The recorded tree in memory."""

from __future__ import annotations

from wakeful.core.items import Item, Kind, Seen
from wakeful.sources.snapshot import NEVER_SEEN, Folder, Loading, Snapshot, pack, unpack


def item(
    id: int, parent: int | None, name: str, kind: Kind = Kind.FILE, seen: Seen | None = None
) -> Item:
    return Item(
        id=id,
        namespace=1,
        parent=parent,
        kind=kind,
        name=name,
        key=name,
        revision=0,
        version=0,
        size=seen.size if seen else 0,
        sha1="",
        content_hash="",
        created_at=0,
        modified_at=0,
        content_created_at=0,
        content_modified_at=0,
        created_by=1,
        modified_by=1,
        trashed_at=None,
        seen=seen,
    )


def small() -> tuple[Snapshot, Folder]:
    snapshot = Snapshot(Folder(1, None, "", 100))
    folder = Folder(2, snapshot.root, "folder", 200)
    snapshot.put_folder(folder)
    snapshot.put_file(folder, "file", pack(3, 300, 10, 5))
    snapshot.put_file(snapshot.root, "other", pack(4, 400, 20, 5))
    return snapshot, folder


def test_items_come_in_any_order_and_end_in_one_tree() -> None:
    loading = Loading(1)
    loading.add([item(3, 2, "file", seen=Seen(300, 10, -5))])
    loading.add([item(1, None, "All Files", Kind.FOLDER)])
    loading.add([item(2, 5, "inner", Kind.FOLDER, Seen(200, 0, 0))])
    loading.add([item(5, 1, "outer", Kind.FOLDER, Seen(500, 0, 0))])

    snapshot = loading.finish()

    outer = snapshot.root.entries["outer"]
    assert isinstance(outer, Folder)
    inner = outer.entries["inner"]
    assert isinstance(inner, Folder)
    assert inner.path("file") == "outer/inner/file"
    assert inner.entries["file"] == pack(3, 300, 10, -5)
    assert (snapshot.files, snapshot.folders, snapshot.bytes) == (1, 2, 10)
    assert snapshot.by_inode == {200: inner, 500: outer}


def test_what_lies_in_a_trashed_folder_is_left_out() -> None:
    loading = Loading(1)
    loading.add([item(3, 2, "file", seen=Seen(300, 10, 5))])  # folder 2 is in the trash

    snapshot = loading.finish()

    assert snapshot.root.entries == {}
    assert snapshot.files == 0


def test_what_was_never_on_the_disk_is_known_as_such() -> None:
    loading = Loading(1)
    loading.add([item(2, 1, "published"), item(3, 1, "folder", Kind.FOLDER)])

    snapshot = loading.finish()

    packed = snapshot.root.entries["published"]
    assert isinstance(packed, bytes)
    assert unpack(packed)[2] == NEVER_SEEN
    assert snapshot.bytes == 0
    assert snapshot.by_inode == {}


def test_a_moved_folder_takes_everything_along() -> None:
    snapshot, folder = small()
    other = Folder(5, snapshot.root, "other folder", 500)
    snapshot.put_folder(other)

    snapshot.move_folder(folder, other, "renamed")

    assert folder.path("file") == "other folder/renamed/file"
    assert "folder" not in snapshot.root.entries
    assert list(folder.above()) == [folder, other, snapshot.root]


def test_a_dropped_folder_is_gone_with_all_below_it() -> None:
    snapshot, folder = small()
    inner = Folder(6, folder, "inner", 600)
    snapshot.put_folder(inner)
    snapshot.set_watch(folder, 11)
    snapshot.set_watch(inner, 12)

    watches = snapshot.drop_folder(folder)

    assert sorted(watches) == [11, 12]
    assert folder.gone
    assert inner.gone
    assert snapshot.by_wd == {}
    assert snapshot.by_inode == {}
    assert (snapshot.files, snapshot.folders, snapshot.bytes) == (1, 0, 20)


def test_a_watch_that_ended_makes_the_folder_unlisted() -> None:
    snapshot, folder = small()
    snapshot.set_watch(folder, 11)
    folder.listed = True

    snapshot.forget_watch(11)
    snapshot.forget_watch(99)

    assert folder.wd is None
    assert not folder.listed


def test_another_watch_replaces_the_first() -> None:
    snapshot, folder = small()
    snapshot.set_watch(folder, 11)

    snapshot.set_watch(folder, 12)

    assert snapshot.by_wd == {12: folder}


def test_counts_follow_what_is_put_and_dropped() -> None:
    snapshot, folder = small()

    snapshot.put_file(folder, "file", pack(3, 300, 1, 6))
    snapshot.drop_file(snapshot.root, "other")
    snapshot.drop_file(snapshot.root, "nothing")

    assert (snapshot.files, snapshot.bytes) == (1, 1)
