from __future__ import annotations

import pytest

from wakeful.core.events import EVERY_CLASS, ONLY_ALL, ItemEvent, MemberEvent
from wakeful.dialects.box.types import (
    CORE_NAMES,
    IN_EVERY_VIEW,
    ONLY_IN_ALL,
    TWINS,
    classes_of,
    enterprise_name,
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
    assert TWINS.keys() <= IN_EVERY_VIEW | ONLY_IN_ALL
