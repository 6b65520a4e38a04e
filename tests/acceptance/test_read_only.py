"""With `--read-only` nothing is written to a watched folder; all else takes actions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.readers import Json, Reader
from tests.servers import running

pytestmark = pytest.mark.acceptance


def upload(reader: Reader, parent: str) -> Json:
    attributes = json.dumps({"name": "new.txt", "parent": {"id": parent}})
    parts: Any = {"attributes": (None, attributes), "file": ("unused", b"new")}
    answer = reader.ask("POST", "/2.0/files/content", files=parts)
    found: Json = answer.json()
    return {"status": answer.status_code} | found


def test_a_watched_folder_that_is_read_only_is_left_as_it_is(tmp_path: Path) -> None:
    root = tmp_path / "papers"
    root.mkdir()
    (root / "a.txt").write_bytes(b"one")
    watch = ("--watch", f"papers={root}", "--read-only")
    with (
        running(tmp_path, arguments=watch) as server,
        Reader(server.url, server.token) as reader,
    ):
        (papers,) = reader.get("/2.0/folders/0/items")["entries"]
        (file,) = reader.get(f"/2.0/folders/{papers['id']}/items")["entries"]
        refused = upload(reader, papers["id"])
        answers = [
            reader.ask("PUT", f"/2.0/files/{file['id']}", json={"name": "b.txt"}),
            reader.ask("DELETE", f"/2.0/files/{file['id']}"),
            reader.ask(
                "POST", f"/2.0/files/{file['id']}/copy", json={"parent": {"id": papers["id"]}}
            ),
            reader.ask(
                "POST", "/2.0/folders", json={"name": "new", "parent": {"id": papers["id"]}}
            ),
        ]
        taken = upload(reader, "0")

    assert (refused["status"], refused["code"]) == (403, "access_denied_insufficient_permissions")
    assert [answer.status_code for answer in answers] == [403] * 4
    assert taken["status"] == 201
    assert os.listdir(root) == ["a.txt"]
    assert (root / "a.txt").read_bytes() == b"one"
