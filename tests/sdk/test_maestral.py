"""Maestral, unmodified, mirrors a watched folder: it sorts each page before it applies it."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

import pytest

from tests.components import python_sdk
from tests.processes import Program
from tests.readers import Reader
from tests.sdk.changes import Changer
from tests.sdk.dropbox_followers import pointed_at
from tests.servers import Server, eventually, running

pytestmark = pytest.mark.sdk

PROGRAM = Path(__file__).with_name("programs") / "maestral1.py"
CHANGES = 40
SEED = 5


class Mirror:
    """Maestral, with a home of its own and the folder that it keeps."""

    def __init__(self, home: Path, server: Server) -> None:
        home.mkdir()
        self.folder = home / "mirrored"
        self._server = server
        self._program = Program("maestral")
        self._environ = {
            "HOME": str(home),
            **{
                f"XDG_{kind}_HOME": str(home / kind.lower())
                for kind in ("CONFIG", "DATA", "CACHE", "STATE")
            },
            # Where it would keep tokens of people.
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        }

    def start(self) -> None:
        """Start, or go on where it was."""
        task = {"token": self._server.token, "folder": str(self.folder)}
        python = python_sdk("maestral1")
        environ = self._environ | dict(pointed_at(self._server))
        self._program.start([python, "-W", "ignore", PROGRAM, json.dumps(task)], environ)

    def interrupt(self) -> None:
        """End it as Ctrl-C does: when what it did is in its own records."""
        self._program.interrupt()
        assert self._program.wait_until_ended() == 0, self._program.complaints[-3000:]

    def kill(self) -> None:
        self._program.close()

    def wait_until_it_is(self, watched: Path) -> None:
        def is_it() -> bool:
            assert self._program.is_running(), self._program.complaints[-3000:]
            return contents(self.folder) == contents(watched)

        try:
            eventually(is_it, "all is mirrored", timeout=120, pause=0.1)
        except AssertionError as error:
            here, there = contents(self.folder), contents(watched)
            wrong = [path for path in here | there if here.get(path, 0) != there.get(path, 0)]
            said = self._program.complaints[-3000:]
            raise AssertionError(f"{error}: {sorted(wrong)}\n{said}") from None


def contents(folder: Path) -> dict[str, bytes | None]:
    """What is in *folder* by path; None: a folder."""
    found: dict[str, bytes | None] = {}
    for above, folders, files in os.walk(folder):
        # Maestral keeps hidden files of its own beside the others.
        folders[:] = [name for name in folders if not name.startswith(".")]
        place = Path(above)
        found |= {str((place / name).relative_to(folder)): None for name in folders}
        for name in files:
            # What goes away meanwhile is not there.
            with contextlib.suppress(FileNotFoundError):
                found[str((place / name).relative_to(folder))] = (place / name).read_bytes()
    return found


def test_p11_maestral_mirrors_what_is_watched(tmp_path: Path) -> None:
    watched, outside = tmp_path / "watched", tmp_path / "outside"
    watched.mkdir()
    outside.mkdir()
    changer = Changer(watched, outside, SEED)
    changer.plant(20)

    def change() -> None:
        for each in changer.batch(CHANGES):
            each.make()

    with running(tmp_path, watch=watched, arguments=("--drain", "1"), tls=True) as server:
        mirror = Mirror(tmp_path / "home", server)
        try:
            mirror.start()
            mirror.wait_until_it_is(watched)

            with Reader(server.url, server.token) as reader:
                # Only its facts are known: it cannot be downloaded, and that ends nothing.
                published = reader.publish({"kind": "upload", "path": "/fact.txt", "size": 3})
                assert published.status_code == 200
            change()
            (watched / "Folder").mkdir()
            (watched / "Folder" / "Inner.txt").write_text("inner")
            (watched / "Read.Me").write_text("read")
            mirror.wait_until_it_is(watched)
            # Not of a folder and of what is in it at once: there Maestral does but the first.
            (watched / "Read.Me").rename(watched / "READ.ME")
            (watched / "Folder").rename(watched / "FOLDER")
            mirror.wait_until_it_is(watched)

            mirror.interrupt()
            change()
            mirror.start()
            mirror.wait_until_it_is(watched)

            server.restart()
            change()
            mirror.wait_until_it_is(watched)
        finally:
            mirror.kill()
