from __future__ import annotations

import pytest

from tests.box_rules import event_types
from wakeful.core.events import EVERY_CLASS, ONLY_ALL, ItemEvent, MemberEvent
from wakeful.dialects.box.catalogue import ENTERPRISE, IN_EVERY_VIEW, ONLY_IN_ALL
from wakeful.dialects.box.types import (
    CORE_NAMES,
    ENTERPRISE_ONLY,
    TWINS,
    USER_TYPES,
    classes_of,
    enterprise_name,
    stored_types,
    user_name,
)


@pytest.mark.parametrize(
    ("type", "user", "enterprise"),
    [
        ("item.create", "ITEM_CREATE", "UPLOAD"),
        ("item.upload", "ITEM_UPLOAD", "UPLOAD"),
        ("item.rename", "ITEM_RENAME", "RENAME"),
        ("item.move", "ITEM_MOVE", "MOVE"),
        ("item.copy", "ITEM_COPY", "COPY"),
        ("item.trash", "ITEM_TRASH", "DELETE"),
        ("item.restore", "ITEM_UNDELETE_VIA_TRASH", "UNDELETE"),
        ("member.add", "COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT"),
        ("member.remove", "COLLAB_REMOVE_COLLABORATOR", "COLLABORATION_REMOVE"),
        ("ITEM_DOWNLOAD", "ITEM_DOWNLOAD", "DOWNLOAD"),
        ("LOCK_DESTROY", "LOCK_DESTROY", "UNLOCK"),
        ("COMMENT_CREATE", "COMMENT_CREATE", "COMMENT_CREATE"),
        ("UPLOAD", "ITEM_UPLOAD", "UPLOAD"),
        ("SHARE", "ITEM_SHARED_CREATE", "SHARE"),
        ("UNLOCK", "LOCK_DESTROY", "UNLOCK"),
        ("invoice.paid", "invoice.paid", "invoice.paid"),
    ],
)
def test_one_event_has_a_name_in_each_stream(type: str, user: str, enterprise: str) -> None:
    assert (user_name(type), enterprise_name(type)) == (user, enterprise)


def test_every_type_that_the_feed_makes_has_names() -> None:
    assert CORE_NAMES.keys() == {*ItemEvent, *MemberEvent}


def test_what_the_feed_makes_is_in_every_view() -> None:
    for names in CORE_NAMES.values():
        assert classes_of(names.user) == EVERY_CLASS


@pytest.mark.parametrize("type", ["COMMENT_CREATE", "ITEM_PREVIEW", "LOGIN", "invoice.paid"])
def test_what_changes_no_tree_is_in_all_only(type: str) -> None:
    assert classes_of(type) == ONLY_ALL


@pytest.mark.parametrize("type", ["ITEM_UPLOAD", "LOCK_CREATE", "GROUP_ADD_USER", "ITEM_MODIFY"])
def test_what_changes_a_tree_is_in_every_view(type: str) -> None:
    assert classes_of(type) == EVERY_CLASS


def test_the_catalogue_has_all_user_types_that_box_names() -> None:
    # 18 and 15 in the guide; ITEM_MODIFY and ITEM_OPEN were seen on the wire.
    assert (len(IN_EVERY_VIEW), len(ONLY_IN_ALL)) == (18 + 1, 15 + 1)
    assert not IN_EVERY_VIEW & ONLY_IN_ALL


def test_the_catalogue_is_what_the_schema_lists() -> None:
    # The filter of the guide's own list has one name that the schema of an event lacks.
    assert event_types() | {"SHIELD_PREVIEW_BLOCKED"} == USER_TYPES | ENTERPRISE


NO_TWIN = {"MASTER_INVITE_ACCEPT", "MASTER_INVITE_REJECT", "TAG_ITEM_CREATE"}
"""User events that are none of the enterprise's in Box."""


@pytest.mark.parametrize("type", sorted(USER_TYPES))
def test_every_user_event_has_its_twin_in_the_enterprises_stream(type: str) -> None:
    assert (enterprise_name(type) in ENTERPRISE) == (type not in NO_TWIN)
    assert user_name(type) == type


@pytest.mark.parametrize("type", sorted(ENTERPRISE))
def test_every_enterprise_event_is_a_twin_or_stands_alone(type: str) -> None:
    assert (user_name(type) in USER_TYPES) == (type not in ENTERPRISE_ONLY)
    assert enterprise_name(type) == type
    assert classes_of(type) == classes_of(user_name(type))


def test_a_twin_is_named_once_in_the_table() -> None:
    assert TWINS.keys() <= USER_TYPES
    assert set(TWINS.values()) <= ENTERPRISE


@pytest.mark.parametrize(
    ("names", "types"),
    [
        ([], set()),
        (["UPLOAD"], {"item.create", "item.upload", "ITEM_CREATE", "ITEM_UPLOAD", "UPLOAD"}),
        (["ITEM_CREATE"], {"item.create", "ITEM_CREATE"}),
        (["SHARE"], {"SHARE", "ITEM_SHARED", "ITEM_SHARED_CREATE"}),
        (
            ["COLLABORATION_ACCEPT"],
            {"member.add", "COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT"},
        ),
        (["LOGIN", "no.such"], {"LOGIN", "no.such"}),
    ],
)
def test_a_filter_finds_all_that_is_shown_under_a_name(names: list[str], types: set[str]) -> None:
    assert stored_types(names) == types


def test_a_filter_by_every_name_finds_every_type() -> None:
    every = {*CORE_NAMES, *USER_TYPES, *ENTERPRISE}

    for type in every:
        assert type in stored_types([enterprise_name(type)])
    assert stored_types(ENTERPRISE | NO_TWIN) == every
