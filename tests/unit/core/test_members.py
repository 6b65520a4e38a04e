"""What members do about members: they invite, give roles, hand over, and leave."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core.errors import (
    AlreadyMember,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
)
from wakeful.core.events import Person, said
from wakeful.core.lookups.people import MemberById, Members, MembershipsOf, NamespaceById
from wakeful.core.members import find_member, invite, part, regrade
from wakeful.core.people import Member, Role, User
from wakeful.core.terms import Terms


@pytest.fixture
def world() -> World:
    return World()


def member(world: World, namespace: int, user: User) -> Member:
    (found,) = (each for each in world.ask(Members(namespace)) if each.user == user.id)
    return found


def roles(world: World, namespace: int) -> dict[int, Role]:
    return {each.user: each.role for each in world.ask(Members(namespace))}


def change(world: World, member: Member, role: Role, by: User, terms: Terms | None = None) -> None:
    world.acting(lambda batch: regrade(batch, member, role), by, terms or Terms())


def end(world: World, member: Member, by: User) -> None:
    world.acting(lambda batch: part(batch, member), by)


def test_who_is_invited_is_in_it_and_everybody_is_told_once(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    terms = Terms(ip="192.0.2.7", action_by=world.ann.id)

    folder = by_id(world.root(team))
    world.acting(
        lambda batch: invite(batch, folder, world.eve, Role.VIEWER_UPLOADER), world.bob, terms
    )

    found = member(world, team, world.eve)
    assert (found.role, found.invited_by) == (Role.VIEWER_UPLOADER, world.bob.id)
    assert found.created_at == found.modified_at
    assert world.ask(MemberById(found.id)) == found
    for user in (world.ann, world.bob, world.eve):
        event = world.last(user)
        assert (event.type, event.actor.login, event.ip) == ("member.add", "bob", "192.0.2.7")
        assert event.action_by == Person(world.ann.id, "Ann", "ann")
        assert event.accessible_by == Person(world.eve.id, "Eve", "eve")
        assert said(event.details) == {"role": "viewer uploader"}
    assert world.types(world.eve) == ["member.add"]


@pytest.mark.parametrize(
    ("actor", "role", "error"),
    [
        pytest.param("bob", Role.CO_OWNER, Forbidden, id="an editor makes no co-owner"),
        pytest.param("bob", Role.OWNER, InvalidRequest, id="nobody comes in as the owner"),
        pytest.param("dan", Role.EDITOR, Forbidden, id="a viewer lets nobody in"),
        pytest.param("eve", Role.EDITOR, NotFound, id="a stranger knows of nothing"),
    ],
)
def test_who_may_not_invite_is_refused(
    world: World, actor: str, role: Role, error: type[Exception]
) -> None:
    dan = world.user("dan")
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    world.share(by_id(world.root(team)), dan, Role.VIEWER)
    before = roles(world, team)
    by = {"bob": world.bob, "dan": dan, "eve": world.eve}[actor]

    with pytest.raises(error):
        world.share(by_id(world.root(team)), world.eve, role, by=by)

    assert roles(world, team) == before


def test_nobody_is_let_in_twice_and_nobody_into_a_file(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    file = world.file("a.txt", namespace=team)

    for user in (world.bob, world.ann):
        with pytest.raises(AlreadyMember, match="already"):
            world.share(by_id(world.root(team)), user)
    with pytest.raises(InvalidRequest, match="files"):
        world.share(by_id(file), world.eve)


def test_a_co_owner_decides_on_everybody_but_the_owner(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.CO_OWNER)

    world.share(by_id(world.root(team)), world.eve, Role.CO_OWNER, by=world.bob)
    change(world, member(world, team, world.eve), Role.UPLOADER, world.bob)

    assert roles(world, team)[world.eve.id] is Role.UPLOADER
    assert said(world.last(world.eve).details) == {"role": "uploader", "previous_role": "co-owner"}
    end(world, member(world, team, world.eve), world.bob)
    assert set(roles(world, team)) == {world.ann.id, world.bob.id}
    with pytest.raises(Conflict, match="one owner"):
        end(world, member(world, team, world.ann), world.bob)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER, Role.UPLOADER])
def test_others_may_only_leave(world: World, role: Role) -> None:
    team = world.shared(world.ann, "Team", bob=role, eve=Role.EDITOR)
    mine, hers = member(world, team, world.bob), member(world, team, world.eve)

    with pytest.raises(Forbidden):
        change(world, mine, Role.CO_OWNER, world.bob)
    with pytest.raises(Forbidden):
        change(world, hers, Role.VIEWER, world.bob)
    with pytest.raises(Forbidden):
        end(world, hers, world.bob)
    end(world, mine, world.bob)

    assert [each.namespace for each in world.ask(MembershipsOf(world.bob.id))] == [world.bob.home]
    assert world.last(world.bob).type == "member.remove"
    assert world.last(world.bob).actor.login == "bob"
    assert world.ask(MemberById(mine.id)) is None


def test_an_owner_hands_over_and_becomes_a_co_owner(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER, eve=Role.EDITOR)
    before = {user.login: world.count(user) for user in (world.ann, world.bob, world.eve)}

    change(world, member(world, team, world.bob), Role.OWNER, world.ann)

    assert roles(world, team) == {
        world.ann.id: Role.CO_OWNER,
        world.bob.id: Role.OWNER,
        world.eve.id: Role.EDITOR,
    }
    found = world.ask(NamespaceById(team))
    assert found is not None
    assert found.owner == world.bob.id
    for user in (world.ann, world.bob, world.eve):
        assert world.count(user) == before[user.login] + 2
        given, taken = world.events(user)[-2:]
        assert said(given.details) == {"role": "owner", "previous_role": "viewer"}
        assert said(taken.details) == {"role": "co-owner", "previous_role": "owner"}
        assert snapshot(given).owned_by.login == "bob"


def test_only_the_owner_hands_over_and_a_watched_folder_stays_whose_it_is(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.CO_OWNER, eve=Role.EDITOR)
    eve, ann = member(world, team, world.eve), member(world, team, world.ann)

    with pytest.raises(Forbidden, match="only the owner"):
        change(world, eve, Role.OWNER, world.bob)
    with pytest.raises(Forbidden, match="watched"):
        change(world, eve, Role.OWNER, world.ann, Terms(frozenset({team})))
    number = world.count(world.eve)
    change(world, ann, Role.OWNER, world.ann)

    assert world.count(world.eve) == number
    assert roles(world, team)[world.ann.id] is Role.OWNER


def test_nobody_becomes_the_owner_of_more_than_they_may_hold(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    world.file("a.txt", size=5, namespace=team)
    bob = member(world, team, world.bob)

    with pytest.raises(QuotaExceeded):
        change(world, bob, Role.OWNER, world.ann, Terms(quota=4))
    before = roles(world, team)
    change(world, bob, Role.OWNER, world.ann, Terms(quota=5))

    assert before[world.bob.id] is Role.EDITOR
    assert roles(world, team)[world.bob.id] is Role.OWNER


def test_a_membership_is_found_by_who_shares_it_and_that_of_an_owner_by_nobody(
    world: World,
) -> None:
    team = world.shared(world.ann, "Team", bob=Role.VIEWER)
    found = member(world, team, world.bob)

    def find(id: int, user: User) -> Callable[[], Member]:
        return lambda: world.acting(lambda batch: find_member(batch, id), user)

    assert find(found.id, world.ann)() == find(found.id, world.bob)() == found
    for id, user in (
        (found.id, world.eve),
        (member(world, team, world.ann).id, world.ann),
        (member(world, world.ann.home, world.ann).id, world.ann),
        (999_999, world.ann),
    ):
        with pytest.raises(NotFound, match="no such item"):
            find(id, user)()
