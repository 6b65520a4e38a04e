"""What goes wrong in an emulator because a test asked for it, over plain connections and TLS."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.test_emulator import asking
from tests.acceptance.test_memory import in_memory
from tests.readers import Json
from tests.servers import Server, wakeful
from wakeful.testing import Emulator, EmulatorFailed, User
from wakeful.testing.faults import FaultFields

pytestmark = pytest.mark.acceptance

LIST, CONTINUE = "/2/files/list_folder", "/2/files/list_folder/continue"
LONGPOLL = "/2/files/list_folder/longpoll"


class Client:
    """A client of one user that knows nothing of the emulator."""

    def __init__(self, url: str, user: User, authority: Path | None = None) -> None:
        self._http = httpx2.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {user.token}"},
            timeout=60,
            trust_env=False,
            verify=authority is None or ssl.create_default_context(cafile=authority),
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        return self._http.request(method, path, **options)

    def events(self, position: int | str = 0, **more: int) -> httpx2.Response:
        return self.ask("GET", "/2.0/events", params={"stream_position": position} | more)

    def names(self, position: int | str = 0, **more: int) -> list[str]:
        answer = self.events(position, **more).json()
        assert answer["chunk_size"] == len(answer["entries"])
        return [event["source"]["name"] for event in answer["entries"]]

    def channel(self) -> str:
        url = self.ask("OPTIONS", "/2.0/events").json()["entries"][0]["url"]
        return str(url)

    def poll(self, position: int | str = 0) -> httpx2.Response:
        return self.ask("GET", f"{self.channel()}&stream_position={position}")

    def cursor(self) -> str:
        return str(self.ask("POST", LIST, json={"path": ""}).json()["cursor"])


@pytest.fixture(scope="module", params=["plain", "tls"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Emulator, str, Path | None]]:
    """An emulator, the URL at which it is asked, and by what it is trusted there."""
    folder = tmp_path_factory.mktemp("emulator")
    if request.param == "plain":
        with Emulator() as emulator:
            yield emulator, emulator.url, None
        return
    assert wakeful("certs", "--data", str(folder)).returncode == 0
    pair = folder / "tls" / "server.pem", folder / "tls" / "server-key.pem"
    with in_memory(folder, "--tls-port", "0", "--tls-cert", pair[0], "--tls-key", pair[1]) as said:
        secured = re.findall(r"https://[\w.:]+", "".join(said.lines))[0]
        yield Emulator.at(said.url, said.token), secured, folder / "tls" / "ca.pem"


@pytest.fixture
def emulator(served: tuple[Emulator, str, Path | None]) -> Emulator:
    return served[0]


@pytest.fixture
def user(emulator: Emulator) -> User:
    return emulator.user()


@pytest.fixture
def client(served: tuple[Emulator, str, Path | None], user: User) -> Iterator[Client]:
    client = Client(served[1], user, served[2])
    yield client
    client.close()


def upload(user: User, *names: str) -> None:
    user.publish(*({"kind": "upload", "path": f"/{name}"} for name in names))


# --- errors ---


def test_box_is_refused_in_its_own_form(user: User, client: Client) -> None:
    with user.fault(429, "box.events", retry_after=7):
        answer = client.events()

    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "7"
    assert answer.json()["code"] == "rate_limit_exceeded"


def test_a_poll_that_the_front_answers_is_refused_in_the_same_form(
    user: User, client: Client
) -> None:
    for status in (429, 500, 503):
        with user.fault(status, "box.poll") as fault:
            answer = client.poll()
        assert (answer.status_code, answer.json()["status"]) == (status, status)
        assert ("Retry-After" in answer.headers) == (status != 500)
        assert fault.used == 1


def test_dropbox_is_refused_in_its_own_forms(user: User, client: Client) -> None:
    cursor = client.cursor()
    with user.fault(429, "dropbox", retry_after=3):
        for path in (CONTINUE, LONGPOLL):
            answer = client.ask("POST", path, json={"cursor": cursor})
            assert answer.status_code == 429
            assert answer.headers["Retry-After"] == "3"
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.json()["error"]["retry_after"] == 3
    with user.fault(503, "dropbox_v1"):
        answer = client.ask("POST", "/1/delta")
        assert (answer.status_code, list(answer.json())) == (503, ["error"])


def test_a_token_that_is_refused_is_refused_as_if_it_had_ended(user: User, client: Client) -> None:
    with user.fault(401, times=1):
        answer = client.events()

    assert (answer.status_code, answer.content) == (401, b"")
    assert client.events().status_code == 200


def test_an_error_that_a_dialect_has_no_word_for_has_its_status(user: User, client: Client) -> None:
    with user.fault(507, "box.events"), user.fault(404, "dropbox.list_folder"):
        assert client.events().status_code == 507
        assert client.ask("POST", LIST, json={"path": ""}).status_code == 404


# --- connections ---


def test_an_answer_is_cut_in_its_middle(user: User, client: Client) -> None:
    upload(user, "a.txt")
    for route, ask in (("box.events", client.events), ("box.poll", client.poll)):
        with user.fault("cut", route) as fault, pytest.raises(httpx2.RemoteProtocolError):
            ask()
        assert fault.used == 1
        with (
            user.fault("cut", route, after=3),
            pytest.raises(httpx2.RemoteProtocolError, match="received 3 bytes"),
        ):
            ask()
    assert client.names() == ["a.txt"]


def test_an_answer_without_a_body_is_not_given(user: User, client: Client) -> None:
    folder = client.ask("POST", "/2.0/folders", json={"name": "f", "parent": {"id": "0"}}).json()

    with user.fault("cut", "box"), pytest.raises(httpx2.RemoteProtocolError, match="without"):
        client.ask("DELETE", f"/2.0/folders/{folder['id']}")


def test_a_download_is_cut_where_the_rule_says(user: User, client: Client) -> None:
    content = bytes(300_000)
    files = {"attributes": (None, '{"name":"big.bin","parent":{"id":"0"}}'), "file": content}
    uploaded = client.ask("POST", "/api/2.0/files/content", files=files).json()["entries"][0]
    location = client.ask("GET", f"/2.0/files/{uploaded['id']}/content").headers["Location"]

    with (
        user.fault("cut", "GET /2.0/downloads/*", after=200_000) as fault,
        pytest.raises(httpx2.RemoteProtocolError, match="received 200000 bytes"),
    ):
        client.ask("GET", location)

    assert fault.used == 1
    assert client.ask("GET", location).content == content


def test_a_connection_is_reset(
    user: User, client: Client, served: tuple[Emulator, str, Path | None]
) -> None:
    # Python's TLS tells a reset as an end.
    broken = httpx2.ReadError if served[2] is None else httpx2.TransportError
    for route, ask in (("box.events", client.events), ("box.poll", client.poll)):
        afters: tuple[FaultFields, ...] = ({}, {"after": 3})
        for after in afters:
            upload(user, f"{route}-{len(after)}.txt")
            with user.fault("reset", route, **after), pytest.raises(broken):
                ask()
    assert len(user.requests.all(state="reset")) == 4


def test_a_request_is_answered_later(emulator: Emulator, user: User, client: Client) -> None:
    upload(user, "a.txt")
    for route, ask in (("box.events", client.events), ("box.poll", client.poll)):
        with user.fault("delay", route, seconds=600), asking(ask) as answers:
            user.requests.expect_held(route)
            assert answers == []

            emulator.advance(minutes=11)

        assert answers[0].status_code == 200


def test_a_request_is_held_until_its_fault_is_removed(user: User, client: Client) -> None:
    upload(user, "a.txt")
    for route, ask in (("box.events", client.events), ("box.poll", client.poll)):
        fault = user.fault("hang", route)
        with asking(ask) as answers:
            user.requests.expect_held(route)

            fault.remove()

        assert answers[0].status_code == 200


def test_a_client_that_does_not_wait_is_gone(
    emulator: Emulator, user: User, client: Client
) -> None:
    channel = client.channel()
    with user.fault("hang", "box"):
        for path in ("/2.0/events", f"{channel}&stream_position=0"):
            with pytest.raises(httpx2.TimeoutException):
                client.ask("GET", path, timeout=httpx2.Timeout(60, read=0.2))

        query = f"user={user.id}&state=gone&count=2&wait=60"
        gone = emulator.ask("GET", f"/emulator/requests?{query}")["requests"]

    assert [each["route"] for each in gone] == ["box.events", "box.poll"]


# --- polls ---


def test_polls_are_told_to_come_back_at_once(user: User, client: Client) -> None:
    cursor = client.cursor()
    with user.fault("reconnect", times=3) as fault:
        assert client.poll("now").json()["message"] == "reconnect"
        asked = {"cursor": cursor, "timeout": 480}
        assert client.ask("POST", LONGPOLL, json=asked).json() == {"changes": False}
        v1 = client.ask("POST", "/1/delta").json()["cursor"]
        path = f"/1/longpoll_delta?cursor={v1}"
        assert client.ask("GET", path).json() == {"changes": False}
        assert fault.used == 3
    with user.fault("reconnect", backoff=9):
        answer = client.ask("POST", LONGPOLL, json=asked).json()
        assert answer == {"changes": False, "backoff": 9}


def test_polls_are_told_of_what_has_not_happened(user: User, client: Client) -> None:
    cursor, position = client.cursor(), client.events("now").json()["next_stream_position"]

    with user.fault("wake"):
        assert client.poll(position).json()["message"] == "new_change"
        assert client.ask("POST", LONGPOLL, json={"cursor": cursor}).json() == {"changes": True}

    assert client.names(position) == []


# --- pages ---


def test_events_come_twice_within_the_limit_and_positions_stay_true(
    user: User, client: Client
) -> None:
    names = [f"{number}.txt" for number in range(7)]
    upload(user, *names)
    told: list[str] = []
    position: int | str = 0

    with user.fault("duplicate"):
        while True:
            page = client.events(position, limit=4).json()
            if not page["entries"]:
                break
            assert len(page["entries"]) <= 4
            told += [event["source"]["name"] for event in page["entries"]]
            position = page["next_stream_position"]

    assert sorted(told) == sorted(names * 2)
    assert client.names() == names


def test_events_come_the_newest_first(user: User, client: Client) -> None:
    upload(user, "a.txt", "b.txt", "c.txt")

    with user.fault("reorder", "box.events"):
        page = client.events(0).json()

    assert [event["source"]["name"] for event in page["entries"]] == ["c.txt", "b.txt", "a.txt"]
    assert client.names(page["next_stream_position"]) == []
    assert client.names() == ["a.txt", "b.txt", "c.txt"]


def test_the_pages_of_dropbox_go_wrong_in_the_same_ways(user: User, client: Client) -> None:
    cursor = client.cursor()
    upload(user, "a.txt", "b.txt")

    def told() -> list[str]:
        page = client.ask("POST", CONTINUE, json={"cursor": cursor}).json()
        return [entry["name"] for entry in page["entries"]]

    with user.fault("duplicate", "dropbox.continue"):
        assert told() == ["a.txt", "b.txt", "a.txt", "b.txt"]
    with user.fault("reorder", "dropbox"):
        assert told() == ["b.txt", "a.txt"]
    with user.fault("reorder", "dropbox_v1.delta"):
        delta: Json = client.ask("POST", "/1/delta").json()
        assert [path for path, _ in delta["entries"]] == ["/b.txt", "/a.txt"]
    assert told() == ["a.txt", "b.txt"]


def test_what_happened_is_told_to_a_follower_of_dropbox_later(
    emulator: Emulator, user: User, client: Client
) -> None:
    cursor = client.cursor()
    v1 = client.ask("POST", "/1/delta").json()["cursor"]

    with user.fault("late", "dropbox*", seconds=60):
        upload(user, "a.txt")
        page = client.ask("POST", CONTINUE, json={"cursor": cursor}).json()
        assert (page["entries"], page["has_more"]) == ([], False)
        delta = client.ask("POST", "/1/delta", data={"cursor": v1}).json()
        assert (delta["entries"], delta["reset"]) == ([], False)

        emulator.advance(seconds=61)

        page = client.ask("POST", CONTINUE, json={"cursor": page["cursor"]}).json()
        assert [entry["name"] for entry in page["entries"]] == ["a.txt"]
        delta = client.ask("POST", "/1/delta", data={"cursor": delta["cursor"]}).json()
        assert [path for path, _ in delta["entries"]] == ["/a.txt"]


def test_a_position_is_lost_once(user: User, client: Client) -> None:
    upload(user, "a.txt")
    position = client.events("now").json()["next_stream_position"]

    with user.fault("gap") as fault:
        client.events("now")  # who names no position has none to lose
        lost, again = client.events(position), client.events(position)

    assert fault.used == 1
    assert lost.headers["Wakeful-Gap"] == "true"
    assert len(lost.json()["entries"]) == 1
    assert "Wakeful-Gap" not in again.headers
    assert again.json()["entries"] == []


def test_a_cursor_is_lost_once(user: User, client: Client) -> None:
    upload(user, "a.txt")
    cursor = client.cursor()
    v1 = client.ask("POST", "/1/delta").json()["cursor"]

    for path in (CONTINUE, LONGPOLL):
        with user.fault("stale"):
            answer = client.ask("POST", path, json={"cursor": cursor})
        assert (answer.status_code, answer.json()["error"]) == (409, {".tag": "reset"})
    with user.fault("stale", "dropbox_v1", times=2):
        poll = client.ask("GET", f"/1/longpoll_delta?cursor={v1}")
        assert poll.json() == {"changes": True}
        delta = client.ask("POST", "/1/delta", data={"cursor": v1}).json()
        assert (delta["reset"], len(delta["entries"])) == (True, 1)
    assert client.ask("POST", CONTINUE, json={"cursor": cursor}).status_code == 200


# --- rules ---


def test_a_rule_spares_the_first_and_ends_after_the_last(user: User, client: Client) -> None:
    with user.fault(500, "box.events", skip=1, times=2) as fault:
        statuses = [client.events().status_code for _ in range(5)]

    assert statuses == [200, 500, 500, 200, 200]
    assert (fault.used, fault.seen) == (2, 5)


def test_the_faults_of_one_user_are_not_those_of_another(
    emulator: Emulator, user: User, client: Client
) -> None:
    other = emulator.user()
    upload(user, "a.txt")

    with other.fault(500), other.fault("hang"):
        assert client.events().status_code == 200
        assert client.poll("0").status_code == 200
        assert user.fault("gap").used == 0


def test_the_first_rule_decides_and_a_delay_lets_others_have_their_say(
    user: User, client: Client
) -> None:
    with (
        user.fault("delay", "box.events", seconds=0),
        user.fault(500, "GET /2.0/ev*", times=1),
        user.fault(503, "/2.0/events", times=1),
    ):
        assert [client.events().status_code for _ in range(3)] == [500, 503, 200]


def test_what_the_test_does_itself_does_not_go_wrong(emulator: Emulator, user: User) -> None:
    with emulator.fault(500, "*"):
        upload(user, "a.txt")
        assert emulator.user().id

    assert user.requests.all() == ()


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"fault": "explode"}, "explode"),
        ({"fault": "status"}, "which status"),
        ({"fault": "status", "status": 200}, "status"),
        ({"fault": "delay"}, "how many seconds"),
        ({"fault": "late"}, "how many seconds, or how many events"),
        ({"fault": "gap", "seconds": 3}, "seconds is for delay, late, not for gap"),
        ({"fault": "gap", "route": "box.event"}, "did you mean 'box.events'"),
        ({"fault": "reconnect", "route": "box.events"}, "this is for box.poll"),
        ({"fault": "gap", "times": 0}, "times"),
        ({"fault": "gap", "often": 1}, "often"),
        (None, "which fault"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_in_words(
    emulator: Emulator, wish: Any, why: str
) -> None:
    with pytest.raises(EmulatorFailed, match=why):
        emulator.ask("POST", "/emulator/faults", wish)


def test_rules_are_listed_and_removed(emulator: Emulator, user: User) -> None:
    first, second = user.fault("gap"), user.fault(500, "box")
    listed = emulator.ask("GET", f"/emulator/faults?user={user.id}")["faults"]
    assert [(rule["id"], rule["rule"]["fault"]) for rule in listed] == [
        (first.id, "gap"),
        (second.id, "status"),
    ]

    first.remove()
    emulator.clear_faults(user.id)

    assert emulator.ask("GET", f"/emulator/faults?user={user.id}")["faults"] == []
    first.remove()  # once more does nothing
    with pytest.raises(EmulatorFailed, match="404"):
        second.remove()


def test_a_server_that_stops_lets_go_whom_it_holds() -> None:
    with Emulator() as emulator:
        user = emulator.user()
        client, other = Client(emulator.url, user), Client(emulator.url, user)
        channel = client.channel()
        user.fault("hang", "box")
        with (
            asking(client.events) as answers,
            asking(lambda: other.ask("GET", f"{channel}&stream_position=0")) as polled,
        ):
            user.requests.expect_held("box.events")
            user.requests.expect_held("box.poll")

            emulator.stop()
        client.close()
        other.close()

    assert answers[0].status_code == 200
    assert polled[0].status_code == 503


def test_what_goes_wrong_is_not_known_to_a_server_that_keeps_its_data(server: Server) -> None:
    bearer = {"Authorization": f"Bearer {server.token}"}

    for path in ("faults", "requests"):
        assert (
            httpx2.get(f"{server.url}/emulator/{path}", headers=bearer, timeout=60).status_code
            == 404
        )


# --- late events ---


def test_an_event_is_told_behind_what_happened_after_it(
    emulator: Emulator, user: User, client: Client
) -> None:
    upload(user, "before.txt")
    with user.fault("late", times=1, skip=1, seconds=60) as fault:
        for name in ("first.txt", "late.txt", "second.txt"):
            upload(user, name)
        page = client.events(0).json()
        names = [event["source"]["name"] for event in page["entries"]]
        assert names == ["before.txt", "first.txt", "second.txt"]
        assert fault.used == 1

        emulator.advance(seconds=61)

        assert client.names(page["next_stream_position"]) == ["late.txt"]
    upload(user, "after.txt")
    assert client.names() == ["before.txt", "first.txt", "second.txt", "late.txt", "after.txt"]
    assert client.names(0, limit=2) == ["before.txt", "first.txt"]


def test_a_poll_is_not_woken_before_a_late_event_is_told(
    emulator: Emulator, user: User, client: Client
) -> None:
    position = client.events("now").json()["next_stream_position"]
    with (
        user.fault("late", seconds=40),
        asking(lambda: client.poll(position)) as answers,
    ):
        user.requests.expect_poll()
        upload(user, "late.txt")
        other = emulator.ask("GET", f"/emulator/requests?user={user.id}&state=parked")
        assert len(other["requests"]) == 1

        emulator.advance(seconds=41)

    assert answers[0].json()["message"] == "new_change"
    assert client.names(position) == ["late.txt"]


def test_an_event_is_late_until_others_have_come(user: User, client: Client) -> None:
    with user.fault("late", times=1, events=2):
        upload(user, "late.txt")
        upload(user, "one.txt")
        assert client.names() == ["one.txt"]
        upload(user, "two.txt")

        assert client.names() == ["one.txt", "two.txt", "late.txt"]


def test_what_is_late_is_told_when_its_fault_is_removed(user: User, client: Client) -> None:
    with user.fault("late", "box.events", seconds=600):
        upload(user, "a.txt", "b.txt")
        page = client.events(0).json()
        assert page["entries"] == []

    assert client.names(page["next_stream_position"]) == ["a.txt", "b.txt"]


def test_the_stream_of_the_enterprise_is_late_too(user: User, client: Client) -> None:
    query = "/2.0/events?stream_type=admin_logs_streaming&stream_position=0"

    def names() -> list[str]:
        entries = client.ask("GET", query).json()["entries"]
        return [event["source"]["item_name"] for event in entries]

    with user.fault("late", times=1, seconds=600):
        upload(user, "late.txt")
        upload(user, "one.txt")
        assert names() == ["one.txt"]
    assert names() == ["one.txt", "late.txt"]


def test_a_fault_is_for_a_user_that_there_is(emulator: Emulator) -> None:
    with pytest.raises(EmulatorFailed, match="no user 17"):
        emulator.ask("POST", "/emulator/faults", {"fault": "gap", "user": 17})
