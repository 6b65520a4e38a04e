"""What many users of boxsdk 10 do to one folder at once: random actions. One JSON line for each.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of the folder to work in, a seed, and how many.
"""

from __future__ import annotations

import io
import json
import random
import sys
from typing import Any

from box_sdk_gen import (
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxDeveloperTokenAuth,
    CopyFileParent,
    CopyFolderParent,
    CreateFolderParent,
    NetworkSession,
    UpdateFileByIdParent,
    UpdateFolderByIdParent,
    UploadFileAttributes,
    UploadFileAttributesParentField,
    UploadFileVersionAttributes,
)

url, token, place, seed, count = sys.argv[1:]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
client = BoxClient(
    auth=BoxDeveloperTokenAuth(token=token), network_session=NetworkSession(base_urls=urls)
)
chance = random.Random(int(seed))
files: list[Any] = []
folders: list[str] = [place]
trashed: list[tuple[str, str]] = []


drawn: list[str] = []


def one(known: list[Any]) -> Any:
    """One of what was there when it was last seen."""
    drawn.append(chance.choice(known))
    return drawn[-1]


def name() -> str:
    return f"{chance.choice('abcdefgh')}{chance.randrange(1000)}.box"


def content() -> io.BytesIO:
    return io.BytesIO(chance.randbytes(chance.choice((0, 10, 3_000, 200_000))))


def upload() -> Any:
    attributes = UploadFileAttributes(
        name=name(), parent=UploadFileAttributesParentField(id=one(folders))
    )
    made = client.uploads.upload_file(attributes, content()).entries[0]
    files.append(made.id)
    return made


def version() -> Any:
    attributes = UploadFileVersionAttributes(name=name())
    return client.uploads.upload_file_version(one(files), attributes, content()).entries[0]


def create() -> Any:
    parent = CreateFolderParent(id=one(folders))
    made = client.folders.create_folder(name(), parent)
    folders.append(made.id)
    return made


def rename() -> Any:
    return client.files.update_file_by_id(one(files), name=name())


def move() -> Any:
    parent = UpdateFileByIdParent(id=one(folders))
    return client.files.update_file_by_id(one(files), name=name(), parent=parent)


def move_folder() -> Any:
    parent = UpdateFolderByIdParent(id=one(folders))
    return client.folders.update_folder_by_id(one(folders[1:]), name=name(), parent=parent)


def copy() -> Any:
    parent = CopyFileParent(id=one(folders))
    made = client.files.copy_file(one(files), parent, name=name())
    files.append(made.id)
    return made


def copy_folder() -> Any:
    parent = CopyFolderParent(id=one(folders))
    return client.folders.copy_folder(one(folders[1:]), parent, name=name())


def describe() -> Any:
    return client.files.update_file_by_id(one(files), description=name())


def trash() -> None:
    file = one(files)
    client.files.delete_file_by_id(file)
    files.remove(file)
    trashed.append(("file", file))


def trash_folder() -> None:
    folder = one(folders[1:])
    client.folders.delete_folder_by_id(folder, recursive=True)
    folders.remove(folder)
    trashed.append(("folder", folder))


def restore() -> Any:
    kind, id = chance.choice(trashed)
    if kind == "file":
        back = client.trashed_files.restore_file_from_trash(id)
        files.append(id)
    else:
        back = client.trashed_folders.restore_folder_from_trash(id)
        folders.append(id)
    trashed.remove((kind, id))
    return back


def purge() -> None:
    kind, id = chance.choice(trashed)
    if kind == "file":
        client.trashed_files.delete_trashed_file_by_id(id)
    else:
        client.trashed_folders.delete_trashed_folder_by_id(id)
    trashed.remove((kind, id))


actions = (
    [upload] * 6
    + [version, create, rename, move] * 3
    + [move_folder, copy, describe, trash, restore] * 2
    + [copy_folder, trash_folder, purge]
)
for _ in range(int(count)):
    action = chance.choice(actions)
    line: dict[str, Any] = {"action": action.__name__}
    try:
        drawn.clear()
        item = action()
    except BoxAPIError as error:
        if error.response_info.status_code == 404:
            files[:] = [each for each in files if each not in drawn]
            folders[1:] = [each for each in folders[1:] if each not in drawn]
        line |= {"status": error.response_info.status_code, "code": error.response_info.code}
    except IndexError:
        line |= {"status": 0}  # there is nothing yet to do it to
    else:
        if item is not None:
            line |= {"id": item.id, "etag": item.etag}
    print(json.dumps(line), flush=True)
