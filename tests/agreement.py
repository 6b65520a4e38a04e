"""Whether everything that a server shows of a user's files is the same: by the folders, by the
stream, by the delta, and on the disk that it follows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.readers import Json, Reader
from wakeful.sources.ignore import HIDDEN


@dataclass(frozen=True)
class Shown:
    """A file or folder, as a client of Box's sees it; `sha1` is empty for folders."""

    id: str
    type: str
    sha1: str


def listed(reader: Reader, folder: str = "0", above: str = "") -> dict[str, Shown]:
    """Everything by its path, folder by folder."""
    found: dict[str, Shown] = {}
    listing = reader.get(f"/2.0/folders/{folder}/items", limit=1000, fields="name,sha1")
    for entry in listing["entries"]:
        path = above + entry["name"]
        found[path] = Shown(entry["id"], entry["type"], entry.get("sha1", ""))
        if entry["type"] == "folder":
            found |= listed(reader, entry["id"], f"{path}/")
    return found


def on_disk(root: Path) -> dict[str, str]:
    """Everything by its path; files with their SHA-1, folders with nothing."""
    return dict(_on_disk(root, ""))


def _on_disk(folder: Path, above: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir()):
        if entry.name == HIDDEN or entry.is_symlink():
            continue
        if entry.is_dir():
            yield above + entry.name, ""
            yield from _on_disk(entry, f"{above}{entry.name}/")
        else:
            yield above + entry.name, hashlib.sha1(entry.read_bytes()).hexdigest()


def by_delta(reader: Reader) -> dict[str, str]:
    """The kind of everything by its path, as a client of Dropbox's lists it."""
    found: dict[str, str] = {}
    answer = reader.ask("POST", "/2/files/list_folder", json={"path": "", "recursive": True})
    while True:
        page = answer.json()
        for entry in page["entries"]:
            found[entry["path_display"].removeprefix("/")] = entry[".tag"]
        if not page["has_more"]:
            return found
        cursor = {"cursor": page["cursor"]}
        answer = reader.ask("POST", "/2/files/list_folder/continue", json=cursor)


def folded(events: list[Json]) -> tuple[dict[str, str], set[str]]:
    """The id of everything by its path, as who has read all *events* knows it; and the ids of what
    is in a folder that nobody was told of, because it came with another that was copied."""
    known: dict[str, tuple[str, str, bool]] = {}
    for event in events:
        source = event["source"]
        if source.get("type") not in ("file", "folder"):
            continue
        if event["event_type"] == "ITEM_TRASH":
            known[source["id"]] = (source["name"], "", True)
        else:
            known[source["id"]] = (source["name"], source["parent"]["id"], False)
    found: dict[str, str] = {}
    hanging: set[str] = set()
    for id in known:
        names: list[str] = []
        at = id
        while at in known and not known[at][2]:
            names.append(known[at][0])
            at = known[at][1]
        if at == "0":
            found["/".join(reversed(names))] = id
        elif at not in known:
            hanging.add(id)
    return found, hanging


def differences(reader: Reader, root: Path | None, begin: int | str = 0) -> list[str]:
    """In what the views differ; *begin* is a position at which there was nothing."""
    shown = listed(reader)
    found = []
    if root is not None:
        mine = {path: item.sha1 for path, item in shown.items()}
        found += _compared("the disk", on_disk(root), mine)
    kinds = {path: item.type for path, item in shown.items()}
    found += _compared("the delta", by_delta(reader), kinds)
    events, _ = reader.events(begin)
    told, hanging = folded(events)
    copies = [
        int(event["source"]["id"])
        for event in events
        if event["event_type"] == "ITEM_COPY" and event["source"]["type"] == "folder"
    ]
    assert copies or not hanging, hanging
    # What came with a folder that was copied has a later id, and is told of when something happens
    # to it.
    here = {item.id for item in shown.values()} - set(told.values())
    untold = hanging | {id for id in here if copies and int(id) > min(copies)}
    known = {path: item.id for path, item in shown.items() if item.id not in untold}
    return found + _compared("the stream", told, known)


def _compared(view: str, one: dict[str, str], listing: dict[str, str]) -> list[str]:
    found = [f"only in {view}: {path}" for path in sorted(one.keys() - listing.keys())]
    found += [f"not in {view}: {path}" for path in sorted(listing.keys() - one.keys())]
    both = sorted(one.keys() & listing.keys())
    return found + [f"otherwise in {view}: {path}" for path in both if one[path] != listing[path]]


def hidden(root: Path) -> dict[str, set[str]]:
    """What lies in the hidden place of *root*: names by `incoming` and `trash`."""
    found: dict[str, set[str]] = {}
    for place in (root / HIDDEN).glob("*/*"):
        names = {each.name for each in place.iterdir()}
        if names:
            found[place.name] = names
    return found
