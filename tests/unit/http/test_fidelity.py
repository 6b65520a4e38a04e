"""Who has which fidelity, and the chance that they have."""

from __future__ import annotations

import msgspec
import pytest

from wakeful.capabilities import Capabilities
from wakeful.core.clock import Clock, VirtualTime
from wakeful.core.errors import RateLimited
from wakeful.http.emulation import warts
from wakeful.http.emulation.askers import cursor_in
from wakeful.http.emulation.fidelity import (
    ENTERPRISE_DELAY_SECONDS,
    REPEATED_SECONDS,
    REQUESTS_A_MINUTE,
    Faithful,
    Fidelity,
    Keys,
    Word,
)
from wakeful.http.front.poll import Request

ANN, BOB, ENTERPRISE = 1001, 1002, 1003


def a_fidelity(word: Word = "better") -> Fidelity:
    return Fidelity(VirtualTime(Clock(lambda: 0, lambda: 0.0)).clock, word, 1)


def test_a_user_is_as_the_server_where_it_is_not_said() -> None:
    for word in ("better", "faithful"):
        fidelity = a_fidelity(word)
        fidelity.add(ANN, ENTERPRISE, None, None)
        fidelity.add(BOB, ENTERPRISE, "faithful", 7)

        assert (fidelity.of(ANN) is not None) == (word == "faithful")
        assert fidelity.of(BOB) is not None
        assert fidelity.of(None) is None
        # One whom the emulator did not make.
        assert (fidelity.of(9999) is not None) == (word == "faithful")
        assert fidelity.of(9999) is fidelity.of(9999)


def test_only_the_streams_of_the_faithful_are_late() -> None:
    fidelity = a_fidelity()
    fidelity.add(ANN, ENTERPRISE, "faithful", None)
    fidelity.add(BOB, ENTERPRISE, None, None)

    late, enterprise = fidelity.late(ANN, 1), fidelity.late(ENTERPRISE, 1)

    assert fidelity.late(BOB, 1) is None
    assert late is not None
    assert late.due is not None
    assert 1 <= late.due <= 2
    assert enterprise is not None
    assert enterprise.due is not None
    assert ENTERPRISE_DELAY_SECONDS[0] <= enterprise.due <= ENTERPRISE_DELAY_SECONDS[1]


def test_who_asks_too_often_is_refused() -> None:
    fidelity = a_fidelity()

    for _ in range(REQUESTS_A_MINUTE):
        fidelity.take(ANN)

    with pytest.raises(RateLimited):
        fidelity.take(ANN)
    fidelity.take(BOB)


def test_events_come_again_for_a_while_only() -> None:
    faithful = Faithful(1)
    events = [msgspec.Raw(b"1"), msgspec.Raw(b"2")]
    faithful.gave("all", events, now=0.0)

    soon = [faithful.repeated("all", REPEATED_SECONDS - 1) for _ in range(50)]
    later = [faithful.repeated("all", REPEATED_SECONDS + 1) for _ in range(50)]

    assert any(soon)
    assert not all(soon)
    assert all(set(map(bytes, each)) <= {b"1", b"2"} for each in soon)
    assert not any(later)


def test_the_same_chance_is_the_same_series() -> None:
    one, same, other = Faithful(7), Faithful(7), Faithful(8)

    draws = [[each.shortened("page", 100) for _ in range(20)] for each in (one, same, other)]

    assert draws[0] == draws[1] != draws[2]
    assert all(25 <= limit <= 100 for limit in draws[0])


@pytest.mark.parametrize(
    "argument",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"cursor": 5}',
        b'{"cursor": ["x"]}',
        b'{"cursor": "x"}',
        b'{"cursor": "x", "y": ' + b"[" * 3000,
    ],
)
def test_an_argument_that_is_none_is_left_to_the_server(argument: bytes) -> None:
    capabilities = Capabilities(b"secret")
    keys = Keys(capabilities.seal, capabilities.unseal, 1)
    poll = Request(b"POST", b"", [], keep_alive=True)
    poll.body = argument

    assert warts.shorter(Faithful(1), keys, argument) == (argument, None)
    assert warts.wider(Faithful(1), keys, poll) is None
    assert poll.body == argument
    assert cursor_in(argument) in ("", "x")
