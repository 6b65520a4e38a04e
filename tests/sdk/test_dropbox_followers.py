"""The official Dropbox SDKs, of both versions of its API, unmodified and over TLS, have what is
there whenever it is quiet."""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.folding import Applied
from tests.readers import Json, Reader
from tests.sdk.dropbox_followers import EVERY_VERSION, Follower, Listings, following, told
from tests.sdk.writing import Writer
from tests.servers import Server, eventually, running, wakeful

pytestmark = pytest.mark.sdk

CHANGES = 1_000
PLANTED = 60
QUIET = 10  # moments before the end at which nobody writes
SEED = int(os.environ.get("WAKEFUL_TEST_SEED", "20241121"))
TEAM = "Team"
OTHER = "bob@example.com"

_SUFFIX = re.compile(r" \(case conflict(?: \d+)?\)")


class Site:
    """A server, a user with followers, and two who write: that user in their home, and another
    in a namespace that both share."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.server = server
        self.reader = stack.enter_context(Reader(server.url, server.token))
        me = self.reader.get("/2.0/users/me")["login"]
        self._administer("user", "add", OTHER)
        self._administer("namespace", "add", OTHER, TEAM)
        self._administer("member", "add", TEAM, me)
        token = self._administer("token", "create", OTHER)["text"]
        other = stack.enter_context(Reader(server.url, token))
        self._writers = (Writer(self.reader, SEED), Writer(other, SEED + 1, TEAM))

    def _administer(self, *words: str) -> Any:
        answer = wakeful(*words, "--data", self.server.data, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    @property
    def made(self) -> int:
        return sum(writer.made for writer in self._writers)

    def write(self, changes: int, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Let both write, and in the middle of it something else happen."""
        before = self.made
        with ThreadPoolExecutor(len(self._writers)) as pool:
            parts = (changes - changes // 3, changes // 3)
            writing = [
                pool.submit(writer.write, part)
                for writer, part in zip(self._writers, parts, strict=True)
            ]
            eventually(lambda: self.made >= before + changes // 3, "a third is written")
            meanwhile()
            for each in writing:
                each.result()

    def tree(self) -> Applied:
        """What is there now by path, as a first listing shows it, after it was compared with
        what the Box dialect shows and with what was written."""
        entries = self._listed_by_path()
        ids = {path: told[3] for path, told in entries.items()}
        by_path = {
            told[3]: (
                ids.get(path.rpartition("/")[0], "id:0"),
                _SUFFIX.sub("", str(told[2])),
                told[5],
            )
            for path, told in entries.items()
        }
        by_id: Json = {}
        paths: dict[str, int | None] = {}
        self._list_by_id("0", "", by_id, paths)
        assert by_path == by_id
        assert paths == {TEAM: None} | self._written()
        return entries

    def _written(self) -> dict[str, int | None]:
        return {path: size for writer in self._writers for path, size in writer.paths().items()}

    def _listed_by_path(self) -> Applied:
        found: Applied = {}
        asked: Json = {"path": "", "recursive": True}
        function = "/2/files/list_folder"
        while True:
            answer = self.reader.ask("POST", function, json=asked)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            for entry in page["entries"]:
                entry |= {
                    "kind": entry[".tag"],
                    "shown": entry["path_display"],
                    "hash": entry.get("content_hash"),
                }
                found[entry["path_lower"][1:]] = told(entry)
            if not page["has_more"]:
                return found
            function, asked = "/2/files/list_folder/continue", {"cursor": page["cursor"]}

    def _list_by_id(
        self, folder: str, path: str, found: Json, paths: dict[str, int | None]
    ) -> None:
        """What is below *folder*, as a client of Box finds it."""
        listed = self.reader.get(
            f"/2.0/folders/{folder}/items", limit=1000, fields="id,type,name,size"
        )
        assert listed["total_count"] == len(listed["entries"])
        for item in listed["entries"]:
            below = f"{path}{item['name']}"
            size = item["size"] if item["type"] == "file" else None
            found[f"id:{item['id']}"] = (f"id:{folder}", item["name"], size)
            paths[below] = size
            if size is None:
                self._list_by_id(item["id"], f"{below}/", found, paths)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with (
        ExitStack() as stack,
        running(tmp_path, arguments=("--drain", "1"), tls=True) as server,
    ):
        yield Site(server, stack)


def listings(choose: random.Random) -> Listings:
    """Page sizes, and how often to be woken until everything is listed anew; for ever at last."""
    parts = [(choose.randint(1, 40), choose.randint(1, 4)) for _ in range(3)]
    return [*parts, (choose.randint(1, 40), None)]


def test_p11_every_dropbox_sdk_has_what_is_there_whenever_it_is_quiet(site: Site) -> None:
    sys.stderr.write(f"--- WAKEFUL_TEST_SEED={SEED} repeats the choices of this run ---\n")
    choose = random.Random(SEED)
    quiet = [0, *sorted(choose.sample(range(1, CHANGES), QUIET)), CHANGES]
    bursts = [end - begin for begin, end in itertools.pairwise(quiet)]
    site.write(PLANTED)
    with ExitStack() as stack:
        followers = [
            stack.enter_context(following(sdk, site.server, listings(choose)))
            for sdk in EVERY_VERSION
        ]

        def crash() -> None:
            site.server.kill()
            site.server.start()

        largest = sorted(range(len(bursts)), key=bursts.__getitem__)[-3:]
        meanwhile = [site.server.restart, crash, restart(followers, choose)]
        interruptions = dict(zip(largest, meanwhile, strict=True))
        for number, changes in enumerate(bursts):
            site.write(changes, interruptions.get(number, lambda: None))

            tree = site.tree()
            for follower in followers:
                follower.wait_until_it_has(tree)

        assert site.made == PLANTED + CHANGES
        for follower in followers:
            assert follower.listings > 1, follower.sdk.name
            assert len(follower.pages) > 5 * QUIET, follower.sdk.name


def restart(followers: list[Follower], choose: random.Random) -> Callable[[], None]:
    def end_and_go_on() -> None:
        for follower in followers:
            follower.close()
            follower.start(listings(choose))

    return end_and_go_on
