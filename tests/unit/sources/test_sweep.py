"""Going through all recorded files in turn."""

from __future__ import annotations

from wakeful.sources.snapshot import Folder, pack
from wakeful.sources.sweep import SWEEP_FILES, Sweep


def tree(*sizes: int) -> Folder:
    """A root with that many files in it and in a folder below each other."""
    root = folder = Folder(1, None, "", 1)
    for depth, count in enumerate(sizes):
        if depth:
            inner = Folder(1 + depth, folder, f"d{depth}", 1 + depth)
            folder.entries[inner.name] = inner
            folder = inner
        for number in range(count):
            folder.entries[f"{depth}-{number}"] = pack(9, 9, 9, 9)
    return root


def round_of(sweep: Sweep) -> list[list[str]]:
    """The names in the slices up to the end of the tree, which is a shorter slice."""
    slices = []
    while True:
        slice = [name for _, names in sweep.next_slice() for name in names]
        slices.append(slice)
        if len(slice) < SWEEP_FILES:
            return slices


def test_every_file_has_its_turn_once_in_each_round() -> None:
    sizes = (5, 2 * SWEEP_FILES + 1, 3)
    sweep = Sweep(tree(*sizes))
    round_of(sweep)  # begins before the first round

    for _ in range(2):
        names = [name for slice in round_of(sweep) for name in slice]
        assert len(names) == len(set(names)) == sum(sizes)


def test_a_slice_is_bounded_in_a_large_folder_and_over_many_small_ones() -> None:
    sweep = Sweep(tree(3 * SWEEP_FILES, *[7] * 200))
    round_of(sweep)

    assert max(len(slice) for slice in round_of(sweep)) <= 2 * SWEEP_FILES


def test_a_tree_may_change_between_two_slices() -> None:
    root = tree(2 * SWEEP_FILES, 3)
    sweep = Sweep(root)
    round_of(sweep)

    sweep.next_slice()
    root.entries.clear()
    round_of(sweep)

    assert round_of(sweep) == [[]]


def test_an_empty_tree_is_no_work() -> None:
    sweep = Sweep(Folder(1, None, "", 1))

    assert [sweep.next_slice() for _ in range(3)] == [[], [], []]
