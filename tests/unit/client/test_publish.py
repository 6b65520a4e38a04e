"""The rules of publishing, without a socket and without waiting."""

from __future__ import annotations

import json
from typing import Any

import pytest

from wakeful.client import ChangesAnswer, EventResult, EventsAnswer
from wakeful.client.errors import AuthenticationFailed, Refused, Unavailable
from wakeful.client.publish import publish, publish_events
from wakeful.client.steps import Answer, Ask, NoAnswer, Run, Sleep

CHANGE = {"kind": "create_folder", "path": "/a"}
DONE = Answer(200, {}, b'{"changes": [], "events": [], "replayed": false}')
CUT = NoAnswer("the connection was cut")


def running(patience: float = 30.0, key: str | None = None) -> Run[ChangesAnswer]:
    return Run(publish("http://h", CHANGE, key, patience=patience, jitter=lambda bound: bound))


def asked(run: Run[Any]) -> Ask:
    step = run.step()
    assert isinstance(step, Ask)
    return step


def pause(run: Run[ChangesAnswer]) -> float:
    step = run.step()
    assert isinstance(step, Sleep)
    run.done()
    return step.seconds


def test_changes_are_sent_as_they_are_under_a_key() -> None:
    run = running(key="mine")

    ask = asked(run)

    assert (ask.method, ask.url) == ("POST", "http://h/v1/changes")
    assert ask.body is not None
    assert json.loads(ask.body) == CHANGE
    assert ask.headers["Idempotency-Key"] == "mine"


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines", "\0"])
def test_a_key_that_cannot_stand_in_a_header_is_refused_before_anything_is_sent(key: str) -> None:
    with pytest.raises(ValueError, match="letters, digits and signs"):
        running(key=key).step()


def test_events_are_sent_to_where_they_are_taken() -> None:
    run = Run(publish_events("http://h", {"type": "LOGIN"}, "mine", jitter=lambda bound: bound))

    ask = asked(run)
    run.done(Answer(200, {}, b'{"events": [{"id": "e", "position": null}], "replayed": true}'))

    assert (ask.method, ask.url, ask.body) == ("POST", "http://h/v1/events", b'{"type":"LOGIN"}')
    assert ask.headers["Idempotency-Key"] == "mine"
    assert run.step() is None
    assert run.end() == EventsAnswer((EventResult("e", None),), True)


def test_p3_every_try_has_the_same_key_and_every_batch_another() -> None:
    run, other = running(), running()
    first = asked(run)
    run.done(CUT)
    pause(run)

    second = asked(run)

    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.headers["Idempotency-Key"] != asked(other).headers["Idempotency-Key"]


def test_the_answer_is_given_back() -> None:
    run = running()
    asked(run)
    run.done(DONE)

    assert run.step() is None
    assert run.end() == ChangesAnswer((), (), False)


@pytest.mark.parametrize(
    ("reply", "waited"),
    [
        pytest.param(CUT, 0.5, id="cut"),
        pytest.param(Answer(503, {"retry-after": "2"}, b""), 2.5, id="busy"),
        pytest.param(Answer(200, {}, b"<html>"), 0.5, id="no JSON"),
    ],
)
def test_what_may_pass_is_tried_again(reply: Answer | NoAnswer, waited: float) -> None:
    run = running()
    asked(run)
    run.done(reply)

    assert pause(run) == waited
    asked(run)


def test_it_gives_up_when_its_patience_ends() -> None:
    run = running(patience=4)
    pauses = []
    for _ in range(3):
        asked(run)
        run.done(CUT)
        pauses.append(pause(run))
    asked(run)

    with pytest.raises(Unavailable, match="the connection was cut"):
        run.done(CUT)

    assert pauses == [0.5, 1, 2]


def test_a_silent_server_uses_patience_up() -> None:
    run = running()
    asked(run)

    with pytest.raises(Unavailable, match="silent"):
        run.done(NoAnswer("the server is silent", was_silent=True))


def test_a_refusal_names_the_part_at_fault() -> None:
    run = running()
    asked(run)
    told = {"code": "not_found", "message": "no item", "field": "path", "request_id": "r"}

    with pytest.raises(Refused, match="no item") as raised:
        run.done(Answer(404, {}, json.dumps({"error": told}).encode()))

    assert (raised.value.code, raised.value.field) == ("not_found", "path")


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthenticationFailed), (409, Refused), (400, Refused)]
)
def test_a_refusal_ends_it(status: int, error: type[Refused]) -> None:
    run = running()
    asked(run)

    with pytest.raises(error):
        run.done(Answer(status, {}, b""))
