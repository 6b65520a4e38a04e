"""The hashes of files, slice by slice."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from wakeful.sources.hashing import SLICE_BYTES, Hashing


def hashed(file: Path, limit: int | None = None) -> Hashing:
    fd = os.open(file, os.O_RDONLY)
    try:
        hashing = Hashing(fd, file.stat().st_size if limit is None else limit)
        while not hashing.step():
            pass
        return hashing
    finally:
        os.close(fd)


def content_hash(content: bytes) -> str:
    blocks = [content[i : i + SLICE_BYTES] for i in range(0, len(content), SLICE_BYTES)]
    return hashlib.sha256(b"".join(hashlib.sha256(block).digest() for block in blocks)).hexdigest()


@pytest.mark.parametrize(
    "size", [0, 1, SLICE_BYTES - 1, SLICE_BYTES, SLICE_BYTES + 1, 2 * SLICE_BYTES]
)
def test_both_hashes_are_right_at_every_edge_of_a_block(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)

    hashing = hashed(tmp_path / "file")

    assert hashing.sha1 == hashlib.sha1(content).hexdigest()
    assert hashing.content_hash == content_hash(content)
    assert hashing.size == size


def test_dropbox_says_what_an_empty_file_hashes_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert hashed(tmp_path / "file").content_hash == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_of_a_file_that_grows_only_the_beginning_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"beginning and more")

    assert hashed(tmp_path / "file", 9).sha1 == hashlib.sha1(b"beginning").hexdigest()


def test_a_file_that_shrinks_tells_how_much_was_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"short")

    assert hashed(tmp_path / "file", 100).size == 5
