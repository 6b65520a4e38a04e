"""Where a consumer keeps its position."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wakeful.client import FilePositions, MemoryPositions, PositionStore, PositionUnreadable


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PositionStore:
    return MemoryPositions() if request.param == "memory" else FilePositions(tmp_path / "p")


def test_a_new_store_has_no_position(store: PositionStore) -> None:
    assert store.load() is None


def test_the_position_saved_last_is_loaded(store: PositionStore) -> None:
    store.save(1 << 40)
    store.save((1 << 53) - 1)

    assert store.load() == (1 << 53) - 1


def test_a_file_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "position"

    FilePositions(path).save(7)

    assert FilePositions(str(path)).load() == 7
    assert path.read_text() == "7\n"


@pytest.mark.parametrize("content", [b"", b"0", b"-3", b"abc", b"7 8", b"\xff", b"9" * 31])
def test_a_file_with_anything_else_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "position"
    path.write_bytes(content)

    with pytest.raises(PositionUnreadable, match="holds no position"):
        FilePositions(path).load()

    assert path.read_bytes() == content


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_save_that_fails_keeps_the_old_position_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    store = FilePositions(tmp_path / "position")
    store.save(7)

    def fail(*args: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(OSError, match="full"):
            store.save(8)

    assert store.load() == 7
    assert [each.name for each in tmp_path.iterdir()] == ["position"]


def test_the_content_is_on_the_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, replace = os.fsync, os.replace

    def noted_fsync(handle: int) -> None:
        order.append("fsync")
        fsync(handle)

    def noted_replace(old: str, new: Path) -> None:
        order.append("rename")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_replace)

    FilePositions(tmp_path / "position").save(7)

    assert order == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_system_that_cannot_sync_a_folder_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = getattr(os, call)

    def refuse_folders(target: object, *args: object) -> object:
        is_folder = os.path.isdir(target if isinstance(target, str | Path) else f"/dev/fd/{target}")
        if is_folder:
            raise OSError("not for folders")
        return real(target, *args)

    monkeypatch.setattr(os, call, refuse_folders)
    store = FilePositions(tmp_path / "position")

    store.save(7)

    assert store.load() == 7
