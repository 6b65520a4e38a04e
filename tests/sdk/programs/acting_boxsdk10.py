"""What a user of boxsdk 10 writes who changes files and folders. One JSON line for each step; it
goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of the folder to work in.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from box_sdk_gen import (
    AddShareLinkToFileSharedLink,
    AddShareLinkToFileSharedLinkAccessField,
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxDeveloperTokenAuth,
    CopyFileParent,
    CopyFolderParent,
    CreateCommentItem,
    CreateCommentItemTypeField,
    CreateFolderParent,
    NetworkSession,
    PreflightFileUploadCheckParent,
    PromoteFileVersionType,
    UpdateFileByIdLock,
    UpdateFileByIdLockAccessField,
    UpdateFileByIdParent,
    UpdateFolderByIdParent,
    UpdateFolderByIdSyncState,
    UploadFileAttributes,
    UploadFileAttributesParentField,
    UploadFileVersionAttributes,
)
from box_sdk_gen.internal.null_value import null

url, token, place = sys.argv[1:]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
client = BoxClient(
    auth=BoxDeveloperTokenAuth(token=token), network_session=NetworkSession(base_urls=urls)
)


def say(step: str, item: Any = None, **more: Any) -> None:
    if item is not None:
        more |= {"id": item.id, "name": item.name, "etag": item.etag, "parent": item.parent.id}
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


def refused(step: str, action: Any) -> None:
    try:
        action()
    except BoxAPIError as error:
        told = error.response_info
        say(step, status=told.status_code, code=told.code, context=told.context_info)


def upload(parent: str, name: str, content: bytes) -> Any:
    attributes = UploadFileAttributes(name=name, parent=UploadFileAttributesParentField(id=parent))
    return client.uploads.upload_file(attributes, io.BytesIO(content)).entries[0]


def create(name: str) -> Any:
    return client.folders.create_folder(name, CreateFolderParent(id=place))


def check(name: str) -> Any:
    parent = PreflightFileUploadCheckParent(id=docs.id)
    return client.uploads.preflight_file_upload_check(name=name, size=5, parent=parent)


docs = create("docs")
say("create folder", docs)
refused("create folder again", lambda: create("docs"))
file = upload(docs.id, "a.txt", b"first")
say("upload", file)
refused("upload again", lambda: upload(docs.id, "a.txt", b"x"))
refused("check", lambda: check("a.txt"))
say("may upload", url=check("b.txt").upload_url)
file = client.uploads.upload_file_version(
    file.id, UploadFileVersionAttributes(name="a.txt"), io.BytesIO(b"second"), if_match=file.etag
).entries[0]
say("new version", file)
file = client.files.update_file_by_id(file.id, name="b.txt", if_match=file.etag)
say("rename", file)
refused(
    "rename what changed",
    lambda: client.files.update_file_by_id(file.id, name="c", if_match="0"),
)
other = create("other")
say("create another", other)
file = client.files.update_file_by_id(file.id, parent=UpdateFileByIdParent(id=other.id))
say("move", file)
copied = client.files.copy_file(file.id, CopyFileParent(id=docs.id), name="copy.txt")
say("copy", copied)
say("copy folder", client.folders.copy_folder(docs.id, CopyFolderParent(id=other.id)))
say("download", content=client.downloads.download_file(copied.id).read().decode())
file = client.files.update_file_by_id(file.id, description="mine")
say("describe", file)
file = client.files.update_file_by_id(file.id, tags=["one"])
say("tag", file)
about = CreateCommentItem(id=file.id, type=CreateCommentItemTypeField.FILE)
comment = client.comments.create_comment("Good.", about)
say("comment")
client.comments.update_comment_by_id(comment.id, message="Better.")
say("edit the comment")
client.comments.delete_comment_by_id(comment.id)
say("delete the comment")
lock = UpdateFileByIdLock(access=UpdateFileByIdLockAccessField.LOCK)
file = client.files.update_file_by_id(file.id, lock=lock)
say("lock", file)
file = client.files.update_file_by_id(file.id, lock=null)
say("unlock", file)
wish = AddShareLinkToFileSharedLink(access=AddShareLinkToFileSharedLinkAccessField.OPEN)
client.shared_links_files.add_share_link_to_file(file.id, "shared_link", shared_link=wish)
say("share")
client.shared_links_files.remove_shared_link_from_file(file.id, "shared_link", shared_link=null)
say("unshare")
earlier = client.file_versions.get_file_versions(file.id).entries
kind = PromoteFileVersionType.FILE_VERSION
client.file_versions.promote_file_version(file.id, id=earlier[0].id, type=kind)
say("promote a version", versions=len(earlier))
client.files.delete_file_by_id(file.id)
say("trash")
file = client.trashed_files.restore_file_from_trash(file.id)
say("restore", file)
client.files.delete_file_by_id(file.id)
say("trash again")
client.trashed_files.delete_trashed_file_by_id(file.id)
say("purge")
docs = client.folders.update_folder_by_id(docs.id, name="papers")
say("rename folder", docs)
docs = client.folders.update_folder_by_id(docs.id, parent=UpdateFolderByIdParent(id=other.id))
say("move folder", docs)
client.folders.update_folder_by_id(docs.id, sync_state=UpdateFolderByIdSyncState.SYNCED)
say("sync folder")
refused("trash what is not empty", lambda: client.folders.delete_folder_by_id(docs.id))
client.folders.delete_folder_by_id(docs.id, recursive=True)
say("trash folder")
say("restore folder", client.trashed_folders.restore_folder_from_trash(docs.id))
client.folders.delete_folder_by_id(docs.id, recursive=True)
say("trash folder again")
client.trashed_folders.delete_trashed_folder_by_id(docs.id)
say("purge folder")
say("end")
