"""Comments on files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from wakeful.core.items import Comment
from wakeful.core.lookups.trees import CommentById, Comments, CountComments, RepliesTo
from wakeful.core.writes import PutComment, RemoveComment
from wakeful.stores.sqlite.queries import load
from wakeful.stores.sqlite.snapshot import Snapshot
from wakeful.stores.sqlite.transaction import Transaction

Row = tuple[Any, ...]

_sql = load("comments.sql")


def comment(at: Snapshot, lookup: CommentById) -> Comment | None:
    row = at.db.execute(_sql.comment, (lookup.id,)).fetchone()
    return None if row is None else _comment(row)


def comments(at: Snapshot, lookup: Comments) -> tuple[Comment, ...]:
    asked = (lookup.item, lookup.limit, lookup.offset)
    return tuple(map(_comment, at.db.execute(_sql.comments, asked)))


def replies(at: Snapshot, lookup: RepliesTo) -> tuple[Comment, ...]:
    return tuple(map(_comment, at.db.execute(_sql.replies, (lookup.comment,))))


def count(at: Snapshot, lookup: CountComments) -> Mapping[int, int]:
    asked = msgspec.json.encode(lookup.items).decode()
    return dict(at.db.execute(_sql.count_comments, (asked,)))


def put(tx: Transaction, write: PutComment) -> None:
    one = write.comment
    row = (
        one.id,
        one.item,
        one.reply_to,
        one.by,
        one.text,
        one.is_tagged,
        one.created_at,
        one.modified_at,
    )
    tx.db.execute(_sql.put_comment, row)


def remove(tx: Transaction, write: RemoveComment) -> None:
    tx.db.execute(_sql.remove_comment, (write.comment,))


def remove_below(tx: Transaction, item: int) -> None:
    """Remove the comments on *item* and on everything below it."""
    tx.db.execute(_sql.remove_below, (item,))


def _comment(row: Row) -> Comment:
    id, item, reply_to, author, said, is_tagged, *times = row
    return Comment(id, item, reply_to, author, said, bool(is_tagged), *times)
