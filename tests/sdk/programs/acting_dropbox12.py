"""What a user of dropbox 12 writes who changes files and folders. One JSON line for each step;
it goes on when it is sent a line.

It runs in an environment of its own and knows nothing of this project but the host, which is in
the environment. Its only argument is a JSON object with a `token` and the `place` to work in.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from dropbox import Dropbox
from dropbox.common import PathRoot
from dropbox.exceptions import ApiError
from dropbox.files import (
    CommitInfo,
    DeleteArg,
    RelocationPath,
    UploadSessionCursor,
    UploadSessionFinishArg,
    UploadSessionType,
    WriteMode,
)

task = json.loads(sys.argv[1])
client = Dropbox(task["token"])
place = task["place"]


def say(step: str, metadata: Any = None, **more: Any) -> None:
    if metadata is not None:
        more |= {"id": metadata.id, "path": metadata.path_display}
    print(json.dumps({"step": step, **more}), flush=True)
    sys.stdin.readline()


def refused(step: str, action: Any) -> None:
    try:
        action()
    except ApiError as error:
        say(step, error=repr(error.error))


def entries(step: str, batch: Any) -> None:
    say(step, tags=[entry._tag for entry in batch.entries])


def cursor(session: Any, offset: int) -> UploadSessionCursor:
    return UploadSessionCursor(session.session_id, offset)


say("create folder", client.files_create_folder_v2(f"{place}/docs").metadata)
refused("create folder again", lambda: client.files_create_folder_v2(f"{place}/DOCS"))
first = client.files_upload(b"first", f"{place}/docs/a.txt", mute=True)
say("upload", first)
refused("upload again", lambda: client.files_upload(b"other", f"{place}/docs/A.txt"))
say("the same again", client.files_upload(b"first", f"{place}/docs/a.txt"))
say("new version", client.files_upload(b"second", f"{place}/docs/a.txt", WriteMode.overwrite))
refused(
    "update what changed",
    lambda: client.files_upload(b"x", f"{place}/docs/a.txt", WriteMode.update(first.rev)),
)
say("beside", client.files_upload(b"third", f"{place}/docs/a.txt", autorename=True))
moved = client.files_move_v2(f"{place}/docs/a.txt", f"{place}/docs/b.txt").metadata
say("rename", moved)
say("another case", client.files_move_v2(moved.path_lower, f"{place}/docs/B.txt").metadata)
say("create another", client.files_create_folder_v2(f"{place}/other").metadata)
say("move", client.files_move_v2(f"{place}/docs/b.txt", f"{place}/other/b.txt").metadata)
say("copy", client.files_copy_v2(f"{place}/other/b.txt", f"{place}/docs/copy.txt").metadata)
say("copy folder", client.files_copy_v2(f"{place}/docs", f"{place}/other/docs").metadata)
_, answer = client.files_download(f"{place}/docs/copy.txt")
say("download", content=answer.content.decode())
refused("into itself", lambda: client.files_move_v2(f"{place}/docs", f"{place}/docs/docs"))
session = client.files_upload_session_start(b"one ")
client.files_upload_session_append_v2(b"two ", cursor(session, 4))
refused(
    "append where it does not end",
    lambda: client.files_upload_session_append_v2(b"x", cursor(session, 4)),
)
say(
    "finish",
    client.files_upload_session_finish(
        b"three", cursor(session, 8), CommitInfo(f"{place}/parts.txt")
    ),
)
session = client.files_upload_session_start(b"", session_type=UploadSessionType.concurrent)
client.files_upload_session_append_v2(b"at once", cursor(session, 0), close=True)
say(
    "finish at once",
    client.files_upload_session_finish(b"", cursor(session, 7), CommitInfo(f"{place}/at once.txt")),
)
sessions = [client.files_upload_session_start(b"batch", close=True) for _ in range(2)]
entries(
    "finish batch",
    client.files_upload_session_finish_batch_v2(
        [
            UploadSessionFinishArg(cursor(each, 5), CommitInfo(f"{place}/batch {n}.txt"))
            for n, each in enumerate(sessions)
        ]
    ),
)
paths = [f"{place}/f 1", f"{place}/f 2", f"{place}/docs"]
entries("create folders", client.files_create_folder_batch(paths).get_complete())
launched = client.files_create_folder_batch([f"{place}/f 3"], force_async=True)
checked = client.files_create_folder_batch_check(launched.get_async_job_id())
entries("create folders later", checked.get_complete())
moves = [RelocationPath(f"{place}/f 1", f"{place}/f 2/f 1"), RelocationPath(f"{place}/none", "/x")]
entries("move batch", client.files_move_batch_v2(moves).get_complete())
copies = [RelocationPath(f"{place}/f 2", f"{place}/f 4")]
entries("copy batch", client.files_copy_batch_v2(copies).get_complete())
gone = [DeleteArg(f"{place}/f 2"), DeleteArg(f"{place}/f 3"), DeleteArg(f"{place}/none")]
entries("delete batch", client.files_delete_batch(gone).get_complete())
say("delete", client.files_delete_v2(f"{place}/docs/copy.txt").metadata)
client.files_permanently_delete(f"{place}/docs/copy.txt")
say("purge what is deleted")
client.files_permanently_delete(f"{place}/f 4")
say("purge at once")
root = client.users_get_current_account().root_info.root_namespace_id
rooted = client.with_path_root(PathRoot.root(root))
say("from the root", rooted.files_upload(b"rooted", f"{place}/Résumé 🎈.txt"))
listed = client.files_list_revisions(f"{place}/other/b.txt").entries
say("revisions", sizes=[entry.size for entry in listed])
back = client.files_restore(f"{place}/other/b.txt", first.rev)
say("restore a revision", back)
say("delete once more", client.files_delete_v2(f"{place}/other/b.txt").metadata)
say("bring back", client.files_restore(f"{place}/other/b.txt", back.rev))
_, answer = client.files_download(f"{place}/parts.txt")
say("download the parts", content=answer.content.decode())
say("end")
