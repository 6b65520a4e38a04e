"""What a user of dropbox 3.38, the first version of the API, writes to follow a whole account. One
JSON line each.

It runs in an environment of its own and knows nothing of this project. Its only argument is a
JSON object: see `tests/sdk/dropbox_followers.py`.
"""

from __future__ import annotations

import cgi
import json
import os
import sys
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

# Where the client looks for it, on today's Python in vain.
cgi.parse_qs = urllib.parse.parse_qs  # type: ignore[attr-defined] # gone from there

import urllib3  # noqa: E402 - after what it lacks
from dropbox.client import DropboxClient  # noqa: E402 - after what it lacks
from dropbox.rest import ErrorResponse, RESTClientObject  # noqa: E402 - after what it lacks
from dropbox.session import BaseSession  # noqa: E402 - after what it lacks

AWAY = 0.1  # seconds between two tries while the server is away
READ_SECONDS = 60.0  # as in the client's own transport, whose TLS nobody speaks any more


def main() -> None:
    task = json.loads(sys.argv[1])
    for host in ("API_HOST", "API_CONTENT_HOST", "API_NOTIFICATION_HOST"):
        setattr(BaseSession, host, task["host"])
    transport = RESTClientObject()
    transport.pool_manager = urllib3.PoolManager(
        cert_reqs="CERT_REQUIRED", ca_certs=os.environ["REQUESTS_CA_BUNDLE"], timeout=READ_SECONDS
    )
    client = DropboxClient(task["token"], rest_client=transport)
    {"follow": follow, "look": look}[task["do"]](client, task)


def follow(client: DropboxClient, task: dict[str, Any]) -> None:
    cursor = task["cursor"]
    for limit, wakes in task["listings"]:
        if cursor is None:
            cursor = tell(client, patiently(first_page, client, limit))
        while wakes is None or wakes > 0:
            polled = patiently(client.longpoll_delta, cursor, timeout=30)
            if polled["changes"]:
                cursor = tell(client, patiently(client.delta, cursor))
                wakes = wakes and wakes - 1
            if polled.get("backoff"):
                time.sleep(polled["backoff"])
        cursor = None


def first_page(client: DropboxClient, limit: int) -> Any:
    """As `client.delta()`, which has no limit."""
    url, params, headers = client.request("/delta", {"limit": limit})
    return client.rest_client.POST(url, params, headers)


def tell(client: DropboxClient, page: Any) -> str:
    """Tell of *page* and of those after it; the cursor of the last."""
    while True:
        say(
            begins=page["reset"],
            entries=[shape(*entry) for entry in page["entries"]],
            cursor=page["cursor"],
            has_more=page["has_more"],
        )
        if not page["has_more"]:
            cursor: str = page["cursor"]
            return cursor
        page = patiently(client.delta, page["cursor"])


def patiently(call: Any, *arguments: Any, **options: Any) -> Any:
    """What *call* returns: of connections that fail the client leaves it to its user."""
    while True:
        try:
            return call(*arguments, **options)
        except (OSError, urllib3.exceptions.HTTPError) as error:
            away = error
        except ErrorResponse as error:
            if error.status != 503:
                raise
            away = error
        print(type(away).__name__, file=sys.stderr, flush=True)
        time.sleep(AWAY)


def look(client: DropboxClient, task: dict[str, Any]) -> None:
    file = task["file"]
    account = client.account_info()
    root = client.metadata("/")
    answer, downloaded = client.get_file_and_metadata(file)
    with answer:
        content = answer.read()
    with client.get_file(file, start=1, length=2) as answer:
        part = answer.read()
    say(
        account={each: account[each] for each in ("uid", "display_name", "email", "quota_info")},
        listed=[shape(each["path"].lower(), each) for each in root["contents"]],
        metadata=shape(file.lower(), client.metadata(file)),
        downloaded=shape(file.lower(), downloaded),
        content=content.hex(),
        part=part.hex(),
        refused={
            "hash": refused(lambda: client.metadata("/", hash=root["hash"])),
            "path": refused(lambda: client.metadata("/nothing")),
            "rev": refused(lambda: client.get_file(file, rev="000000000000001")),
            "cursor": refused(lambda: client.delta("foo")),
            "poll": refused(lambda: client.longpoll_delta("foo")),
            "timeout": refused(lambda: client.longpoll_delta(client.delta()["cursor"], 29)),
            "media": refused(
                lambda: client.longpoll_delta(client.delta(include_media_info=True)["cursor"])
            ),
            "token": refused(
                DropboxClient("no-such-token", rest_client=client.rest_client).account_info
            ),
        },
    )


def refused(call: Callable[[], Any]) -> list[Any]:
    """The status of a call that fails, and what the client makes of it."""
    try:
        call()
    except ErrorResponse as error:
        return [error.status, error.error_msg]
    raise AssertionError("it was not refused")


def shape(path: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """What the tests compare."""
    if metadata is None:
        return {"kind": "deleted", "path": path}
    shown = metadata["path"]
    found = {"path": path, "shown": shown, "name": shown.rpartition("/")[2]}
    if metadata["is_dir"]:
        return {"kind": "folder", **found}
    return {"kind": "file", **found, "rev": metadata["rev"], "size": metadata["bytes"]}


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
