"""What a user of boxsdk 3 writes who changes files and folders. One JSON line for each step; it
goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of the folder to work in.
"""

from __future__ import annotations

import io
import json
import sys
from typing import Any

from boxsdk import BoxAPIException, Client, OAuth2
from boxsdk.config import API

url, token, place = sys.argv[1:]
API.BASE_API_URL = f"{url}/2.0"
API.UPLOAD_URL = f"{url}/api/2.0"
client = Client(OAuth2(client_id="", client_secret="", access_token=token))


def say(step: str, item: Any = None, **more: Any) -> None:
    if item is not None:
        more |= {"id": item.id, "name": item.name, "etag": item.etag, "parent": item.parent.id}
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


def refused(step: str, action: Any) -> None:
    try:
        action()
    except BoxAPIException as error:
        say(step, status=error.status, code=error.code, context=error.context_info)


top = client.folder(place)
docs = top.create_subfolder("docs")
say("create folder", docs)
refused("create folder again", lambda: top.create_subfolder("docs"))
file = docs.upload_stream(io.BytesIO(b"first"), "a.txt")
say("upload", file)
refused("upload again", lambda: docs.upload_stream(io.BytesIO(b"x"), "a.txt"))
refused("check", lambda: docs.preflight_check(size=5, name="a.txt"))
say("may upload", url=docs.preflight_check(size=5, name="b.txt"))
file = file.update_contents_with_stream(io.BytesIO(b"second"), etag=file.etag)
say("new version", file)
file = file.update_info(data={"name": "b.txt"}, etag=file.etag)
say("rename", file)
refused("rename what changed", lambda: file.update_info(data={"name": "c"}, etag="0"))
other = top.create_subfolder("other")
say("create another", other)
file = file.move(other)
say("move", file)
copied = file.copy(parent_folder=docs, name="copy.txt")
say("copy", copied)
say("copy folder", docs.copy(parent_folder=other))
say("download", content=copied.content().decode())
file = file.update_info(data={"description": "mine"})
say("describe", file)
file = file.update_info(data={"tags": ["one"]})
say("tag", file)
comment = file.add_comment("Good.")
say("comment")
comment = comment.edit("Better.")
say("edit the comment")
comment.delete()
say("delete the comment")
file = file.lock()
say("lock", file)
file = file.unlock()
say("unlock", file)
file.get_shared_link(access="open")
say("share")
file.remove_shared_link()
say("unshare")
earlier = list(file.get_previous_versions())
file.promote_version(earlier[0])
say("promote a version", versions=len(earlier))
file.delete()
say("trash")
file = client.trash().restore_item(file)
say("restore", file)
file.delete()
say("trash again")
client.trash().permanently_delete_item(file)
say("purge")
docs = docs.rename("papers")
say("rename folder", docs)
docs = docs.move(other)
say("move folder", docs)
docs.update_sync_state("synced")
say("sync folder")
refused("trash what is not empty", lambda: docs.delete(recursive=False))
docs.delete()
say("trash folder")
docs = client.trash().restore_item(docs)
say("restore folder", docs)
docs.delete()
say("trash folder again")
client.trash().permanently_delete_item(docs)
say("purge folder")
say("end")
