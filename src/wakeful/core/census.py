"""What the rules know while they work on one batch: people, members, lineages.

Look-ups repeat within a batch (a hundred uploads into one folder), so answers are kept
until a change makes them wrong.
"""

from __future__ import annotations

from wakeful.core.errors import Forbidden, NotFound
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, Ancestor, Person, Snapshot, Whence
from wakeful.core.items import Item, Member, Namespace, Role, User
from wakeful.core.lookups import Lineage, Members, NamespaceById, UserById
from wakeful.core.terms import FREELY, Terms
from wakeful.core.watched import check_unwatched
from wakeful.core.writes import Steps

NOT_THERE = "no such item"
"""Said of what does not exist and of what the actor may not know of: the same, or the
difference would tell."""


class Census:
    """Answers that stay true during a batch, unless `forget_lineages` says otherwise."""

    def __init__(self, actor: User, terms: Terms = FREELY) -> None:
        self.actor = actor
        self.terms = terms
        self._people: dict[int, Person] = {actor.id: Person(actor.id, actor.name, actor.login)}
        self._namespaces: dict[int, Namespace] = {}
        self._members: dict[int, tuple[Member, ...]] = {}
        self._lineages: dict[int, tuple[Item, ...]] = {}

    def forget_lineages(self) -> None:
        """A folder moved, changed its name or went: what was known of paths is void."""
        self._lineages.clear()

    def person(self, user: int) -> Steps[Person]:
        """The user as an event remembers them, also one who was removed since."""
        if user not in self._people:
            found: User | None = yield UserById(user)
            self._people[user] = (
                Person(found.id, found.name, found.login) if found else Person(user, "", "")
            )
        return self._people[user]

    def check_users(self, users: tuple[int, ...]) -> Steps[None]:
        """Raise NotFound unless all are users of the actor's enterprise."""
        for id in users:
            found: User | None = yield UserById(id)
            if found is None or found.enterprise != self.actor.enterprise:
                raise NotFound(f"no user {id}")

    def namespace(self, id: int) -> Steps[Namespace]:
        if id not in self._namespaces:
            found: Namespace | None = yield NamespaceById(id)
            if found is None:
                raise NotFound(NOT_THERE)
            self._namespaces[id] = found
        return self._namespaces[id]

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

    def may_change(self, namespace: int) -> Steps[None]:
        """Raise unless the actor may change what is in *namespace*."""
        if (yield from self.check_member(namespace)) is Role.VIEWER:
            raise Forbidden("a viewer changes nothing here")
        check_unwatched(namespace, self.terms.watched)

    def audience(self, namespace: int) -> Steps[dict[int, int]]:
        """The streams that show a change in *namespace*, each with its mask of classes."""
        place = yield from self.namespace(namespace)
        members = yield from self.members(namespace)
        streams = {member.user: EVERY_CLASS for member in members}
        streams[place.enterprise] = ONLY_ALL
        return streams

    def snapshot(self, item: Item, above: tuple[Item, ...]) -> Steps[Snapshot]:
        """*item* as an event remembers it; *above* runs from the root to its parent."""
        namespace = yield from self.namespace(item.namespace)
        created_by = yield from self.person(item.created_by)
        modified_by = yield from self.person(item.modified_by)
        owned_by = yield from self.person(namespace.owner)
        lock = item.notes.lock
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
            path=tuple(Ancestor(folder.id, folder.name, folder.revision) for folder in above),
            notes=item.notes,
            locked_by=None if lock is None else (yield from self.person(lock.by)),
        )

    def whence(self, lineage: tuple[Item, ...]) -> Steps[Whence]:
        """Where the last of *lineage* is, as an event remembers it."""
        item = lineage[-1]
        is_home = (yield from self.namespace(item.namespace)).is_home
        return Whence(item.id, item.namespace, is_home, tuple(each.name for each in lineage))
