"""Looking at a disk that changes meanwhile, with the pieces apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from wakeful.sources.ground import Ground, Lost
from wakeful.sources.guard import Paused, check_familiar, check_same, identify
from wakeful.sources.hearing import Hearing
from wakeful.sources.ignore import Ignore
from wakeful.sources.listings import Listings
from wakeful.sources.looks import Looks, Shape
from wakeful.sources.marks import Mark, Marks
from wakeful.sources.notices import Notice, Sign, Trouble
from wakeful.sources.scan import Scan
from wakeful.sources.skipped import Skipped
from wakeful.sources.snapshot import Folder, Snapshot, pack


class Meanwhile:
    """A watcher that does something the moment a folder is watched."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self._deed = deed

    def open(self, root: str, wake: Callable[[], None]) -> None: ...

    def add(self, path: str) -> int:
        self._deed()
        return 7

    def remove(self, wd: int) -> None: ...

    def take(self) -> list[Notice | tuple[Trouble, int]]:
        return []

    def close(self) -> None: ...


def snapshot_of(root: Path) -> Snapshot:
    return Snapshot(Folder(1, None, "", root.stat().st_ino))


def ground_of(root: Path, deed: Callable[[], object] = lambda: None) -> Ground:
    return Ground(str(root), root.stat().st_dev, Meanwhile(deed), Skipped("test"))


def test_what_appears_between_watching_and_listing_is_listed(root: Path) -> None:
    """The other order would lose it: not listed yet, and not watched yet."""
    ground = ground_of(root, lambda: (root / "meanwhile").touch())
    listings = Listings(ground, Ignore(), Skipped("test"))

    (listing,) = listings.compare([snapshot_of(root).root])

    assert [row[0] for row in listing.found] == ["meanwhile"]
    assert listing.wd == 7


def test_a_folder_with_another_inode_is_not_listed(root: Path) -> None:
    listings = Listings(ground_of(root), Ignore(), Skipped("test"))

    (listing,) = listings.compare([Folder(1, None, "", root.stat().st_ino + 1)])

    assert listing.lost


def test_a_folder_on_another_disk_is_not_opened(root: Path) -> None:
    ground = Ground(str(root), root.stat().st_dev + 1, Meanwhile(lambda: None), Skipped("test"))
    with pytest.raises(Lost):
        ground.open(snapshot_of(root).root, 0)


def test_a_link_in_the_middle_of_a_path_is_noticed(root: Path, outside: Path) -> None:
    (root / "folder" / "inner").mkdir(parents=True)
    (outside / "inner").mkdir()
    (outside / "inner" / "secret").write_text("not yours")
    snapshot = snapshot_of(root)
    folder = Folder(2, snapshot.root, "folder", (root / "folder").stat().st_ino)
    inner = Folder(3, folder, "inner", (root / "folder" / "inner").stat().st_ino)
    snapshot.put_folder(folder)
    snapshot.put_folder(inner)
    (root / "folder").rename(root / "moved")
    (root / "folder").symlink_to(outside)

    (sight,) = Looks(ground_of(root), snapshot).look([Mark(inner, "secret", 0.0)], {})

    assert sight.shape is Shape.LOST


def test_one_round_of_looks_reads_a_bounded_amount(root: Path) -> None:
    for number in range(6):
        (root / str(number)).write_bytes(bytes(3 * 1024 * 1024))
    snapshot = snapshot_of(root)
    marks = []
    for number in range(6):
        mark = Mark(snapshot.root, str(number), 0.0)
        mark.closed = True
        marks.append(mark)

    sights = Looks(ground_of(root), snapshot).look(marks, {})

    assert [sight.shape for sight in sights] == [Shape.FILE] * 3 + [Shape.NOT_YET] * 3


# --- notices ---


def heard(*notices: Notice | tuple[Trouble, int]) -> tuple[Hearing, Marks, Snapshot]:
    snapshot = Snapshot(Folder(1, None, "", 100))
    snapshot.set_watch(snapshot.root, 5)
    folder = Folder(2, snapshot.root, "folder", 200)
    snapshot.put_folder(folder)
    snapshot.set_watch(folder, 6)
    marks = Marks()
    hearing = Hearing(snapshot, marks, Ignore(["/folder/secret"]))
    hearing.hear(notices, 1.0)
    return hearing, marks, snapshot


