"""What is said about files, and who may say it, change it and take it back."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id, snapshot
from wakeful.core import events
from wakeful.core.batch import Batch
from wakeful.core.changes import Circle, Delete, Move, Ref, Trash
from wakeful.core.comments import (
    LONGEST,
    Told,
    comment,
    find_comment,
    rephrase,
    reply,
    take_back,
)
from wakeful.core.errors import Forbidden, InvalidRequest, NotFound
from wakeful.core.events import ONLY_ALL
from wakeful.core.items import Comment, Item
from wakeful.core.lookups.trees import CommentById, Comments, CountComments, RepliesTo
from wakeful.core.people import Role, User
from wakeful.core.terms import Terms
from wakeful.core.writes import Append, Steps

CREATE: Told = ("COMMENT_CREATE", ONLY_ALL, Circle.MEMBERS)
EDIT: Told = ("COMMENT_EDIT", ONLY_ALL, Circle.NOBODY)
DELETE: Told = ("COMMENT_DELETE", ONLY_ALL, Circle.MEMBERS)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def file(world: World) -> Item:
    return world.file("a.txt", namespace=world.shared(world.ann, "Team", bob=Role.VIEWER))


def say(
    world: World,
    about: Ref | Comment,
    text: str,
    by: User | None = None,
    terms: Terms | None = None,
) -> Comment:
    def rule(batch: Batch) -> Steps[Comment]:
        if isinstance(about, Comment):
            said = yield from reply(batch, about, text, CREATE, is_tagged=False)
        else:
            said = yield from comment(batch, about, text, CREATE, is_tagged=False)
        yield Append(tuple(batch.entries))
        return said

    return world.acting(rule, by, terms or Terms())


def change(world: World, said: Comment, text: str, by: User | None = None) -> Comment:
    def rule(batch: Batch) -> Steps[Comment]:
        changed = yield from rephrase(batch, said, text, EDIT, is_tagged=True)
        yield Append(tuple(batch.entries))
        return changed

    return world.acting(rule, by)


def remove(world: World, said: Comment, by: User | None = None) -> None:
    def rule(batch: Batch) -> Steps[None]:
        yield from take_back(batch, said, DELETE)
        yield Append(tuple(batch.entries))

    world.acting(rule, by)


def test_what_is_said_is_kept_and_told_to_who_sees_the_file(world: World, file: Item) -> None:
    said = say(world, by_id(file), "Good.", world.bob)

    assert world.ask(CommentById(said.id)) == said
    assert world.acting(lambda batch: find_comment(batch, said.id), world.bob) == said
    assert (said.item, said.by, said.text, said.reply_to) == (file.id, world.bob.id, "Good.", None)
    for user in (world.ann, world.bob):
        event = world.last(user)
        assert (event.type, event.actor.login) == ("COMMENT_CREATE", "bob")
        assert events.said(event.details) == {"comment_id": str(said.id), "message": "Good."}
        assert snapshot(event).id == file.id
    assert world.item(file.id) == file


def test_comments_are_in_the_order_in_which_they_were_said(world: World, file: Item) -> None:
    said = [say(world, by_id(file), text) for text in "abc"]
    other = say(world, by_id(world.file("other.txt")), "d")

    assert world.ask(Comments(file.id, 0, 10)) == tuple(said)
    assert world.ask(Comments(file.id, 1, 1)) == (said[1],)
    assert world.ask(CountComments((file.id, other.item, 999_999))) == {
        file.id: 3,
        other.item: 1,
        999_999: 0,
    }


def test_a_reply_to_a_reply_stands_in_the_thread_of_the_first(world: World, file: Item) -> None:
    first = say(world, by_id(file), "first")
    second = say(world, first, "second", world.bob)
    third = say(world, second, "third")

    assert second.reply_to == third.reply_to == first.id
    assert world.ask(RepliesTo(first.id)) == (second, third)
    assert world.ask(RepliesTo(second.id)) == ()


def test_who_wrote_it_changes_it_and_only_the_enterprise_is_told(world: World, file: Item) -> None:
    said = say(world, by_id(file), "first", world.bob)
    number, log = world.count(world.bob), world.page(world.enterprise).state.last

    changed = change(world, said, "second", world.bob)
    change(world, changed, "second", world.bob)

    assert (changed.text, changed.is_tagged, changed.created_at) == (
        "second",
        True,
        said.created_at,
    )
    assert changed.modified_at > said.modified_at
    assert world.ask(CommentById(said.id)) == changed
    assert world.count(world.bob) == number
    assert world.page(world.enterprise).state.last == log + 1
    with pytest.raises(Forbidden, match="who wrote it"):
        change(world, said, "mine", world.ann)


def test_a_comment_goes_with_the_replies_to_it(world: World, file: Item) -> None:
    first = say(world, by_id(file), "first", world.bob)
    second = say(world, first, "second")
    kept = say(world, by_id(file), "kept")

    remove(world, first, world.bob)

    assert world.ask(Comments(file.id, 0, 10)) == (kept,)
    for user in (world.ann, world.bob):
        told = world.events(user)[-2:]
        assert [event.type for event in told] == ["COMMENT_DELETE"] * 2
        ids = [events.said(event.details)["comment_id"] for event in told if event.details]
        assert ids == [str(second.id), str(first.id)]


def test_who_decides_on_members_takes_back_what_others_said(world: World, file: Item) -> None:
    his = say(world, by_id(file), "his", world.bob)
    hers = say(world, by_id(file), "hers")

    with pytest.raises(Forbidden, match="taken back"):
        remove(world, hers, world.bob)
    remove(world, his, world.ann)

    assert world.ask(Comments(file.id, 0, 10)) == (hers,)


def test_an_uploader_and_a_stranger_say_nothing_and_nobody_of_a_folder(world: World) -> None:
    team = world.shared(world.ann, "Team", bob=Role.UPLOADER)
    file = world.file("a.txt", namespace=team)
    said = say(world, by_id(file), "x")

    for about in (by_id(file), said):
        with pytest.raises(Forbidden):
            say(world, about, "x", world.bob)
        with pytest.raises(NotFound):
            say(world, about, "x", world.eve)
    with pytest.raises(InvalidRequest, match="on a file"):
        say(world, by_id(world.root(team)), "x")
    with pytest.raises(NotFound):
        world.acting(lambda batch: find_comment(batch, said.id), world.eve)
    with pytest.raises(NotFound):
        world.acting(lambda batch: find_comment(batch, 999_999))


@pytest.mark.parametrize("text", ["", " \n", "x" * (LONGEST + 1)], ids=["none", "blank", "long"])
def test_a_text_has_a_length(world: World, file: Item, text: str) -> None:
    said = say(world, by_id(file), "x" * LONGEST)

    with pytest.raises(InvalidRequest):
        say(world, by_id(file), text)
    with pytest.raises(InvalidRequest):
        change(world, said, text)

    assert world.ask(Comments(file.id, 0, 10)) == (said,)


def test_what_is_in_the_trash_is_not_talked_about(world: World, file: Item) -> None:
    said = say(world, by_id(file), "x")
    world.do(Trash(item=by_id(file)))

    with pytest.raises(NotFound):
        say(world, by_id(file), "x")
    with pytest.raises(NotFound):
        world.acting(lambda batch: find_comment(batch, said.id))


def test_comments_stay_with_a_file_that_moves_and_go_with_one_that_is_removed(world: World) -> None:
    folder = world.folder("a/b")
    file = world.file("a/b/a.txt")
    said = say(world, by_id(file), "x")
    team = world.shared(world.ann, "Team")
    world.do(Move(item=by_id(folder), parent=by_id(world.root(team))))
    before = world.ask(Comments(file.id, 0, 10))

    world.publish(world.ann, Delete(item=by_id(folder)))

    assert before == (said,)
    assert world.ask(Comments(file.id, 0, 10)) == ()
    assert world.ask(CommentById(said.id)) is None


def test_a_watched_folder_makes_no_difference(world: World, file: Item) -> None:
    said = say(world, by_id(file), "x", terms=Terms(frozenset({file.namespace})))

    assert world.ask(CommentById(said.id)) == said
