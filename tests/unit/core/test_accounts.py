"""Enterprises, users, namespaces, members, grants and tokens."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.model.world import World, by_id, snapshot
from wakeful.core.accounts import (
    HOME_NAME,
    add_member,
    create_enterprise,
    create_grant,
    create_namespace,
    create_token,
    create_user,
    digest_of,
    new_token,
    remove_member,
    revoke_grant,
    revoke_token,
    update_user,
)
from wakeful.core.changes import ById, Delete, Trash
from wakeful.core.errors import Conflict, InvalidName, InvalidRequest, NotFound
from wakeful.core.events import Person, StreamClass, said
from wakeful.core.lookups.credentials import Grants, TokenByDigest, Tokens
from wakeful.core.lookups.people import (
    Enterprises,
    Members,
    MembershipsOf,
    NamespaceById,
    UserByLogin,
    Users,
)
from wakeful.core.people import Role
from wakeful.core.writes import PutItems, Steps


@pytest.fixture
def world() -> World:
    return World()


def mounts(world: World, home: int) -> dict[str, int]:
    """What a home's journal shows of mounts: namespace by key."""
    return {row.path: row.mount for row in world.journal(home) if row.mount is not None}


# --- users ---


def test_a_user_has_a_home_of_their_own(world: World) -> None:
    home = world.ask(NamespaceById(world.ann.home))

    assert home is not None
    assert (home.owner, home.is_home) == (world.ann.id, True)
    assert world.root(world.ann.home).name == HOME_NAME
    assert [(m.user, m.role, m.mount_key) for m in world.ask(Members(home.id))] == [
        (world.ann.id, Role.OWNER, "")
    ]
    assert world.ask(Users(world.enterprise)) == (world.ann, world.bob, world.eve)


def test_a_user_without_a_name_is_called_by_their_login(world: World) -> None:
    user = world.commit(create_user(world.enterprise, "  zoe  ", is_admin=True))

    assert (user.login, user.name, user.is_admin) == ("zoe", "zoe", True)


@pytest.mark.parametrize("login", ["ann", "ANN", " Ann "])
def test_a_login_is_taken_whatever_its_case(world: World, login: str) -> None:
    with pytest.raises(Conflict, match="taken"):
        world.commit(create_user(world.enterprise, login))

    assert world.ask(UserByLogin(login.strip())) == world.ann


