"""The hashes by which the dialects know a content, made of its bytes as they come."""

from __future__ import annotations

import hashlib

BLOCK_BYTES = 4 * 1024 * 1024
"""The blocks of Dropbox's content hash."""


class Digests:
    """SHA-1 and Dropbox content hash of all bytes given so far; both in lower-case hex."""

    def __init__(self) -> None:
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._blocks = hashlib.sha256()
        self._block = hashlib.sha256()
        self._room = BLOCK_BYTES

    def update(self, data: bytes) -> None:
        self._sha1.update(data)
        rest = memoryview(data)
        while rest:
            part, rest = rest[: self._room], rest[self._room :]
            self._block.update(part)
            self._room -= len(part)
            if not self._room:
                self._blocks.update(self._block.digest())
                self._block = hashlib.sha256()
                self._room = BLOCK_BYTES

    @property
    def sha1(self) -> str:
        return self._sha1.hexdigest()

    @property
    def content_hash(self) -> str:
        """SHA-256 of the SHA-256s of the blocks."""
        blocks = self._blocks.copy()
        if self._room < BLOCK_BYTES:
            blocks.update(self._block.digest())
        return blocks.hexdigest()
