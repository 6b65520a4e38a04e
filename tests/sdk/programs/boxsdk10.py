"""What a user of boxsdk 10 writes: sign in, follow events, or read. One JSON line each.

It runs in an environment of its own and knows nothing of this project but the URL. Its only
argument is a JSON object: see `tests/sdk/followers.py`.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from enum import Enum
from typing import Any

from box_sdk_gen import (
    AccessToken,
    BaseUrls,
    BoxCCGAuth,
    BoxClient,
    BoxDeveloperTokenAuth,
    BoxJWTAuth,
    BoxOAuth,
    CCGConfig,
    GetEventStreamQueryParams,
    InMemoryTokenStorage,
    JWTConfig,
    NetworkSession,
    OAuthConfig,
)


def main() -> None:
    task = json.loads(sys.argv[1])
    url = task["url"]
    urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
    client = BoxClient(
        auth=sign_in(task["token"], **task["sign_in"]),
        network_session=NetworkSession(base_urls=urls),
    )
    steps = {"follow": follow, "history": history, "read": read, "look": look}
    for step in task["do"]:
        steps[step](client, task)


def sign_in(token: str, way: str, **known: Any) -> Any:
    """The SDK's object for each way to sign in that it has."""
    if way == "developer token":
        return BoxDeveloperTokenAuth(token=token)
    if way in ("jwt", "jwt user"):
        auth = BoxJWTAuth(JWTConfig.from_config_json_string(json.dumps(known["config"])))
        return auth if way == "jwt" else auth.with_user_subject(known["user"])
    app = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
    if way == "ccg":
        return BoxCCGAuth(CCGConfig(**app, enterprise_id=known["enterprise"]))
    if way == "ccg user":
        return BoxCCGAuth(CCGConfig(**app, user_id=known["user"]))
    held = AccessToken(access_token=token, refresh_token=known["refresh_token"])
    return BoxOAuth(OAuthConfig(**app, token_storage=InMemoryTokenStorage(held)))


def follow(client: Any, task: dict[str, Any]) -> None:
    params = GetEventStreamQueryParams(
        stream_position=task["start"], stream_type=task["stream_type"]
    )
    for event in client.events.get_event_stream(query_params=params):
        show(event)


def history(client: Any, task: dict[str, Any]) -> None:
    """The enterprise's events, page by page until one is empty."""
    position = "0"
    while True:
        page = client.events.get_events(
            stream_type=task["history"],
            stream_position=position,
            limit=task["limit"],
            event_type=task["event_types"],
            created_after=date(task["created_after"]),
            created_before=date(task["created_before"]),
        )
        if not page.entries:
            return
        for event in page.entries:
            show(event)
        position = str(page.next_stream_position)


def date(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def show(event: Any) -> None:
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
        "id": getattr(item, "id", None),
        "type": text(getattr(item, "type", None)),
        "name": getattr(item, "name", None),
        "sequence_id": getattr(item, "sequence_id", None),
        "etag": getattr(item, "etag", None),
        "parent": None if parent is None else parent.id,
        "item_id": getattr(item, "item_id", None),
    }


def text(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
