"""kill -9, again and again, while files are uploaded, replaced and purged: what was acknowledged is
there, no half file is seen, and what nobody names is collected."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
import threading
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.readers import Json, Reader
from tests.servers import Server, eventually, running

pytestmark = pytest.mark.acceptance

CRASHES = 5
SEED = 23


class Uploader:
    """Uploads until the server is gone, and remembers what was acknowledged.

    What was asked for last may have happened or not: `unsure` is its name.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._random = random.Random(SEED)
        self.there: dict[str, tuple[str, bytes]] = {}
        self.unsure: set[str] = set()
        self._count = 0

    def work(self, until: threading.Event) -> None:
        headers = {"Authorization": f"Bearer {self._server.token}"}
        with httpx2.Client(
            base_url=self._server.url, headers=headers, trust_env=False, timeout=60
        ) as http:
            while not until.is_set():
                try:
                    self._step(http)
                except httpx2.TransportError:
                    return

    def _step(self, http: httpx2.Client) -> None:
        self._count += 1
        name = f"{self._count}.bin"
        if self.there and self._random.random() < 0.4:
            name = self._random.choice(sorted(self.there))
        self.unsure = {name}
        size = self._random.choice((0, 10, 5_000, 500_000))
        data = self._random.randbytes(size)
        id, _ = self.there.get(name, ("", b""))
        if id and self._random.random() < 0.5:
            assert http.delete(f"/2.0/files/{id}").status_code == 204
            assert http.delete(f"/2.0/files/{id}/trash").status_code == 204
            del self.there[name]
        else:
            attributes = json.dumps({"name": name, "parent": {"id": "0"}})
            parts: Any = {"attributes": (None, attributes), "file": ("unused", data)}
            path = f"/2.0/files/{id}/content" if id else "/2.0/files/content"
            answer = http.post(path, files=parts)
            assert answer.status_code == 201, answer.text
            self.there[name] = answer.json()["entries"][0]["id"], data
        self.unsure = set()


def test_p1_whatever_the_moment_of_a_crash_files_and_contents_agree(tmp_path: Path) -> None:
    moments = random.Random(SEED)
    # By itself it listens on a port that refuses while it is away. A socket that waits for the next
    # server would take one more request, which that one carries out while it is looked at.
    with (
        running(tmp_path, activated=False) as server,
        Reader(server.url, server.token) as reader,
    ):
        uploader = Uploader(server)
        shelf = server.data / "contents"
        for _ in range(CRASHES):
            over = threading.Event()
            crash = threading.Timer(moments.uniform(0.1, 0.6), server.kill)
            crash.start()
            uploader.work(over)
            crash.join()
            server.start()

            shown = {item["name"]: item for item in items(reader)}
            assert set(shown) ^ set(uploader.there) <= uploader.unsure
            trashed = items(reader, "trash")
            for name, (id, data) in uploader.there.items():
                if name not in uploader.unsure:
                    assert (shown[name]["id"], content(reader, shown[name])) == (id, data)
            # Of what lies in the trash the content is kept, and can be had when it is back. So
            # is what a file held before.
            for item in trashed:
                back = reader.ask("POST", f"/2.0/files/{item['id']}")
                assert back.status_code == 201, back.text
            contents = {
                hashlib.sha256(data).hexdigest()
                for item in items(reader)
                for data in (content(reader, item), *earlier(reader, item))
            }
            uploader.there = {
                item["name"]: (item["id"], content(reader, item)) for item in items(reader)
            }
            # The round at the start takes what nobody names.
            eventually(partial(agrees, shelf, contents), "orphans are gone")
            assert list((shelf / "incoming").iterdir()) == []


def test_p1_an_upload_in_parts_goes_on_after_a_crash(tmp_path: Path) -> None:
    data = random.Random(SEED).randbytes(60_000)
    url = "/2.0/files/upload_sessions"
    with running(tmp_path) as server, Reader(server.url, server.token) as reader:
        asked = {"folder_id": "0", "file_name": "parts", "file_size": len(data)}
        session = reader.ask("POST", url, json=asked).json()
        size = session["part_size"]
        starts = list(range(0, len(data), size))

        def put(start: int) -> None:
            part = data[start : start + size]
            headers = {
                "Digest": digest(part),
                "Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(data)}",
            }
            answer = reader.ask("PUT", f"{url}/{session['id']}", content=part, headers=headers)
            assert answer.status_code == 200, answer.text

        for start in starts[::2]:
            put(start)
        server.kill()
        server.start()

        listed = reader.get(f"{url}/{session['id']}/parts")["entries"]
        assert [part["offset"] for part in listed] == starts[::2]
        for start in starts[1::2]:
            put(start)
        commit = {"headers": {"Digest": digest(data)}, "json": {}}
        answer = reader.ask("POST", f"{url}/{session['id']}/commit", **commit)
        assert answer.status_code == 201, answer.text
        assert content(reader, answer.json()["entries"][0]) == data
        assert list((server.data / "drafts").iterdir()) == []


