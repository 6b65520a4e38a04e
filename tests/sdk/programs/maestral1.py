"""Maestral, as its own daemon runs it, mirrors an account into a folder; downwards only.

It runs in an environment of its own; the host is in the environment. Its only argument is a JSON
object: `token`, and the `folder` to mirror into. It ends where Maestral would stop for good, and
after Ctrl-C.

Maestral writes its cursor over the old one in place: killed in the middle of that, it has none,
lists all anew, and never learns what was deleted meanwhile. So it ends between two writes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from maestral.main import Maestral

NAME = "mirror"


def main() -> None:
    interrupted = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    task = json.loads(sys.argv[1])
    maestral = Maestral(NAME, log_to_stderr=True)
    maestral.set_conf("sync", "upload", False)
    assert maestral.link(access_token=task["token"]) == 0
    if not maestral.dropbox_path:
        maestral.create_dropbox_directory(task["folder"])
    maestral.start_sync()
    # Losing the connection is no such error.
    while not maestral.fatal_errors:
        if interrupted.wait(0.1):
            with maestral.sync.sync_lock, maestral.sync._state._lock:
                os._exit(0)
    sys.exit(repr(maestral.fatal_errors))


if __name__ == "__main__":
    main()
