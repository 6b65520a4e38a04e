"""Compares what a feed tells with what was changed, event by event."""

from __future__ import annotations

from typing import Any

from tests.readers import Reader, describe
from tests.sdk.changes import Change, Node, Telling

Json = dict[str, Any]


class Ledger:
    """Every event has to be explained by a change, and every change by an event.

    It also keeps the tree that somebody would have who knew nothing but the events: `paths`.
    """

    def __init__(self, reader: Reader, root: Node) -> None:
        """Begin with the tree that the server has now, whose items *root* names."""
        self._places: dict[str, tuple[str, str, bool]] = {}  # id: its parent, name, is a folder
        self._sequences: dict[str, int] = {}
        self._expected: list[Telling] = []
        self._learn(reader, root)

    @property
    def missing(self) -> list[str]:
        """What was changed and not yet told."""
        return [f"{telling.event_type} {telling.path!r}" for telling in self._expected]

    def expect(self, change: Change) -> None:
        self._expected += change.tellings

    def enter(self, event: Json) -> None:
        """Explain *event*; fails on one that no change explains."""
        source = event["source"]
        self._enter_sequence(event)
        if event["event_type"] == "ITEM_TRASH":
            path = self.path(source["id"])
            self._remove(source["id"])
        else:
            self._places[source["id"]] = (
                source["parent"]["id"],
                source["name"],
                source["type"] == "folder",
            )
            path = self.path(source["id"])
            named = [entry["name"] for entry in source["path_collection"]["entries"]]
            assert "/".join([*named[1:], source["name"]]) == path, describe(event)
        telling = self._explanation(event, path)
        if telling is not None:
            self._expected.remove(telling)
            telling.node.id = source["id"]

    def path(self, item: str) -> str:
        """Where an item is, by the events alone."""
        parent, name, _ = self._places[item]
        return name if parent == "0" else f"{self.path(parent)}/{name}"

    def paths(self) -> dict[str, bool]:
        """Every path, and whether it is a folder."""
        return {self.path(item): self._places[item][2] for item in self._places}

    def _learn(self, reader: Reader, folder: Node) -> None:
        assert folder.id is not None
        listed = reader.get(f"/2.0/folders/{folder.id}/items", limit=1000)["entries"]
        assert {item["name"] for item in listed} == set(folder.children)
        for item in listed:
            node = folder.children[item["name"]]
            node.id = item["id"]
            self._places[item["id"]] = (folder.id, item["name"], item["type"] == "folder")
            self._sequences[item["id"]] = int(item["sequence_id"])
            if node.is_folder:
                self._learn(reader, node)

    def _explanation(self, event: Json, path: str) -> Telling | None:
        """The telling that *event* is; None where it belongs to the deletion of a folder."""
        source = event["source"]
        for telling in self._expected:
            if (telling.event_type, telling.path) != (event["event_type"], path):
                continue
            # What was renamed, moved or edited is still the same item.
            assert telling.node.id in (None, source["id"]), describe(event)
            assert telling.node.is_folder is (source["type"] == "folder"), describe(event)
            return telling
        # A folder is deleted entry by entry: the watcher may see that before the end.
        if event["event_type"] == "ITEM_TRASH" and any(
            telling.event_type == "ITEM_TRASH" and path.startswith(f"{telling.path}/")
            for telling in self._expected
        ):
            return None
        raise AssertionError(
            f"no change explains: {describe(event)} ({path!r}); not yet told: {self.missing}"
        )

    def _enter_sequence(self, event: Json) -> None:
        """With every event of an item its number rises, and the etag says the same."""
        source = event["source"]
        number = int(source["sequence_id"])
        assert number > self._sequences.get(source["id"], -1), describe(event)
        assert source["etag"] == source["sequence_id"], describe(event)
        self._sequences[source["id"]] = number

    def _remove(self, item: str) -> None:
        del self._places[item]
        for child in [i for i, (parent, _, _) in self._places.items() if parent == item]:
            self._remove(child)
