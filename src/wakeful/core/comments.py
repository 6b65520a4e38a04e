"""Comments on files: said, changed, and taken back.

Rule 1: a comment is about a file and changes nothing of it: neither its revision nor its place. It
goes with the file when that is removed for good, and is seen by whoever sees the file. Whether the
folder is watched makes no difference.

Rule 2: whoever wrote a comment changes it. They, and who decides on the members, take it back, and
with it what was said in reply to it.

Rule 3: what is said, changed and taken back is told of the file, with the text, under the types
that the caller brings.
"""

from __future__ import annotations

from msgspec.structs import replace

from wakeful.core.batch import Batch
from wakeful.core.census import NOT_THERE
from wakeful.core.changes import ById, Circle, Ref, Tell
from wakeful.core.errors import Forbidden, InvalidRequest, NotFound
from wakeful.core.finding import check_active
from wakeful.core.items import Comment
from wakeful.core.lookups import NewIds
from wakeful.core.lookups.trees import CommentById, RepliesTo
from wakeful.core.roles import RIGHTS, Right
from wakeful.core.telling import tell
from wakeful.core.writes import PutComment, RemoveComment, Steps

LONGEST = 10_000
"""Characters of a comment."""

Told = tuple[str, int, Circle]
"""The type, the classes and the circle of an event."""


def check_text(text: str) -> str:
    """Return *text* if it can be said, else raise InvalidRequest."""
    if not text.strip() or len(text) > LONGEST:
        raise InvalidRequest(f"a comment has 1 to {LONGEST} characters", field="message")
    return text


def comment(batch: Batch, file: Ref, text: str, told: Told, *, is_tagged: bool) -> Steps[Comment]:
    """Say *text* about a file. Raises NotFound, Forbidden, and InvalidRequest for a folder."""
    item = (yield from batch.finder.noted(file, Right.COMMENT))[-1]
    if item.is_folder:
        raise InvalidRequest("a comment is on a file", field="item")
    return (yield from _say(batch, item.id, None, text, told, is_tagged=is_tagged))


def reply(batch: Batch, to: Comment, text: str, told: Told, *, is_tagged: bool) -> Steps[Comment]:
    """Say *text* in reply to another comment: in the thread that the first one began. Raises
    Forbidden."""
    yield from batch.finder.noted(ById(to.item), Right.COMMENT)
    first = to.id if to.reply_to is None else to.reply_to
    return (yield from _say(batch, to.item, first, text, told, is_tagged=is_tagged))


def find_comment(batch: Batch, id: int) -> Steps[Comment]:
    """The comment *id*, if the actor sees its file. Raises NotFound."""
    found: Comment | None = yield CommentById(id)
    if found is None:
        raise NotFound(NOT_THERE)
    check_active((yield from batch.finder.seen(ById(found.item))))
    return found


def rephrase(
    batch: Batch, comment: Comment, text: str, told: Told, *, is_tagged: bool
) -> Steps[Comment]:
    """Let *comment* say *text*. Raises Forbidden for who did not write it."""
    if comment.by != batch.actor.id:
        raise Forbidden("a comment is changed by who wrote it")
    changed = replace(comment, text=check_text(text), is_tagged=is_tagged, modified_at=batch.now)
    if (changed.text, changed.is_tagged) == (comment.text, comment.is_tagged):
        return comment
    yield PutComment(changed)
    yield from _tell(batch, changed, told, previous=comment.text)
    return changed


def take_back(batch: Batch, comment: Comment, told: Told) -> Steps[None]:
    """Remove *comment* and all replies to it, each of which is told. Raises Forbidden."""
    lineage = yield from batch.finder.seen(ById(comment.item))
    role = yield from batch.census.check_member(lineage[-1].namespace)
    if comment.by != batch.actor.id and Right.MANAGE not in RIGHTS[role]:
        raise Forbidden("a comment is taken back by who wrote it, and by who owns the folder")
    replies: tuple[Comment, ...] = yield RepliesTo(comment.id)
    for each in (*replies, comment):
        yield RemoveComment(each.id)
        yield from _tell(batch, each, told)


def _say(
    batch: Batch, item: int, to: int | None, text: str, told: Told, *, is_tagged: bool
) -> Steps[Comment]:
    check_text(text)
    fresh: int = yield NewIds()
    said = Comment(fresh, item, to, batch.actor.id, text, is_tagged, batch.now, batch.now)
    yield PutComment(said)
    yield from _tell(batch, said, told)
    return said


def _tell(batch: Batch, comment: Comment, told: Told, previous: str | None = None) -> Steps[None]:
    type, classes, circle = told
    details = {"comment_id": str(comment.id), "message": comment.text}
    if previous is not None:
        details["previous_message"] = previous
    event = Tell(
        type=type, classes=classes, circle=circle, item=ById(comment.item), details=details
    )
    yield from tell(batch, event)
