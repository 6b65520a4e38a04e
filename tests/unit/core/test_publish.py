"""A batch is all or none, and a request that is repeated adds nothing."""

from __future__ import annotations

import hashlib
import re

import pytest

from tests.model.world import World, by_id
from wakeful.core.changes import (
    Baseline,
    BaselineEntry,
    Change,
    CreateFolder,
    Delete,
    Facts,
    Made,
    Move,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.errors import KeyReused, NameTaken, NotFound
from wakeful.core.events import ONLY_ALL
from wakeful.core.items import Kind, Seen
from wakeful.core.lookups.people import UserById
from wakeful.core.people import Role, User
from wakeful.core.publish import Key, act, event_ids, publish
from wakeful.core.terms import FREELY, Terms
from wakeful.core.writes import Steps


@pytest.fixture
def world() -> World:
    return World()


def key(text: str = "k", *, grant: int = 1, body: bytes = b"body") -> Key:
    return Key(grant, text, hashlib.sha256(body).digest())


def test_a_producer_gets_a_receipt_for_each_event_in_order(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    ann, bob = world.count(world.ann), world.count(world.bob)

    published = world.publish(
        world.ann,
        CreateFolder(parent=world.home(), name="a"),
        CreateFolder(parent=world.home("Team"), name="b"),
        Upload(parent=world.home("Team/c/d"), name="e", facts=Facts(), parents=True),
    )

    events = world.events()[ann:]
    assert [receipt.event for receipt in published.receipts] == [event.id for event in events]
    assert [receipt.numbers[world.ann.id] for receipt in published.receipts] == list(
        range(ann + 1, ann + 6)
    )
    assert [receipt.numbers.get(world.bob.id) for receipt in published.receipts] == [
        None,
        *range(bob + 1, bob + 5),
    ]
    assert [item.name for item in published.applied.items if item] == ["a", "b", "e"]
    assert team in {event.namespace for event in events}


def test_a_batch_without_changes_is_an_answer_without_receipts(world: World) -> None:
    published = world.publish(world.ann)

    assert (published.applied.items, published.receipts, published.replayed) == ((), (), False)


def test_what_is_published_can_be_found_in_the_commit_itself(world: World) -> None:
    def found() -> Steps[tuple[Change, ...]]:
        user: User | None = yield UserById(world.ann.id)
        assert user is not None
        return (CreateFolder(parent=world.home(), name=user.login),)

    published = world.commit(publish(world.ann.id, found))

    (item,) = published.applied.items
    assert item is not None
    assert item.name == world.ann.login


def test_all_events_of_a_batch_have_ids_of_their_own(world: World) -> None:
    for name in "ab":
        world.publish(
            world.ann,
            *(CreateFolder(parent=world.home(), name=f"{name}{n}") for n in range(20)),
        )

    ids = {event.id for event in world.events()}
    assert len(ids) == 40
    assert all(len(id) == 40 and set(id) <= set("0123456789abcdef") for id in ids)


def test_ids_come_from_the_seed_alone() -> None:
    one, same, other = event_ids(b"s"), event_ids(b"s"), event_ids(b"t")

    first = [next(one) for _ in range(3)]

    assert first == [next(same) for _ in range(3)]
    assert all(re.fullmatch("[0-9a-f]{40}", id) for id in first)
    assert len(set(first)) == 3
    assert not set(first) & {next(other) for _ in range(3)}


def test_who_does_not_exist_publishes_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        world.commit(publish(999_999, (CreateFolder(parent=world.home(), name="a"),)))

    assert world.paths() == set()


# --- idempotency ---


def test_a_repeated_request_adds_nothing_and_gets_the_same_answer(world: World) -> None:
    change = Upload(parent=world.home(), name="a", facts=Facts(size=1))
    first = world.publish(world.ann, change, key=key())
    tree, count = world.tree(), world.count()

    again = world.publish(world.ann, change, key=key())

    assert not first.replayed
    assert again.replayed
    assert (again.applied, again.receipts) == (first.applied, first.receipts)
    assert (world.tree(), world.count()) == (tree, count)


def test_a_repeated_request_gets_its_first_answer_whatever_happened_since(world: World) -> None:
    change = Upload(parent=world.home(), name="a", facts=Facts(size=1))
    first = world.publish(world.ann, change, key=key())
    world.do(Trash(item=world.home("a")))

    again = world.publish(world.ann, change, key=key())

    assert again.applied == first.applied
    assert world.paths() == set()


def test_another_request_under_the_same_key_is_refused(world: World) -> None:
    world.publish(world.ann, CreateFolder(parent=world.home(), name="a"), key=key())

    with pytest.raises(KeyReused):
        world.publish(
            world.ann, CreateFolder(parent=world.home(), name="b"), key=key(body=b"other")
        )

    assert world.paths() == {"a"}


def test_a_key_counts_in_its_grant_only(world: World) -> None:
    world.publish(world.ann, CreateFolder(parent=world.home(), name="a"), key=key(grant=1))

    other = world.publish(
        world.ann,
        CreateFolder(parent=world.home(), name="b"),
        key=key(grant=2, body=b"other"),
    )

    assert not other.replayed
    assert world.paths() == {"a", "b"}


def test_a_request_that_failed_leaves_its_key_free(world: World) -> None:
    world.folder("a")
    change = CreateFolder(parent=world.home(), name="a")
    with pytest.raises(NameTaken):
        world.publish(world.ann, change, key=key())
    world.do(Trash(item=world.home("a")))

    published = world.publish(world.ann, change, key=key())

    assert not published.replayed
    assert world.paths() == {"a"}


def test_the_answer_to_a_batch_with_everything_in_it_comes_back_whole(world: World) -> None:
    changes = (
        CreateFolder(parent=world.home(), name="a", seen=Seen(inode=1, size=2, mtime_ns=3)),
        Baseline(
            parent=Made(0),
            entries=(BaselineEntry(Kind.FILE, "b", Facts(), Seen(inode=1, size=2, mtime_ns=3)),),
        ),
        Upload(parent=Made(0), name="c", facts=Facts(sha1="aa")),
        Trash(item=Made(2)),
        Delete(item=Made(2)),
        Tell(type="NOTE", classes=ONLY_ALL),
    )
    first = world.publish(world.ann, *changes, key=key())

    again = world.publish(world.ann, *changes, key=key())

    assert (again.applied, again.receipts) == (first.applied, first.receipts)
    assert len(first.applied.made) == 1


# --- acting ---


def test_who_acts_gets_the_last_item_with_all_above_it(world: World) -> None:
    items, lineage = world.commit(
        act(
            world.ann.id,
            (
                CreateFolder(parent=world.home("a"), name="b", parents=True),
                Move(item=Made(0), name="c"),
            ),
            FREELY,
        )
    )

    assert [item.name for item in items if item] == ["b", "c"]
    assert [item.name for item in lineage] == ["All Files", "a", "c"]
    assert lineage[-1] == world.at("a/c")
    assert world.types() == ["item.create", "item.create", "item.rename"]


def test_nothing_is_above_what_is_purged(world: World) -> None:
    file = world.file("a")

    assert world.commit(act(world.ann.id, (Delete(item=by_id(file)),), FREELY)) == ((None,), ())
    assert world.paths() == set()


def test_who_changes_nothing_gets_the_item_too(world: World) -> None:
    file, count = world.file("a"), world.count()

    items, lineage = world.commit(act(world.ann.id, (Move(item=by_id(file), name="a"),), FREELY))

    assert (items[-1], lineage[-1], world.count()) == (file, file, count)


def test_an_action_that_is_refused_leaves_nothing(world: World) -> None:
    changes = (
        CreateFolder(parent=world.home(), name="a"),
        CreateFolder(parent=world.home(), name="a"),
    )

    with pytest.raises(NameTaken):
        world.commit(act(world.ann.id, changes, FREELY))
    with pytest.raises(NotFound):
        world.commit(act(99_999, changes[:1], FREELY))

    assert world.paths() == set()


def test_an_action_says_who_acted_in_whose_name(world: World) -> None:
    terms = Terms(action_by=world.bob.id, ip="192.0.2.1")

    world.commit(act(world.ann.id, (CreateFolder(parent=world.home(), name="a"),), terms))

    event = world.last()
    assert event.action_by is not None
    assert (event.actor.id, event.action_by.id, event.ip) == (
        world.ann.id,
        world.bob.id,
        "192.0.2.1",
    )
