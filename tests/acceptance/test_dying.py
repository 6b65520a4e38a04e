"""kill -9 just before each single step of an action, on a watched folder and on the shelf: after
the restart everything agrees, no half file is seen, and nothing is left of what was not done."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.agreement import differences, hidden, listed
from tests.readers import Reader
from tests.servers import Server, eventually

pytestmark = pytest.mark.acceptance

PROGRAM = (sys.executable, str(Path(__file__).with_name("dying_server.py")))

MOST_STEPS = 60


class Place:
    """A server that dies when it is told, and who acts on it."""

    def __init__(self, folder: Path, *, watched: bool) -> None:
        self.root = folder / "watched" if watched else None
        if self.root is not None:
            self.root.mkdir()
        self._told = folder / "step"
        environ = {"WAKEFUL_TEST_STEP": str(self._told)}
        self.server = Server(folder, watch=self.root, environ=environ)
        self.server.program = PROGRAM
        try:
            self.server.start()
        except BaseException:
            self.server.close()
            raise
        self.reader = Reader(self.server.url, self.server.token)
        self.begin = self.reader.now()

    def close(self) -> None:
        self.reader.__exit__()
        self.server.close()

    # --- actions ---

    def upload(self, name: str, data: bytes) -> str:
        attributes = json.dumps({"name": name, "parent": {"id": "0"}})
        return self._send("/2.0/files/content", attributes, data)

    def replace(self, file: str, data: bytes) -> str:
        return self._send(f"/2.0/files/{file}/content", "{}", data)

    def folder(self, name: str) -> str:
        return self.done("POST", "/2.0/folders", json={"name": name, "parent": {"id": "0"}})

    def done(self, method: str, path: str, **options: Any) -> str:
        """The id of what an action left."""
        answer = self.reader.ask(method, path, **options)
        assert answer.status_code in (200, 201, 204), answer.text
        return "" if answer.status_code == 204 else str(answer.json()["id"])

    def _send(self, path: str, attributes: str, data: bytes) -> str:
        parts: Any = {"attributes": (None, attributes), "file": ("unused", data)}
        answer = self.reader.ask("POST", path, files=parts)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["entries"][0]["id"])

    # --- dying ---

    def dies_at(self, step: int, act: Callable[[], object]) -> bool:
        """Carry out *act* on a server that dies before that step, and start it again; False if it
        was done before."""
        self._told.write_text(str(step))
        try:
            act()
        except httpx2.TransportError:
            self.server.wait_until_ended()
            self.server.start()
            return True
        finally:
            self._told.unlink(missing_ok=True)
        self.server.kill()  # what was answered is there, whenever it dies afterwards
        self.server.start()
        return False

    def agrees(self) -> None:
        """Wait until everything agrees and nothing is left over; fail where it does not."""
        eventually(lambda: not self.wrong(), f"{self.wrong()}")

    def wrong(self) -> list[str]:
        found = differences(self.reader, self.root, self.begin)
        trashed = {
            item["id"]: item["type"]
            for item in self.reader.get("/2.0/folders/trash/items", limit=1000)["entries"]
        }
        if self.root is not None:
            left = hidden(self.root)
            found += [f"on its way: {name}" for name in left.get("incoming", ())]
            found += [f"of nobody: {id}" for id in left.get("trash", set()) - trashed.keys()]
        else:
            contents = self.server.data / "contents"
            found += [f"on its way: {each.name}" for each in (contents / "incoming").iterdir()]
            named = self.named()
            kept = sum(1 for each in contents.glob("[0-9a-f][0-9a-f]/*"))
            if not trashed and kept != len(named):
                found.append(f"{kept} contents of {len(named)} that are named")
        return found

    def named(self) -> set[str]:
        """The SHA-1 of every content that a file has or had."""
        found = set()
        for item in listed(self.reader).values():
            if item.type == "file":
                earlier = self.reader.get(f"/2.0/files/{item.id}/versions", limit=1000)["entries"]
                found |= {item.sha1} | {version["sha1"] for version in earlier}
        return found


@pytest.fixture(params=["watched", "shelf"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path, watched=request.param == "watched")
    try:
        yield place
    finally:
        sys.stdout.write(place.server.report())
        place.close()


def at_every_step(
    place: Place, prepare: Callable[[int], Any], act: Callable[[int, Any], object]
) -> int:
    """Die at each step of *act* in turn; how many there were."""
    for step in range(MOST_STEPS):
        prepared = prepare(step)
        died = place.dies_at(step, partial(act, step, prepared))
        place.agrees()
        if not died:
            return step
    raise AssertionError("it never comes to its end")


def test_p1_an_upload_that_dies_anywhere_is_whole_or_not_there(place: Place) -> None:
    sizes: dict[str, bytes] = {}

    def act(step: int, prepared: object) -> None:
        sizes[f"{step}.bin"] = bytes([step]) * 100_000
        place.upload(f"{step}.bin", sizes[f"{step}.bin"])

    steps = at_every_step(place, lambda step: None, act)

    assert steps >= 5
    for path, item in listed(place.reader).items():
        answer = place.reader.ask("GET", f"/2.0/files/{item.id}/content", follow_redirects=True)
        assert answer.content == sizes[path]
    assert f"{steps}.bin" in listed(place.reader)


def test_p1_a_new_version_that_dies_anywhere_is_the_old_one_or_the_new(place: Place) -> None:
    file = place.upload("a.bin", b"first")
    versions = [b"first"]

    def act(step: int, prepared: object) -> None:
        versions.append(b"%d" % step * 10_000)
        place.replace(file, versions[-1])

    steps = at_every_step(place, lambda step: None, act)

    assert steps >= 5
    answer = place.reader.ask("GET", f"/2.0/files/{file}/content", follow_redirects=True)
    assert answer.content == versions[-1]
    assert [item.id for item in listed(place.reader).values()] == [file]


def test_p1_a_folder_that_moves_when_it_dies_is_at_one_place(place: Place) -> None:
    inner, outer = place.folder("inner"), place.folder("outer")
    file = place.upload("a.bin", b"data")
    place.done("PUT", f"/2.0/files/{file}", json={"parent": {"id": inner}})
    names = {"inner"}

    def act(step: int, prepared: object) -> None:
        parent = outer if step % 2 == 0 else "0"
        names.add(f"{step}")
        place.done(
            "PUT", f"/2.0/folders/{inner}", json={"name": f"{step}", "parent": {"id": parent}}
        )

    steps = at_every_step(place, lambda step: None, act)

    assert steps >= 2
    shown = listed(place.reader)
    # It is the same folder with the same file, whatever happened on the way.
    assert {item.id for item in shown.values()} == {inner, outer, file}
    answer = place.reader.ask("GET", f"/2.0/files/{file}/content", follow_redirects=True)
    assert answer.content == b"data"


def test_p1_a_purge_that_dies_is_done_or_not(place: Place) -> None:
    def prepare(step: int) -> str:
        folder = place.folder(f"{step}")
        for name in ("a", "b"):
            file = place.upload(f"{step}-{name}", b"%d" % step)
            place.done("PUT", f"/2.0/files/{file}", json={"parent": {"id": folder}})
        place.done("DELETE", f"/2.0/folders/{folder}?recursive=true")
        return folder

    def act(step: int, folder: str) -> None:
        place.done("DELETE", f"/2.0/folders/{folder}/trash")

    steps = at_every_step(place, prepare, act)

    assert steps >= 2
    for item in place.reader.get("/2.0/folders/trash/items", limit=1000)["entries"]:
        place.done("POST", f"/2.0/folders/{item['id']}")
    place.agrees()
