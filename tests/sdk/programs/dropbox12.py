"""What a user of dropbox 12 writes: follow a whole account, or look around. It prints JSON lines.

It runs in an environment of its own and knows nothing of this project but the host, which is in
the environment. Its only argument is a JSON object: see `tests/sdk/dropbox_followers.py`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import requests
from dropbox import Dropbox
from dropbox.exceptions import ApiError, AuthError, BadInputError, InternalServerError
from dropbox.files import DeletedMetadata, FileMetadata, FolderMetadata

AWAY = 0.1  # seconds between two tries while the server is away


def main() -> None:
    task = json.loads(sys.argv[1])
    client = Dropbox(task["token"])
    {"follow": follow, "look": look}[task["do"]](client, task)


def follow(client: Dropbox, task: dict[str, Any]) -> None:
    cursor = task["cursor"]
    for limit, wakes in task["listings"]:
        if cursor is None:
            page = patiently(client.files_list_folder, "", recursive=True, limit=limit)
            cursor = tell(client, page, begins=True)
        while wakes is None or wakes > 0:
            polled = patiently(client.files_list_folder_longpoll, cursor, timeout=30)
            if polled.changes:
                page = patiently(client.files_list_folder_continue, cursor)
                cursor = tell(client, page)
                wakes = wakes and wakes - 1
            if polled.backoff:
                time.sleep(polled.backoff)
        cursor = None


def tell(client: Dropbox, page: Any, *, begins: bool = False) -> Any:
    """Tell of *page* and of those after it; the cursor of the last."""
    while True:
        say(
            begins=begins,
            entries=[shape(entry) for entry in page.entries],
            cursor=page.cursor,
            has_more=page.has_more,
        )
        if not page.has_more:
            return page.cursor
        begins = False
        page = patiently(client.files_list_folder_continue, page.cursor)


def patiently(call: Any, *arguments: Any, **options: Any) -> Any:
    """What *call* returns: of connections that fail the SDK leaves it to its user."""
    while True:
        try:
            return call(*arguments, **options)
        except (requests.RequestException, InternalServerError) as error:
            print(type(error).__name__, file=sys.stderr, flush=True)
            time.sleep(AWAY)


def look(client: Dropbox, task: dict[str, Any]) -> None:
    account = client.users_get_current_account()
    space = client.users_get_space_usage()
    metadata, answer = client.files_download(task["file"])
    with answer:
        content = answer.content
    say(
        account={
            "account_id": account.account_id,
            "name": account.name.display_name,
            "email": account.email,
            "root": account.root_info.root_namespace_id,
        },
        space={"used": space.used, "allocated": space.allocation.get_individual().allocated},
        echo=client.check_user(query="ping").result,
        metadata=shape(client.files_get_metadata(task["file"])),
        downloaded=shape(metadata),
        content=content.hex(),
        refused={
            "token": refused(lambda: Dropbox("nobody's").users_get_current_account()),
            "path": refused(lambda: client.files_list_folder("/none")),
            "file": refused(lambda: client.files_list_folder(task["file"])),
            "root": refused(lambda: client.files_list_folder("/")),
            "cursor": refused(lambda: client.files_list_folder_continue("none")),
            "poll": refused(lambda: client.files_list_folder_longpoll("none")),
        },
    )


def refused(call: Callable[[], Any]) -> list[Any]:
    """The status of a call that fails, and what the SDK makes of it."""
    try:
        call()
    except AuthError as error:
        return [error.status_code, tags(error.error)]
    except BadInputError as error:
        return [error.status_code, []]
    except ApiError as error:
        return [409, tags(error.error)]
    raise AssertionError("it was not refused")


def tags(error: Any) -> list[str]:
    """The tag of a union, and of what is in it."""
    inner = error._value  # as every union of the SDK has it, whatever its tag
    return [error._tag, *(tags(inner) if hasattr(inner, "_tag") else ())]


def shape(entry: Any) -> dict[str, Any]:
    """What the tests compare."""
    found = {"path": entry.path_lower, "shown": entry.path_display, "name": entry.name}
    if isinstance(entry, DeletedMetadata):
        return {"kind": "deleted", **found}
    if isinstance(entry, FolderMetadata):
        return {"kind": "folder", **found, "id": entry.id}
    assert isinstance(entry, FileMetadata)
    more = {"rev": entry.rev, "size": entry.size, "hash": entry.content_hash}
    return {"kind": "file", **found, "id": entry.id, **more}


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