def digest(data: bytes) -> str:
    return "sha=" + base64.b64encode(hashlib.sha1(data).digest()).decode()


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as server, Reader(server.url, server.token) as reader:
        shelf = server.data / "contents"
        before = reader.now()
        url = httpx2.URL(server.url)
        with socket.create_connection((url.host, url.port or 0)) as broken:
            broken.sendall(
                f"POST /2.0/files/content HTTP/1.1\r\nHost: {url.host}\r\n"
                f"Authorization: Bearer {server.token}\r\nContent-Length: 10000000\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\n\r\n"
                '--b\r\nContent-Disposition: form-data; name="attributes"\r\n\r\n'
                '{"name": "half", "parent": {"id": "0"}}\r\n'
                '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n'.encode()
                + b"x" * 100_000
            )
            eventually(lambda: list((shelf / "incoming").iterdir()), "it is being received")

        eventually(lambda: not list((shelf / "incoming").iterdir()), "nothing is left")
        assert agrees(shelf, set())
        assert reader.now() == before
        assert items(reader) == []


def test_p1_parts_of_an_upload_that_were_acknowledged_outlive_a_crash(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    with running(tmp_path) as server, Reader(server.url, server.token) as reader:
        begin = reader.now()
        session = parted(reader, "start", {})["session_id"]
        data = b""
        for _ in range(CRASHES):
            part = chance.randbytes(chance.randrange(1, 300_000))
            cursor = {"session_id": session, "offset": len(data)}
            parted(reader, "append_v2", {"cursor": cursor}, part)
            data += part
            server.kill()
            server.start()
        drafts = server.data / "drafts"
        assert [folder.name for folder in drafts.iterdir()] == [session]

        cursor = {"session_id": session, "offset": len(data)}
        made = parted(reader, "finish", {"cursor": cursor, "commit": {"path": "/parts"}})

        (file,) = items(reader)
        assert (file["name"], made["size"]) == ("parts", len(data))
        assert content(reader, reader.get(f"/2.0/files/{file['id']}")) == data
        events, _ = reader.events(begin)
        told = [event["event_type"] for event in events if event["event_type"] != "ITEM_DOWNLOAD"]
        assert told == ["ITEM_UPLOAD"]
        eventually(lambda: not list(drafts.iterdir()), "the session is gone")


def parted(reader: Reader, function: str, argument: Json, data: bytes = b"") -> Json:
    """What a function about upload sessions answers."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Dropbox-API-Arg": json.dumps(argument),
    }
    path = f"/2/files/upload_session/{function}"
    answer = reader.ask("POST", path, content=data, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_who_uploads_what_is_refused_reads_why(tmp_path: Path) -> None:
    data = bytes(20_000_000)  # more than any buffer on the way
    parts: Any = {
        "attributes": (None, json.dumps({"name": "a", "parent": {"id": "0"}})),
        "file": ("unused", data),
    }
    with running(tmp_path) as server, Reader(server.url, server.token) as reader:
        first = reader.ask("POST", "/2.0/files/content", files=parts)
        again = reader.ask("POST", "/2.0/files/content", files=parts)

        assert (first.status_code, again.status_code) == (201, 409)
        assert again.json()["code"] == "item_name_in_use"
        made = first.json()["entries"][0]
        assert content(reader, made) == data
        assert agrees(server.data / "contents", {hashlib.sha256(data).hexdigest()})


def items(reader: Reader, folder: str = "0") -> list[Json]:
    found: list[Json] = reader.get(f"/2.0/folders/{folder}/items", limit=1000)["entries"]
    return found


def earlier(reader: Reader, item: Json) -> list[bytes]:
    """What a file held before."""
    versions = reader.get(f"/2.0/files/{item['id']}/versions", limit=1000)["entries"]
    return [content(reader, item | {"sha1": each["sha1"]}, each["id"]) for each in versions]


def content(reader: Reader, item: Json, version: str | None = None) -> bytes:
    """What is downloaded of a file, which is what is recorded of it."""
    query = "" if version is None else f"?version={version}"
    answer = reader.ask("GET", f"/2.0/files/{item['id']}/content{query}")
    assert answer.status_code == 302, answer.text
    data = reader.ask("GET", httpx2.URL(answer.headers["location"]).path).content
    assert hashlib.sha1(data).hexdigest() == item["sha1"]
    return data


def agrees(shelf: Path, contents: set[str]) -> bool:
    return contents == {
        folder.name + file.name
        for folder in shelf.iterdir()
        if folder.name != "incoming"
        for file in folder.iterdir()
    }
