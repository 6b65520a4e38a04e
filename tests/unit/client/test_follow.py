"""The rules of following, without a socket and without waiting."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pytest

from wakeful.client.errors import AuthenticationFailed, Refused
from wakeful.client.follow import (
    REMEMBERED_EVENTS,
    Stream,
    check_limit,
    check_types,
    follow,
    parse_since,
)
from wakeful.client.notices import Back, Gap, Lost, Started
from wakeful.client.pace import LONGEST_PAUSE_SECONDS
from wakeful.client.steps import Answer, Ask, Deliver, Flow, NoAnswer, Save, Sleep, Step, Tell

CUT = NoAnswer("the connection was cut")


def answer(
    body: Any, status: int = 200, headers: dict[str, str] | None = None, seconds: float = 50.0
) -> Answer:
    return Answer(status, headers or {}, json.dumps(body).encode(), seconds)


def page(position: int, *names: str, headers: dict[str, str] | None = None) -> Answer:
    entries = [{"event_id": name, "event_type": "X"} for name in names]
    return answer({"entries": entries, "next_stream_position": position}, headers=headers)


def channel(**more: Any) -> Answer:
    server = {"type": "realtime_server", "url": "http://h/poll?channel=c", **more}
    return answer({"entries": [server]})


NEWS = answer({"message": "new_change"})
NO_NEWS = answer({"message": "reconnect"})


class Script:
    """Feeds answers to a flow; asks nothing about time, for a pause is its longest."""

    def __init__(self, flow: Flow[NoReturn]) -> None:
        self._flow = flow
        self._step: Step = next(flow)

    def _advance(self, reply: Answer | NoAnswer | None = None) -> None:
        self._step = self._flow.send(reply)

    def takes(self, expected: Step) -> Script:
        """The flow does exactly this next."""
        assert self._step == expected
        self._advance()
        return self

    def delivers(self, *names: str) -> Script:
        for name in names:
            assert isinstance(self._step, Deliver)
            assert self._step.event.id == name
            self._advance()
        return self

    def fails(self) -> Script:
        """The flow finds the server lost, for the first time."""
        assert isinstance(self._step, Tell)
        assert isinstance(self._step.notice, Lost)
        self._advance()
        return self

    def sleeps(self) -> float:
        assert isinstance(self._step, Sleep)
        seconds = self._step.seconds
        self._advance()
        return seconds

    def asks(self, what: str, reply: Answer | NoAnswer) -> Script:
        """The flow sends this request (method and end of the URL), and gets that reply."""
        assert isinstance(self._step, Ask)
        method, _, end = what.partition(" ")
        assert self._step.method == method
        assert self._step.url.endswith(end), self._step.url
        self._advance(reply)
        return self

    @property
    def asked(self) -> Ask:
        assert isinstance(self._step, Ask)
        return self._step


def longest(bound: float) -> float:
    return bound


def begin(position: int | str = "now", **options: Any) -> Script:
    return Script(follow("http://h", position, jitter=longest, **options))


def polling(position: int = 100, **options: Any) -> Script:
    """A flow at its first poll."""
    return (
        begin(**options)
        .asks("GET &stream_position=now&limit=500", page(position))
        .takes(Tell(Started(position)))
        .takes(Save(position))
        .asks("OPTIONS ", channel())
    )


def test_the_position_is_pinned_before_anything_is_waited_for() -> None:
    script = begin()

    script.asks("GET http://h/2.0/events?stream_type=all&stream_position=now&limit=500", page(100))

    script.takes(Tell(Started(100))).takes(Save(100))
    script.asks("OPTIONS http://h/2.0/events?stream_type=all", channel())
    script.asks("GET http://h/poll?channel=c&stream_position=100", NO_NEWS)


def test_a_position_is_read_from_at_once() -> None:
    begin(7).asks("GET =7&limit=500", page(9, "a", "b")).takes(Tell(Started(7))).delivers(
        "a", "b"
    ).takes(Save(9)).asks("OPTIONS ", channel())


def test_the_stream_type_is_in_each_request_that_needs_it() -> None:
    begin(stream=Stream.SYNC).asks("GET stream_type=sync&stream_position=now&limit=500", page(3))


def test_the_position_moves_only_after_the_last_event_was_taken() -> None:
    script = polling().asks("GET =100", NEWS).asks("GET =100&limit=500", page(102, "a", "b"))

    script.delivers("a", "b").takes(Save(102)).asks("GET /poll?channel=c&stream_position=102", CUT)


def test_a_full_page_is_followed_by_the_next_and_a_short_one_by_a_poll() -> None:
    script = begin(1, limit=2).asks("GET =1&limit=2", page(3, "a", "b")).takes(Tell(Started(1)))

    script.delivers("a", "b").takes(Save(3)).asks("GET =3&limit=2", page(4, "c"))
    script.delivers("c").takes(Save(4)).asks("OPTIONS ", channel())


def test_the_server_is_given_longer_than_its_own_hold() -> None:
    script = begin().asks("GET =500", page(1)).takes(Tell(Started(1))).takes(Save(1))

    script.asks("OPTIONS ", channel(retry_timeout=70))

    assert script.asked.silence == 75


def test_a_channel_is_used_for_as_many_polls_as_the_server_allows() -> None:
    script = begin().asks("GET =500", page(1)).takes(Tell(Started(1))).takes(Save(1))
    script.asks("OPTIONS ", channel(max_retries="1"))

    for position in (1, 2):
        script.asks(f"GET /poll?channel=c&stream_position={position}", NEWS)
        script.asks("GET &limit=500", page(position + 1, f"e{position}"))
        script.delivers(f"e{position}").takes(Save(position + 1))

    script.asks("OPTIONS ", channel())


@pytest.mark.parametrize("message", ["reconnect", "max_retries"])
def test_the_end_of_a_hold_is_followed_by_a_new_channel_without_a_pause(message: str) -> None:
    polling().asks("GET =100", answer({"message": message})).asks("OPTIONS ", channel())


def test_a_poll_that_nobody_answers_is_no_lost_connection() -> None:
    silent = NoAnswer("the server is silent", was_silent=True)

    polling().asks("GET =100", silent).asks("OPTIONS ", channel()).asks("GET =100", NEWS)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(CUT, id="cut"),
        pytest.param(answer({}, 500), id="server error"),
        pytest.param(answer({}, 408), id="request time-out"),
        pytest.param(answer({}, 429), id="too many requests"),
        pytest.param(answer({}, 204), id="no content"),
        pytest.param(answer({"message": "ping"}), id="unknown message"),
        pytest.param(answer({"message": 1}), id="message of another type"),
        pytest.param(answer([]), id="no object"),
        pytest.param(Answer(200, {}, b"<html>"), id="no JSON"),
    ],
)
def test_a_failed_poll_is_told_and_tried_again_on_a_new_channel(reply: Answer | NoAnswer) -> None:
    script = polling().asks("GET =100", reply).fails()

    assert script.sleeps() == 0.5
    script.asks("OPTIONS ", channel()).takes(Tell(Back())).asks("GET =100", NEWS)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(CUT, id="cut"),
        pytest.param(answer({}, 503), id="server error"),
        pytest.param(Answer(200, {}, b""), id="empty"),
        pytest.param(answer({"entries": []}), id="no position"),
        pytest.param(answer({"entries": [], "next_stream_position": "x"}), id="bad position"),
        pytest.param(answer({"entries": [1], "next_stream_position": 1}), id="bad entry"),
    ],
)
def test_a_failed_page_is_asked_for_again(reply: Answer | NoAnswer) -> None:
    script = begin(5).asks("GET =5&limit=500", reply).fails()

    assert script.sleeps() == 0.5
    script.asks("GET =5&limit=500", page(6, "a")).takes(Tell(Back())).takes(Tell(Started(5)))
    script.delivers("a")


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(answer({"entries": []}), id="none"),
        pytest.param(answer({"entries": [{"type": "other", "url": "u"}]}), id="another type"),
        pytest.param(answer({"entries": [{"type": "realtime_server", "url": ""}]}), id="no URL"),
    ],
)
def test_an_answer_without_a_channel_is_asked_for_again(reply: Answer) -> None:
    script = begin().asks("GET =500", page(1)).takes(Tell(Started(1))).takes(Save(1))

    script.asks("OPTIONS ", reply).fails().sleeps()

    script.asks("OPTIONS ", channel())


def test_pauses_grow_up_to_half_a_minute_and_are_told_once() -> None:
    script = polling()
    script.asks("GET =100", CUT).fails()
    pauses = [script.sleeps()]

    for _ in range(8):
        script.asks("OPTIONS ", CUT)
        pauses.append(script.sleeps())

    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, LONGEST_PAUSE_SECONDS]


def test_a_server_that_answers_all_but_polls_is_asked_less_and_less() -> None:
    script = polling()
    pauses = []

    for _ in range(3):
        script.asks("GET =100", answer({}, 500)).fails()
        pauses.append(script.sleeps())
        script.asks("OPTIONS ", channel()).takes(Tell(Back()))

    assert pauses == [0.5, 1, 2]


def test_news_make_pauses_short_again() -> None:
    script = polling()
    for _ in range(3):
        script.asks("GET =100", CUT).fails().sleeps()
        script.asks("OPTIONS ", channel()).takes(Tell(Back()))
    script.asks("GET =100", NEWS).asks("GET =500", page(101, "a")).delivers("a").takes(Save(101))

    script.asks("GET =101", CUT).fails()

    assert script.sleeps() == 0.5


def test_retry_after_is_waited_for_and_some_more() -> None:
    script = polling().asks("GET =100", answer({}, 503, {"retry-after": "7"})).fails()

    assert script.sleeps() == 7.5


def test_a_notice_gives_the_servers_reason() -> None:
    flow = follow("http://h", 1, jitter=longest)
    next(flow)

    step = flow.send(answer({"message": "The disk is full"}, 503))

    assert step == Tell(Lost("the server answered 503 Service Unavailable: The disk is full", 0.5))


def test_a_page_with_nothing_new_does_not_become_a_hot_loop() -> None:
    script = polling()
    script.asks("GET =100", NEWS).asks("GET =500", page(100))
    pauses = []

    for _ in range(3):
        script.asks("GET =100", NEWS).asks("GET =500", page(100))
        pauses.append(script.sleeps())

    assert pauses == [0.5, 1, 2]


def test_polls_that_end_at_once_do_not_become_a_hot_loop() -> None:
    script = polling()
    pauses = []

    for _ in range(3):
        script.asks("GET =100", answer({"message": "reconnect"}, seconds=0.01))
        pauses.append(script.sleeps())
        script.asks("OPTIONS ", channel())

    assert pauses == [0.5, 1, 2]


def test_repeated_events_are_left_out() -> None:
    script = polling().asks("GET =100", NEWS).asks("GET =500", page(102, "a", "b", "a"))
    script.delivers("a", "b").takes(Save(102))

    script.asks("GET =102", NEWS).asks("GET =500", page(104, "b", "c"))

    script.delivers("c").takes(Save(104))


def test_the_memory_of_events_is_bounded() -> None:
    script = begin(1, limit=REMEMBERED_EVENTS + 1)
    names = [f"e{index}" for index in range(REMEMBERED_EVENTS + 1)]
    script.asks("GET ", page(2, *names)).takes(Tell(Started(1))).delivers(*names).takes(Save(2))

    script.asks("GET ", page(3, "e1", "e0"))

    script.delivers("e0").takes(Save(3))


def test_an_event_without_an_id_is_delivered() -> None:
    nameless = answer({"entries": [{}, {}], "next_stream_position": 2})

    begin(1).asks("GET =500", nameless).takes(Tell(Started(1))).delivers("", "").takes(Save(2))


def test_a_gap_is_told_before_the_events_that_follow_it() -> None:
    script = begin(5).asks("GET =500", page(9, "a", headers={"wakeful-gap": "1"}))

    script.takes(Tell(Gap("5"))).takes(Tell(Started(5))).delivers("a")


@pytest.mark.parametrize(
    ("status", "body", "error", "message"),
    [
        (401, {}, AuthenticationFailed, "the server does not accept the token"),
        (401, {"message": "expired"}, AuthenticationFailed, "not accept the token$"),
        (400, {"message": "Invalid stream position"}, Refused, "Invalid stream position"),
        (403, [], Refused, "the server answered 403 Forbidden"),
        (404, {"message": 1}, Refused, "the server answered 404 Not Found"),
        (499, {}, Refused, "the server answered 499"),
        (308, {}, Refused, "the server sends us to another place"),
    ],
)
def test_a_refusal_ends_it(status: int, body: Any, error: type[Refused], message: str) -> None:
    script = begin()

    with pytest.raises(error, match=message) as raised:
        script.asks("GET ", answer(body, status))

    assert raised.value.status == status


def test_a_redirect_says_where_to() -> None:
    with pytest.raises(Refused, match="sends us to https://h/: use that"):
        begin().asks("GET ", answer({}, 301, {"location": "https://h/"}))


def test_a_channel_that_ended_is_replaced_but_one_that_never_worked_is_not() -> None:
    script = polling().asks("GET =100", NEWS).asks("GET =500", page(101, "a"))
    script.delivers("a").takes(Save(101))

    script.asks("GET =101", answer({}, 403)).asks("OPTIONS ", channel())

    with pytest.raises(Refused):
        script.asks("GET =101", answer({}, 403))


@pytest.mark.parametrize(
    ("given", "meant"), [("now", "now"), (" now ", "now"), ("0", 0), (0, 0), ("17", 17), (17, 17)]
)
def test_a_beginning_is_now_or_a_position(given: int | str, meant: int | str) -> None:
    assert parse_since(given) == meant


def test_a_poll_that_was_held_makes_pauses_short_again() -> None:
    script = polling()
    for _ in range(2):
        script.asks("GET =100", CUT).fails().sleeps()
        script.asks("OPTIONS ", channel()).takes(Tell(Back()))
    script.asks("GET =100", NO_NEWS).asks("OPTIONS ", channel())

    script.asks("GET =100", CUT).fails()

    assert script.sleeps() == 0.5


@pytest.mark.parametrize("limit", [1, 500])
def test_a_page_may_have_one_event_or_many(limit: int) -> None:
    check_limit(limit)


@pytest.mark.parametrize("limit", [0, -1, 501])
def test_a_page_is_bounded(limit: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 500"):
        check_limit(limit)


@pytest.mark.parametrize("given", ["", "yesterday", "-1", -1, "1.5", "٣"])
def test_anything_else_is_no_beginning(given: int | str) -> None:
    with pytest.raises(ValueError, match="position"):
        parse_since(given)


def test_the_real_jitter_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = follow("http://h", 1)
    next(flow)

    flow.send(CUT)
    step = next(flow)

    assert isinstance(step, Sleep)
    assert 0 <= step.seconds <= 0.5


# --- the enterprise's streams ---


def test_types_are_asked_for_in_pages_and_channels() -> None:
    flow = follow("http://h", 5, stream=Stream.ENTERPRISE, types=("LOGIN", "UPLOAD"), limit=7)

    ask = next(flow)
    assert isinstance(ask, Ask)
    asked = "stream_type=admin_logs_streaming&stream_position=5&limit=7&event_type=LOGIN%2CUPLOAD"
    assert ask.url == f"http://h/2.0/events?{asked}"
    steps: list[Step] = [flow.send(page(6))]
    while not isinstance(steps[-1], Ask):
        steps.append(flow.send(None))
    assert isinstance(steps[-1], Ask)
    query = "stream_type=admin_logs_streaming&event_type=LOGIN%2CUPLOAD"
    assert (steps[-1].method, steps[-1].url) == ("OPTIONS", f"http://h/2.0/events?{query}")


@pytest.mark.parametrize("stream", [Stream.ENTERPRISE, Stream.ENTERPRISE_BY_TIME])
def test_an_enterprises_stream_may_be_filtered(stream: Stream) -> None:
    assert check_types(stream, ["A", "B"]) == ("A", "B")
    assert check_types(stream, "A") == ("A",)
    assert check_types(stream, ()) == ()


@pytest.mark.parametrize(
    ("stream", "types"),
    [
        (Stream.ALL, ["A"]),
        (Stream.SYNC, ["A"]),
        (Stream.ENTERPRISE, ["A,B"]),
        (Stream.ENTERPRISE, [" "]),
    ],
)
def test_what_cannot_be_filtered_is_refused(stream: Stream, types: list[str]) -> None:
    with pytest.raises(ValueError, match=r"type"):
        check_types(stream, types)
