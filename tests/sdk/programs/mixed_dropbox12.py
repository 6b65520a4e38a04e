"""What many users of dropbox 12 do to one folder at once: random actions. One JSON line for each.

It runs in an environment of its own and knows nothing of this project but the host, which is in
the environment. Its only argument is a JSON object with a `token`, the `place` to work in, a `seed`
and a `count`.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from dropbox import Dropbox
from dropbox.exceptions import ApiError, InternalServerError
from dropbox.files import FolderMetadata, WriteMode

task = json.loads(sys.argv[1])
client = Dropbox(task["token"], max_retries_on_error=2)
place = task["place"]
chance = random.Random(task["seed"])
paths: list[str] = []
folders: list[str] = [place]


drawn: list[str] = []


def one(known: list[str]) -> str:
    """One of what was there when it was last seen."""
    drawn.append(chance.choice(known))
    return drawn[-1]


def path() -> str:
    return f"{one(folders)}/{chance.choice('abcdefgh')}{chance.randrange(1000)}.drop"


def content() -> bytes:
    return chance.randbytes(chance.choice((0, 10, 3_000, 200_000)))


def upload() -> Any:
    return client.files_upload(content(), path(), autorename=True)


def overwrite() -> Any:
    return client.files_upload(content(), one(paths), WriteMode.overwrite)


def create() -> Any:
    return client.files_create_folder_v2(path(), autorename=True).metadata


def move() -> Any:
    return client.files_move_v2(one(paths), path(), autorename=True).metadata


def copy() -> Any:
    return client.files_copy_v2(one(paths), path()).metadata


def delete() -> Any:
    return client.files_delete_v2(one(paths)).metadata


actions = [upload] * 5 + [overwrite, create, move] * 2 + [copy, delete]
for _ in range(task["count"]):
    action = chance.choice(actions)
    line: dict[str, Any] = {"action": action.__name__}
    try:
        drawn.clear()
        item = action()
    except ApiError as error:
        paths[:] = [each for each in paths if each not in drawn]
        folders[1:] = [each for each in folders[1:] if each not in drawn]
        line |= {"status": 409, "code": str(error.error)[:80]}
    except InternalServerError as error:
        line |= {"status": error.status_code}
    except IndexError:
        line |= {"status": 0}  # there is nothing yet to do it to
    else:
        line |= {"id": item.id.removeprefix("id:")}
        (folders if isinstance(item, FolderMetadata) else paths).append(item.path_display)
    print(json.dumps(line), flush=True)
