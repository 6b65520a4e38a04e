"""Whoever folds the pages of version 1 has the view, wherever they narrow their prefix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.folding import Applied, fold_in_order, fold_sorted
from tests.unit.core.gardens import Garden, Step, steps
from wakeful.core.cursors import Scope
from wakeful.core.people import User
from wakeful.core.places import places_of
from wakeful.core.view import Told
from wakeful.dialects.dropbox.following import Asker
from wakeful.dialects.dropbox.v1.deltas import Follow, opened, read_delta, sealed

GRANT, EPOCH = 7, 1
PREFIXES = ("a", "a/b", "a.b", "a.b/b", "b")


def seal(purpose: bytes, packed: bytes) -> str:
    return packed.hex()


def unseal(purpose: bytes, text: str) -> bytes:
    return bytes.fromhex(text)


class Reader:
    """A client with a copy of what is at its prefix and below."""

    def __init__(self, garden: Garden, user: User, *, sorts: bool) -> None:
        self.garden = garden
        self.user = user
        self.asker = Asker(user.id, user.home, GRANT, EPOCH)
        self.prefix = ""
        self.state: Applied = {}
        self.text: str | None = None
        self.fold = fold_sorted if sorts else fold_in_order

    @property
    def truth(self) -> Applied:
        return self.garden.view(self.user, Scope(self.prefix))

    def read(self, size: int) -> bool:
        """Apply one page; whether there are more."""
        follow = Follow(self.prefix, limit=size)
        page = self.garden.drive(read_delta(unseal, self.asker, self.text, follow))
        assert page.reset or self.text is not None
        if page.reset:
            self.state = {}
        self.fold(self.state, [(told.path, known(told)) for told in page.view.entries], self.prefix)
        self.text = sealed(seal, page.view.cursor)
        return page.view.has_more

    def narrow(self, prefix: str) -> None:
        """Go on with a longer prefix, and forget what is elsewhere."""
        if self.prefix and not prefix.startswith(f"{self.prefix}/"):
            return
        self.prefix = prefix
        self.state = {
            path: told
            for path, told in self.state.items()
            if path == prefix or path.startswith(f"{prefix}/")
        }

    def catch_up(self, size: int) -> None:
        for _ in range(10_000):
            if not self.read(size):
                return
        raise AssertionError("the pages have no end")


def known(told: Told) -> tuple[Any, ...] | None:
    return None if told.item is None else (told.item.kind, told.item.id, told.shown)


acts = st.one_of(
    steps.map(lambda step: ("grow", step)),
    st.tuples(st.just("read"), st.tuples(st.integers(0, 3), st.integers(1, 6))),
    st.tuples(st.just("narrow"), st.tuples(st.integers(0, 3), st.sampled_from(PREFIXES))),
)


@settings(max_examples=100)
@given(st.lists(acts, min_size=1, max_size=40), st.integers(1, 7))
def test_p9_whoever_folds_the_pages_has_the_view(
    acts: Sequence[tuple[str, Any]], size: int
) -> None:
    garden = Garden()
    readers = [
        Reader(garden, user, sorts=sorts)
        for user in (garden.world.ann, garden.world.bob)
        for sorts in (False, True)
    ]
    for act, what in acts:
        match act:
            case "grow":
                garden.grow(what)
            case "read":
                readers[what[0]].read(what[1])
            case "narrow":
                readers[what[0]].narrow(what[1])
    for reader in readers:
        reader.catch_up(size)
        assert reader.state == reader.truth


@given(
    st.lists(steps, max_size=15),
    st.lists(steps, min_size=1, max_size=8),
    st.sampled_from(("", *PREFIXES)),
)
def test_nobody_sleeps_through_what_comes_to_their_prefix(
    before: list[Step], after: list[Step], prefix: str
) -> None:
    garden = Garden()
    for namespace in (garden.team, garden.other):
        garden.world.file("b", namespace=namespace)  # what joining brings with it
    for step in before:
        garden.grow(step)
    reader = Reader(garden, garden.world.bob, sorts=False)
    reader.prefix = prefix
    reader.catch_up(100)
    assert reader.text is not None
    places = garden.drive(places_of(opened(unseal, reader.text)))
    assert not garden.has_grown_in(places)

    for step in after:
        garden.grow(step)

    if reader.truth != reader.state:
        assert garden.has_grown_in(places)
