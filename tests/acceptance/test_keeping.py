"""Backup and restore, and what becomes of the positions that clients hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers import Progress, Reader, ids
from tests.servers import Server, wakeful

pytestmark = pytest.mark.acceptance

GAP = "wakeful-gap"


def test_p9_after_a_restore_old_positions_replay_and_the_answer_says_so(
    server: Server, reader: Reader, watched: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.db"
    see(reader, watched, "before the backup.txt")
    backed_up = wakeful("backup", kept, "--data", server.data)
    assert backed_up.returncode == 0, backed_up.stderr
    lost = see(reader, watched, "after the backup.txt")
    old = reader.now()
    assert GAP not in reader.page(old).headers
    channel = reader.channel()
    server.terminate()
    (watched / "after the backup.txt").unlink()

    restored = wakeful("restore", kept, "--data", server.data)
    server.start()

    assert restored.returncode == 0, restored.stderr
    assert reader.poll(channel, old)["message"] == "new_change", "the reader is told to read"
    page = reader.page(old)
    assert page.headers[GAP] == "true"
    assert [event["source"]["name"] for event in page.entries] == ["before the backup.txt"]
    assert lost not in ids(page.entries)
    assert page.position > old, "the epoch rises"
    assert GAP not in reader.page(page.position).headers
    see(reader, watched, "after the restore.txt")
    assert [event["source"]["name"] for event in reader.page(page.position).entries] == [
        "after the restore.txt"
    ]


def test_a_restore_is_refused_while_the_server_runs(
    server: Server, reader: Reader, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.db"
    assert wakeful("backup", kept, "--data", server.data).returncode == 0

    answer = wakeful("restore", kept, "--data", server.data)

    assert answer.returncode != 0
    assert str(server.pid) in answer.stderr
    assert reader.ask("GET", "/readyz").status_code == 200


def test_a_backup_can_be_made_while_no_server_runs(server: Server, tmp_path: Path) -> None:
    server.terminate()

    answer = wakeful("backup", tmp_path / "kept.db", "--data", server.data)

    assert answer.returncode == 0, answer.stderr
    assert (tmp_path / "kept.db").stat().st_size > 0
    server.start()


def test_what_is_no_backup_is_refused_and_changes_nothing(
    server: Server, reader: Reader, tmp_path: Path
) -> None:
    before = reader.now()
    server.terminate()
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"this is no database" * 100)

    answer = wakeful("restore", wrong, "--data", server.data)

    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    server.start()
    assert reader.now() == before


def see(reader: Reader, watched: Path, name: str) -> str:
    """Make a file, and wait until it is told; returns the id of its event."""
    progress = Progress(reader, reader.now())
    (watched / name).write_text(name)
    progress.wait_until(lambda: bool(progress.events), f"{name} is told")
    return ids(progress.events)[-1]
