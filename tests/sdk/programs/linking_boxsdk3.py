"""What a user of boxsdk 3 writes who talks about files, and shares them by links. One JSON line
for each step.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of a folder at the top, the id of another user.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from boxsdk import BoxAPIException, Client, OAuth2
from boxsdk.config import API

url, token, place, other = sys.argv[1:]
API.BASE_API_URL = f"{url}/2.0"
API.UPLOAD_URL = f"{url}/api/2.0"
client = Client(OAuth2(client_id="", client_secret="", access_token=token))


def say(step: str, **more: Any) -> None:
    print(json.dumps({"step": step, **more}), flush=True)


def refused(step: str, action: Any) -> None:
    try:
        action()
    except BoxAPIException as error:
        say(step, status=error.status, code=error.code)


top = client.folder(place)
file = top.upload_stream(io.BytesIO(b"shared"), "a.txt")
say("upload", id=file.id)
first = file.add_comment(f"See this, @[{other}:Pal]")
say("comment", message=first.message, item=first.item["id"], reply=first.is_reply_comment)
second = first.reply("Seen.")
say("reply", message=second.message, item=second.item["id"], reply=second.is_reply_comment)
second = second.edit("Seen twice.")
say("edit comment", message=second.message)
say("comments", messages=[each.message for each in file.get_comments()])
say("count", count=file.get(fields=["comment_count"]).comment_count)
say("delete comment", done=second.delete())
link = file.create_shared_link(access="open", password="open sesame").shared_link
say("link", url=link["url"], access=link["access"], closed=link["is_password_enabled"])
found = client.get_shared_item(link["url"], password="open sesame")
say("by link", id=found.id, content=found.content().decode())
refused("by link without", lambda: client.get_shared_item(link["url"], password="wrong"))
say("url", url=top.get_shared_link(access="company"))
say("unlink", done=file.remove_shared_link())
refused("by no link", lambda: client.get_shared_item(link["url"]))
