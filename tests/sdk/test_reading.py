"""What the SDKs read beside events: downloads, users, the trash, folders by marker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.disk import put
from tests.readers import Progress, Reader
from tests.sdk.followers import SDKS, Sdk, look_around
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

CONTENT = bytes(range(256)) * 4096  # more than one piece


class Place:
    """One server for all SDKs, which only read."""

    def __init__(self, server: Server, reader: Reader, watched: Path) -> None:
        self.server = server
        self.reader = reader
        begin = reader.now()
        put(watched, "gone.txt", "gone")
        for name in ("a", "b", "c"):
            put(watched, name, name)
        (watched / "files").mkdir()
        for sdk in SDKS:
            # One for each, for the parts that one user reads of a file are one download.
            put(watched, f"files/{sdk.name}", CONTENT)
        progress = Progress(reader, begin)
        progress.wait_until(lambda: len(progress.events) == 5 + len(SDKS), "all are told")
        (watched / "gone.txt").unlink()
        progress.wait_until(lambda: len(progress.events) == 6 + len(SDKS), "the end is told")
        sources = [event["source"] for event in progress.events]
        self.files: dict[str, str] = {source["name"]: source["id"] for source in sources}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("reading")
    watched = folder / "watched"
    watched.mkdir()
    with (
        running(folder, watch=watched, arguments=("--drain", "1")) as server,
        Reader(server.url, server.token) as reader,
    ):
        yield Place(server, reader, watched)


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_an_sdk_downloads_a_file_and_reads_around_it(place: Place, sdk: Sdk) -> None:
    reader, server, file = place.reader, place.server, place.files[sdk.name]
    begin = reader.now()

    found = look_around(sdk, server.url, server.token, file=file)

    assert bytes.fromhex(found["content"]) == CONTENT
    assert bytes.fromhex(found["part"]) == CONTENT[2:6]
    assert found["users"] == [reader.get("/2.0/users/me")["login"]]
    assert found["trash"] == ["gone.txt"]
    assert found["items"] == ["files", "c", "b", "a"]
    # The URL that an SDK gives out needs no token.
    assert httpx2.get(found["url"], trust_env=False, timeout=60).content == CONTENT
    # The whole, the part, and what went by that URL, each once; and told to the owner.
    progress = Progress(reader, begin)

    def downloads() -> list[str]:
        return [event["event_type"] for event in progress.events if event["source"]["id"] == file]

    progress.wait_until(lambda: len(downloads()) >= 3, "the downloads are told")
    assert downloads() == ["ITEM_DOWNLOAD"] * 3
