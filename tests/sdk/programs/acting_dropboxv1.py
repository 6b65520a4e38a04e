"""What a user of dropbox 3.38, the first version of the API, writes who changes files and folders.
One JSON line for each step; it goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project. Its only argument is a JSON
object with the `host`, a `token` and the `place` to work in.
"""

from __future__ import annotations

import cgi
import io
import json
import os
import sys
import urllib.parse
from typing import Any

# Where the client looks for it, on today's Python in vain.
cgi.parse_qs = urllib.parse.parse_qs  # type: ignore[attr-defined] # gone from there

import urllib3  # noqa: E402 - after what it lacks
from dropbox.client import DropboxClient  # noqa: E402 - after what it lacks
from dropbox.rest import ErrorResponse, RESTClientObject  # noqa: E402 - after what it lacks
from dropbox.session import BaseSession  # noqa: E402 - after what it lacks

task = json.loads(sys.argv[1])
for host in ("API_HOST", "API_CONTENT_HOST", "API_NOTIFICATION_HOST"):
    setattr(BaseSession, host, task["host"])
transport = RESTClientObject()
transport.pool_manager = urllib3.PoolManager(
    cert_reqs="CERT_REQUIRED", ca_certs=os.environ["REQUESTS_CA_BUNDLE"]
)
client = DropboxClient(task["token"], rest_client=transport)
place = task["place"]


def say(step: str, metadata: dict[str, Any] | None = None, **more: Any) -> None:
    if metadata is not None:
        more |= {"path": metadata["path"]}
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


def refused(step: str, action: Any) -> None:
    try:
        action()
    except ErrorResponse as error:
        say(step, error=error.status)


say("create folder", client.file_create_folder(f"{place}/docs"))
refused("create folder again", lambda: client.file_create_folder(f"{place}/DOCS"))
first = client.put_file(f"{place}/docs/a.txt", "first")
say("upload", first)
say("the same again", client.put_file(f"{place}/docs/a.txt", "first"))
say("new version", client.put_file(f"{place}/docs/a.txt", "second", overwrite=True))
say("beside", client.put_file(f"{place}/docs/a.txt", "third"))
say(
    "a conflicted copy",
    client.put_file(f"{place}/docs/a.txt", "fourth", parent_rev=first["rev"]),
)
say("rename", client.file_move(f"{place}/docs/a.txt", f"{place}/docs/b.txt"))
say("another case", client.file_move(f"{place}/docs/b.txt", f"{place}/docs/B.txt"))
say("create another", client.file_create_folder(f"{place}/other"))
say("move", client.file_move(f"{place}/docs/b.txt", f"{place}/other/b.txt"))
refused("move onto", lambda: client.file_move(f"{place}/other/b.txt", f"{place}/docs/a (1).txt"))
say("copy", client.file_copy(f"{place}/other/b.txt", f"{place}/docs/copy.txt"))
say("copy folder", client.file_copy(f"{place}/docs", f"{place}/other/docs"))
say("download", content=client.get_file(f"{place}/docs/copy.txt").read().decode())
refused("into itself", lambda: client.file_move(f"{place}/docs", f"{place}/docs/docs"))
uploader = client.get_chunked_uploader(io.StringIO("one two three"), 13)
uploader.upload_chunked(4)
say("finish", uploader.finish(f"{place}/parts.txt"))
say("delete", client.file_delete(f"{place}/docs/copy.txt"))
refused("delete again", lambda: client.file_delete(f"{place}/docs/copy.txt"))
say("from the root", client.put_file(f"{place}/Résumé 🎈.txt", "rooted"))
listed = client.revisions(f"{place}/other/b.txt")
say("revisions", sizes=[entry["bytes"] for entry in listed])
back = client.restore(f"{place}/other/b.txt", first["rev"])
say("restore a revision", back)
say("delete once more", client.file_delete(f"{place}/other/b.txt"))
say("bring back", client.restore(f"{place}/other/b.txt", back["rev"]))
say("download the parts", content=client.get_file(f"{place}/parts.txt").read().decode())
say("end")
