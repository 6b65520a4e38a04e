"""Capabilities: who can make them, and what channels say."""

from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.world import World
from wakeful.access import open_access
from wakeful.capabilities import Capabilities
from wakeful.core.errors import NotFound
from wakeful.core.events import StreamClass
from wakeful.core.positions import LAST_EPOCH, position

OURS = Capabilities(b"s" * 32)

PLACE = position(3, 17)

CHANNEL = OURS.channel(1, 2, StreamClass.SYNC, PLACE)
"""One for all examples: a nonce is in it, and what is drawn must not depend on chance."""


@given(
    st.integers(0, 2**63 - 1),
    st.integers(0, 2**63 - 1),
    st.sampled_from(StreamClass),
    st.integers(0, position(LAST_EPOCH, 2**40 - 1)),
    st.booleans(),
)
def test_a_channel_says_what_it_was_made_for(
    stream: int, grant: int, cls: StreamClass, place: int, is_enterprise: bool
) -> None:
    text = OURS.channel(stream, grant, cls, place, is_enterprise=is_enterprise)
    channel = OURS.open_channel(text)

    assert channel.is_enterprise is is_enterprise

    assert (channel.stream, channel.grant, channel.cls, channel.position) == (
        stream,
        grant,
        cls,
        place,
    )
    assert len(channel.nonce) == 8
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_channels_that_are_alike_differ() -> None:
    texts = {OURS.channel(1, 2, StreamClass.ALL, PLACE) for _ in range(100)}

    assert len(texts) == 100


@settings(max_examples=30)
@given(st.data())
def test_a_channel_with_any_other_character_is_none(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(CHANNEL) - 1))
    char = data.draw(
        st.sampled_from("ABCDwxyz0189-_+/=. \n%é\0\ud800").filter(lambda one: one != CHANNEL[index])
    )

    with pytest.raises(NotFound):
        OURS.open_channel(CHANNEL[:index] + char + CHANNEL[index + 1 :])


def test_a_channel_with_any_bit_flipped_is_none() -> None:
    text = OURS.channel(1, 2, StreamClass.ALL, PLACE)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    for bit in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(NotFound):
            OURS.open_channel(base64.urlsafe_b64encode(flipped).rstrip(b"=").decode())


def test_a_channel_has_one_text() -> None:
    """Base64 has more than one text for the same bytes."""
    text = OURS.channel(1, 2, StreamClass.ALL, PLACE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [text[:-1] + char for char in alphabet if char != text[-1]]

    for other in (*others, text + "=", text + "==", text + "\n", " " + text, text + "A"):
        with pytest.raises(NotFound):
            OURS.open_channel(other)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 20, 66])
def test_a_channel_that_was_cut_off_is_none(length: int) -> None:
    text = OURS.channel(1, 2, StreamClass.ALL, PLACE)

    with pytest.raises(NotFound):
        OURS.open_channel(text[:length])


def test_a_channel_of_another_server_is_none() -> None:
    text = Capabilities(b"t" * 32).channel(1, 2, StreamClass.ALL, PLACE)

    with pytest.raises(NotFound):
        OURS.open_channel(text)


def test_what_was_sealed_for_another_purpose_is_no_channel() -> None:
    body = OURS.unseal(b"channel", OURS.channel(1, 2, StreamClass.ALL, PLACE))
    assert body is not None

    with pytest.raises(NotFound):
        OURS.open_channel(OURS.seal(b"cursor", body))


def test_a_channel_of_a_version_to_come_is_none() -> None:
    body = OURS.unseal(b"channel", OURS.channel(1, 2, StreamClass.ALL, PLACE))
    assert body is not None

    with pytest.raises(NotFound):
        OURS.open_channel(OURS.seal(b"channel", bytes((body[0] + 1,)) + body[1:]))


async def test_a_channel_outlives_the_server_that_gave_it() -> None:
    store = World().store
    text = (await open_access(store)).channel(1, 2, StreamClass.CHANGES, PLACE)

    assert (await open_access(store)).open_channel(text).position == PLACE


@given(st.binary(max_size=100))
def test_what_is_sealed_is_signed_by_hmac(body: bytes) -> None:
    sealed = base64.urlsafe_b64decode(OURS.seal(b"purpose", body) + "==")

    assert sealed == body + hmac.digest(b"s" * 32, b"purpose\0" + body, "sha256")[:16]


@pytest.mark.parametrize("sign", ["+", "/", "=", "\n", " ", "A", "é"])
def test_text_that_is_not_as_it_was_given_out_is_worth_nothing(sign: str) -> None:
    text = OURS.seal(b"purpose", b"\xfb\xff" * 8)

    assert OURS.unseal(b"purpose", text) == b"\xfb\xff" * 8
    assert OURS.unseal(b"purpose", text + sign) is None
    assert OURS.unseal(b"purpose", text.replace("-", "+").replace("_", "/")) is None


async def test_each_store_signs_with_a_secret_of_its_own() -> None:
    one, other = await open_access(World().store), await open_access(World().store)

    with pytest.raises(NotFound):
        other.open_channel(one.channel(1, 2, StreamClass.ALL, PLACE))
