"""What each action must tell, in every view of it: the user's stream, the enterprise's, and the
delta of Dropbox's clients. One table for all SDKs, whatever dialect they speak.

An action that stands here under a name does the same in every program of `programs/acting_*`. The
paths are those below the folder that a program works in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.components import node_sdk, python_sdk
from tests.processes import program
from tests.readers import Json, Reader
from tests.sdk.followers import BOXNODE10
from tests.servers import eventually

BOX_SDKS = ("boxsdk3", "boxsdk10", "boxnode10")

_PROGRAMS = Path(__file__).with_name("programs")


class Told(NamedTuple):
    """One event. *types* are its names in the two streams (the first is empty where it is in the
    enterprise's only), *path* is where the item is afterwards, or was before it was trashed."""

    types: tuple[str, str]
    path: str
    of: str = ""
    """Where the item was before, or the one that it is a copy of."""


CREATE = ("ITEM_CREATE", "UPLOAD")
UPLOAD = ("ITEM_UPLOAD", "UPLOAD")
RENAME = ("ITEM_RENAME", "RENAME")
MOVE = ("ITEM_MOVE", "MOVE")
COPY = ("ITEM_COPY", "COPY")
TRASH = ("ITEM_TRASH", "DELETE")
RESTORE = ("ITEM_UNDELETE_VIA_TRASH", "UNDELETE")
REVERT = ("ITEM_MAKE_CURRENT_VERSION", "FILE_VERSION_RESTORE")
DOWNLOAD = ("ITEM_DOWNLOAD", "DOWNLOAD")
SYNC = ("ITEM_SYNC", "ITEM_SYNC")
ADDED = ("COLLAB_ADD_COLLABORATOR", "COLLABORATION_ACCEPT")
CHANGED = ("COLLAB_ROLE_CHANGE", "COLLABORATION_ROLE_CHANGE")
REMOVED = ("COLLAB_REMOVE_COLLABORATOR", "COLLABORATION_REMOVE")

TOLD: dict[str, tuple[Told, ...]] = {
    # All of them
    "create folder": (Told(CREATE, "/docs"),),
    "upload": (Told(UPLOAD, "/docs/a.txt"),),
    "new version": (Told(UPLOAD, "/docs/a.txt"),),
    "rename": (Told(RENAME, "/docs/b.txt", "/docs/a.txt"),),
    "create another": (Told(CREATE, "/other"),),
    "move": (Told(MOVE, "/other/b.txt", "/docs/b.txt"),),
    "copy": (Told(COPY, "/docs/copy.txt", "/other/b.txt"),),
    "copy folder": (Told(COPY, "/other/docs", "/docs"),),
    "download": (Told(DOWNLOAD, "/docs/copy.txt"),),
    # Box's
    "describe": (Told(("ITEM_MODIFY", "ITEM_MODIFY"), "/other/b.txt"),),
    "tag": (Told(("TAG_ITEM_CREATE", "TAG_ITEM_CREATE"), "/other/b.txt"),),
    "comment": (Told(("COMMENT_CREATE", "COMMENT_CREATE"), "/other/b.txt"),),
    "edit the comment": (Told(("", "COMMENT_EDIT"), "/other/b.txt"),),
    "delete the comment": (Told(("COMMENT_DELETE", "COMMENT_DELETE"), "/other/b.txt"),),
    "lock": (Told(("LOCK_CREATE", "LOCK"), "/other/b.txt"),),
    "unlock": (Told(("LOCK_DESTROY", "UNLOCK"), "/other/b.txt"),),
    "share": (Told(("ITEM_SHARED_CREATE", "SHARE"), "/other/b.txt"),),
    "unshare": (Told(("ITEM_SHARED_UNSHARE", "UNSHARE"), "/other/b.txt"),),
    "promote a version": (Told(REVERT, "/other/b.txt"),),
    "trash": (Told(TRASH, "/other/b.txt"),),
    "restore": (Told(RESTORE, "/other/b.txt"),),
    "trash again": (Told(TRASH, "/other/b.txt"),),
    "purge": (),
    "rename folder": (Told(RENAME, "/papers", "/docs"),),
    "move folder": (Told(MOVE, "/other/papers", "/papers"),),
    "sync folder": (Told(SYNC, "/other/papers"),),
    "trash folder": (Told(TRASH, "/other/papers"),),
    "restore folder": (Told(RESTORE, "/other/papers"),),
    "trash folder again": (Told(TRASH, "/other/papers"),),
    "purge folder": (),
    "upload in parts": (Told(UPLOAD, "/large.bin"),),
    "new version in parts": (Told(UPLOAD, "/large.bin"),),
    "resume an upload": (Told(UPLOAD, "/slow.bin"),),
    "invite": (Told(ADDED, ""),),
    "change role": (Told(CHANGED, ""),),
    "remove": (Told(REMOVED, ""),),
    "invite by login": (Told(ADDED, ""),),
    # Dropbox's
    "the same again": (),
    "beside": (Told(UPLOAD, "/docs/a (1).txt"),),
    "a conflicted copy": (Told(UPLOAD, "/docs/a (conflicted copy).txt"),),
    "another case": (Told(RENAME, "/docs/B.txt", "/docs/b.txt"),),
    "finish": (Told(UPLOAD, "/parts.txt"),),
    "finish at once": (Told(UPLOAD, "/at once.txt"),),
    "finish batch": (Told(UPLOAD, "/batch 0.txt"), Told(UPLOAD, "/batch 1.txt")),
    "create folders": (Told(CREATE, "/f 1"), Told(CREATE, "/f 2")),
    "create folders later": (Told(CREATE, "/f 3"),),
    "move batch": (Told(MOVE, "/f 2/f 1", "/f 1"),),
    "copy batch": (Told(COPY, "/f 4", "/f 2"),),
    "delete batch": (Told(TRASH, "/f 2"), Told(TRASH, "/f 3")),
    "delete": (Told(TRASH, "/docs/copy.txt"),),
    "purge what is deleted": (),
    "purge at once": (Told(TRASH, "/f 4"),),
    "from the root": (Told(UPLOAD, "/Résumé 🎈.txt"),),
    "restore a revision": (Told(REVERT, "/other/b.txt"),),
    "delete once more": (Told(TRASH, "/other/b.txt"),),
    "bring back": (Told(RESTORE, "/other/b.txt"),),
    "download the parts": (Told(DOWNLOAD, "/parts.txt"),),
}
"""What an action is told as. What is refused, or only asks, is told nowhere."""

_ACCESS = {ADDED[0], CHANGED[0], REMOVED[0]}
"""What is told of the top folder, and in the enterprise's stream of somebody's access to it."""

_READING = {
    *("ITEM_DOWNLOAD", "ITEM_SYNC", "COMMENT_CREATE", "COMMENT_EDIT", "COMMENT_DELETE"),
    *_ACCESS,
}
"""What changes nothing of the item: it keeps its revision, and the delta says nothing."""

_NOTING = {
    *("ITEM_MODIFY", "TAG_ITEM_CREATE", "LOCK_CREATE", "LOCK_DESTROY"),
    *("ITEM_SHARED_CREATE", "ITEM_SHARED_UNSHARE"),
}
"""What changes notes only, which clients of Dropbox do not see."""


class _Item:
    def __init__(self, path: str, kind: str, id: str = "", revision: int = 0) -> None:
        self.path = path
        self.kind = kind
        self.id = id
        self.revision = revision


class Views:
    """The three views of what happens in the folder *place* from now on, and the tree that they
    have to agree with."""

    def __init__(self, reader: Reader, place: str, id: str) -> None:
        self._reader = reader
        self._place = place
        self._items = {"": _Item("", "folder", id)}  # by path in lower case
        self._trash: dict[str, dict[str, _Item]] = {}
        self._is_shared = False
        self._me = reader.get("/2.0/users/me")["id"]
        self._mine = reader.now()
        self._log = reader.now("admin_logs_streaming")
        self._cursor = self._ask("list_folder", {"path": "", "recursive": True})["cursor"]

    def check(self, answered: Json) -> None:
        """The action that an SDK was *answered* so shows once in each view, as the table has it."""
        step = answered["step"]
        expected = TOLD.get(step, ())
        names = [each.types[0] for each in expected if each.types[0]]
        mine: list[Json] = []

        def read() -> bool:
            # A download is told beside its answer.
            more, self._mine = self._reader.events(self._mine)
            mine.extend(more)
            return len(mine) >= len(names)

        eventually(read, f"{step} is told")
        whole, self._log = self._reader.events(self._log, "admin_logs_streaming")
        assert [event["event_type"] for event in mine] == names, step
        assert [event["event_type"] for event in whole] == [each.types[1] for each in expected]
        own = {event["event_id"]: event for event in mine}
        delta: dict[str, tuple[str, str]] = {}
        for told, event in zip(expected, whole, strict=True):
            assert event["created_by"]["id"] == self._me, step
            source = event["source"]
            changed = self._apply(told, source.get("item_id") or source["folder_id"])
            delta |= {path.lower(): (path, tag) for path, tag in changed.items()}
            self._check_in_log(told, source)
            if told.types[0]:
                twin = own.pop(event["event_id"])
                assert twin["created_by"]["id"] == self._me, step
                self._check_own(told, twin["source"])
                self._check_answer(told, answered, twin["source"])
        self._check_delta(step, dict(delta.values()))

    @property
    def tree(self) -> dict[str, str]:
        """What there is by now, by its path."""
        return {item.path: item.kind for item in self._items.values() if item.path}

    # --- what has to be ---

    def _apply(self, told: Told, id: str) -> dict[str, str]:
        """What changes in the tree; returns what the delta has to say of it."""
        kind, path, key = told.types[0] or told.types[1], told.path, told.path.lower()
        if kind == ADDED[0] and not self._is_shared:
            self._is_shared = True  # it is a shared folder from now on, and told as such
            return {"": "folder"}
        if kind in _READING:
            return {}
        if kind in _NOTING:
            self._items[key].revision += 1
            return {}
        if kind == "ITEM_TRASH":
            gone = self._take(path)
            self._trash[key] = gone
            gone[key].revision += 1
            return {item.path: "deleted" for item in gone.values()}
        if kind == "ITEM_UNDELETE_VIA_TRASH":
            back = self._trash.pop(key)
            self._items |= back
            back[key].revision += 1
            return {item.path: item.kind for item in back.values()}
        deleted: dict[str, str] = {}
        if kind in ("ITEM_RENAME", "ITEM_MOVE", "ITEM_COPY"):
            found = self._below(told.of) if kind == "ITEM_COPY" else self._take(told.of)
            if kind != "ITEM_COPY":
                deleted = {item.path: "deleted" for item in found.values()}
                found[told.of.lower()].revision += 1
            changed = {}
            for old, item in found.items():
                at = path + item.path[len(told.of) :]
                if kind == "ITEM_COPY":
                    item = _Item(at, item.kind, id if old == told.of.lower() else "")
                item.path = at
                changed[at.lower()] = item
            self._items |= changed
        elif key in self._items:
            self._items[key].revision += 1
            changed = {key: self._items[key]}
        else:
            item = _Item(path, "folder" if kind == "ITEM_CREATE" else "file", id)
            self._items[key] = item
            changed = {key: item}
        # What is there again, in another case or not, is not said to be gone.
        left = {at: tag for at, tag in deleted.items() if at.lower() not in changed}
        return left | {item.path: item.kind for item in changed.values()}

    def _below(self, path: str) -> dict[str, _Item]:
        key = path.lower()
        return {
            at: item for at, item in self._items.items() if at == key or at.startswith(f"{key}/")
        }

    def _take(self, path: str) -> dict[str, _Item]:
        found = self._below(path)
        for at in found:
            del self._items[at]
        return found

    # --- what is ---

    def _item(self, told: Told) -> _Item:
        """What is told of."""
        items = self._trash[told.path.lower()] if told.types == TRASH else self._items
        return items[told.path.lower()]

    def _check_own(self, told: Told, source: Json) -> None:
        """The item as the user's stream has it, and as it is read."""
        item, name = self._item(told), self._name(told)
        revision = str(item.revision)
        assert (source["type"], source["id"], source["name"]) == (item.kind, item.id, name), told
        assert source["etag"] == source["sequence_id"] == revision, told
        if told.types == TRASH:
            assert source["parent"] is None, told
            assert source["item_status"] != "active", told
            return
        assert source["item_status"] == "active", told
        self._check_parent(told, source["parent"])
        now = self._reader.get(f"/2.0/{item.kind}s/{item.id}")
        assert (now["etag"], now["sequence_id"], now["name"]) == (revision, revision, name), told

    def _check_in_log(self, told: Told, source: Json) -> None:
        """The item as the enterprise's stream has it."""
        item, name = self._item(told), self._name(told)
        if told.types[0] in _ACCESS:
            shown = ("folder", source["folder_id"], source["folder_name"])
        else:
            shown = (source["item_type"], source["item_id"], source["item_name"])
        assert shown == (item.kind, item.id, name), told
        self._check_parent(told, source["parent"])

    def _name(self, told: Told) -> str:
        return f"{self._place}{told.path}".rpartition("/")[2]

    def _check_parent(self, told: Told, parent: Json) -> None:
        if not told.path:
            assert parent["id"] == "0", told
            return
        above = self._items[told.path.rpartition("/")[0].lower()]
        assert parent["id"] == above.id, told
        assert parent["etag"] == parent["sequence_id"] == str(above.revision), told

    def _check_answer(self, told: Told, answered: Json, source: Json) -> None:
        """An SDK was answered what is told."""
        if "etag" in answered:
            keys = ("id", "name", "etag")
            assert [answered[key] for key in keys] == [source[key] for key in keys], told
            assert answered.get("parent", source["parent"]["id"]) == source["parent"]["id"], told
        elif "path" in answered and told.types[0] != "ITEM_TRASH":
            assert answered["path"] == f"{self._place}{told.path}"
            assert answered.get("id", f"id:{source['id']}") == f"id:{source['id']}", told

    def _check_delta(self, step: str, expected: dict[str, str]) -> None:
        page = self._ask("list_folder/continue", {"cursor": self._cursor})
        self._cursor, entries = page["cursor"], page["entries"]
        shown = {each["path_display"].removeprefix(self._place): each[".tag"] for each in entries}
        assert len(shown) == len(entries), f"{step}: a path is told twice"
        assert shown == expected, step
        for each in entries:
            path = each["path_display"].removeprefix(self._place).lower()
            if each[".tag"] != "deleted":
                item = self._items[path]
                item.id = item.id or each["id"].removeprefix("id:")  # of what was copied along
                assert each["id"] == f"id:{item.id}", step

    def _ask(self, function: str, argument: Json) -> Json:
        answer = self._reader.ask("POST", f"/2/files/{function}", json=argument)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


def box_command(doing: str, sdk: str, *arguments: str) -> list[str]:
    """The command that runs a program of one of `BOX_SDKS`; skips the test where it is missing."""
    place = f"{_PROGRAMS / doing}_{sdk}"
    if sdk == "boxnode10":
        return ["node", "--no-warnings", f"{place}.js", str(node_sdk(BOXNODE10.home)), *arguments]
    return [str(python_sdk(sdk)), "-W", "ignore", f"{place}.py", *arguments]


def carry_out(
    command: Sequence[str], views: Views, environ: Mapping[str, str] | None = None
) -> dict[str, Json]:
    """Let the program of an SDK act, one action after the other, each of which must show in all
    *views*; returns what it was answered, by its steps."""
    steps: dict[str, Json] = {}
    with program(command, environ, is_typed_to=True) as acting:
        while "end" not in steps:
            acting.wait_for(lambda lines: len(lines) > len(steps), "the next action")
            answered = json.loads(acting.lines[len(steps)])
            assert answered["step"] not in steps
            views.check(answered)
            steps[answered.pop("step")] = answered
            acting.type("")
        assert acting.wait_until_ended() == 0
    return steps
