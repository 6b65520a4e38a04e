"""Producers in a process of their own, which a test kills: each answer is printed when it came.

Run as `python -m tests.model.producer DATA ACTOR ROUND`.
"""

from __future__ import annotations

import asyncio
import sys
from hashlib import sha256
from itertools import count
from pathlib import Path

import msgspec

from tests.model.stages import Tally
from wakeful.core.changes import ByPath, Change, CreateFolder, Facts, Made, Move, Trash, Upload
from wakeful.core.events import Receipt
from wakeful.core.lookups.people import UserById
from wakeful.core.publish import Key
from wakeful.feed import Feed
from wakeful.stores.sqlite import SqliteStore
from wakeful.wakeups.hub import Hub

PRODUCERS = 8


class Line(msgspec.Struct):
    """One request, printed before it is made and (with receipts) when it was answered."""

    key: str
    home: int
    receipts: tuple[Receipt, ...] | None = None


def changes(home: int, key: str) -> tuple[Change, ...]:
    """What is published under *key*: always the same."""
    top = ByPath(home, ())
    made: tuple[Change, ...] = (
        CreateFolder(parent=top, name=key),
        Upload(parent=Made(0), name="File.txt", facts=Facts(size=1)),
        Upload(parent=Made(0), name="file.txt", facts=Facts(size=1)),
        Move(item=Made(0), name=key.upper() if key.islower() else key + "-moved"),
    )
    return (*made, Trash(item=Made(1))) if sha256(key.encode()).digest()[0] % 2 else made


def key_of(text: str) -> Key:
    return Key(1, text, sha256(text.encode()).digest())


async def produce(feed: Feed, actor: int, home: int, name: str) -> None:
    for number in count():
        text = f"{name}-{number}"
        say(Line(text, home))
        published = await feed.publish(actor, changes(home, text), key_of(text))
        say(Line(text, home, published.receipts))


def say(line: Line) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


async def main(data: Path, actor: int, round: str) -> None:
    store = await SqliteStore.open(data)
    feed = Feed(store, Hub(), Tally())
    user = await store.ask(UserById(actor))
    assert user is not None
    async with asyncio.TaskGroup() as producers:
        for index in range(PRODUCERS):
            producers.create_task(produce(feed, actor, user.home, f"r{round}p{index}"))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
