"""What a user of boxsdk 10 writes: follow the events, or read items. One JSON line each.

It runs in an environment of its own and knows nothing of this project but the URL. Its only
argument is a JSON object: see `tests/sdk/followers.py`.
"""

from __future__ import annotations

import json
import sys
import time
from enum import Enum
from typing import Any

from box_sdk_gen import (
    BaseUrls,
    BoxClient,
    BoxDeveloperTokenAuth,
    GetEventStreamQueryParams,
    NetworkSession,
)


def main() -> None:
    task = json.loads(sys.argv[1])
    url = task["url"]
    urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
    client = BoxClient(
        auth=BoxDeveloperTokenAuth(token=task["token"]),
        network_session=NetworkSession(base_urls=urls),
    )
    {"follow": follow, "read": read, "look": look}[task["do"]](client, task)


def follow(client: Any, task: dict[str, Any]) -> None:
    params = GetEventStreamQueryParams(
        stream_position=task["start"], stream_type=task["stream_type"]
    )
    for event in client.events.get_event_stream(query_params=params):
        say(
            event_id=event.event_id,
            event_type=text(event.event_type),
            source=shape(event.source) if event.source else None,
            time=time.time(),
        )


def read(client: Any, task: dict[str, Any]) -> None:
    me = client.users.get_user_me()
    say(kind="me", id=me.id, type=text(me.type), login=me.login)
    for id in task["files"]:
        say(kind="item", **shape(client.files.get_file_by_id(id)))
    for id in task["folders"]:
        say(kind="item", **shape(client.folders.get_folder_by_id(id)))
        for item in client.folders.get_folder_items(id).entries:
            say(kind="entry", folder=id, **shape(item))


def look(client: Any, task: dict[str, Any]) -> None:
    whole = client.downloads.download_file(task["file"]).read()
    part = client.downloads.download_file(task["file"], range="bytes=2-5").read()
    url = client.downloads.get_download_file_url(task["file"])
    say(content=whole.hex(), part=part.hex(), url=url)
    say(users=[user.login for user in client.users.get_users().entries])
    say(trash=[item.name for item in client.trashed_items.get_trashed_items().entries])
    names, marker = [], None
    while True:
        page = client.folders.get_folder_items(
            "0", limit=2, usemarker=True, marker=marker, direction="DESC", sort="name"
        )
        names += [item.name for item in page.entries]
        marker = page.next_marker
        if not marker:
            break
    say(items=names)


def shape(item: Any) -> dict[str, Any]:
    """What the tests compare. Of an unknown kind of item the SDK makes a user."""
    parent = getattr(item, "parent", None)
    return {
        "id": item.id,
        "type": text(item.type),
        "name": item.name,
        "sequence_id": getattr(item, "sequence_id", None),
        "etag": getattr(item, "etag", None),
        "parent": None if parent is None else parent.id,
    }


def text(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
