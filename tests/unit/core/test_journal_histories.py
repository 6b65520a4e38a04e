"""Whatever happens to a tree, its journal shows it: whole, in order, from any number on."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.world import World, by_id, snapshot
from wakeful.core.accounts import add_member, remove_member
from wakeful.core.changes import (
    ByPath,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Restore,
    Trash,
    Upload,
)
from wakeful.core.errors import WakefulError
from wakeful.core.events import Event
from wakeful.core.items import Item, JournalRow, Role
from wakeful.core.lookups import MembershipsOf, ReadJournal

names = st.sampled_from(("a", "A", "b", "a.b", "é", "e\u0301"))
picks = st.integers(0, 20)
steps = st.one_of(
    st.tuples(st.just("folder"), picks, names, picks),
    st.tuples(st.just("file"), picks, names, picks),
    st.tuples(st.just("move"), picks, names, picks),
    st.tuples(st.just("rename"), picks, names, picks),
    st.tuples(st.just("copy"), picks, names, picks),
    st.tuples(st.just("trash"), picks, names, picks),
    st.tuples(st.just("restore"), picks, names, picks),
    st.tuples(st.just("delete"), picks, names, picks),
    st.tuples(st.just("version"), picks, names, picks),
    st.tuples(st.just("member"), picks, names, picks),
)
Step = tuple[str, int, str, int]


class Garden:
    """Ann's home and a shared namespace in which things grow and are moved about."""

    def __init__(self) -> None:
        self.world = World()
        self.team = self.world.shared(self.world.ann, "A")
        self.items: dict[int, Item] = {}
        self.roots = [self.world.root(self.world.ann.home), self.world.root(self.team)]

    @property
    def namespaces(self) -> tuple[int, ...]:
        return (self.world.ann.home, self.team, self.world.bob.home)

    def grow(self, step: Step) -> None:
        what, pick, name, other = step
        if what == "member":
            self.change_members()
            return
        items = [*self.items.values(), *self.roots]
        folders = [item for item in items if item.is_folder]
        item, folder = by_id(items[pick % len(items)]), by_id(folders[other % len(folders)])
        changes: dict[str, Change] = {
            "folder": CreateFolder(parent=folder, name=name),
            "file": Upload(parent=folder, name=name, facts=Facts(size=1)),
            "move": Move(item=item, parent=folder, name=name),
            "rename": Move(item=item, name=name),
            "copy": Copy(item=item, parent=folder, name=name),
            "trash": Trash(item=item),
            "restore": Restore(item=item, name=name),
            "delete": Delete(item=item),
            "version": NewVersion(item=item, facts=Facts(size=2)),
        }
        try:
            (changed,) = self.world.publish(self.world.ann, changes[what]).applied.items
        except WakefulError:
            return
        if changed is not None:
            self.items[changed.id] = changed

    def change_members(self) -> None:
        bob = self.world.bob.id
        if any(member.namespace == self.team for member in self.world.ask(MembershipsOf(bob))):
            self.world.commit(remove_member(self.team, bob))
        else:
            self.world.commit(add_member(self.team, bob, Role.VIEWER))

    def shown(self, namespace: int) -> dict[str, int]:
        """What a journal must show: the keys of all active items, and the mounts of a home."""
        shown: dict[str, int] = {}
        tree = self.world.tree(namespace)
        for path, item in tree.items():
            above = path.split("/")
            keys = [tree["/".join(above[: end + 1])].key for end in range(len(above))]
            shown["/".join(keys)] = item.id
        assert len(shown) == len(tree), "two items in one place"
        for user in (self.world.ann, self.world.bob):
            if user.home == namespace:
                for member in self.world.ask(MembershipsOf(user.id)):
                    if member.mount_key:
                        shown[member.mount_key] = self.world.root(member.namespace).id
        return shown

    def pages(self, namespace: int, after: int, size: int) -> Iterable[JournalRow]:
        while True:
            page = self.world.ask(ReadJournal(namespace, after, size)).rows
            yield from page
            if len(page) < size:
                return
            after = page[-1].number


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


@settings(deadline=None)
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
        assert fold_rows({}, garden.pages(namespace, 0, size)) == now
        assert fold_rows(states[namespace], garden.pages(namespace, heads[namespace], size)) == now


@settings(deadline=None)
@given(st.lists(steps, min_size=1, max_size=25))
def test_each_event_is_the_item_one_revision_on_and_as_it_is_read_then(steps: list[Step]) -> None:
    garden = Garden()
    revisions: dict[int, int] = {}
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
                assert (last.revision, last.name, last.namespace, last.trashed_at) == (
                    item.revision,
                    item.name,
                    item.namespace,
                    item.trashed_at,
                )
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