@pytest.mark.parametrize(
    ("notice", "marked"),
    [
        (Notice(Sign.CLOSED, 6, "file"), ["folder/file"]),
        (Notice(Sign.CLOSED, 99, "file"), []),
        (Notice(Sign.CLOSED, 6, "secret"), []),
        (Notice(Sign.CLOSED, 6, "film.part"), []),
        (Notice(Sign.CREATED, 6, ".git", is_folder=True), []),
        (Notice(Sign.CLOSED, 6, "caf\udce9"), []),
        (Notice(Sign.CHANGED, None, "folder/file"), ["folder/file"]),
        (Notice(Sign.CHANGED, None, "new/deep/file"), ["new"]),
        (Notice(Sign.CHANGED, None, "."), []),
    ],
)
def test_which_name_a_notice_is_about(notice: Notice, marked: list[str]) -> None:
    _, marks, _ = heard(notice)

    assert [mark.folder.path(mark.name) for mark in marks] == marked


def test_a_name_that_is_not_utf8_is_left_to_a_listing() -> None:
    _, marks, snapshot = heard(Notice(Sign.CREATED, 5, "caf\udce9"))

    assert list(marks.unlisted) == [snapshot.root]


def test_troubles_are_heard() -> None:
    hearing, _, snapshot = heard((Trouble.OVERFLOW, 0), (Trouble.WATCH_ENDED, 6))
    assert hearing.overflows == 1
    assert not hearing.root_trouble
    assert 6 not in snapshot.by_wd

    assert heard((Trouble.WATCH_ENDED, 5))[0].root_trouble
    assert heard((Trouble.ROOT, 5))[0].root_trouble


# --- scans ---


def test_a_scan_skips_folders_that_went_meanwhile() -> None:
    snapshot = Snapshot(Folder(1, None, "", 100))
    folder = Folder(2, snapshot.root, "folder", 200)
    snapshot.put_folder(folder)
    scan = Scan(folder, 0.0)
    snapshot.drop_folder(folder)

    assert scan.next_slice() == []
    assert scan.done


def test_a_baseline_is_cut_into_commands_of_a_thousand(root: Path) -> None:
    for number in range(2500):
        (root / f"{number:04}").touch()
    snapshot = snapshot_of(root)
    scan = Scan(snapshot.root, 0.0, baseline=True)
    listings = Listings(ground_of(root), Ignore(), Skipped("test"))
    for listing in listings.compare(scan.next_slice()):
        scan.take(listing)

    sizes: list[int] = []
    while taken := scan.next_baseline(last=len(sizes) == 2):
        sizes.append(sum(len(rows) for _, rows in taken))
        scan.put_baseline(snapshot, taken, iter(range(10_000)))

    assert sizes == [1000, 1000, 500]
    assert snapshot.files == 2500
    assert scan.done


# --- the root ---


def test_a_root_is_known_by_inode_and_file_system(root: Path, outside: Path) -> None:
    identity, _ = identify(str(root))

    check_same(str(root), identity)
    with pytest.raises(Paused, match="another"):
        check_same(str(outside), identity)
    with pytest.raises(Paused, match="opened"):
        check_same(str(root / "missing"), identity)


@pytest.mark.parametrize(
    ("present", "recorded", "same", "paused"),
    [
        ([], [], False, False),
        ([], ["a"], True, True),
        (["b"], ["a"], True, False),
        (["b"], ["a"], False, True),
        (["a", "b"], ["a", "c"], False, False),
        (["a"], [], False, False),
    ],
)
def test_whether_a_root_is_familiar(
    root: Path, outside: Path, present: list[str], recorded: list[str], same: bool, paused: bool
) -> None:
    for name in present:
        (root / name).touch()
    found, _ = identify(str(root))
    before = found if same else identify(str(outside))[0]
    if paused:
        with pytest.raises(Paused):
            check_familiar(str(root), found, before, recorded)
    else:
        check_familiar(str(root), found, before, recorded)


def test_a_packed_file_survives_odd_numbers() -> None:
    assert len(pack(2**53, 2**64 - 1, 2**62, -1)) == 32
