"""Watched folders as parts of a server: what each is bound to, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from wakeful.cli.banner import Followed
from wakeful.cli.first_start import Watched
from wakeful.core.changes import Applied, Change
from wakeful.core.lookups import Lookup
from wakeful.core.lookups.people import NamespaceById
from wakeful.core.writes import PutSetting, Steps
from wakeful.feed import Feed
from wakeful.settings import Settings, SettingsError, Watch
from wakeful.sources.folder import FolderSource
from wakeful.sources.ledger import fresh_id
from wakeful.sources.status import SourceState

T = TypeVar("T")


class FeedLedger:
    """The recorded tree of a watched folder: changes are published in its owner's name."""

    def __init__(self, feed: Feed, owner: int) -> None:
        self._feed = feed
        self._owner = owner

    async def apply(self, changes: tuple[Change, ...]) -> Applied:
        return (await self._feed.publish(self._owner, changes)).applied

    async def ask(self, lookup: Lookup[T]) -> T:
        return await self._feed.store.ask(lookup)

    async def remember(self, name: str, value: bytes) -> None:
        def steps(now: int) -> Steps[None]:
            yield PutSetting(name, value)

        await self._feed.store.commit(steps)

    async def next_id(self) -> int:
        return await self._feed.store.commit(fresh_id)


async def follow(
    feed: Feed,
    watched: Iterable[Watched],
    settings: Settings,
    progress: Callable[[str, int], None],
) -> list[FolderSource]:
    """A source for each watched folder, not yet begun. *progress* is told a name and a count.

    Raises SettingsError for a pattern that means nothing.
    """
    sources = []
    for each in watched:
        namespace = await feed.store.ask(NamespaceById(each.namespace))
        assert namespace is not None, "a watched folder was given its namespace"
        name = each.watch.name or each.watch.path.name or str(each.watch.path)
        try:
            source = FolderSource(
                each.watch.path,
                namespace,
                FeedLedger(feed, namespace.owner),
                name=name,
                ignore=settings.ignore,
                exclude=(settings.data,),
                rescan_seconds=settings.rescan,
                progress=_named(progress, name),
                upload_limit=settings.upload_limit,
                lasting=not settings.memory,
            )
        except ValueError as error:
            raise SettingsError(f"--ignore: {error}") from None
        sources.append(source)
    return sources


def numbers_of(sources: Iterable[FolderSource]) -> Mapping[str, Mapping[str, float]]:
    """What is counted of each source, for `/metrics`: by the namespace's id, for whoever asks needs
    no token, and is told no names of folders."""
    numbers: dict[str, Mapping[str, float]] = {}
    for source in sources:
        status = source.status()
        numbers[str(source.namespace)] = {
            "files": status.files,
            "folders": status.folders,
            "bytes": status.bytes,
            "pending": status.pending,
            "unhashed": status.unhashed,
            "skipped": sum(status.skipped.values()),
            "scan_seconds": status.scan_seconds,
            "live": status.state is SourceState.LIVE,
            "overflows_total": status.overflows,
            "rescans_total": status.rescans,
            "failures_total": status.failures,
        }
    return numbers


def followed(watches: Sequence[Watch], sources: Sequence[FolderSource]) -> tuple[Followed, ...]:
    """What is told of *watches*, each of which is followed by one of *sources*."""
    return tuple(
        _followed(watch.name, source) for watch, source in zip(watches, sources, strict=True)
    )


def _followed(name: str | None, source: FolderSource) -> Followed:
    status = source.status()
    is_read = status.ready
    return Followed(
        path=Path(status.path),
        name=name,
        files=status.files if is_read else None,
        folders=status.folders if is_read else None,
        trouble="" if is_read else status.reason,
    )


def _named(progress: Callable[[str, int], None], name: str) -> Callable[[int], None]:
    def tell(entries: int) -> None:
        progress(name, entries)

    return tell
