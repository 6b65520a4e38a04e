"""How much a user's own namespaces may hold."""

from __future__ import annotations

import pytest

from tests.model.world import World
from wakeful.core.accounts import create_user, update_user
from wakeful.core.changes import (
    ById,
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
from wakeful.core.errors import InvalidRequest, QuotaExceeded
from wakeful.core.items import Seen
from wakeful.core.lookups.trees import Space, SpaceOf, SpaceUsed
from wakeful.core.people import Role, User
from wakeful.core.publish import Published
from wakeful.core.quotas import GREATEST, WITHOUT_LIMIT, Usage, usage
from wakeful.core.terms import Terms

TEN = Terms(quota=10)


@pytest.fixture
def world() -> World:
    return World()


def act(world: World, *changes: Change, terms: Terms = TEN, actor: User | None = None) -> Published:
    return world.publish(actor or world.ann, *changes, terms=terms)


def upload(world: World, name: str, size: int, namespace: int | None = None) -> Upload:
    place = ByPath(namespace or world.ann.home, ())
    return Upload(parent=place, name=name, facts=Facts(size=size))


def refused(world: World, *changes: Change, terms: Terms = TEN, actor: User | None = None) -> None:
    """*changes* are more than there is room for, and nothing of them happens."""
    paths, events, spaces = world.paths(), world.count(), world.ask(SpaceOf((world.ann.id,)))
    with pytest.raises(QuotaExceeded):
        act(world, *changes, terms=terms, actor=actor)
    assert (world.paths(), world.count()) == (paths, events)
    assert world.ask(SpaceOf((world.ann.id,))) == spaces


def set_quota(world: World, quota: int | None) -> None:
    world.commit(update_user(world.ann.id, quota=quota))


def test_what_just_fits_is_taken_and_a_byte_more_is_not(world: World) -> None:
    act(world, upload(world, "a", 4))

    refused(world, upload(world, "b", 7))

    act(world, upload(world, "b", 6))
    refused(world, upload(world, "c", 1))


def test_what_adds_nothing_is_taken_however_much_there_is(world: World) -> None:
    item = world.file("a", size=100)

    act(world, upload(world, "empty", 0))
    act(world, CreateFolder(parent=world.home(), name="f"))
    act(world, Move(item=world.home("a"), name="b"))
    act(world, NewVersion(item=world.home("b"), facts=Facts(size=100)))
    act(world, NewVersion(item=world.home("b"), facts=Facts(size=99)))
    assert world.item(item.id).size == 99


def test_a_new_version_counts_by_what_it_is_larger(world: World) -> None:
    world.file("a", size=8)

    refused(world, NewVersion(item=world.home("a"), facts=Facts(size=11)))
    refused(world, upload(world, "a", 11))
    act(world, NewVersion(item=world.home("a"), facts=Facts(size=10)))


def test_the_trash_counts_until_it_is_emptied(world: World) -> None:
    item = world.file("a", size=10)
    act(world, Trash(item=world.home("a")))
    refused(world, upload(world, "b", 1))

    restored = act(world, Restore(item=ById(item.id)))
    assert restored.applied.items[0] is not None

    act(world, Delete(item=ById(item.id)), upload(world, "b", 10))
    refused(world, upload(world, "c", 1))


def test_a_copy_counts_with_all_that_is_in_it(world: World) -> None:
    world.file("f/a", size=2)
    world.file("f/g/b", size=3)
    world.do(Trash(item=world.home("f/g/b")))
    copy = Copy(item=world.home("f"), parent=world.home(), name="copy")

    # Five bytes are there, the one in the trash with them; of the copy it is no part.
    refused(world, copy, terms=Terms(quota=6))
    act(world, copy, terms=Terms(quota=7))


def test_a_batch_is_all_or_none(world: World) -> None:
    refused(world, upload(world, "a", 5), upload(world, "b", 6))

    with pytest.raises(QuotaExceeded) as raised:
        act(world, upload(world, "a", 5), upload(world, "b", 6))
    assert raised.value.change == 1


def test_it_counts_for_the_owner_whoever_uploads(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    world.file("mine", size=6)

    refused(world, upload(world, "his", 5, team), actor=world.bob)
    act(world, upload(world, "his", 4, team), actor=world.bob)

    act(world, upload(world, "own", 10, world.bob.home), actor=world.bob)


def test_what_moves_to_another_owner_counts_there_with_all_below_it(world: World) -> None:
    team = world.shared(world.bob, "Team", ann=Role.EDITOR)
    world.file("f/a", size=4)
    world.file("f/b", size=4)
    world.file("theirs", size=3, namespace=team)
    move = Move(item=world.home("f"), parent=ByPath(team, ()))

    refused(world, move)

    world.commit(update_user(world.bob.id, quota=11))
    act(world, move)
    assert world.ask(SpaceUsed(team)) == 11


def test_what_moves_between_namespaces_of_one_owner_adds_nothing(world: World) -> None:
    team = world.shared(world.ann, "Team")
    world.file("a", size=100)

    act(world, Move(item=world.home("a"), parent=ByPath(team, ())))

    assert world.ask(SpaceUsed(team)) == 100


def test_a_quota_of_their_own_goes_before_that_of_the_server(world: World) -> None:
    set_quota(world, 3)
    refused(world, upload(world, "a", 4))

    set_quota(world, 0)
    act(world, upload(world, "a", 4_000))

    set_quota(world, None)
    refused(world, upload(world, "b", 1))


def test_without_a_quota_there_is_no_limit(world: World) -> None:
    act(world, upload(world, "a", 2**52), terms=Terms(quota=0))


def test_producers_tell_of_what_is_there_whatever_the_quota(world: World) -> None:
    set_quota(world, 3)

    act(world, upload(world, "a", 4), terms=Terms())
    act(world, Move(item=world.home("a"), parent=shared_root(world)), terms=Terms())


def shared_root(world: World) -> ByPath:
    return ByPath(world.shared(world.bob, "Team", ann=Role.EDITOR), ())


def test_what_lies_in_a_watched_folder_counts_for_no_quota(world: World) -> None:
    team = world.shared(world.ann, "Team")
    world.file("a", size=100, namespace=team)
    terms = Terms(quota=10, watched=frozenset({team}))

    act(world, upload(world, "b", 10), terms=terms)
    refused(world, upload(world, "c", 1), terms=terms)


def test_in_a_watched_folder_the_disk_is_the_limit(world: World) -> None:
    team = world.shared(world.ann, "Team")
    watched = frozenset({team})
    terms = Terms(quota=10, watched=watched, done=watched)
    seen = Seen(1, 11, 1)
    large = Upload(parent=ByPath(team, ()), name="large", facts=Facts(size=11), seen=seen)

    act(world, large, terms=terms)
    refused(world, upload(world, "b", 11), terms=terms)


@pytest.mark.parametrize("quota", [-1, GREATEST + 1])
def test_a_quota_that_nobody_can_have_is_refused(world: World, quota: int) -> None:
    with pytest.raises(InvalidRequest):
        set_quota(world, quota)
    with pytest.raises(InvalidRequest):
        world.commit(create_user(world.enterprise, "new", quota=quota))


def test_a_user_is_made_with_a_quota_and_keeps_it(world: World) -> None:
    new = world.commit(create_user(world.enterprise, "new", quota=7))
    assert new.quota == 7

    assert world.commit(update_user(new.id, name="New")).quota == 7
    assert world.commit(update_user(new.id, quota=None)).quota is None


# --- what is told ---


@pytest.mark.parametrize(
    ("quota", "default", "told"),
    [
        pytest.param(None, 0, Usage(12, WITHOUT_LIMIT), id="no limit"),
        pytest.param(None, 20, Usage(12, 20 + 5), id="the server's"),
        pytest.param(0, 20, Usage(12, WITHOUT_LIMIT), id="none for them"),
        pytest.param(3, 20, Usage(12, 3 + 5), id="their own"),
    ],
)
def test_what_is_told_has_watched_folders_in_both_numbers(
    world: World, quota: int | None, default: int, told: Usage
) -> None:
    user = world.commit(update_user(world.ann.id, quota=quota))
    spaces = (Space(user.id, 1, 7), Space(user.id, 2, 5), Space(world.bob.id, 3, 900))

    assert usage(user, spaces, default, {2}) == told


def test_who_has_more_than_can_be_told_has_all_that_they_may(world: World) -> None:
    used = WITHOUT_LIMIT + 5

    assert usage(world.ann, (Space(world.ann.id, 1, used),), 0, set()) == Usage(used, used)
