"""What Dropbox's clients do in a watched folder is done on its disk, and told once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.disk import all_below
from tests.readers import Json, Reader
from tests.servers import running
from wakeful.sources.ignore import HIDDEN

pytestmark = pytest.mark.acceptance


def called(reader: Reader, function: str, argument: Json) -> Any:
    return reader.ask("POST", f"/2/files/{function}", json=argument)


def done(reader: Reader, function: str, argument: Json) -> Json:
    answer = called(reader, function, argument)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def sent(reader: Reader, function: str, argument: Json, data: bytes) -> Any:
    headers = {"Content-Type": "application/octet-stream", "Dropbox-API-Arg": json.dumps(argument)}
    return reader.ask("POST", f"/2/files/{function}", content=data, headers=headers)


def uploaded(reader: Reader, path: str, data: bytes, **more: Any) -> Json:
    answer = sent(reader, "upload", {"path": path, **more}, data)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


def on_disk(root: Path) -> dict[str, bytes | None]:
    """What is in a folder, by path; None for folders."""
    found = {}
    for path in all_below(root):
        name = path.relative_to(root).as_posix()
        if not name.startswith(HIDDEN):
            found[f"/{name}"] = None if path.is_dir() else path.read_bytes()
    return found


def test_what_is_done_by_dropboxs_api_is_done_on_the_disk_and_told_once(tmp_path: Path) -> None:
    root = tmp_path / "watched"
    root.mkdir()
    (root / "Old").mkdir()
    (root / "Old" / "There.txt").write_bytes(b"there")
    with running(tmp_path, watch=root) as server, Reader(server.url, server.token) as reader:
        begin = reader.now()

        made = uploaded(reader, "/old/new/a.txt", b"first")
        assert made["path_display"] == "/Old/new/a.txt"
        again = uploaded(reader, "/OLD/NEW/A.TXT", b"second", mode="overwrite")
        assert again["id"] == made["id"]
        conflict = sent(reader, "upload", {"path": "/old/there.TXT"}, b"other")
        assert conflict.json()["error_summary"] == "path/conflict/file/.."
        beside = uploaded(reader, "/old/there.TXT", b"other", autorename=True)
        assert beside["path_display"] == "/Old/there (1).TXT"
        session = sent(reader, "upload_session/start", {}, b"one ").json()["session_id"]
        cursor = {"session_id": session, "offset": 4}
        finish = {"cursor": cursor, "commit": {"path": "/parts.txt"}}
        assert sent(reader, "upload_session/finish", finish, b"two").status_code == 200
        done(reader, "create_folder_v2", {"path": "/made"})
        done(reader, "move_v2", {"from_path": "/parts.txt", "to_path": "/made/Parts.txt"})
        done(reader, "copy_v2", {"from_path": "/old", "to_path": "/made/old"})
        kept = done(reader, "delete_v2", {"path": "/old/there.txt"})["metadata"]
        assert on_disk(root) == {
            "/Old": None,
            "/Old/new": None,
            "/Old/new/a.txt": b"second",
            "/Old/there (1).TXT": b"other",
            "/made": None,
            "/made/Parts.txt": b"one two",
            "/made/old": None,
            "/made/old/There.txt": b"there",
            "/made/old/new": None,
            "/made/old/new/a.txt": b"second",
            "/made/old/there (1).TXT": b"other",
        }
        back = done(reader, "restore", {"path": "/old/There.txt", "rev": kept["rev"]})
        assert back["id"] == kept["id"]
        assert (root / "Old" / "There.txt").read_bytes() == b"there"
        # Of what the disk had before, nobody has the content.
        earlier = called(reader, "restore", {"path": "/old/new/a.txt", "rev": made["rev"]})
        assert earlier.json()["error_summary"] == "invalid_revision/.."
        done(reader, "permanently_delete", {"path": "/made"})

        assert not (root / "made").exists()
        page = done(reader, "list_folder", {"path": "", "recursive": True})
        assert {entry["path_display"] for entry in page["entries"]} == on_disk(root).keys()
        # A change of the disk itself is told after all that was done to it.
        (root / "last").mkdir()
        told: list[str] = []
        while "last" not in told[-1:]:
            events, begin = reader.events(begin)
            told += [
                event["source"]["name"]
                if event["source"]["name"] == "last"
                else event["event_type"]
                for event in events
            ]
        assert told == [
            *("ITEM_CREATE", "ITEM_UPLOAD", "ITEM_UPLOAD", "ITEM_UPLOAD", "ITEM_UPLOAD"),
            *("ITEM_CREATE", "ITEM_MOVE", "ITEM_COPY", "ITEM_TRASH", "ITEM_UNDELETE_VIA_TRASH"),
            *("ITEM_TRASH", "last"),
        ]
