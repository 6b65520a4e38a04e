"""What the rules know while they work on one batch: people, members, lineages.

Look-ups repeat within a batch (a hundred uploads into one folder), so answers are kept
until a change makes them wrong.
"""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.errors import NotFound
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, Ancestor, Person, Snapshot, Whence
from wakeful.core.items import Item
from wakeful.core.lookups.people import Members, NamespaceById, UserById
from wakeful.core.lookups.trees import Lineage
from wakeful.core.people import Member, Namespace, Role, User
from wakeful.core.roles import Right, check_right
from wakeful.core.terms import FREELY, Terms
from wakeful.core.watched import check_done
from wakeful.core.writes import Steps

NOT_THERE = "no such item"
"""Said of what does not exist and of what the actor may not know of: the same, or the
difference would tell."""


class Census:
    """Answers that stay true during a batch, unless `forget_lineages` says otherwise.

    `people` are those who were asked for; `folders` are those that were found for changes to
    happen in, under whatever names them (`core.finding`). Many look here first, for a batch of
    a hundred changes asks for the same a hundred times.
    """

    def __init__(self, actor: User, terms: Terms = FREELY) -> None:
        self.actor = actor
        self.terms = terms
        self.people: dict[int, Person] = {actor.id: Person(actor.id, actor.name, actor.login)}
        self.folders: dict[object, tuple[Item, ...]] = {}
        self._colleagues: set[int] = set()
        self._namespaces: dict[int, Namespace] = {}
        self._owners: dict[int, User] = {}
        self._members: dict[int, tuple[Member, ...]] = {}
        self._allowed: set[tuple[int, Right]] = set()
        self._audiences: dict[int, dict[int, int]] = {}
        self._lineages: dict[int, tuple[Item, ...]] = {}
        self._paths: dict[int, tuple[tuple[Item, ...], tuple[Ancestor, ...]]] = {}

    def forget_lineages(self) -> None:
        """A folder moved, changed its name or went: what was known of paths is void."""
        self._lineages.clear()
        self.folders.clear()

    def forget_places(self) -> None:
        """A namespace came or went, or what it is: nothing that was known of places holds."""
        self._namespaces.clear()
        self._owners.clear()
        self._members.clear()
        self._allowed.clear()
        self._audiences.clear()
        self.forget_lineages()

    def person(self, user: int) -> Steps[Person]:
        """The user as an event remembers them, also one who was removed since."""
        known = self.people.get(user)
        if known is None:
            found: User | None = yield UserById(user)
            known = Person(found.id, found.name, found.login) if found else Person(user, "", "")
            self.people[user] = known
        return known

    def check_users(self, users: tuple[int, ...]) -> Steps[None]:
        """Raise NotFound unless all are users of the actor's enterprise."""
        for id in users:
            if id not in self._colleagues:
                found: User | None = yield UserById(id)
                if found is None or found.enterprise != self.actor.enterprise:
                    raise NotFound(f"no user {id}")
                self._colleagues.add(id)

    def namespace(self, id: int) -> Steps[Namespace]:
        if id not in self._namespaces:
            found: Namespace | None = yield NamespaceById(id)
            if found is None:
                raise NotFound(NOT_THERE)
            self._namespaces[id] = found
        return self._namespaces[id]

    def owner(self, namespace: int) -> Steps[User]:
        """Whose *namespace* it is."""
        if namespace not in self._owners:
            place = yield from self.namespace(namespace)
            self._owners[namespace] = yield UserById(place.owner)
        return self._owners[namespace]

    def members(self, namespace: int) -> Steps[tuple[Member, ...]]:
        if namespace not in self._members:
            self._members[namespace] = yield Members(namespace)
        return self._members[namespace]

    def lineage(self, item: int) -> Steps[tuple[Item, ...]]:
        """From the root down to the item itself; raises NotFound."""
        known = self._lineages.get(item)
        if known is None:
            known = yield Lineage(item)
            if not known:
                raise NotFound(NOT_THERE)
            if known[-1].is_folder:
                self._lineages[item] = known
        return known

    def check_member(self, namespace: int) -> Steps[Role]:
        """The actor's role in *namespace*.

        Whoever is no member is told that there is nothing: existence is private too.
        """
        members = yield from self.members(namespace)
        for member in members:
            if member.user == self.actor.id:
                return member.role
        raise NotFound(NOT_THERE)

    def check_right(self, namespace: int, right: Right) -> Steps[None]:
        """Raise unless the actor's role in *namespace* has *right*."""
        check_right((yield from self.check_member(namespace)), right)

    def may_change(self, namespace: int, right: Right = Right.EDIT) -> Steps[None]:
        """Raise unless the actor may change the files of *namespace*."""
        if (namespace, right) not in self._allowed:
            yield from self.check_right(namespace, right)
            check_done(namespace, self.terms)
            self._allowed.add((namespace, right))

    def audience(self, namespace: int) -> Steps[dict[int, int]]:
        """The streams that show a change in *namespace*, each with its mask of classes."""
        known = self._audiences.get(namespace)
        if known is None:
            place = yield from self.namespace(namespace)
            members = yield from self.members(namespace)
            known = {member.user: EVERY_CLASS for member in members}
            known[place.enterprise] = ONLY_ALL
            self._audiences[namespace] = known
        return known

    def snapshot(self, item: Item, above: tuple[Item, ...]) -> Steps[Snapshot]:
        """*item* as an event remembers it; *above* runs from the root to its parent."""
        people = self.people
        namespace = self._namespaces.get(item.namespace)
        if namespace is None:
            namespace = yield from self.namespace(item.namespace)
        created_by = people.get(item.created_by) or (yield from self.person(item.created_by))
        modified_by = people.get(item.modified_by) or (yield from self.person(item.modified_by))
        owned_by = people.get(namespace.owner) or (yield from self.person(namespace.owner))
        notes = item.notes
        if notes.link is not None:
            notes = replace(notes, link=notes.link.told())
        lock = notes.lock
        return Snapshot(
            id=item.id,
            kind=item.kind,
            namespace=item.namespace,
            in_home=namespace.is_home,
            name=item.name,
            revision=item.revision,
            version=item.version,
            size=item.size,
            sha1=item.sha1,
            content_hash=item.content_hash,
            created_at=item.created_at,
            modified_at=item.modified_at,
            content_created_at=item.content_created_at,
            content_modified_at=item.content_modified_at,
            trashed_at=item.trashed_at,
            created_by=created_by,
            modified_by=modified_by,
            owned_by=owned_by,
            path=self._path(above),
            notes=notes,
            locked_by=None if lock is None else (yield from self.person(lock.by)),
        )

    def _path(self, above: tuple[Item, ...]) -> tuple[Ancestor, ...]:
        if not above:
            return ()
        id = above[-1].id
        known = self._paths.get(id)
        if known is None or known[0] is not above:
            path = tuple([Ancestor(folder.id, folder.name, folder.revision) for folder in above])
            known = self._paths[id] = (above, path)
        return known[1]

    def whence(self, lineage: tuple[Item, ...]) -> Steps[Whence]:
        """Where the last of *lineage* is, as an event remembers it."""
        item = lineage[-1]
        is_home = (yield from self.namespace(item.namespace)).is_home
        return Whence(item.id, item.namespace, is_home, tuple(each.name for each in lineage))
