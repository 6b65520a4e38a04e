"""An emulator that does all that Box and Dropbox are known to do."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import httpx2
import pytest

from tests.acceptance.test_emulated_faults import CONTINUE, LIST, LONGPOLL, Client, upload
from tests.acceptance.test_emulator import asking
from tests.acceptance.test_memory import in_memory
from tests.readers import Json
from wakeful.http.emulation.fidelity import DELAY_SECONDS
from wakeful.testing import Emulator, EmulatorFailed, User

pytestmark = pytest.mark.acceptance

T = TypeVar("T")

STREAMING = "/2.0/events?stream_type=admin_logs_streaming&stream_position="
LOGS = "/2.0/events?stream_type=admin_logs&stream_position="


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def user(emulator: Emulator) -> User:
    return emulator.user(fidelity="faithful", chance=5)


@pytest.fixture
def client(emulator: Emulator, user: User) -> Iterator[Client]:
    client = Client(emulator.url, user)
    yield client
    client.close()


def soon(attempt: Callable[[], T]) -> T:
    """What *attempt* comes to before the first of its events may be shown. Where the machine takes
    longer than that, it is made again: so each has a user of its own."""
    while True:
        began = time.monotonic()
        found = attempt()
        if time.monotonic() - began < min(DELAY_SECONDS):
            return found


def told_at_once(user: User) -> list[str]:
    """What is told of an upload as soon as it is answered."""
    client = Client(user.url, user)
    try:
        upload(user, "a.txt")
        return client.names()
    finally:
        client.close()


def read_on(client: Client, path: str = "/2.0/events?stream_position=") -> list[list[Json]]:
    """Every page from the start to the first that is empty."""
    pages: list[list[Json]] = []
    position: int | str = 0
    while True:
        page = client.ask("GET", f"{path}{position}&limit=10").json()
        assert page["chunk_size"] == len(page["entries"]) <= 10
        if not page["entries"]:
            return pages
        pages.append(page["entries"])
        position = page["next_stream_position"]


def told(pages: list[list[Json]]) -> list[str]:
    return [event["source"]["name"] for page in pages for event in page]


def test_events_are_shown_after_a_while(emulator: Emulator) -> None:
    def told() -> tuple[list[list[str]], list[int]]:
        """What a user is told, and how much the enterprise: at once, then later and later."""
        user = emulator.user(fidelity="faithful", chance=5)
        client = Client(emulator.url, user)
        users: list[list[str]] = []
        enterprises: list[int] = []
        try:
            upload(user, "a.txt")
            for seconds in (0, 3, 12):
                emulator.advance(seconds=seconds)
                users.append(client.names())
                enterprises.append(len(client.ask("GET", f"{STREAMING}0").json()["entries"]))
        finally:
            client.close()
        return users, enterprises

    users, enterprises = soon(told)

    assert users[:2] == [[], ["a.txt"]]
    assert enterprises == [0, 0, 1]


def test_a_reader_of_short_pages_and_repeated_events_reads_everything(
    emulator: Emulator, user: User, client: Client
) -> None:
    names = [f"{number}.txt" for number in range(120)]
    for start in range(0, 120, 10):
        upload(user, *names[start : start + 10])
    emulator.advance(seconds=3)

    pages = read_on(client)

    assert set(told(pages)) == set(names)
    assert len(told(pages)) > len(names), "some come again"
    assert len({len(page) for page in pages}) > 2, "pages fall short"
    assert sorted(set(told(pages)), key=told(pages).index) != names, "some are not in order"


def test_the_same_chance_does_the_same_again(emulator: Emulator) -> None:
    def uploaded(chance: int) -> User:
        # All of it is shown together: by and by it would come in another order.
        user = emulator.user(fidelity="faithful", chance=chance)
        upload(user, *(f"{number}.txt" for number in range(60)))
        emulator.advance(seconds=3)
        return user

    seen: list[Any] = []
    for chance in (7, 7, 8):
        client = Client(emulator.url, soon(partial(uploaded, chance)))
        seen.append([told([page]) for page in read_on(client)])
        client.close()

    assert seen[0] == seen[1] != seen[2]


def test_an_enterprise_has_no_long_poll(user: User, client: Client) -> None:
    refused = client.ask("OPTIONS", "/2.0/events?stream_type=admin_logs_streaming")

    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert "enterprise=" not in client.channel()


def test_the_positions_of_an_enterprise_are_those_of_box(
    emulator: Emulator, user: User, client: Client
) -> None:
    assert client.ask("GET", f"{STREAMING}now").json()["next_stream_position"] == 0
    assert client.ask("GET", f"{LOGS}0").json()["next_stream_position"] == "0"
    upload(user, "a.txt")
    emulator.advance(seconds=15)

    first = client.ask("GET", f"{STREAMING}0")
    position = first.json()["next_stream_position"]

    assert len(first.json()["entries"]) == 1
    assert position & (1 << 39) == 0, "without a mark"
    assert [name for name in first.headers if name.startswith("wakeful")] == []
    upload(user, "b.txt")
    emulator.advance(seconds=15)
    (event,) = [
        each
        for each in client.ask("GET", f"{STREAMING}{position}").json()["entries"]
        if each["source"]["item_name"] == "b.txt"
    ]
    assert event["event_type"] == "UPLOAD"
    logs = client.ask("GET", f"{LOGS}0").json()
    assert isinstance(logs["next_stream_position"], str)
    assert client.ask("GET", f"{LOGS}{logs['next_stream_position']}").json()["entries"] == []


def test_polls_of_box_end_their_connection_and_wake_for_nothing_at_times(
    user: User, client: Client
) -> None:
    position = client.events("now").json()["next_stream_position"]
    channel = client.channel()

    answer = poll_until_woken(client, f"{channel}&stream_position={position}")

    assert answer.headers["Connection"] == "close"
    assert client.events(position).json()["entries"] == []


def poll_until_woken(client: Client, url: str) -> httpx2.Response:
    """The first answer that tells of a change, of which there is none; whoever would wait gives up
    soon, and later each time: how soon an answer comes is the affair of the machine."""
    patience = 0.2
    while True:
        patience *= 1.2
        try:
            answer = client.ask("GET", url, timeout=httpx2.Timeout(60, read=patience))
        except httpx2.TimeoutException:
            continue
        if answer.json()["message"] == "new_change":
            return answer


def test_a_poll_of_dropbox_wakes_for_any_folder(user: User, client: Client) -> None:
    upload(user, "here/a.txt")
    cursor = client.ask("POST", LIST, json={"path": "/here"}).json()["cursor"]
    other = Client(user.url, User("", 0, "", "", 0, "", user.drive, user.requests))
    # The SDKs send no token here.
    other._http.headers.pop("Authorization")

    refused = client.ask("POST", LONGPOLL, json={"cursor": cursor})
    with asking(lambda: other.ask("POST", LONGPOLL, json={"cursor": cursor})) as answers:
        upload(user, "elsewhere/b.txt")
    other.close()

    assert refused.status_code == 400
    assert "Authorization header" in refused.text
    assert answers[0].json()["changes"] is True
    page = client.ask("POST", CONTINUE, json={"cursor": cursor}).json()
    assert page["entries"] == []


def test_listings_of_dropbox_come_in_short_pages_and_are_complete(
    user: User, client: Client
) -> None:
    names = [f"{number}.txt" for number in range(60)]
    upload(user, *names)
    sizes, found = [], []
    page = client.ask("POST", LIST, json={"path": "", "limit": 6}).json()

    while True:
        sizes.append(len(page["entries"]))
        found += [entry["name"] for entry in page["entries"]]
        if not page["has_more"]:
            break
        page = client.ask("POST", CONTINUE, json={"cursor": page["cursor"]}).json()

    assert sorted(found) == sorted(names)
    assert max(sizes) == 6
    assert len(set(sizes[:-1])) > 1


def test_others_have_wakefuls_promises_beside_them(emulator: Emulator, user: User) -> None:
    better = emulator.user()
    client = Client(emulator.url, better)
    upload(better, "a.txt")

    assert client.names() == ["a.txt"]
    assert "enterprise=" in client.channel()
    client.close()


def test_a_whole_server_is_faithful_if_it_is_told_so() -> None:
    with Emulator(fidelity="faithful", chance=3) as emulator:
        assert soon(lambda: told_at_once(emulator.user())) == []
        assert told_at_once(emulator.user(fidelity="better")) == ["a.txt"]
        with pytest.raises(EmulatorFailed, match="runs already"):
            emulator.start()


def test_it_can_be_told_so_on_the_command_line(tmp_path: Any) -> None:
    with in_memory(tmp_path, "--fidelity", "faithful", "--chance", "9") as said:
        emulator = Emulator.at(said.url, said.token)
        assert soon(lambda: told_at_once(emulator.user())) == []
