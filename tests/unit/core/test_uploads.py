"""Files that come into one folder together: all is as if they had come one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.model.world import World
from wakeful.core.changes import (
    Annotate,
    ByPath,
    Change,
    CreateFolder,
    Facts,
    Made,
    Noted,
    Trash,
    Upload,
)
from wakeful.core.errors import WakefulError
from wakeful.core.items import Lock, Seen
from wakeful.core.lookups.people import MembershipsOf
from wakeful.core.lookups.trees import VersionsOf
from wakeful.core.names import DEEPEST
from wakeful.core.people import Role, User
from wakeful.core.terms import FREELY, Terms

NAMES = (
    "a",
    "A",
    "b",
    "é",
    "e\u0301",
    "a (case conflict)",
    "kept",
    "Kept",
    "folder",
    "gone",
    "locked",
)
TYPES: dict[Noted, tuple[str, int]] = {noted: (f"NOTED_{noted.name}", 1) for noted in Noted}


def facts(size: int) -> Facts:
    return Facts(size=size, sha1=f"{size:040}", content=f"{size:064}")


def a_world() -> World:
    """Ann's home and a folder in it, each with some of the names."""
    world = World()
    for above in ("", "in/"):
        for name in ("kept", "gone", "locked"):
            upload = Upload(
                parent=world.home(above.removesuffix("/")), name=name, facts=facts(7), parents=True
            )
            world.do(upload)
        world.folder(f"{above}folder")
        world.do(Trash(item=world.home(f"{above}gone")))
    world.share(world.home("in"), world.bob)
    world.share(world.home("in"), world.eve, Role.VIEWER_UPLOADER)
    lock = Lock(id=0, by=0, at=0)
    world.do(Annotate(item=world.home("in/locked"), lock=lock, types=TYPES))
    return world


def outcome(world: World, actor: User, changes: tuple[Change, ...], terms: Terms) -> Any:
    """What became of *changes*, in the answer and in all that can be read; ids of events, which
    are random, left out."""
    answer: Any
    try:
        published = world.publish(actor, *changes, terms=terms)
    except WakefulError as error:
        answer = type(error), str(error), error.change, getattr(error, "field", "")
    else:
        answer = published.applied, [receipt.numbers for receipt in published.receipts]
    (shared,) = (each.namespace for each in world.ask(MembershipsOf(world.bob.id)) if each.id)
    items = {**world.tree(world.ann.home), **world.tree(shared)}
    return (
        answer,
        [replace(event, id="") for event in world.events()],
        world.tree(world.ann.home),
        world.tree(shared),
        [world.journal(world.ann.home), world.journal(shared)],
        {item.id: world.ask(VersionsOf(item.id, 100)) for item in items.values()},
    )


def compare(actor: str, changes: Sequence[Change], terms: Terms = FREELY) -> Any:
    """The outcome of *changes*, which is the same together and one by one."""
    together, alone = a_world(), a_world()
    found = outcome(together, getattr(together, actor), tuple(changes), terms)
    with patch("wakeful.core.tree.uploads_together", return_value=[]):
        assert found == outcome(alone, getattr(alone, actor), tuple(changes), terms)
    return found


HOMES = {actor: getattr(a_world(), actor).home for actor in ("ann", "bob", "eve")}


@st.composite
def batches(draw: st.DrawFn) -> tuple[str, list[Change]]:
    actor = draw(st.sampled_from(sorted(HOMES)))
    places = [ByPath(HOMES[actor], names) for names in ((), ("in",), ("new",))]
    changes: list[Change] = []
    for _ in range(draw(st.integers(1, 3))):
        parent, parents = draw(st.sampled_from(places)), draw(st.booleans())
        if draw(st.integers(0, 3)) == 0:
            changes.append(CreateFolder(parent=parent, name=draw(st.sampled_from(NAMES))))
        changes += [
            Upload(
                parent=parent,
                parents=parents,
                name=draw(st.sampled_from((*NAMES, "new", "x", "y", "z") * 3 + ("..",))),
                facts=facts(draw(st.integers(0, 9))),
                at=draw(st.sampled_from((None, 5))),
                overwrite=draw(st.integers(0, 9)) > 0,
                seen=draw(st.sampled_from((None, Seen(1, 2, 3)))),
            )
            for _ in range(draw(st.integers(1, 8)))
        ]
    return actor, changes


@settings(max_examples=60)
@given(batches())
def test_whatever_comes_together_it_is_as_one_by_one(batch: tuple[str, list[Change]]) -> None:
    compare(*batch)


def uploads(*names: str, parent: Any = None, **others: Any) -> tuple[Upload, ...]:
    place = ByPath(HOMES["ann"], ()) if parent is None else parent
    return tuple(
        Upload(parent=place, name=name, facts=facts(size), **others)
        for size, name in enumerate(names)
    )


def test_new_files_and_new_versions_come_together() -> None:
    (applied, _), *_ = compare("ann", uploads("kept", "a", "A", "gone", "a", "Kept"))

    revisions = [item.revision for item in applied.items]
    assert revisions == [1, 0, 0, 0, 1, 0]
    assert applied.items[2].key == "a (case conflict)"
    assert applied.items[5].key == "kept (case conflict)"


@pytest.mark.parametrize(
    ("names", "others"),
    [
        pytest.param(("a", "b", "folder", "c"), {}, id="a folder of the name"),
        pytest.param(("a", "b", "c", "kept"), {"overwrite": False}, id="a name that is taken"),
        pytest.param(("a", "b", "c", "d", "..", "e"), {}, id="a bad name"),
        pytest.param(("..", "a", "b", "c", "d"), {}, id="a bad name first"),
    ],
)
def test_what_is_refused_is_refused_for_the_same_change(
    names: tuple[str, ...], others: dict[str, Any]
) -> None:
    (error, _, change, _), *_ = compare("ann", uploads(*names, **others))

    assert issubclass(error, WakefulError)
    assert change is not None


@pytest.mark.parametrize(("actor", "name"), [("bob", "locked"), ("eve", "kept")])
def test_others_may_not_replace_what_they_may_not_change(actor: str, name: str) -> None:
    parent = ByPath(HOMES[actor], ("in",))

    (_, _, change, _), *_ = compare(actor, uploads("a", "b", "c", name, parent=parent))

    assert change == 3


def test_where_each_has_to_be_judged_by_those_before_it_they_come_one_by_one() -> None:
    names = ("a", "b", "c", "d", "A")

    compare("ann", uploads(*names), Terms(quota=15))
    compare("ann", uploads(*names), Terms(folds=True))


def test_files_come_into_a_folder_that_the_same_batch_made() -> None:
    made = CreateFolder(parent=ByPath(HOMES["ann"], ()), name="made")

    compare("ann", (made, *uploads("a", "b", "A", "a", parent=Made(0))))


def test_a_folder_that_is_too_deep_takes_no_file() -> None:
    deep = ByPath(HOMES["ann"], ("d",) * DEEPEST)

    (_, words, change, _), *_ = compare(
        "ann", uploads("a", "b", "c", "d", parent=deep, parents=True)
    )

    assert (words, change) == (f"a path has at most {DEEPEST} names", 0)


def test_versions_of_one_file_come_together_with_and_without_a_content_that_is_kept() -> None:
    changes = [
        replace(change, facts=replace(change.facts, content="f" * 64 * (number % 2)))
        for number, change in enumerate(uploads("kept", "kept", "kept", "kept"))
    ]

    (applied, _), *_ = compare("ann", changes)

    assert [item.revision for item in applied.items] == [1, 2, 3, 4]
