"""What a user of boxsdk 10 writes who talks about files, and shares them by links. One JSON line
for each step.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of a folder at the top, the id of another user.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from box_sdk_gen import (
    AddShareLinkToFileSharedLink,
    AddShareLinkToFileSharedLinkAccessField,
    AddShareLinkToFolderSharedLink,
    AddShareLinkToFolderSharedLinkAccessField,
    BaseUrls,
    BoxAPIError,
    BoxClient,
    BoxDeveloperTokenAuth,
    CreateCommentItem,
    CreateCommentItemTypeField,
    NetworkSession,
    UploadFileAttributes,
    UploadFileAttributesParentField,
)
from box_sdk_gen.internal.null_value import null

url, token, place, other = sys.argv[1:]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
client = BoxClient(
    auth=BoxDeveloperTokenAuth(token=token), network_session=NetworkSession(base_urls=urls)
)


def say(step: str, **more: Any) -> None:
    print(json.dumps({"step": step, **more}), flush=True)


def refused(step: str, action: Any) -> None:
    try:
        action()
    except BoxAPIError as error:
        told = error.response_info
        say(step, status=told.status_code, code=told.code)


attributes = UploadFileAttributes(name="a.txt", parent=UploadFileAttributesParentField(id=place))
file = client.uploads.upload_file(attributes, io.BytesIO(b"shared")).entries[0]
say("upload", id=file.id)


def comment(kind: CreateCommentItemTypeField, id: str, **text: str) -> Any:
    return client.comments.create_comment(item=CreateCommentItem(id=id, type=kind), **text)


def told(step: str, said: Any) -> None:
    say(step, message=said.message, item=said.item.id, reply=said.is_reply_comment)


def by_link(url: str, password: str) -> Any:
    return client.shared_links_files.find_file_for_shared_link(
        f"shared_link={url}&shared_link_password={password}"
    )


kinds = CreateCommentItemTypeField
text = f"See this, @[{other}:Pal]"
first = comment(kinds.FILE, file.id, message="", tagged_message=text)
told("comment", first)
second = comment(kinds.COMMENT, first.id, message="Seen.")
told("reply", second)
second = client.comments.update_comment_by_id(second.id, message="Seen twice.")
say("edit comment", message=second.message)
page = client.comments.get_file_comments(file.id)
say("comments", messages=[each.message for each in page.entries])
counted = client.files.get_file_by_id(file.id, fields=["comment_count"])
say("count", count=counted.comment_count)
client.comments.delete_comment_by_id(second.id)
say("delete comment", done=True)
wish = AddShareLinkToFileSharedLink(
    access=AddShareLinkToFileSharedLinkAccessField.OPEN, password="open sesame"
)
made = client.shared_links_files.add_share_link_to_file(file.id, "shared_link", shared_link=wish)
link = made.shared_link
say("link", url=link.url, access=link.access.value, closed=link.is_password_enabled)
found = by_link(link.url, "open sesame")
read = client.downloads.download_file(
    found.id, boxapi=f"shared_link={link.url}&shared_link_password=open sesame"
)
say("by link", id=found.id, content=read.read().decode())
refused("by link without", lambda: by_link(link.url, "wrong"))
shared = AddShareLinkToFolderSharedLink(access=AddShareLinkToFolderSharedLinkAccessField.COMPANY)
made = client.shared_links_folders.add_share_link_to_folder(
    place, "shared_link", shared_link=shared
)
say("url", url=made.shared_link.url)
client.shared_links_files.remove_shared_link_from_file(file.id, "shared_link", shared_link=null)
say("unlink", done=True)
refused("by no link", lambda: by_link(link.url, ""))
