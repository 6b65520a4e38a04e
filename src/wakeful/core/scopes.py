"""Scopes: what a grant or a token allows, by Box's names.

Rule 1: a scope includes others: who may read and write everything may read everything, and who
may read everything may read one file. What is asked for is always looked for in what is
included.

Rule 2: grants have the scopes in `GRANT_SCOPES`. Those of items are for tokens that are
narrower than their grant.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

READ_SCOPE = "root_readonly"
"""Reads files, folders and their events."""

WRITE_SCOPE = "root_readwrite"
"""Reads and publishes."""

ITEM_SCOPE = "item_read"
"""Reads what an item is called, where it is, and what is in a folder."""

DOWNLOAD_SCOPE = "item_download"
"""Reads what is in a file."""

UPLOAD_SCOPE = "item_upload"
"""Uploads files and new versions."""

RENAME_SCOPE = "item_rename"
"""Gives files and folders other names."""

DELETE_SCOPE = "item_delete"
"""Puts files and folders into the trash."""

SHARE_SCOPE = "item_share"
"""Makes shared links."""

CHANGE_SCOPE = "item_readwrite"
"""Makes, moves and copies files and folders, and all of the above."""

USERS_SCOPE = "manage_managed_users"
"""Acts for the users of the enterprise and manages them; of use to admins only."""

ENTERPRISE_SCOPE = "manage_enterprise_properties"
"""Reads the events of the enterprise and manages its apps; of use to admins only."""

ALL_SCOPES = (
    WRITE_SCOPE,
    USERS_SCOPE,
    "manage_groups",
    "manage_webhook",
    ENTERPRISE_SCOPE,
    "manage_data_retention",
)
"""Everything that a grant can allow."""

ADMIN_SCOPES = (USERS_SCOPE, "manage_groups", ENTERPRISE_SCOPE, "manage_data_retention")
"""What only an admin can allow: others have nothing of the kind to give."""

GRANT_SCOPES = (*ALL_SCOPES, READ_SCOPE)
"""What can be asked for a grant: the same, and less."""

_READS_ITEM = (
    "base_explorer",
    "base_picker",
    "base_preview",
    "base_sidebar",
    "item_preview",
    DOWNLOAD_SCOPE,
)
_CHANGES_ITEM = (
    "annotation_edit",
    "annotation_view_all",
    "annotation_view_self",
    "base_upload",
    DELETE_SCOPE,
    CHANGE_SCOPE,
    RENAME_SCOPE,
    SHARE_SCOPE,
    UPLOAD_SCOPE,
)

_INCLUDED: dict[str, frozenset[str]] = {
    **{scope: frozenset({scope}) for scope in (*ALL_SCOPES, *_CHANGES_ITEM, ITEM_SCOPE)},
    **{scope: frozenset({scope, ITEM_SCOPE}) for scope in _READS_ITEM},
    "base_upload": frozenset({"base_upload", UPLOAD_SCOPE}),
    CHANGE_SCOPE: frozenset(
        {CHANGE_SCOPE, DOWNLOAD_SCOPE, ITEM_SCOPE, UPLOAD_SCOPE, RENAME_SCOPE, DELETE_SCOPE}
    ),
    READ_SCOPE: frozenset({READ_SCOPE, ITEM_SCOPE, *_READS_ITEM}),
    WRITE_SCOPE: frozenset({WRITE_SCOPE, READ_SCOPE, ITEM_SCOPE, *_READS_ITEM, *_CHANGES_ITEM}),
}

KNOWN_SCOPES = frozenset(_INCLUDED)
"""Every scope that a token may have."""


def included(scopes: Iterable[str]) -> frozenset[str]:
    """*scopes* with all that they include. A name that is not known is only itself."""
    return _included(tuple(scopes))


@lru_cache(maxsize=1024)
def _included(scopes: tuple[str, ...]) -> frozenset[str]:
    # Many grants have the same: a set for each would be most of what is cached of it.
    found: set[str] = set()
    for scope in scopes:
        found |= _INCLUDED.get(scope, {scope})
    return frozenset(found)


@lru_cache(maxsize=1024)
def narrowed(scopes: frozenset[str], to: frozenset[str]) -> frozenset[str]:
    """Those of *scopes* that are among *to*."""
    return scopes & to
