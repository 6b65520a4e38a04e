"""What each role may do."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id
from wakeful.core.changes import (
    Annotate,
    Change,
    Copy,
    CreateFolder,
    Delete,
    Facts,
    Move,
    NewVersion,
    Noted,
    Restore,
    Tell,
    Trash,
    Upload,
)
from wakeful.core.errors import Forbidden
from wakeful.core.events import EVERY_CLASS
from wakeful.core.people import Role
from wakeful.core.roles import RIGHTS, Right, check_right

ADDS = {
    Role.OWNER,
    Role.CO_OWNER,
    Role.EDITOR,
    Role.VIEWER_UPLOADER,
    Role.PREVIEWER_UPLOADER,
    Role.UPLOADER,
}
EDITS = {Role.OWNER, Role.CO_OWNER, Role.EDITOR}
READS = {*EDITS, Role.VIEWER_UPLOADER, Role.VIEWER}


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("role", list(Role))
def test_every_role_has_its_rights(role: Role) -> None:
    for right in Right:
        if right in RIGHTS[role]:
            check_right(role, right)
        else:
            with pytest.raises(Forbidden, match=role.value):
                check_right(role, right)


def test_the_rights_are_those_of_box() -> None:
    by_right = {right: {role for role in Role if right in RIGHTS[role]} for right in Right}

    assert by_right == {
        Right.DOWNLOAD: READS,
        Right.LINK: READS,
        Right.UPLOAD: ADDS,
        Right.EDIT: EDITS,
        Right.INVITE: EDITS,
        Right.COMMENT: set(Role) - {Role.UPLOADER},
        Right.MANAGE: {Role.OWNER, Role.CO_OWNER},
    }


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_the_rules_ask_for_the_right_of_each_change(world: World, role: Role) -> None:
    team = world.shared(world.ann, "Team", bob=role)
    root = by_id(world.root(team))
    file, other = (world.file(name, namespace=team) for name in ("a.txt", "b.txt"))
    gone = world.file("gone.txt", namespace=team)
    world.do(Trash(item=by_id(gone)))
    mine = by_id(world.root(world.bob.home))
    changes: list[tuple[Change, set[Role]]] = [
        (CreateFolder(parent=root, name=f"folder of {role}"), ADDS),
        (Upload(parent=root, name="new.txt", facts=Facts(size=1)), ADDS),
        (Upload(parent=root, name="a.txt", facts=Facts(size=2)), EDITS),
        (NewVersion(item=by_id(file), facts=Facts(size=2)), EDITS),
        (Move(item=by_id(file), name="c.txt"), EDITS),
        (Copy(item=by_id(other), parent=mine), READS),
        (Copy(item=by_id(other), parent=root, name="copy.txt"), READS & ADDS),
        (Restore(item=by_id(gone)), EDITS),
        (Annotate(item=by_id(file), types=TYPES, description="x"), EDITS),
        (Tell(type="ITEM_MODIFY", classes=EVERY_CLASS, item=by_id(file)), EDITS),
        (Trash(item=by_id(other)), EDITS),
        (Delete(item=by_id(other)), EDITS),
    ]

    for change, roles in changes:
        if role in roles:
            world.publish(world.bob, change)
        else:
            with pytest.raises(Forbidden):
                world.publish(world.bob, change)


TYPES = {Noted.DESCRIBED: ("ITEM_MODIFY", EVERY_CLASS)}
