"""What a user of boxsdk 3 writes who uploads a large file in parts. One JSON line for each step;
it goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of the folder to work in, the file to upload.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from boxsdk import BoxAPIException, Client, OAuth2
from boxsdk.config import API

url, token, place, path = sys.argv[1:]
API.BASE_API_URL = f"{url}/2.0"
API.UPLOAD_URL = f"{url}/api/2.0"
client = Client(OAuth2(client_id="", client_secret="", access_token=token))


def say(step: str, item: Any = None, **more: Any) -> None:
    if item is not None:
        more |= {"id": item.id, "name": item.name, "etag": item.etag, "sha1": item.sha1}
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


top = client.folder(place)
file = top.get_chunked_uploader(path, "large.bin").start()
say("upload in parts", file)
version = client.file(file.id).get_chunked_uploader(path).start()
say("new version in parts", version)

# By hand, as somebody does who goes on after a break.
size = os.path.getsize(path)
session = top.create_upload_session(size, "slow.bin")
say("session", parts=session.total_parts, done=session.num_parts_processed)
with open(path, "rb") as stream:
    uploader = session.get_chunked_uploader_for_stream(stream, size)
    session.upload_part_bytes(stream.read(session.part_size), 0, size)
    stream.seek(0)
    say("listed", parts=[part["offset"] for part in session.get_parts()])
    say("resume an upload", uploader.resume())
given_up = top.create_upload_session(size, "never.bin")
say("given up", done=given_up.abort())
try:
    top.create_upload_session(size, "large.bin")
except BoxAPIException as error:
    say("again", status=error.status, code=error.code)
say("end")
