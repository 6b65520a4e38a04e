"""A small world that changes at random, and what its journals and views must show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.model.world import World, at_once, by_id
from wakeful.core.accounts import add_member, remove_member
from wakeful.core.changes import (
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
from wakeful.core.cursors import Cursor, Scope
from wakeful.core.errors import CursorExpired, WakefulError
from wakeful.core.items import Item, JournalRow
from wakeful.core.journal import fold, shown_name
from wakeful.core.lookups.journals import JournalAt, ListJournal, ReadJournal
from wakeful.core.lookups.people import MembershipsOf, Namespaces
from wakeful.core.people import Role, User
from wakeful.core.places import Place
from wakeful.core.view import begin
from wakeful.core.writes import Steps
from wakeful.stores.driver import drive

T = TypeVar("T")

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
    st.tuples(st.just("replace"), picks, names, picks),
    st.tuples(st.just("trim"), picks, names, picks),
    st.tuples(st.just("share"), picks, names, picks),
)
Step = tuple[str, int, str, int]


class Garden:
    """Homes and shared namespaces in which things grow and are moved about."""

    def __init__(self, *, grows_for_bob: bool = True) -> None:
        """*grows_for_bob*: whether there are things in Bob's own home, too."""
        self.world = World()
        self.team = self.world.shared(self.world.ann, "A")
        self.other = self.world.shared(self.world.ann, "a.b")
        self.items: dict[int, Item] = {}
        self._grows_for_bob = grows_for_bob
        self._spelt: dict[tuple[int, str], str] = {}  # the names of roots, by id and in lower case

    @property
    def namespaces(self) -> tuple[int, ...]:
        return (self.world.ann.home, *self.shared, self.world.bob.home)

    @property
    def shared(self) -> tuple[int, ...]:
        """The shared namespaces, which come and go."""
        found = self.world.ask(Namespaces(self.world.enterprise))
        return tuple(each.id for each in found if not each.is_home)

    @property
    def roots(self) -> list[Item]:
        return [
            self.world.root(namespace)
            for namespace in self.namespaces
            if self._grows_for_bob or namespace != self.world.bob.home
        ]

    def grow(self, step: Step) -> None:
        what, pick, name, other = step
        shared = self.shared
        if what in ("member", "replace") and not shared:
            return
        if what == "member":
            self.change_members(shared[pick % len(shared)])
            return
        if what == "replace":
            self.replace_mount(shared[pick % len(shared)], rejoins=other % 2 == 1)
            return
        if what == "share":
            self.share(pick)
            return
        if what == "trim":
            self.trim(3 * other, pick)
            return
        items = [*self.items.values(), *self.roots]
        folders = [item for item in items if item.is_folder]
        picked, into = items[pick % len(items)], folders[other % len(folders)]
        item, folder = by_id(picked), by_id(into)
        if picked.parent is None and what in ("move", "rename"):
            # Who follows only what is in a mount is not told how that is spelt by now.
            self._spelt.setdefault((picked.id, fold(picked.name)), picked.name)
            if self._spelt.setdefault((picked.id, fold(name)), name) != name:
                return
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
        # Ann is in every namespace but Bob's home.
        place = into if what in ("folder", "file") else picked
        actor = self.world.bob if place.namespace == self.world.bob.home else self.world.ann
        try:
            (changed,) = self.world.publish(actor, changes[what]).applied.items
        except WakefulError:
            return
        if changed is not None:
            self.items[changed.id] = changed

    def share(self, pick: int) -> None:
        """Ann lets Bob into a folder at the top of her home."""
        tree = self.world.tree(self.world.ann.home)
        tops = [item for path, item in tree.items() if item.is_folder and "/" not in path]
        if tops:
            self.world.share(by_id(tops[pick % len(tops)]), self.world.bob)

    def change_members(self, namespace: int) -> None:
        if namespace in self._joined():
            self.leave(namespace)
        else:
            self.join(namespace)

    def replace_mount(self, namespace: int, *, rejoins: bool) -> None:
        """A folder of Bob's takes the place of a namespace, which he leaves if he is a member.

        *rejoins*: whether he then comes back, under another name."""
        home = self.world.root(self.world.bob.home)
        if home.id not in {root.id for root in self.roots}:
            return
        if namespace in self._joined():
            self.leave(namespace)
        name = self.world.root(namespace).name
        try:
            changed = self.world.do(CreateFolder(parent=by_id(home), name=name), self.world.bob)
        except WakefulError:
            return
        self.items[changed.id] = changed
        if rejoins:
            self.join(namespace)

    def trim(self, back: int, limit: int) -> None:
        """Forget the oldest deletions, but not those of the last *back* ms."""
        at_once(self.world.store.trim_journals(self.world.clock.now - back, limit))

    def _joined(self) -> set[int]:
        mine = self.world.ask(MembershipsOf(self.world.bob.id))
        return {member.namespace for member in mine}

    def leave(self, namespace: int) -> None:
        """Bob leaves."""
        self.world.commit(remove_member(namespace, self.world.bob.id))

    def join(self, namespace: int) -> None:
        """Bob joins."""
        self.world.commit(add_member(namespace, self.world.bob.id, Role.EDITOR))

    def drive(self, rule: Steps[T]) -> T:
        """The result of a rule that only looks things up."""
        return drive(rule, self.world.answer)

    def view(self, user: User, scope: Scope) -> dict[str, Any]:
        """What somebody who reads a scope must have: kind, id and shown path by path."""
        view = self._shown_in_view(user.home, "", "")
        for member in self.world.ask(MembershipsOf(user.id)):
            if member.mount_key and scope.mounted:
                root = self.world.root(member.namespace)
                name = shown_name(root.name, member.mount_key)
                view[member.mount_key] = (root.kind, root.id, name)
                view |= self._shown_in_view(member.namespace, member.mount_key + "/", name + "/")
        return {path: told for path, told in view.items() if _is_in(path, scope)}

    def has_grown(self, cursor: Cursor, places: Callable[[Cursor], Steps[Any]]) -> bool:
        """Whether a poll with *cursor* would be answered."""
        try:
            found = self.drive(places(cursor))
        except CursorExpired:
            return True
        return self.has_grown_in(found)

    def has_grown_in(self, places: Iterable[Place]) -> bool:
        """Whether a poll that waits in these *places* would be answered."""
        return any(map(self._has_grown_at, places))

    def _has_grown_at(self, place: Place) -> bool:
        namespace, after, under, deep, is_mount = place
        if is_mount:
            row = self.world.ask(JournalAt(namespace, under))
            return row is not None and row.mount is not None and row.number > after
        listing = self.world.ask(ListJournal(namespace, after, 1, under, deep))
        return bool(listing.rows) or listing.trimmed > after

    def _shown_in_view(self, namespace: int, above: str, shown_above: str) -> dict[str, Any]:
        tree = self.world.tree(namespace)
        shown = {}
        for path, item in tree.items():
            names = path.split("/")
            line = [tree["/".join(names[: end + 1])] for end in range(len(names))]
            key = "/".join(each.key for each in line)
            name = "/".join(shown_name(each.name, each.key) for each in line)
            shown[above + key] = (item.kind, item.id, shown_above + name)
        return shown

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


def _is_in(path: str, scope: Scope) -> bool:
    below = path.removeprefix(scope.path + "/") if scope.path else path
    if scope.path and below == path:
        return path == scope.path and scope.recursive
    return scope.recursive or "/" not in below


def cursor(garden: Garden, scope: Scope | None = None) -> Cursor:
    """Bob's cursor, before anything."""
    return garden.drive(begin(garden.world.bob.id, 7, 1, scope or Scope()))


def own(garden: Garden, name: str, *, folder: bool = False) -> None:
    """Something at the top of Bob's home."""
    root = by_id(garden.world.root(garden.world.bob.home))
    change = (
        CreateFolder(parent=root, name=name)
        if folder
        else Upload(parent=root, name=name, facts=Facts())
    )
    garden.world.do(change, garden.world.bob)
