"""Runs the program with which Dropbox announced `longpoll_delta` in 2013 as it was printed.

It supplies what that takes for granted: the names of Python 2 that have moved, and TLS that is
spoken today. The names of Dropbox's hosts lead to the server, as lines in /etc/hosts would have
it. In the program itself, two places are filled in as it asks for, and `print` is called.

The arguments: the port on which the server speaks TLS; the file of its authority; the key and
the secret of an app.
"""

from __future__ import annotations

import builtins
import cgi
import os
import re
import socket
import sys
import urllib.parse
from pathlib import Path
from typing import Any

port, authority, key, secret = sys.argv[1:]

cgi.parse_qs = urllib.parse.parse_qs  # type: ignore[attr-defined] # gone from there
builtins.raw_input = input  # type: ignore[attr-defined] # of Python 2

look_up = socket.getaddrinfo


def led_here(host: str, of: int, *more: Any, **options: Any) -> Any:
    if host.endswith(".dropbox.com"):
        host, of = "127.0.0.1", int(port)
    return look_up(host, of, *more, **options)


socket.getaddrinfo = led_here  # type: ignore[assignment] # a narrower one
os.environ["REQUESTS_CA_BUNDLE"] = authority

# After the names are there, for it looks for them at once.
import urllib3  # noqa: E402 - after what it lacks
from dropbox.rest import RESTClient  # noqa: E402 - after what it lacks

RESTClient.IMPL.pool_manager = urllib3.PoolManager(cert_reqs="CERT_REQUIRED", ca_certs=authority)

program = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
program = program.replace("<YOUR APP KEY>", key).replace("<YOUR APP SECRET>", secret)
program = re.sub(r"^( *)print (.+)$", r"\1print(\2)", program, flags=re.MULTILINE)
exec(program, {"__name__": "__main__"})
