"""A small world to try the rules in: an enterprise, people, and a store that holds them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from wakeful.core.accounts import add_member, create_enterprise, create_namespace, create_user
from wakeful.core.batch import Batch
from wakeful.core.changes import ById, ByPath, Change, CreateFolder, Facts, Ref, Upload
from wakeful.core.events import Event, Snapshot, StreamClass, decode
from wakeful.core.items import Item, JournalRow
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.journals import ReadJournal
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.lookups.streams import Page, ReadStream
from wakeful.core.lookups.trees import ChildByName, Children, ItemById
from wakeful.core.members import invite
from wakeful.core.people import Member, Role, User
from wakeful.core.ports import Store
from wakeful.core.positions import Asked, Marker
from wakeful.core.publish import Key, Published, event_ids, publish
from wakeful.core.terms import FREELY, Terms
from wakeful.core.writes import Command, Steps
from wakeful.stores.memory import MemoryStore

T = TypeVar("T")


class Clock:
    """A clock that goes on by a millisecond with each look."""

    def __init__(self, now: int = 1_700_000_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that never waits, as those of the memory store do."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise AssertionError("it waited")


class World:
    """Ann, Bob and Eve of one enterprise in a memory store, and a way to do things in it."""

    def __init__(self, store: Store | None = None) -> None:
        self.clock = Clock()
        self.store = store or MemoryStore(clock=self.clock)
        self.enterprise = self.commit(create_enterprise("Acme")).id
        self.ann = self.user("ann")
        self.bob = self.user("bob")
        self.eve = self.user("eve")

    def commit(self, command: Command[T]) -> T:
        return at_once(self.store.commit(command))

    def ask(self, lookup: Lookup[T]) -> T:
        return at_once(self.store.ask(lookup))

    def answer(self, step: object) -> object:
        """What a look-up is answered with, of which nothing is known but that it is one."""
        return self.ask(cast(Lookup[Any], step))

    def user(self, login: str) -> User:
        return self.commit(create_user(self.enterprise, login, login.title()))

    def shared(self, owner: User, name: str, **members: Role) -> int:
        """A shared namespace with *members* by the name of their attribute here."""
        namespace = self.commit(create_namespace(owner.id, name)).id
        for login, role in members.items():
            user: User = getattr(self, login)
            self.commit(add_member(namespace, user.id, role))
        return namespace

    def acting(
        self,
        rule: Callable[[Batch], Steps[T]],
        actor: User | None = None,
        terms: Terms = FREELY,
    ) -> T:
        """The result of steps that somebody (Ann, where nobody is named) takes in one commit."""

        def steps(now: int) -> Steps[T]:
            ids = event_ids(now.to_bytes(8))
            return (yield from rule(Batch(actor or self.ann, now, ids, terms)))

        return self.commit(steps)

    def share(
        self, folder: Ref, user: User, role: Role = Role.EDITOR, *, by: User | None = None
    ) -> Member:
        """Let *user* into a folder (of Ann's, where nobody is named)."""
        return self.acting(lambda batch: invite(batch, folder, user, role), by)

    # --- changes ---

    def publish(
        self, actor: User, *changes: Change, key: Key | None = None, terms: Terms = FREELY
    ) -> Published:
        return self.commit(publish(actor.id, changes, key, terms))

    def do(self, change: Change, actor: User | None = None) -> Item:
        """Carry out one change (as Ann, where no actor is named) and return its item."""
        (item,) = self.publish(actor or self.ann, change).applied.items
        assert item is not None
        return item

    def folder(self, path: str, *, namespace: int | None = None) -> Item:
        """A new folder at *path* in Ann's home, with those above it."""
        above, name = self._split(path, namespace)
        return self.do(CreateFolder(parent=above, name=name, parents=True))

    def file(self, path: str, size: int = 1, *, namespace: int | None = None) -> Item:
        """A new file, or version, at *path* in Ann's home, with the folders above it."""
        above, name = self._split(path, namespace)
        return self.do(Upload(parent=above, name=name, facts=Facts(size=size), parents=True))

    def home(self, path: str = "") -> ByPath:
        """A place in Ann's home."""
        return ByPath(self.ann.home, tuple(path.split("/")) if path else ())

    def _split(self, path: str, namespace: int | None) -> tuple[Ref, str]:
        *above, name = path.split("/")
        return ByPath(namespace or self.ann.home, tuple(above)), name

    # --- what is there ---

    def item(self, id: int) -> Item:
        item = self.ask(ItemById(id))
        assert item is not None
        return item

    def root(self, namespace: int) -> Item:
        found = self.ask(NamespaceById(namespace))
        assert found is not None
        return self.item(found.root)

    def at(self, path: str, namespace: int | None = None) -> Item:
        """The active item at exactly *path*."""
        item = self.root(namespace or self.ann.home)
        for name in path.split("/"):
            child = self.ask(ChildByName(item.id, name))
            assert child is not None, f"nothing at {path}"
            item = child
        return item

    def tree(self, namespace: int | None = None) -> dict[str, Item]:
        """All active items of a namespace by their names, joined by slashes."""
        found: dict[str, Item] = {}

        def walk(folder: Item, above: str) -> None:
            for child in self.ask(Children(folder.id, 0, 1_000_000)):
                found[above + child.name] = child
                if child.is_folder:
                    walk(child, above + child.name + "/")

        walk(self.root(namespace or self.ann.home), "")
        return found

    def paths(self, namespace: int | None = None) -> set[str]:
        return set(self.tree(namespace))

    def journal(self, namespace: int | None = None, after: int = 0) -> tuple[JournalRow, ...]:
        return self.ask(ReadJournal(namespace or self.ann.home, after, 1_000_000)).rows

    def live(self, namespace: int | None = None, after: int = 0) -> dict[str, int]:
        """What the journal shows: item by path."""
        return {
            row.path: row.item
            for row in self.journal(namespace, after)
            if row.item is not None and row.mount is None
        }

    def journal_head(self, namespace: int | None = None) -> int:
        return self.ask(ReadJournal(namespace or self.ann.home, 0, 1)).head

    # --- what was told ---

    def page(
        self, stream: int, asked: Asked = Marker.START, cls: StreamClass = StreamClass.ALL
    ) -> Page:
        return self.ask(ReadStream(stream, asked, 1_000_000, cls))

    def events(self, user: User | None = None, cls: StreamClass = StreamClass.ALL) -> list[Event]:
        """All events in a user's stream (Ann's, where none is named)."""
        page = self.page((user or self.ann).id, cls=cls)
        return [decode(event.body) for event in page.events]

    def types(self, user: User | None = None) -> list[str]:
        return [event.type for event in self.events(user)]

    def last(self, user: User | None = None) -> Event:
        return self.events(user)[-1]

    def count(self, user: User | None = None) -> int:
        """The last number in a user's stream."""
        return self.page((user or self.ann).id).state.last


def snapshot(event: Event) -> Snapshot:
    """The item that *event* is about, as it was."""
    assert isinstance(event.source, Snapshot)
    return event.source


def by_id(item: Item) -> ById:
    return ById(item.id)
