"""Mirror what a Box user has into a local folder, and keep it so.

    BOX_TOKEN=... python mirror.py FOLDER [--state FOLDER.state] [--url http://127.0.0.1:8787]

Rule 1: what Box says is written down before anything is done about it. One transaction takes a
page of events and the position after it.

Rule 2: the disk follows what is written down (`tree.py`).

Rule 3: events may come twice, late, or in another order than they happened in. Which of two says
the newer thing about an item, its `sequence_id` tells.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from box_sdk_gen import (
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxDeveloperTokenAuth,
    BoxSDKError,
    FetchOptions,
)
from requests.exceptions import RequestException

from tree import ROOT, Item, NotToBeHad, TakenError, Tree

log = logging.getLogger("mirror")

FIELDS = ["type", "id", "name", "sequence_id", "sha1", "file_version"]
EVENTS_A_PAGE = 500  # the most that Box gives
PIECE_BYTES = 65_536
PAUSE_SECONDS = 5.0
FORGOTTEN_SECONDS = 7 * 86_400
"""Box keeps a user's events for weeks, and does not say what is missing to those who come later."""


class Mirror:
    """Keeps *tree* like what the user of *client* has."""

    def __init__(self, client: BoxClient, tree: Tree) -> None:
        self._client = client
        self._tree = tree
        self._channel: str | None = None

    def run(self) -> None:
        """Follow for ever. What goes wrong is tried again; the SDK itself waits for as long as a
        `Retry-After` says."""
        while True:
            try:
                if self.catch_up():
                    self.wait()
                    continue
            except (BoxSDKError, RequestException) as error:
                log.warning("%s; again in %.0f s", error, PAUSE_SECONDS)
                self._channel = None
            time.sleep(PAUSE_SECONDS)

    def catch_up(self) -> bool:
        """Read what there is to read, and make the folder like it. Returns False where something
        has to be tried again."""
        position, at = self._tree.reading
        if position is None or time.time() - at > FORGOTTEN_SECONDS:
            self._compare_all()
        while self._read_page():
            pass
        return self._tree.settle(self._download)

    def wait(self) -> None:
        """Return when there may be something to read."""
        position, _ = self._tree.reading
        if self._channel is None:
            servers = self._ask("OPTIONS", self._events, stream_type="changes").data
            self._channel = servers["entries"][0]["url"]
        told = self._ask("GET", self._channel, stream_position=str(position)).data
        if told.get("message") == "reconnect":
            self._channel = None

    # --- events ---

    def _read_page(self) -> bool:
        """Write down the next page of events. Returns whether there may be more."""
        position, _ = self._tree.reading
        try:
            answer = self._ask(
                "GET",
                self._events,
                stream_type="changes",
                stream_position=str(position),
                limit=str(EVENTS_A_PAGE),
            )
        except BoxAPIError as error:
            if error.response_info.status_code != 400:
                raise
            log.warning("the position is of no use any more: %s", error)
            self._compare_all()
            return True
        events = answer.data["entries"]
        if "Wakeful-Gap" in answer.headers or any(map(_is_about_access, events)):
            # Events are missing, as Wakeful says and Box does not; or what somebody sees now
            # was there before.
            self._compare_all()
            return True
        sources = [event["source"] for event in events if event.get("source")]
        items = [_item_of(each) for each in sources if each["type"] in ("file", "folder")]
        new = {item.key for item in items if item.is_folder and not self._tree.has(item.key)}
        with self._tree.transaction():
            for item in items:
                self._tree.learn(item)
            for folder in new:
                # One event for all that is in it: as a copy, or from the trash.
                self._compare(folder)
            self._tree.read_up_to(str(answer.data["next_stream_position"]))
        return bool(events)

    # --- listings ---

    def _compare_all(self) -> None:
        """Begin anew: whatever was missed, this finds it."""
        log.info("comparing all")
        # The position first: what happens while it is listed is told after that.
        answer = self._ask("GET", self._events, stream_type="changes", stream_position="now")
        with self._tree.transaction():
            self._compare(ROOT)
            self._tree.read_up_to(str(answer.data["next_stream_position"]))

    def _compare(self, folder: str) -> None:
        """What is below *folder* is what a listing shows, and nothing else."""
        listed: dict[str, Item] = {}
        folders = [folder]
        while folders:
            for item in self._list(folders.pop()):
                before = listed.get(item.key)
                if before is None and item.is_folder:
                    folders.append(item.key)
                if before is None or before.sequence < item.sequence:
                    listed[item.key] = item  # listed twice if it was moved meanwhile
        self._tree.keep_only(listed, folder)
        for item in listed.values():
            self._tree.learn(item, is_listed=True)

    def _list(self, folder: str) -> Iterator[Item]:
        marker = None
        while True:
            try:
                page = self._client.folders.get_folder_items(
                    _id(folder), fields=FIELDS, usemarker=True, marker=marker, limit=1000
                )
            except BoxAPIError as error:
                if error.response_info.status_code != 404:
                    raise
                return  # gone since it was told, and that will be told, too
            for entry in page.raw_data["entries"]:
                if entry["type"] in ("file", "folder"):
                    yield _item_of(entry, folder)
            marker = page.next_marker
            if not marker:
                return

    # --- contents ---

    def _download(self, key: str, sha1: str | None, part: Path) -> None:
        digest = hashlib.sha1(usedforsecurity=False)
        try:
            content = self._client.downloads.download_file(_id(key))
            with part.open("wb") as file:
                while piece := content.read(PIECE_BYTES):
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except BoxAPIError as error:
            if error.response_info.status_code in (403, 404):
                raise NotToBeHad(str(error)) from None
            raise OSError(str(error)) from error
        except RequestException as error:
            raise OSError(f"the content broke off: {error}") from error
        if sha1 is not None and digest.hexdigest() != sha1:
            raise OSError("what came is not the content that was told of")

    # --- HTTP ---

    @property
    def _events(self) -> str:
        return f"{self._client.network_session.base_urls.base_url}/2.0/events"

    def _ask(self, method: str, url: str, **query: str) -> Any:
        # `client.events` hides the headers, and one event of a form that it does not know fails
        # the whole page.
        return self._client.make_request(FetchOptions(url=url, method=method, params=query))


