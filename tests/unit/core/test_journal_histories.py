"""Whatever happens to a tree, its journal shows it: whole, in order, from any number on."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from tests.model.world import World, snapshot
from tests.unit.core.gardens import Garden, Step, steps
from wakeful.core.changes import ByPath, Move, Trash
from wakeful.core.events import Event
from wakeful.core.items import JournalRow
from wakeful.core.journal import fold, shown_name, spelled
from wakeful.core.lookups.journals import ReadJournal


def fold_rows(state: dict[str, int], rows: Iterable[JournalRow]) -> dict[str, int]:
    """*state* brought up to date, as a client does it."""
    for row in rows:
        if row.item is None:
            state.pop(row.path, None)
        else:
            above = row.path.rpartition("/")[0]
            assert not above or above in state, "a row came before its parent's"
            state[row.path] = row.item
    return state


@given(st.lists(steps, min_size=1, max_size=15), st.lists(steps, max_size=10), st.integers(1, 5))
def test_a_journal_folds_into_the_tree_from_the_start_and_from_any_earlier_state(
    before: list[Step], after: list[Step], size: int
) -> None:
    garden = Garden()
    for step in before:
        garden.grow(step)
    states = {namespace: garden.shown(namespace) for namespace in garden.namespaces}
    heads = {namespace: garden.world.journal_head(namespace) for namespace in garden.namespaces}

    for step in after:
        garden.grow(step)

    for namespace in garden.namespaces:
        now = garden.shown(namespace)
        rows = garden.world.journal(namespace)
        assert [row.number for row in rows] == sorted({row.number for row in rows})
        assert len({row.path for row in rows}) == len(rows)
        for row in rows:
            shown = garden.drive(spelled(namespace, row, {}))
            assert fold(shown) == row.path
            if row.item is not None and row.mount is None:
                item = garden.world.item(row.item)
                assert shown.rpartition("/")[2] == shown_name(item.name, item.key)
        assert fold_rows({}, garden.pages(namespace, 0, size)) == now
        state, head = states.get(namespace, {}), heads.get(namespace, 0)
        if garden.world.ask(ReadJournal(namespace, 0, 1)).trimmed > head:
            state, head = (
                {},
                0,
            )  # some of what went is forgotten: whoever is so far back begins anew
        assert fold_rows(state, garden.pages(namespace, head, size)) == now


@given(st.lists(steps, min_size=1, max_size=25))
def test_each_event_is_the_item_one_revision_on_and_as_it_is_read_then(steps: list[Step]) -> None:
    garden = Garden(grows_for_bob=False)  # Ann is not told of what is only his
    revisions = {root.id: root.revision for root in garden.roots}
    told = 0
    for step in steps:
        garden.grow(step)
        events = garden.world.events()
        for event in events[told:]:
            if event.type.startswith("item."):
                is_one_revision_on(event, revisions)
        if len(events) > told and events[-1].type.startswith("item."):
            last = snapshot(events[-1])
            item = garden.items.get(last.id)
            if item is not None and step[0] != "delete":
                # The trash of what was shared is told to those who shared it.
                is_root = not last.path
                assert (last.revision, last.name, last.trashed_at) == (
                    item.revision,
                    item.name,
                    item.trashed_at,
                )
                assert is_root or last.namespace == item.namespace
                assert garden.world.item(last.id) == item
        told = len(events)


def is_one_revision_on(event: Event, revisions: dict[int, int]) -> None:
    item = snapshot(event)
    assert item.revision == revisions.get(item.id, -1) + 1
    revisions[item.id] = item.revision


def test_a_journal_is_coalesced_and_loses_nothing() -> None:
    world = World()
    for size in range(5):
        world.file("a/b.txt", size)
    number = world.journal_head()
    world.do(Move(item=world.home("a"), name="c"))
    world.do(Move(item=world.home("c"), name="a"))
    world.do(Trash(item=ByPath(world.ann.home, ("a", "b.txt"))))

    rows = {row.path: row.item for row in world.journal(after=number)}

    assert rows == {"a": world.at("a").id, "a/b.txt": None, "c": None, "c/b.txt": None}
