"""What an emulator remembers: bounded, without secrets, and known by what it told."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from wakeful.core.clock import Clock, VirtualTime
from wakeful.http.emulation.readings import Told, asked_from, reading_of
from wakeful.http.emulation.recording import (
    BODY_BYTES,
    PARSED_BYTES,
    Body,
    Exchange,
    Recorder,
    State,
    Wanted,
)
from wakeful.http.emulation.redaction import clean, clean_header, hidden
from wakeful.http.emulation.routes import Named
from wakeful.http.native.routes import NativeErrors

ANN = 1001
EVENTS = Named("box.events", "GET /2.0/events", "box", NativeErrors())
JSON = [(b"content-type", b"application/json")]


def a_recorder(most: int = 100, most_bytes: int = 1_000_000) -> Recorder:
    time = VirtualTime(Clock(lambda: 0, lambda: 0.0))
    return Recorder(time.clock, most=most, most_bytes=most_bytes)


def begin(recorder: Recorder, query: bytes = b"") -> Exchange:
    return recorder.begin(EVENTS, ANN, "GET", "/2.0/events", query, [])


def asked(recorder: Recorder, body: bytes = b"{}") -> Exchange:
    exchange = begin(recorder)
    recorder.end(exchange, State.ANSWERED, 200, JSON, body, len(body))
    return exchange


def ids(recorder: Recorder) -> list[int]:
    return [each.id for each in recorder.find(Wanted())]


def test_the_oldest_that_is_over_goes_first_and_is_counted() -> None:
    recorder = a_recorder(most=3)
    waiting = begin(recorder)

    answered = [asked(recorder) for _ in range(5)]

    assert ids(recorder) == [waiting.id, answered[3].id, answered[4].id]
    assert recorder.dropped == 3


def test_what_is_under_way_is_never_forgotten() -> None:
    recorder = a_recorder(most=2)

    waiting = [begin(recorder) for _ in range(4)]
    recorder.forget()

    assert ids(recorder) == [each.id for each in waiting]
    for each in waiting:
        recorder.end(each, State.ANSWERED, 200)
    assert len(ids(recorder)) == 2


def test_bytes_are_bounded_too() -> None:
    recorder = a_recorder(most_bytes=40_000)

    last = [asked(recorder, b'"%s"' % (b"x" * 10_000)) for _ in range(10)][-1]

    assert 0 < len(ids(recorder)) < 5
    assert ids(recorder)[-1] == last.id
    assert len(asked(recorder, b"[%s]" % (b"1," * 20_000)).response_body) == BODY_BYTES


def test_what_was_forgotten_may_still_end() -> None:
    recorder = a_recorder()
    first = asked(recorder)

    assert recorder.forget(ANN) == 1
    recorder.end(first, State.ANSWERED, 500)

    assert ids(recorder) == []
    assert first.status == 200, "it ends once"


async def test_who_waits_is_told_when_it_is_there_and_when_the_server_ends() -> None:
    recorder = a_recorder()

    waiting = asyncio.create_task(recorder.wait(Wanted(user=ANN), 1, 60))
    await asyncio.sleep(0)
    exchange = begin(recorder)
    assert await waiting == [exchange]

    waiting = asyncio.create_task(recorder.wait(Wanted(user=7), 1, 60))
    await asyncio.sleep(0)
    recorder.end_waits()
    assert await waiting == []


def test_a_long_body_is_counted_and_not_kept() -> None:
    body = Body()

    for _ in range(9):
        body.add(bytes(PARSED_BYTES // 8))

    assert body.raw == b""
    assert body.size == PARSED_BYTES // 8 * 9


@pytest.mark.parametrize(
    ("text", "is_left"),
    [
        ("/subscribe?channel=s3cret&stream_type=all", "stream_type=all"),
        ("grant_type=refresh_token&refresh_token=s3cret&client_id=me", "client_id=me"),
        ('{"access_token": "s3cret", "token_type": "bearer"}', '"token_type": "bearer"'),
        ('{"url":"http://h/subscribe?channel=s3cret&stream_type=all"}', "stream_type=all"),
        ("http://h/2.0/downloads/s3cret", "/2.0/downloads/"),
        ("code=s3cret&redirect_uri=x", "redirect_uri=x"),
        ('{"code":"not_found","cursor":"s3cret"}', '"code":"not_found"'),
    ],
)
def test_secrets_are_hidden_wherever_they_stand(text: str, is_left: str) -> None:
    cleaned = clean(text)

    assert "s3cret" not in cleaned
    assert hidden("s3cret") in cleaned
    assert is_left in cleaned


@pytest.mark.parametrize(
    "text",
    [
        r'{"password": "a\"s3cret", "x": 1}',
        r'{"access_token":"\u0061s3cret", "x": 1}',
        "password=a's3cret&x=1",
        "/2/files/list_folder/longpoll?authorization=Bearer%20s3cret&x=1",
    ],
)
def test_no_sign_within_a_secret_ends_it(text: str) -> None:
    cleaned = clean(text)

    assert "s3cret" not in cleaned
    assert "x" in cleaned.rpartition("]")[2]


def test_headers_are_cleaned_by_their_names() -> None:
    assert clean_header("authorization", "Bearer s3cret") == f"Bearer {hidden('s3cret')}"
    assert clean_header("authorization", "s3cret") == hidden("s3cret")
    assert clean_header("cookie", "session=1") == hidden("session=1")
    assert clean_header("location", "/a?token=s3cret") == f"/a?token={hidden('s3cret')}"
    assert clean_header("accept", "*/*") == "*/*"


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"\xff", b'{"entries": 7}', b'{"entries":'])
@pytest.mark.parametrize("route", ["box.events", "dropbox.continue", "dropbox_v1.delta", "x"])
def test_an_answer_that_is_no_page_tells_nothing(route: str, body: bytes) -> None:
    reading = reading_of(route, body)

    assert (reading.told, reading.next) == ((), None)


def test_what_an_event_is_about_is_told_by_its_name_or_its_type() -> None:
    events = [
        {"event_id": "1", "event_type": "ITEM_UPLOAD", "source": {"name": "a.txt"}},
        {"event_id": "2", "event_type": "UPLOAD", "source": {"item_name": "b.txt"}},
        {"event_id": "3", "event_type": "LOGIN", "source": None},
    ]
    body = msgspec.json.encode({"entries": events, "next_stream_position": "17"})

    reading = reading_of("box.events", body)

    assert reading.told == (Told("1", "a.txt"), Told("2", "b.txt"), Told("3", "LOGIN"))
    assert reading.next == 17


@pytest.mark.parametrize(
    ("query", "place"),
    [
        (b"stream_position=17&stream_position=18", 18),
        (b"stream_position=now", "now"),
        (b"", "start"),
        (b"stream_position=seventeen", None),
    ],
)
def test_where_a_request_begins_is_what_counts_for_the_server(
    query: bytes, place: int | str | None
) -> None:
    assert asked_from("box.events", query, b"") == place
    assert asked_from("dropbox.continue", b"", b"{}") is None
    assert asked_from("dropbox.continue", b"", b'{"cursor": "x", "y": ' + b"[" * 3000) is None
