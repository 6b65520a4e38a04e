"""The native answers as a client reads them.

What cannot be read raises ValueError with a clause for people.
"""

from __future__ import annotations

import msgspec

CHANGES_PATH = "/v1/changes"


class PublishedEvent(msgspec.Struct, frozen=True):
    """An event that a change made, and its position in the publisher's own stream.

    `position` is None where that stream does not show it.
    """

    id: str
    position: int | None = None


class Published(msgspec.Struct, frozen=True):
    """What became of a batch. `replayed` marks the answer to a repeated request."""

    events: tuple[PublishedEvent, ...]
    replayed: bool = False


_decoder = msgspec.json.Decoder(Published)


def read_published(body: bytes) -> Published:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from None
