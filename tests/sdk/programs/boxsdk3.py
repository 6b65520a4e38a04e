"""What a user of boxsdk 3 writes: sign in, follow events, or read. One JSON line each.

It runs in an environment of its own and knows nothing of this project but the URL. Its only
argument is a JSON object: see `tests/sdk/followers.py`.
"""

from __future__ import annotations

import io
import json
import sys
import time
from typing import Any

from boxsdk import CCGAuth, Client, JWTAuth, OAuth2
from boxsdk.config import API


def main() -> None:
    task = json.loads(sys.argv[1])
    url = task["url"]
    API.BASE_API_URL = f"{url}/2.0"
    API.OAUTH2_API_URL = f"{url}/oauth2"
    API.OAUTH2_AUTHORIZE_URL = f"{url}/api/oauth2/authorize"
    API.UPLOAD_URL = f"{url}/api/2.0"
    client = Client(sign_in(task["token"], **task["sign_in"]))
    steps = {"follow": follow, "history": history, "read": read, "look": look}
    for step in task["do"]:
        steps[step](client, task)


def sign_in(token: str, way: str, **known: Any) -> Any:
    """The SDK's object for each way to sign in that it has."""
    if way == "developer token":
        return OAuth2(client_id="", client_secret="", access_token=token)
    if way == "jwt":
        return JWTAuth.from_settings_dictionary(known["config"])
    if way == "jwt user":
        return JWTAuth.from_settings_dictionary(known["config"], user=known["user"])
    app = {"client_id": known["client_id"], "client_secret": known["client_secret"]}
    if way == "ccg":
        return CCGAuth(**app, enterprise_id=known["enterprise"])
    if way == "ccg user":
        return CCGAuth(**app, user=known["user"])
    return OAuth2(**app, access_token=token, refresh_token=known["refresh_token"])


def follow(client: Any, task: dict[str, Any]) -> None:
    options = {"stream_type": task["stream_type"]} if task["stream_type"] else {}
    if task["start"] is not None:
        options["stream_position"] = task["start"]
    for event in client.events().generate_events_with_long_polling(**options):
        show(event)


def history(client: Any, task: dict[str, Any]) -> None:
    """The enterprise's events, page by page until one is empty."""
    position, types = "0", task["event_types"]
    while True:
        if task["history"] == "admin_logs":
            page = client.events().get_admin_events(
                limit=task["limit"],
                stream_position=position,
                created_after=task["created_after"],
                created_before=task["created_before"],
                event_types=types,
            )
        else:
            page = client.events().get_admin_events_streaming(
                limit=task["limit"], stream_position=position, event_types=types
            )
        if not page["entries"]:
            return
        for event in page["entries"]:
            show(event)
        position = page["next_stream_position"]


def show(event: Any) -> None:
    raw = event.response_object
    say(
        event_id=event.event_id,
        event_type=event.event_type,
        source=shape(raw["source"]) if raw["source"] else None,
        time=time.time(),
    )


def read(client: Any, task: dict[str, Any]) -> None:
    me = client.user().get()
    say(kind="me", id=me.id, type=me.type, login=me.login)
    for id in task["files"]:
        say(kind="item", **shape(client.file(id).get()))
    for id in task["folders"]:
        say(kind="item", **shape(client.folder(id).get()))
        for item in client.folder(id).get_items():
            say(kind="entry", folder=id, **shape(item))


def look(client: Any, task: dict[str, Any]) -> None:
    file = client.file(task["file"])
    whole = io.BytesIO()
    file.download_to(whole)
    part = file.content(byte_range=(2, 5))
    say(content=whole.getvalue().hex(), part=part.hex(), url=file.get_download_url())
    say(users=[user.login for user in client.users()])
    say(trash=[item.name for item in client.trash().get_items(limit=1)])
    items = client.folder("0").get_items(limit=2, use_marker=True, direction="DESC", sort="name")
    say(items=[item.name for item in items])


def shape(item: Any) -> dict[str, Any]:
    """What the tests compare; *item* is an SDK object, which can be asked like a map."""
    parent = field(item, "parent")
    return {
        "id": field(item, "id"),
        "type": field(item, "type"),
        "name": field(item, "name"),
        "sequence_id": field(item, "sequence_id"),
        "etag": field(item, "etag"),
        "parent": None if parent is None else field(parent, "id"),
        "item_id": field(item, "item_id"),
    }


def field(item: Any, name: str) -> Any:
    try:
        return item[name]
    except KeyError:
        return None


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
