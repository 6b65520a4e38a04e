"""What a command says of a server whose answers it does not understand."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import click
import pytest

from wakeful.administration import ListApps
from wakeful.cli.control import CONTROL_SOCKET, DATABASE, carry_out


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'[{"id": 1007, "name": "Mirror"}]'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data folder with a server of a version that knew less."""
    (tmp_path / DATABASE).touch()
    with UnixStreamServer(str(tmp_path / CONTROL_SOCKET), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path
        server.shutdown()
        thread.join()


def test_a_server_of_another_version_is_to_be_restarted(data: Path) -> None:
    with pytest.raises(click.ClickException, match="another version: restart it"):
        carry_out(data, ListApps())
