"""Comments in memory."""

from __future__ import annotations

from collections.abc import Mapping

from wakeful.core.items import Comment
from wakeful.core.lookups.trees import CommentById, Comments, CountComments, RepliesTo
from wakeful.core.writes import PutComment, RemoveComment
from wakeful.stores.memory.undo import Undo


class CommentTable:
    """All comments, by their ids and by the files that they are on."""

    def __init__(self, undo: Undo) -> None:
        self._undo = undo
        self.by_id: dict[int, Comment] = {}
        self._on: dict[int, tuple[int, ...]] = {}  # ids, rising

    def one(self, lookup: CommentById) -> Comment | None:
        return self.by_id.get(lookup.id)

    def page(self, lookup: Comments) -> tuple[Comment, ...]:
        ids = self._on.get(lookup.item, ())
        return tuple(self.by_id[id] for id in ids[lookup.offset : lookup.offset + lookup.limit])

    def replies(self, lookup: RepliesTo) -> tuple[Comment, ...]:
        found = (each for each in self.by_id.values() if each.reply_to == lookup.comment)
        return tuple(sorted(found, key=lambda each: each.id))

    def count(self, lookup: CountComments) -> Mapping[int, int]:
        return {item: len(self._on.get(item, ())) for item in lookup.items}

    def put(self, write: PutComment) -> None:
        comment = write.comment
        if comment.id not in self.by_id:
            ids = sorted({*self._on.get(comment.item, ()), comment.id})
            self._undo.put(self._on, comment.item, tuple(ids))
        self._undo.put(self.by_id, comment.id, comment)

    def remove(self, write: RemoveComment) -> None:
        comment = self.by_id.get(write.comment)
        if comment is None:
            return
        left = tuple(id for id in self._on[comment.item] if id != comment.id)
        self._undo.put(self._on, comment.item, left)
        self._undo.drop(self.by_id, comment.id)

    def forget(self, item: int) -> None:
        """Remove the comments on *item*."""
        for id in self._on.get(item, ()):
            self._undo.drop(self.by_id, id)
        self._undo.drop(self._on, item)
