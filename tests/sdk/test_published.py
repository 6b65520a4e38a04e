"""What Box publishes to show its events runs here as it is printed, but for host, token and ids.

They are Box's reference of `OPTIONS /events`, that of the generated Python SDK, and an
article on its developer blog (2023) with lines for curl. What is for Java was read, not run.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.components import missing, node_sdk, python_sdk
from tests.disk import put
from tests.processes import Program, program
from tests.readers import Json, Progress, Reader
from tests.sdk.followers import PYTHON_GENERATED, PYTHON_HANDWRITTEN, Sdk
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

PROGRAMS = Path(__file__).with_name("programs")
CURL = ("curl", "--silent", "--show-error", "--fail", "--noproxy", "*")
COUNT = itertools.count()
RECORDED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d\d:\d\d")


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, watched: Path) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(folder, watch=watched, arguments=("--drain", "1")) as server:
        yield server


@pytest.fixture(scope="module")
def reader(server: Server) -> Iterator[Reader]:
    with Reader(server.url, server.token) as reader:
        yield reader


@pytest.fixture(autouse=True)
def nobody_waits(reader: Reader) -> None:
    reader.wait_until_parked(0)


@pytest.fixture
def before(reader: Reader, watched: Path) -> Json:
    """An event that there is already."""
    return upload(reader, watched, f"before {next(COUNT)}.txt")


# --- the lines for curl ---


def test_the_lines_for_curl_read_wait_and_read_on(
    server: Server, reader: Reader, watched: Path, before: Json
) -> None:
    if shutil.which("curl") is None:
        missing("curl", "apt install curl")
    url, bearer = f"{server.url}/2.0/events", f"Authorization: Bearer {server.token}"

    page = curl("--location", f"{url}?stream_type=all", "--header", bearer)
    assert page["entries"][-1] == before
    assert page["chunk_size"] == len(page["entries"])
    position = page["next_stream_position"]

    # The reference and the article ask for the channel in two ways.
    asked = [
        curl("-X", "OPTIONS", url, "-H", bearer),
        curl("--location", "--request", "OPTIONS", url, "--header", bearer),
    ]
    channels = []
    for answer in asked:
        assert answer["chunk_size"] == 1
        [entry] = answer["entries"]
        channels.append(entry.pop("url"))
        assert entry == {
            "type": "realtime_server",
            "ttl": "10",
            "max_retries": "10",
            "retry_timeout": 610,
        }

    assert all(url.startswith(f"{server.url}/subscribe?channel=") for url in channels)

    # Here the article writes the token without `Bearer`, and no position.
    bare = f"Authorization: {server.token}"
    with program([*CURL, "--location", channels[-1], "--header", bare]) as poll:
        reader.wait_until_parked(1)
        first = upload(reader, watched, "first.png")
        assert poll.wait_until_ended() == 0
        assert json.loads("".join(poll.lines)) == {"message": "new_change", "source": "uesi"}

    further = f"{url}?stream_type=all&stream_position={position}&limit=50"
    page = curl("--location", further, "--header", bearer)
    assert page["entries"] == [first]
    assert page["chunk_size"] == 1
    assert page["next_stream_position"] > position


# --- the programs for boxsdk 3 ---

each_handwritten = pytest.mark.parametrize("sdk", PYTHON_HANDWRITTEN, ids=lambda sdk: sdk.name)
each_generated = pytest.mark.parametrize("sdk", PYTHON_GENERATED, ids=lambda sdk: sdk.name)


@each_handwritten
def test_the_python_program_of_the_reference_tells_of_each_event(
    server: Server, reader: Reader, watched: Path, sdk: Sdk
) -> None:
    with published(sdk, "reference", server) as run:
        reader.wait_until_parked(1)
        upload(reader, watched, f"reference {sdk.home}.txt")

        run.wait_for(bool, "the event")
        assert run.lines == ["Got ITEM_UPLOAD event\n"]


@each_handwritten
def test_the_python_program_of_the_article_prints_a_page(
    server: Server, reader: Reader, before: Json, sdk: Sdk
) -> None:
    with published(sdk, "page", server) as run:
        assert run.wait_until_ended() == 0

    first_ten = reader.page(0, limit=10).entries
    assert RECORDED.fullmatch(first_ten[0]["created_at"])
    assert run.lines == [
        f"Got {event['event_type']} on {event['created_at']}: {event['source']['type']} "
        f"{event['source']['id']} {event['source']['name']}\n"
        for event in first_ten
    ]


@each_handwritten
def test_the_python_program_of_the_article_prints_deletions_as_they_come(
    server: Server, reader: Reader, watched: Path, before: Json, sdk: Sdk
) -> None:
    source = before["source"]
    with published(sdk, "generator", server) as run:
        reader.wait_until_parked(1)
        (watched / source["name"]).unlink()

        run.wait_for(lambda lines: len(lines) == 2, "the deletion")
        [deleted] = reader.events(reader.now() - 1)[0]
        assert run.lines == [
            "Long polling for events...\n",
            f"\t {deleted['created_at']} ITEM_TRASH file {source['id']} {source['name']}\n",
        ]


# --- the calls of the generated SDK ---


@each_generated
def test_the_generated_python_sdk_gets_a_realtime_server(server: Server, sdk: Sdk) -> None:
    with published(sdk, "get_events_with_long_polling", server) as run:
        assert run.wait_until_ended() == 0

    assert len(run.lines) == 2
    for line in run.lines:
        type, url, *numbers = line.split()
        assert type == "realtime_server"
        assert url.startswith(f"{server.url}/subscribe?channel=")
        assert numbers == ["10", "10", "610"]


@each_generated
def test_the_generated_python_sdk_gets_a_page(
    server: Server, reader: Reader, before: Json, sdk: Sdk
) -> None:
    with published(sdk, "get_events", server) as run:
        assert run.wait_until_ended() == 0

    # By itself it begins with the oldest. Of the rest, a user's stream knows type and limit.
    pages = [reader.page(0, limit=100), reader.page(0, limit=10, stream_type="changes")]
    assert run.lines == [
        f"{len(page.entries)} {event['event_type']} {event['source']['name']}\n"
        for page in pages
        for event in page.entries
    ]


@each_generated
def test_the_generated_python_sdk_gets_a_stream(
    server: Server, reader: Reader, watched: Path, before: Json, sdk: Sdk
) -> None:
    with published(sdk, "get_event_stream", server) as run:
        reader.wait_until_parked(1)
        upload(reader, watched, f"streamed {sdk.home}.txt")

        truth = reader.events(0)[0]
        run.wait_for(lambda lines: len(lines) == len(truth), "every event")
        assert run.lines == [
            f"{event['event_type']} {event['source']['name']}\n" for event in truth
        ]


# --- the program for box-node-sdk 3 ---


def test_the_node_program_of_the_reference_handles_each_event(
    server: Server, reader: Reader, watched: Path
) -> None:
    home = node_sdk("boxnode3")
    file = PROGRAMS / "published_boxnode3.js"
    with program(["node", file, home, server.url, server.token]) as run:
        reader.wait_until_parked(1)
        upload(reader, watched, "for node.txt")

        run.wait_for(bool, "the event")
        assert run.lines == ["ITEM_UPLOAD for node.txt\n"]


def published(sdk: Sdk, name: str, server: Server) -> AbstractContextManager[Program]:
    """One of the programs of an SDK, under way."""
    file = PROGRAMS / f"published_{sdk.program}"
    quiet = ("-u", "-W", "ignore")
    return program([python_sdk(sdk.home), *quiet, file, name, server.url, server.token])


def curl(*arguments: str) -> Json:
    """What curl prints."""
    with program([*CURL, *arguments]) as run:
        assert run.wait_until_ended() == 0
        found: Json = json.loads("".join(run.lines))
        return found


def upload(reader: Reader, watched: Path, name: str) -> Json:
    """Make a file, and wait until it is told; returns that event."""
    progress = Progress(reader, reader.now())
    put(watched, name, f"this is {name}")
    progress.wait_until(lambda: bool(progress.events), f"{name} is told")
    return progress.events[0]
