"""Two SDKs act on a watched folder, 1,000 times each, while another process changes files in it: at
the end everything agrees, every action that was answered was told once, and nothing else twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from tests.agreement import differences, hidden, on_disk
from tests.components import python_sdk
from tests.readers import Reader
from tests.sdk.dropbox_followers import pointed_at
from tests.servers import clean_environ, eventually, running

pytestmark = pytest.mark.sdk

PROGRAMS = Path(__file__).with_name("programs")
ACTIONS = 1_000
SEED = 5


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def started(command: list[str | Path], **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=clean_environ() | environ,
        cwd=Path(__file__).parents[2],
        text=True,
    )


def keeps_but(root: Path, trash: set[str]) -> bool:
    """Whether nothing lies hidden in *root* but what is in the *trash*, as far as that was read."""
    found = hidden(root)
    is_whole = len(trash) < 1000
    return found.keys() <= {"trash"} and (found.get("trash", set()) <= trash or not is_whole)


def test_2000_actions_beside_a_process_that_changes_the_same_folder(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    for folder in (root, outside):
        folder.mkdir()
    with (
        running(tmp_path, watch=root, tls=True, arguments=("--drain", "1")) as server,
        Reader(server.url, server.token) as reader,
        ExitStack() as stack,
    ):
        begin = reader.now()
        box: list[str | Path] = [python_sdk("boxsdk10"), "-W", "ignore"]
        box += [PROGRAMS / "mixed_boxsdk10.py", server.url, server.token, "0"]
        box += [str(SEED), str(ACTIONS)]
        task = {"token": server.token, "place": "", "seed": SEED, "count": ACTIONS}
        dropbox: list[str | Path] = [python_sdk("dropbox12"), "-W", "ignore"]
        dropbox += [PROGRAMS / "mixed_dropbox12.py", json.dumps(task)]
        neighbour: list[str | Path] = [sys.executable, "-m", "tests.sdk.neighbour"]
        neighbour += [root, outside, str(SEED)]
        programs = [
            stack.enter_context(ended(started(box))),
            stack.enter_context(ended(started(dropbox, **pointed_at(server)))),
        ]
        other = stack.enter_context(ended(started(neighbour)))
        answers = [[json.loads(line) for line in each.stdout or ()] for each in programs]
        assert [each.wait() for each in programs] == [0, 0]
        other.terminate()
        done = int(other.communicate()[0])

        with suppress(AssertionError):
            eventually(lambda: not differences(reader, root, begin), "everything agrees")
        assert differences(reader, root, begin) == []
        events, _ = reader.events(begin)
        trash = reader.get("/2.0/folders/trash/items", limit=1000)["entries"]
        # What was purged, or replaced, goes after the answer.
        eventually(lambda: keeps_but(root, {item["id"] for item in trash}), "the rest is gone")

    assert [len(each) for each in answers] == [ACTIONS, ACTIONS]
    # Nothing is told twice: each change of an item has a revision of its own.
    told = Counter((event["source"]["id"], event["source"]["etag"]) for event in events)
    assert [each for each, times in told.items() if times > 1] == []
    for line in answers[0]:
        if "etag" in line:
            assert told[line["id"], line["etag"]] == 1, line
    items = {event["source"]["id"] for event in events}
    assert {line["id"] for line in answers[1] if "id" in line} <= items
    # Much was done by each, and what was refused was refused for a reason.
    assert all(sum("id" in line for line in each) > ACTIONS / 3 for each in answers)
    assert done > 100
    refused = {line["status"] for each in answers for line in each if "status" in line}
    assert refused <= {0, 400, 404, 409, 412, 503}, refused
    assert on_disk(root)
