"""The process of an emulator: a server in memory that ends with whoever started it.

It tells its URL and its token in one line of JSON, and ends when its standard input does: that is
closed even where the program that started it was killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from wakeful.cli.importing import imported_for_good


def main(arguments: list[str]) -> int:
    with imported_for_good():
        from wakeful.cli import logs
        from wakeful.cli.in_memory import InMemory
        from wakeful.cli.screen import Screen
        from wakeful.cli.server import Announcement, serve
        from wakeful.cli.state import CannotServe
        from wakeful.settings import load

    given = {"memory": True, "port": 0, "drain": 0.0, "log_format": "text"}
    settings = load(given | json.loads(arguments[0]), {}, {})
    logs.configure("text", "warning")
    threading.Thread(target=_end_with_input, daemon=True).start()

    def announce(what: Announcement) -> None:
        sys.stdout.write(json.dumps({"url": what.url, "token": what.token}) + "\n")
        sys.stdout.flush()

    try:
        return serve(settings, InMemory(settings.upload_limit), announce, Screen())
    except CannotServe as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
