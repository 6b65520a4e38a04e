"""The address and the hashes of a content, made while it comes in."""

from __future__ import annotations

import hashlib

from wakeful.core.changes import Facts
from wakeful.core.digests import Digests
from wakeful.core.errors import TooLarge


class Hashes:
    """What is known of a content of at most *limit* bytes, of which the beginning has come."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._address = hashlib.sha256()
        self._digests = Digests()

    def check_room(self, size: int) -> None:
        """Raise TooLarge if *size* bytes more are too much."""
        if self._size + size > self._limit:
            raise TooLarge(f"a file has at most {self._limit} bytes here")

    def update(self, data: bytes) -> None:
        self._size += len(data)
        self._address.update(data)
        self._digests.update(data)

    @property
    def facts(self) -> Facts:
        return Facts(
            size=self._size,
            sha1=self._digests.sha1,
            content_hash=self._digests.content_hash,
            content=self._address.hexdigest(),
        )