@pytest.mark.parametrize("login", ["", "  ", "two words", "tab\ttab", "x" * 255])
def test_a_login_is_one_word_of_a_certain_length(world: World, login: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.commit(create_user(world.enterprise, login))

    assert caught.value.field == "login"


def test_a_user_belongs_to_an_enterprise_that_exists(world: World) -> None:
    with pytest.raises(NotFound):
        world.commit(create_user(999_999, "zoe"))

    assert [each.name for each in world.ask(Enterprises())] == ["Acme"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb"])
def test_an_enterprise_has_a_name_that_is_one_short_line(world: World, name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        world.commit(create_enterprise(name))

    assert caught.value.field == "name"


# --- namespaces and members ---


def test_a_shared_namespace_is_mounted_in_the_home_of_its_owner(world: World) -> None:
    team = world.commit(create_namespace(world.ann.id, "Team"))

    assert (team.owner, team.is_home) == (world.ann.id, False)
    assert mounts(world, world.ann.home) == {"team": team.id}
    assert world.types() == []


@pytest.mark.parametrize("name", ["", "a/b", ".."])
def test_a_namespace_has_a_name_that_an_item_can_have(world: World, name: str) -> None:
    with pytest.raises(InvalidName):
        world.commit(create_namespace(world.ann.id, name))


def test_a_namespace_has_an_owner_who_exists(world: World) -> None:
    with pytest.raises(NotFound):
        world.commit(create_namespace(999_999, "Team"))


def test_who_joins_is_told_and_so_is_everybody_in_it(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    before = world.count(world.ann)

    world.commit(add_member(team, world.eve.id, Role.VIEWER, by=world.bob.id))

    for user in (world.ann, world.bob, world.eve):
        event = world.last(user)
        assert (event.type, event.actor.login, event.namespace) == ("member.add", "bob", team)
        assert event.accessible_by == Person(world.eve.id, "Eve", "eve")
        assert said(event.details) == {"role": "viewer"}
        assert snapshot(event).name == "Team"
    assert world.count(world.ann) == before + 1
    assert mounts(world, world.eve.home) == {"team": team}


def test_a_change_of_membership_is_seen_in_every_class(world: World) -> None:
    world.shared(world.ann, "Team", bob=Role.EDITOR)

    for cls in StreamClass:
        assert [event.type for event in world.events(world.bob, cls)] == ["member.add"]


def test_the_owner_is_the_actor_where_nobody_is_named(world: World) -> None:
    world.shared(world.ann, "Team", bob=Role.EDITOR)

    assert world.last(world.bob).actor.login == "ann"


def test_a_mount_gives_way_to_what_has_its_name_in_the_home(world: World) -> None:
    folder = world.folder("TEAM")

    team = world.shared(world.ann, "Team")

    assert mounts(world, world.ann.home) == {"team (case conflict)": team}
    assert world.live() == {"team": folder.id}
    memberships = {m.namespace: m.mount_key for m in world.ask(MembershipsOf(world.ann.id))}
    assert memberships == {world.ann.home: "", team: "team (case conflict)"}


def test_a_new_role_is_no_new_membership(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    number, events = world.journal_head(world.bob.home), world.count(world.bob)

    member = world.commit(add_member(team, world.bob.id, Role.VIEWER))

    assert member.role is Role.VIEWER
    assert [m.role for m in world.ask(Members(team))] == [Role.OWNER, Role.VIEWER]
    assert world.journal_head(world.bob.home) == number
    assert world.count(world.bob) == events + 1


def test_who_gets_another_role_is_told_and_so_is_everybody_in_it(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR, eve=Role.EDITOR)

    world.commit(add_member(team, world.bob.id, Role.VIEWER))

    for user in (world.ann, world.bob, world.eve):
        event = world.last(user)
        assert (event.type, event.actor.login) == ("member.role", "ann")
        assert event.accessible_by == Person(world.bob.id, "Bob", "bob")
        assert said(event.details) == {"role": "viewer", "previous_role": "editor"}
        assert snapshot(event).name == "Team"


def test_the_same_role_again_is_told_to_nobody(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    before = world.page(world.enterprise).state.last

    member = world.commit(add_member(team, world.bob.id, Role.EDITOR))

    assert member.role is Role.EDITOR
    assert world.page(world.enterprise).state.last == before


def test_who_leaves_is_told_and_sees_no_more(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR, eve=Role.EDITOR)

    world.commit(remove_member(team, world.bob.id, by=world.bob.id))
    world.file("after.txt", namespace=team)

    event = world.last(world.bob)
    assert (event.type, said(event.details)) == ("member.remove", {"role": "editor"})
    assert event.accessible_by == Person(world.bob.id, "Bob", "bob")
    assert world.types(world.ann)[-2:] == world.types(world.eve)[-2:]
    assert world.types(world.ann)[-2:] == ["member.remove", "item.upload"]
    assert mounts(world, world.bob.home) == {}
    assert [(row.path, row.item) for row in world.journal(world.bob.home)] == [("team", None)]


def test_who_comes_back_has_the_mount_again(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)
    world.commit(remove_member(team, world.bob.id))

    world.commit(add_member(team, world.bob.id, Role.VIEWER))

    assert mounts(world, world.bob.home) == {"team": team}
    assert world.types(world.bob) == ["member.add", "member.remove", "member.add"]


def test_a_namespace_has_one_owner_who_stays(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.EDITOR)

    for command in (
        add_member(team, world.ann.id, Role.VIEWER),
        add_member(team, world.bob.id, Role.OWNER),
        add_member(team, world.eve.id, Role.OWNER),
    ):
        with pytest.raises(Conflict, match="one owner"):
            world.commit(command)
    with pytest.raises(Conflict, match="one owner"):
        world.commit(remove_member(team, world.ann.id))

    assert {m.user: m.role for m in world.ask(Members(team))} == {
        world.ann.id: Role.OWNER,
        world.bob.id: Role.EDITOR,
    }


def test_a_home_is_not_shared(world: World) -> None:
    with pytest.raises(Conflict, match="a home has one member"):
        world.commit(add_member(world.ann.home, world.bob.id, Role.EDITOR))
    with pytest.raises(Conflict, match="a home has one member"):
        world.commit(remove_member(world.ann.home, world.bob.id))


def test_members_are_users_of_the_enterprise(world: World) -> None:
    team = world.shared(world.ann, "Team")
    others = world.commit(create_enterprise("Other"))
    stranger = world.commit(create_user(others.id, "stranger"))

    for namespace, user in ((team, stranger.id), (team, 999_999), (999_999, world.bob.id)):
        with pytest.raises(NotFound):
            world.commit(add_member(namespace, user, Role.VIEWER))
    with pytest.raises(NotFound, match="is no member"):
        world.commit(remove_member(team, world.bob.id))
    with pytest.raises(NotFound, match="no user"):
        world.commit(add_member(team, world.bob.id, Role.VIEWER, by=999_999))

    assert [m.user for m in world.ask(Members(team))] == [world.ann.id]


def test_what_somebody_made_remembers_them_when_they_are_gone(world: World) -> None:
    """A user's record can be missing: then at least their id is told."""
    file = world.file("a.txt")

    def orphan(_now: int) -> Steps[None]:
        yield PutItems((replace(file, created_by=999_999),))

    world.commit(orphan)
    world.do(Trash(item=by_id(file)))

    assert snapshot(world.last()).created_by == Person(999_999, "", "")


# --- grants and tokens ---


def test_a_token_is_kept_by_its_digest_under_its_grant(world: World) -> None:
    grant = world.commit(create_grant(world.ann.id, "app", ("root_readwrite",)))
    text = new_token()

    token = world.commit(create_token(grant.id, digest_of(text), label="cli", lifetime=5_000))

    assert world.ask(TokenByDigest(digest_of(text))) == token
    assert world.ask(Tokens(world.enterprise)) == (token,)
    assert world.ask(Grants(world.ann.id)) == (grant,)
    assert (token.grant, token.label) == (grant.id, "cli")
    assert token.expires_at == token.created_at + 5_000
    assert text.encode() not in token.digest


def test_tokens_are_long_and_never_the_same() -> None:
    texts = {new_token() for _ in range(100)}

    assert len(texts) == 100
    assert all(len(text) == 32 for text in texts)


def test_grants_are_for_users_and_tokens_for_living_grants(world: World) -> None:
    grant = world.commit(create_grant(world.ann.id, "app", ()))
    world.commit(revoke_grant(grant.id))

    with pytest.raises(NotFound):
        world.commit(create_grant(999_999, "app", ()))
    for dead in (grant.id, 999_999):
        with pytest.raises(NotFound):
            world.commit(create_token(dead, digest_of("x")))


def test_what_is_revoked_keeps_the_time_at_which_it_was(world: World) -> None:
    grant = world.commit(create_grant(world.ann.id, "app", ()))
    token = world.commit(create_token(grant.id, digest_of("x")))

    revoked = world.commit(revoke_token(token.id))
    revoked_grant = world.commit(revoke_grant(grant.id))

    assert [each.revoked_at is None for each in revoked.tokens] == [False]
    assert revoked.grant == revoked_grant
    assert revoked_grant.revoked_at is not None
    assert world.commit(revoke_token(token.id)) == revoked
    assert world.commit(revoke_grant(grant.id)) == revoked_grant
    for command in (revoke_token(999_999), revoke_grant(999_999)):
        with pytest.raises(NotFound):
            world.commit(command)


def test_a_grant_lives_while_one_of_its_tokens_could_be_used(world: World) -> None:
    grant = world.commit(create_grant(world.ann.id, "app", ()))
    tokens = [
        world.commit(create_token(grant.id, digest_of(text), lifetime=lifetime))
        for text, lifetime in (("a", None), ("b", None), ("expired", 0))
    ]

    first = world.commit(revoke_token(tokens[0].id))
    second = world.commit(revoke_token(tokens[1].id))

    assert first.grant is None
    assert second.grant is not None
    assert world.ask(Grants(world.ann.id))[-1].revoked_at == second.grant.revoked_at


# --- changes of users ---


def test_only_what_is_given_changes(world: World) -> None:
    admin = world.commit(update_user(world.bob.id, is_admin=True))
    renamed = world.commit(update_user(world.bob.id, name="Robert"))
    nameless = world.commit(update_user(world.bob.id, name="", is_admin=False))

    assert admin == replace(world.bob, is_admin=True)
    assert renamed == replace(admin, name="Robert")
    assert nameless == replace(world.bob, name="bob")


def test_a_user_is_disabled_since_the_first_time_and_enabled_again(world: World) -> None:
    disabled = world.commit(update_user(world.bob.id, is_disabled=True))
    again = world.commit(update_user(world.bob.id, is_disabled=True))
    enabled = world.commit(update_user(world.bob.id, is_disabled=False))

    assert disabled.disabled_at is not None
    assert again == disabled
    assert enabled == world.bob


def test_a_service_account_has_the_rights_of_its_app(world: World) -> None:
    service = world.commit(create_user(world.enterprise, "service", is_admin=True, app=999))

    assert world.commit(update_user(service.id, name="Robot")).name == "Robot"
    for command in (
        update_user(service.id, is_admin=False),
        update_user(service.id, is_disabled=True),
    ):
        with pytest.raises(Conflict, match="app"):
            world.commit(command)
    with pytest.raises(NotFound):
        world.commit(update_user(999_999, name="x"))


def test_the_root_of_a_shared_namespace_is_no_item_to_delete(world: World) -> None:
    team = world.shared(world.ann, "Team")

    with pytest.raises(Conflict):
        world.publish(world.ann, Delete(item=ById(world.root(team).id)))
