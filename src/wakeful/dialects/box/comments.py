"""Comments on files, as Box has them.

Rule 1: a text with mentions (`@[1001:Ann]`) comes and is told as `tagged_message`; its `message`
has the names alone. Who is mentioned is not told so, for nobody is mailed.

Rule 2: a reply stands in the thread of the comment that began it, which is its `item`.
"""

from __future__ import annotations

import re
import secrets
from typing import Literal

import msgspec

from wakeful.core import comments as rules
from wakeful.core.batch import Batch
from wakeful.core.census import Census
from wakeful.core.changes import ById
from wakeful.core.comments import Told
from wakeful.core.errors import InvalidRequest, NotFound
from wakeful.core.events import Person
from wakeful.core.items import Comment, Kind
from wakeful.core.lookups.trees import CommentById, Comments, CountComments
from wakeful.core.publish import begin_batch
from wakeful.core.terms import Terms
from wakeful.core.writes import Append, Command, Steps
from wakeful.dialects.box import reads
from wakeful.dialects.box.shapes import UserMini
from wakeful.dialects.box.types import circle_of, classes_of
from wakeful.dialects.box.users import user_mini
from wakeful.dialects.times import text_of

_MENTION = re.compile(r"@\[\d{1,18}:([^\]]{1,200})\]")
_MOST_DIGITS = 18


class Target(msgspec.Struct, frozen=True):
    """What a comment is on: a file, or another comment."""

    id: str | int
    type: Literal["file", "comment"]


class NewComment(msgspec.Struct, frozen=True):
    """The body of `POST /2.0/comments`: one of the two texts."""

    item: Target
    message: str | None = None
    tagged_message: str | None = None


class CommentUpdate(msgspec.Struct, frozen=True):
    """The body of `PUT /2.0/comments/:id`: one of the two texts."""

    message: str | None = None
    tagged_message: str | None = None


class CommentItem(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str


class BoxComment(msgspec.Struct, frozen=True, kw_only=True):
    """`tagged_message` is there where it is asked for."""

    type: str = "comment"
    id: str
    is_reply_comment: bool
    message: str
    created_by: UserMini
    created_at: str
    modified_at: str
    item: CommentItem
    tagged_message: str | msgspec.UnsetType = msgspec.UNSET


class BoxComments(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the comments on a file, the oldest first."""

    total_count: int
    entries: tuple[object, ...]
    offset: int
    limit: int


def create(actor: int, asked: NewComment, terms: Terms) -> Command[BoxComment]:
    """Say something about a file, or in reply to a comment. Raises InvalidRequest, NotFound,
    Forbidden."""
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[BoxComment]:
        text, is_tagged = _text(asked)
        batch = yield from begin_batch(actor, now, seed, terms)
        id, told = str(asked.item.id), _told("COMMENT_CREATE")
        if asked.item.type == "comment":
            to = yield from _named(batch, id)
            said = yield from rules.reply(batch, to, text, told, is_tagged=is_tagged)
        else:
            lineage, _ = yield from reads.read_lineage(actor, id, Kind.FILE, terms.within)
            file = ById(lineage[-1].id)
            said = yield from rules.comment(batch, file, text, told, is_tagged=is_tagged)
        yield Append(tuple(batch.entries))
        return (yield from _shown(batch.census, said))

    return steps


def update(actor: int, id: str, asked: CommentUpdate, terms: Terms) -> Command[BoxComment]:
    """Let a comment say something else. Raises as `create`."""
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[BoxComment]:
        text, is_tagged = _text(asked)
        batch = yield from begin_batch(actor, now, seed, terms)
        found = yield from _named(batch, id)
        told = _told("COMMENT_EDIT")
        said = yield from rules.rephrase(batch, found, text, told, is_tagged=is_tagged)
        if batch.entries:
            yield Append(tuple(batch.entries))
        return (yield from _shown(batch.census, said))

    return steps


def remove(actor: int, id: str, terms: Terms) -> Command[None]:
    """Take a comment back, with the replies to it. Raises NotFound and Forbidden."""
    seed = secrets.token_bytes(16)

    def steps(now: int) -> Steps[None]:
        batch = yield from begin_batch(actor, now, seed, terms)
        found = yield from _named(batch, id)
        yield from rules.take_back(batch, found, _told("COMMENT_DELETE"))
        yield Append(tuple(batch.entries))

    return steps


def read_comment(user: int, id: str, within: int | None) -> Steps[BoxComment]:
    """Raises NotFound."""
    found: Comment | None = yield CommentById(_number(id))
    if found is None:
        raise NotFound("Not Found")
    yield from reads.read_lineage(user, str(found.item), Kind.FILE, within)
    return (yield from _shown(Census((yield from reads.read_user(user))), found))


def read_comments(
    user: int, id: str, offset: int, limit: int, within: int | None
) -> Steps[tuple[tuple[BoxComment, ...], int]]:
    """A page of the comments on a file, and how many there are. Raises NotFound."""
    lineage, _ = yield from reads.read_lineage(user, id, Kind.FILE, within)
    file = lineage[-1].id
    census = Census((yield from reads.read_user(user)))
    page: tuple[Comment, ...] = yield Comments(file, offset, limit)
    counts: dict[int, int] = yield CountComments((file,))
    shown = []
    for each in page:
        shown.append((yield from _shown(census, each)))
    return tuple(shown), counts[file]


def _told(type: str) -> Told:
    return (type, classes_of(type), circle_of(type))


def _text(asked: NewComment | CommentUpdate) -> tuple[str, bool]:
    """What is to be said, and whether there may be mentions in it."""
    if asked.tagged_message is not None:
        return asked.tagged_message, True
    if asked.message is None:
        raise InvalidRequest("there is neither a message nor a tagged_message", field="message")
    return asked.message, False


def _named(batch: Batch, id: str) -> Steps[Comment]:
    try:
        return (yield from rules.find_comment(batch, _number(id)))
    except NotFound:
        raise NotFound("Not Found") from None


def _number(id: str) -> int:
    if not (id.isascii() and id.isdigit()) or len(id) > _MOST_DIGITS:
        raise NotFound("Not Found")
    return int(id)


def _shown(census: Census, comment: Comment) -> Steps[BoxComment]:
    by: Person = yield from census.person(comment.by)
    about = CommentItem(id=str(comment.item), type="file")
    if comment.reply_to is not None:
        about = CommentItem(id=str(comment.reply_to), type="comment")
    text = comment.text
    return BoxComment(
        id=str(comment.id),
        is_reply_comment=comment.reply_to is not None,
        message=_MENTION.sub(r"@\1", text) if comment.is_tagged else text,
        created_by=user_mini(by),
        created_at=text_of(comment.created_at),
        modified_at=text_of(comment.modified_at),
        item=about,
        tagged_message=text if comment.is_tagged else "",
    )


def plain(comment: BoxComment) -> BoxComment:
    """*comment* as it is shown where no fields are asked for."""
    return msgspec.structs.replace(comment, tagged_message=msgspec.UNSET)
