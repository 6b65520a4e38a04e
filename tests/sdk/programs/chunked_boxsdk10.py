"""What a user of boxsdk 10 writes who uploads a large file in parts. One JSON line for each step;
it goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the URL. Its arguments:
the URL of the server, a token, the id of the folder to work in, the file to upload.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from box_sdk_gen import BaseUrls, BoxAPIError, BoxClient, BoxDeveloperTokenAuth, NetworkSession

url, token, place, path = sys.argv[1:]
urls = BaseUrls(base_url=url, upload_url=f"{url}/api", oauth_2_url=f"{url}/api/oauth2")
client = BoxClient(
    auth=BoxDeveloperTokenAuth(token=token), network_session=NetworkSession(base_urls=urls)
)
chunked = client.chunked_uploads


def say(step: str, item: Any = None, **more: Any) -> None:
    if item is not None:
        more |= {"id": item.id, "name": item.name, "etag": item.etag, "sha1": item.sha_1}
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


size = os.path.getsize(path)
with open(path, "rb") as stream:
    file = chunked.upload_big_file(stream, "large.bin", size, place)
say("upload in parts", file)
if hasattr(chunked, "upload_big_file_version"):
    with open(path, "rb") as stream:
        version = chunked.upload_big_file_version(file.id, stream, size)
    say("new version in parts", version)
session = chunked.create_file_upload_session(place, size, "slow.bin")
say("session", parts=session.total_parts, done=session.num_parts_processed)
found = chunked.get_file_upload_session_by_id(session.id)
say(
    "listed",
    parts=[each.offset for each in chunked.get_file_upload_session_parts(found.id).entries],
)
chunked.delete_file_upload_session_by_id(session.id)
say("given up", done=True)
try:
    chunked.create_file_upload_session(place, size, "large.bin")
except BoxAPIError as error:
    say("again", status=error.response_info.status_code, code=error.response_info.code)
say("end")
