"""How events are kept."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wakeful.core.events import (
    EVERY_CLASS,
    ONLY_ALL,
    STORED_VERSION,
    Ancestor,
    Event,
    Person,
    Snapshot,
    StreamClass,
    Whence,
    decode,
    describe,
    encode,
    said,
)
from wakeful.core.items import Kind

texts = st.text(max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1)
people = st.builds(Person, id=numbers, name=texts, login=texts)
snapshots = st.builds(
    Snapshot,
    id=numbers,
    kind=st.sampled_from(Kind),
    namespace=numbers,
    in_home=st.booleans(),
    name=texts,
    revision=numbers,
    version=numbers,
    size=numbers,
    sha1=texts,
    content_hash=texts,
    created_at=numbers,
    modified_at=numbers,
    content_created_at=numbers,
    content_modified_at=numbers,
    trashed_at=st.none() | numbers,
    created_by=people,
    modified_by=people,
    owned_by=people,
    path=st.lists(st.builds(Ancestor, id=numbers, name=texts, revision=numbers), max_size=3).map(
        tuple
    ),
)
places = st.builds(
    Whence,
    item=numbers,
    namespace=numbers,
    in_home=st.booleans(),
    names=st.lists(texts, max_size=3).map(tuple),
)
maps: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    texts, st.none() | st.booleans() | numbers | texts | st.lists(texts, max_size=2), max_size=3
)
events = st.builds(
    Event,
    id=texts,
    type=texts,
    created_at=numbers,
    recorded_at=numbers,
    enterprise=numbers,
    actor=people,
    source=st.none() | maps.map(describe) | snapshots,
    namespace=st.none() | numbers,
    details=st.none() | maps.map(describe),
    session=st.none() | texts,
    correlation=st.none() | texts,
    ip=st.none() | texts,
    action_by=st.none() | people,
    accessible_by=st.none() | people | maps,
    whence=st.none() | places,
)


@given(events)
def test_an_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(encode(event)) == event


@given(events)
def test_the_stored_form_says_its_version_first(event: Event) -> None:
    version, _ = msgspec.msgpack.decode(encode(event))

    assert version == STORED_VERSION


@given(events, st.integers(7, 14))
def test_an_event_that_was_kept_before_it_had_all_fields_is_read(event: Event, kept: int) -> None:
    version, fields = msgspec.msgpack.decode(encode(event))

    read = decode(msgspec.msgpack.encode((version, fields[:kept])))

    names = Event.__struct_fields__
    assert len(fields) == len(names) == 15
    for index, name in enumerate(names):
        assert getattr(read, name) == (getattr(event, name) if index < kept else None)


@given(maps)
def test_what_a_producer_described_is_read_as_it_was_given(given: dict[str, Any]) -> None:
    assert said(describe(given)) == given
    assert said(None) == {}


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1])
def test_a_number_of_more_than_64_bits_has_no_stored_form(number: int) -> None:
    with pytest.raises(OverflowError):
        describe({"n": number})


@pytest.mark.parametrize("body", [b"", b"\x92\x01", b"\x92\x01\x01", b"\xff"])
def test_a_damaged_event_is_no_event(body: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(body)


def test_each_class_has_a_bit_of_its_own() -> None:
    assert [cls.bit for cls in StreamClass] == [1, 2, 4]
    assert sum(cls.bit for cls in StreamClass) == EVERY_CLASS
    assert StreamClass.ALL.bit == ONLY_ALL
