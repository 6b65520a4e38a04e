"""What a scope allows."""

from __future__ import annotations

import pytest

from wakeful.core.scopes import (
    ALL_SCOPES,
    DOWNLOAD_SCOPE,
    GRANT_SCOPES,
    ITEM_SCOPE,
    KNOWN_SCOPES,
    READ_SCOPE,
    WRITE_SCOPE,
    included,
)


def test_who_may_write_may_read_and_not_the_other_way_round() -> None:
    assert {WRITE_SCOPE, READ_SCOPE, ITEM_SCOPE, DOWNLOAD_SCOPE} <= included((WRITE_SCOPE,))
    assert {READ_SCOPE, ITEM_SCOPE, DOWNLOAD_SCOPE} <= included((READ_SCOPE,))
    assert WRITE_SCOPE not in included((READ_SCOPE,))
    assert READ_SCOPE not in included(("item_readwrite",))


@pytest.mark.parametrize(
    ("scope", "reads_item", "reads_content"),
    [
        ("item_read", True, False),
        ("item_preview", True, False),
        ("base_explorer", True, False),
        ("item_download", True, True),
        ("item_readwrite", True, True),
        ("item_upload", False, False),
        ("manage_webhook", False, False),
    ],
)
def test_scopes_of_items_read_items_or_what_is_in_them(
    scope: str, reads_item: bool, reads_content: bool
) -> None:
    found = included((scope,))

    assert (ITEM_SCOPE in found, DOWNLOAD_SCOPE in found) == (reads_item, reads_content)


def test_every_scope_is_in_what_some_grant_can_have() -> None:
    assert included(GRANT_SCOPES) == KNOWN_SCOPES
    assert set(GRANT_SCOPES) - set(ALL_SCOPES) == {READ_SCOPE}


def test_a_name_that_is_not_known_is_only_itself() -> None:
    assert included(("everything",)) == {"everything"}
