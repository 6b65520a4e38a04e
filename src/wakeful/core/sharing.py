"""Folders that are shared: how one becomes a namespace of its own, what its name is, how it ends.

Rule 1: a folder keeps its id when it is shared, and so does all that is in it. Where it was is the
mount of its owner then. What is in it moves from one journal to the other: its rows in the home
become tombstones, for who lists the namespace from the start is told of no deletion in it.

Rule 2: the root of a shared namespace has one name, which everybody's mount shows, as far as it is
free in their home. Whoever decides on its members gives it another.

Rule 3: where its owner puts it into the trash, the namespace ends. Nobody else has it any more, and
the owner finds in the trash what they had before they shared it. Whoever is not the owner leaves.

Which namespace a watched folder fills, and what that is called, is settled where it is watched.

Rule 4: a mount stands at the top of a home, so that is where a folder can be shared from.
"""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.errors import Forbidden, RootStays
from wakeful.core.events import ItemEvent
from wakeful.core.finding import Lineage, check_free
from wakeful.core.items import Item, Kind
from wakeful.core.journal import free_key, join, spelling
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.people import UserById
from wakeful.core.people import Member, Namespace, Role, User
from wakeful.core.roles import Right
from wakeful.core.subtrees import all_children
from wakeful.core.terms import Terms
from wakeful.core.writes import (
    JournalDrop,
    JournalMove,
    JournalPut,
    PutItems,
    PutMember,
    PutNamespace,
    RehomeSubtree,
    RemoveMember,
    RemoveNamespace,
    Steps,
)


def shared(batch: Batch, lineage: Lineage) -> Steps[Namespace]:
    """The shared namespace of the folder at the end of *lineage*, which becomes one if it is none.

    Raises Forbidden where it cannot be one.
    """
    census, folder = batch.census, lineage[-1]
    namespace = yield from census.namespace(folder.namespace)
    if len(lineage) == 1 and not namespace.is_home:
        return namespace
    if len(lineage) == 1:
        raise Forbidden("a home is not shared: share a folder in it")
    if not namespace.is_home:
        raise Forbidden("the folder is in a shared one: share that, or move the folder out of it")
    if len(lineage) > 2:
        raise Forbidden("only a folder at the top of a home can be shared: move it there first")
    _check_settled(namespace.id, census.terms)
    return (yield from _share(batch, folder, namespace))


def _share(batch: Batch, folder: Item, home: Namespace) -> Steps[Namespace]:
    fresh: int = yield NewIds(2)
    namespace = Namespace(
        fresh, home.enterprise, home.owner, folder.id, is_home=False, created_at=batch.now
    )
    yield PutNamespace(namespace)
    for child in (yield from all_children(folder.id)):
        place, spelled = join(folder.key, child.key), spelling(child.name, child.key)
        yield JournalMove(home.id, place, namespace.id, child.key, spelled)
    yield PutItems((replace(folder, namespace=namespace.id, parent=None, key=""),))
    yield RehomeSubtree(folder.id, namespace.id)
    spelled = spelling(folder.name, folder.key)
    yield JournalPut(home.id, folder.key, folder.id, namespace.id, spelled)
    owner = Member(
        namespace.id,
        home.owner,
        Role.OWNER,
        folder.key,
        batch.now,
        id=fresh + 1,
        invited_by=home.owner,
        modified_at=batch.now,
    )
    yield PutMember(owner)
    batch.census.forget_places()
    return namespace


def rename_root(batch: Batch, root: Item, to_above: Lineage, name: str, at: int) -> Steps[Item]:
    """Give *root* another name, for all members. Raises Forbidden, NameTaken in the actor's home,
    and RootStays for the root of a home, or where it would go to another folder (the last of
    *to_above*) than the actor's home."""
    census = batch.census
    home = yield from census.namespace(batch.actor.home)
    if root.id == home.root or (to_above and to_above[-1].id != home.root):
        raise RootStays("the root of a namespace stays where it is")
    if name == root.name:
        return root
    yield from census.check_right(root.namespace, Right.MANAGE)
    _check_settled(root.namespace, census.terms)
    yield from check_free((yield from census.lineage(home.root))[-1], name, Kind.FOLDER)
    for member in (yield from census.members(root.namespace)):
        user: User = yield UserById(member.user)
        key = yield from free_key(user.home, "", name, item=root.id)
        yield JournalMove(user.home, member.mount_key, user.home, key, spelling(name, key))
        if key != member.mount_key:
            yield PutMember(replace(member, mount_key=key))
    named = replace(
        root, name=name, revision=root.revision + 1, modified_at=at, modified_by=batch.actor.id
    )
    yield PutItems((named,))
    census.forget_places()
    yield from batch.tell_item(ItemEvent.RENAME, named, (), at, before=(root,))
    return named


def trash_root(batch: Batch, root: Item, at: int) -> Steps[Item]:
    """Put *root* into the trash of its owner's home, as the folder that it was. Raises Forbidden
    for everybody else, and RootStays for the root of a home."""
    census = batch.census
    namespace = yield from census.namespace(root.namespace)
    if namespace.is_home:
        raise RootStays("the root of a namespace cannot be trashed")
    if namespace.owner != batch.actor.id:
        raise Forbidden("a shared folder is deleted by its owner; leave it instead")
    _check_settled(namespace.id, census.terms)
    home = yield from census.namespace(batch.actor.home)
    gone = replace(
        root,
        revision=root.revision + 1,
        modified_at=at,
        modified_by=batch.actor.id,
        trashed_at=at,
    )
    yield from batch.tell_item(ItemEvent.TRASH, gone, (), at)
    key = root.key
    for member in (yield from census.members(namespace.id)):
        user: User = yield UserById(member.user)
        yield JournalDrop(user.home, member.mount_key)
        yield RemoveMember(namespace.id, user.id)
        if user.id == namespace.owner:
            key = member.mount_key
    for child in (yield from all_children(root.id)):
        yield JournalDrop(namespace.id, child.key)
    yield RemoveNamespace(namespace.id)
    gone = replace(gone, namespace=home.id, parent=home.root, key=key)
    yield PutItems((gone,))
    yield RehomeSubtree(root.id, home.id)
    census.forget_places()
    return gone


def _check_settled(namespace: int, terms: Terms) -> None:
    """Raise Forbidden for the namespace of a watched folder, also where its disk does what is
    asked."""
    if namespace in terms.watched:
        raise Forbidden("a watched folder is neither shared in parts nor named or ended here")
