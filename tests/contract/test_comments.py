"""How a store keeps comments."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.contract.things import A_FILE, A_FOLDER, Wrong, do
from wakeful.core.items import Comment
from wakeful.core.lookups.trees import CommentById, Comments, CountComments, RepliesTo
from wakeful.core.ports import Store
from wakeful.core.writes import PutComment, PutItems, RemoveComment, RemoveSubtree, Steps

FILE, OTHER = 500, 501
FIRST = Comment(1_000, FILE, None, 7, "first", False, 10, 10)
SECOND = Comment(1_001, FILE, 1_000, 8, "second, @[7:Ann]", True, 11, 11)
THIRD = Comment(1_002, OTHER, None, 7, "third", False, 12, 12)


async def test_comments_are_found_by_id_by_file_and_as_replies(store: Store) -> None:
    await store.commit(do(*(PutComment(each) for each in (THIRD, SECOND, FIRST))))

    assert await store.ask(CommentById(FIRST.id)) == FIRST
    assert await store.ask(CommentById(99)) is None
    assert await store.ask(Comments(FILE, 0, 10)) == (FIRST, SECOND)
    assert await store.ask(Comments(FILE, 1, 10)) == (SECOND,)
    assert await store.ask(Comments(FILE, 0, 1)) == (FIRST,)
    assert await store.ask(RepliesTo(FIRST.id)) == (SECOND,)
    assert await store.ask(RepliesTo(SECOND.id)) == ()
    counts = await store.ask(CountComments((FILE, OTHER, 99)))
    assert counts == {FILE: 2, OTHER: 1, 99: 0}


async def test_a_comment_can_say_something_else_and_go(store: Store) -> None:
    changed = replace(FIRST, text="other", is_tagged=True, modified_at=20)
    await store.commit(do(PutComment(FIRST), PutComment(SECOND)))

    await store.commit(do(PutComment(changed), RemoveComment(99)))
    before = await store.ask(Comments(FILE, 0, 10))
    await store.commit(do(RemoveComment(FIRST.id)))

    assert before == (changed, SECOND)
    assert await store.ask(Comments(FILE, 0, 10)) == (SECOND,)
    assert await store.ask(RepliesTo(FIRST.id)) == (SECOND,)
    assert await store.ask(CommentById(FIRST.id)) is None


async def test_comments_go_with_what_is_removed_for_good(store: Store) -> None:
    folder = replace(A_FOLDER, id=400)
    file = replace(A_FILE, id=FILE, parent=400)
    other = replace(A_FILE, id=OTHER, parent=1, name="other")
    await store.commit(do(PutItems((folder, file, other)), PutComment(FIRST), PutComment(THIRD)))

    await store.commit(do(RemoveSubtree(400)))

    assert await store.ask(Comments(FILE, 0, 10)) == ()
    assert await store.ask(CommentById(FIRST.id)) is None
    assert await store.ask(Comments(OTHER, 0, 10)) == (THIRD,)


async def test_a_command_that_fails_leaves_comments_as_they_were(store: Store) -> None:
    file = replace(A_FILE, id=FILE, parent=1)
    await store.commit(do(PutItems((file,)), PutComment(FIRST)))

    def failing(_now: int) -> Steps[None]:
        yield PutComment(SECOND)
        yield PutComment(replace(FIRST, text="lost"))
        yield RemoveComment(FIRST.id)
        yield RemoveSubtree(FILE)
        raise Wrong

    with pytest.raises(Wrong):
        await store.commit(failing)

    assert await store.ask(Comments(FILE, 0, 10)) == (FIRST,)
    assert await store.ask(CommentById(SECOND.id)) is None
