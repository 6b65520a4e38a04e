"""What an emulator was asked, and what tests expect of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.acceptance.test_emulated_faults import CONTINUE, LIST, LONGPOLL, Client, upload
from tests.acceptance.test_emulator import asking
from wakeful.testing import Emulator, Exchange, Requests, User

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def user(emulator: Emulator) -> User:
    return emulator.user()


@pytest.fixture
def client(emulator: Emulator, user: User) -> Iterator[Client]:
    client = Client(emulator.url, user)
    yield client
    client.close()


def impatient(emulator: Emulator, user: User) -> Requests:
    return Requests(emulator.ask, user.id, timeout=0)


def test_each_request_is_there_with_its_answer(user: User, client: Client) -> None:
    upload(user, "a.txt", "b.txt")
    page = client.events(0, limit=1).json()
    client.ask("POST", LIST, json={"path": "/nowhere"})

    read, listed = user.requests

    assert (read.route, read.template) == ("box.events", "GET /2.0/events")
    assert (read.method, read.path, read.query) == (
        "GET",
        "/2.0/events",
        "stream_position=0&limit=1",
    )
    assert (read.status, read.state, read.user) == (200, "answered", user.id)
    assert [each.name for each in read.told] == ["a.txt"]
    assert read.told[0].id == page["entries"][0]["event_id"]
    assert (read.asked_from, read.next) == ("start", page["next_stream_position"])
    assert read.json == page
    assert read.ended is not None
    assert read.began <= read.ended
    assert dict(read.response_headers)["content-type"] == "application/json"
    assert listed.request_body == '{"path":"/nowhere"}'
    assert (listed.status, listed.json["error"][".tag"]) == (409, "path")
    assert str(read) == f"{read.id}: box.events from start -> 200 [a.txt]"


def test_no_secret_is_kept(user: User, client: Client, emulator: Emulator) -> None:
    channel = client.channel()
    upload(user, "a.txt")
    client.ask("GET", f"{channel}&stream_position=0")
    cursor = client.cursor()
    client.ask("POST", CONTINUE, json={"cursor": cursor})
    form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "top-secret"}
    client.ask("POST", "/oauth2/token", data=form)
    secrets = [user.token, channel.partition("channel=")[2].partition("&")[0], cursor, "top-secret"]

    kept = httpx2.get(
        f"{emulator.url}/emulator/requests",
        headers={"Authorization": f"Bearer {emulator.token}"},
        trust_env=False,
        timeout=60,
    ).text

    assert [secret for secret in secrets if secret in kept] == []
    assert "[hidden " in kept
    assert "client_id=me" in kept


def test_a_client_is_known_to_have_read_and_to_have_gone_on(user: User, client: Client) -> None:
    upload(user, "a.txt")
    page = client.events(0).json()
    event, position = page["entries"][0]["event_id"], page["next_stream_position"]

    assert user.requests.expect_read("a.txt").id == user.requests.expect_read(event).id
    assert not user.requests._find(acknowledged="a.txt")[0]
    client.events(position)
    assert user.requests.expect_acknowledged("a.txt").asked_from == position
    assert user.requests.expect_acknowledged(event).asked_from == position


def test_a_follower_of_dropbox_is_known_to_have_gone_on(user: User, client: Client) -> None:
    upload(user, "a.txt")
    first = client.cursor()
    upload(user, "Plan.txt")
    page = client.ask("POST", CONTINUE, json={"cursor": first}).json()

    assert user.requests.expect_read("/plan.txt").route == "dropbox.continue"
    assert not user.requests._find(acknowledged="Plan.txt")[0]
    with asking(lambda: client.ask("POST", LONGPOLL, json={"cursor": page["cursor"]})):
        assert user.requests.expect_acknowledged("Plan.txt").route == "dropbox.longpoll"
        upload(user, "last.txt")


def test_a_poll_that_waits_is_waited_for(user: User, client: Client) -> None:
    position = client.events("now").json()["next_stream_position"]

    with asking(lambda: client.poll(position)) as answers:
        poll = user.requests.expect_poll()
        assert (poll.route, poll.asked_from, poll.ended) == ("box.poll", position, None)
        upload(user, "a.txt")

    assert answers[0].json()["message"] == "new_change"
    (over,) = user.requests.all("box.poll")
    assert (over.state, over.said) == ("answered", "new_change")


def test_how_often_something_was_asked_is_expected(
    emulator: Emulator, user: User, client: Client
) -> None:
    thread = threading.Thread(target=lambda: [client.events() for _ in range(2)])
    thread.start()
    assert len(user.requests.expect("box.events", times=2)) == 2
    thread.join()

    with pytest.raises(AssertionError, match=r"one box\.events was expected, and it was 2"):
        user.requests.expect("box.events")
    with pytest.raises(
        AssertionError, match=r"3 box\.events was expected in 0 s\n.*\n.*box\.events"
    ):
        impatient(emulator, user).expect("box.events", times=3)
    with pytest.raises(AssertionError, match=r"nothing more was expected, and box\.events"):
        user.requests.expect_nothing_more()
    user.requests.mark()
    user.requests.expect_nothing_more()
    user.requests.expect("box.events", times=0)


def test_a_client_that_waits_as_it_was_told_has_backed_off(
    emulator: Emulator, user: User, client: Client
) -> None:
    with user.fault(429, "box.events", times=1, retry_after=3600):
        client.events()
    emulator.advance(hours=1)
    client.events()

    user.requests.expect_backed_off()


def test_a_client_that_does_not_wait_is_told_of(
    emulator: Emulator, user: User, client: Client
) -> None:
    with pytest.raises(AssertionError, match="there was none"):
        user.requests.expect_backed_off()
    cursor = client.cursor()
    with user.fault("reconnect", times=1, backoff=3600):
        client.ask("POST", LONGPOLL, json={"cursor": cursor})
    with pytest.raises(AssertionError, match=r"dropbox\.longpoll once more was expected"):
        impatient(emulator, user).expect_backed_off()
    with user.fault("reconnect"):
        client.ask("POST", LONGPOLL, json={"cursor": cursor})

    with pytest.raises(AssertionError, match="it was to wait 3600 s after"):
        user.requests.expect_backed_off("dropbox")


def test_a_failure_shows_what_was_asked_instead(
    emulator: Emulator, user: User, client: Client
) -> None:
    with pytest.raises(AssertionError, match="nothing was asked"):
        impatient(emulator, user).expect_poll()
    upload(user, "a.txt")
    client.events()

    with pytest.raises(AssertionError) as failed:
        impatient(emulator, user).expect_read("b.txt")

    assert "an answer that tells of 'b.txt' was expected in 0 s" in str(failed.value)
    assert "box.events from start -> 200 [a.txt]" in str(failed.value)


def test_requests_are_those_of_one_user(emulator: Emulator, user: User, client: Client) -> None:
    other = emulator.user()

    client.events()

    assert len(user.requests) == 1
    assert len(other.requests) == 0
    assert user.requests[0].id in [each.id for each in emulator.requests]
    user.requests.forget()
    assert list(user.requests) == []


def test_one_who_acts_for_another_reads_the_others_stream(emulator: Emulator, user: User) -> None:
    colleague = emulator.user(colleague=user, is_admin=False)
    client = Client(emulator.url, user)

    client.ask("GET", "/2.0/events", headers={"As-User": str(colleague.id)})
    client.close()

    assert [each.user for each in colleague.requests] == [colleague.id]


def test_a_token_that_has_expired_is_still_somebodys(emulator: Emulator) -> None:
    user = emulator.user(lifetime=60)
    client = Client(emulator.url, user)
    client.events()

    emulator.advance(minutes=2)
    client.events()
    client.close()

    assert [each.status for each in user.requests] == [200, 401]


@pytest.mark.parametrize("query", ["user=me", "state=asleep", "route=box.event", "wait=soon"])
def test_what_cannot_be_looked_for_is_refused(emulator: Emulator, query: str) -> None:
    answer = httpx2.get(
        f"{emulator.url}/emulator/requests?{query}",
        headers={"Authorization": f"Bearer {emulator.token}"},
        trust_env=False,
        timeout=60,
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == query.partition("=")[0]


def test_what_was_asked_can_be_opened_elsewhere(user: User, client: Client) -> None:
    upload(user, "a.txt")
    page = client.events(0, limit=1)
    client.ask("POST", LIST, json={"path": ""})
    with user.fault("reset"), pytest.raises(httpx2.TransportError):
        client.events()

    log = user.requests.har()["log"]

    assert (log["version"], log["creator"]["name"]) == ("1.2", "Wakeful")
    read, listed, broken = log["entries"]
    assert read["request"]["url"] == f"{user.url}/2.0/events?stream_position=0&limit=1"
    assert {"name": "limit", "value": "1"} in read["request"]["queryString"]
    assert (read["response"]["status"], read["response"]["statusText"]) == (200, "OK")
    assert read["response"]["content"]["text"] == page.text
    assert read["time"] == read["timings"]["wait"] >= 0
    assert listed["request"]["postData"] == {"mimeType": "application/json", "text": '{"path":""}'}
    assert (broken["response"]["status"], broken["comment"]) == (0, "box.events: reset")


def test_an_exchange_is_told_in_one_line() -> None:
    fields: dict[str, Any] = dict.fromkeys(Exchange.__struct_fields__)
    fields |= {
        "id": 7,
        "route": "box.poll",
        "state": "reset",
        "faults": (3,),
        "told": (),
        "said": "",
    }

    assert str(Exchange(**fields)) == "7: box.poll -> reset fault 3"