def _is_about_access(event: dict[str, Any]) -> bool:
    return bool(event["event_type"].startswith(("COLLAB_", "GROUP_")))


def _item_of(source: dict[str, Any], parent: str | None = None) -> Item:
    """What an event tells of, or a listing of *parent* has."""
    if parent is None and source.get("parent"):
        parent = f"folder/{source['parent']['id']}"
    version = source.get("file_version") or {}
    return Item(
        f"{source['type']}/{source['id']}",
        parent,
        source["name"],
        version.get("id"),
        source.get("sha1") or None,
        int(source.get("sequence_id") or 0),
        source.get("item_status", "active") == "active",
    )


def _id(key: str) -> str:
    return key.partition("/")[2]


def main() -> None:
    parser = argparse.ArgumentParser(description="Mirror what a Box user has into a folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--state", type=Path, help="a folder beside it, on the same disk")
    parser.add_argument("--url", help="of a server that is not Box")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    client = BoxClient(auth=BoxDeveloperTokenAuth(token=os.environ["BOX_TOKEN"]))
    if asked.url:
        client = client.with_custom_base_urls(
            BaseUrls(
                base_url=asked.url,
                upload_url=f"{asked.url}/api",
                oauth_2_url=f"{asked.url}/api/oauth2",
            )
        )
    state = asked.state or asked.folder.with_name(f"{asked.folder.name}.state")
    try:
        tree = Tree(asked.folder, state)
    except TakenError as error:
        parser.exit(1, f"{parser.prog}: {error}\n")
    Mirror(client, tree).run()


if __name__ == "__main__":
    main()
