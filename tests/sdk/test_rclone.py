"""rclone, which has the hosts of Dropbox built in, reads an account and is told of its changes."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx2
import pytest

from tests.components import rclone
from tests.disk import put
from tests.processes import program
from tests.readers import Reader
from tests.servers import Server, eventually, running, wakeful

pytestmark = pytest.mark.sdk

HOSTS = ("api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com")
# Nothing is looked up again but what it was told of.
SERVE = ("serve", "http", "there:", "--dir-cache-time", "100h", "-v")
POLLING = ("--poll-interval", "1s", "--timeout", "30s")


class Tunnel:
    """A proxy (`CONNECT`) that leads whoever asks for any host to one port here."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked_for: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        # So that it wakes who waits for connections, too.
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        # rclone may be ended in the middle of this.
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = client.recv(4096)
                if not more:
                    return
                head += more
            self.asked_for.append(head.split()[1].decode())
            with socket.create_connection(("127.0.0.1", self._to)) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
                back.start()
                _pass_on(client, server)
                back.join()


def _pass_on(source: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def free_address() -> Iterator[str]:
    """Where a program can listen that cannot say where it does."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{kept.getsockname()[1]}"


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    """A folder; and a certificate for the hosts, made before the server starts."""
    folder = tmp_path / "watched"
    (folder / "Folder").mkdir(parents=True)
    (folder / "Folder" / "One.txt").write_text("one")
    (folder / "Two.txt").write_text("two")
    names = [word for host in HOSTS for word in ("--name", host)]
    assert wakeful("certs", "--data", tmp_path / "data", *names).returncode == 0
    return folder


@pytest.fixture
def server(tmp_path: Path, watched: Path) -> Iterator[Server]:
    with running(tmp_path, watch=watched, arguments=("--drain", "1"), tls=True) as server:
        yield server


@pytest.fixture
def tunnel(server: Server) -> Iterator[Tunnel]:
    with contextlib.closing(Tunnel(int(server.tls_host.rpartition(":")[2]))) as tunnel:
        yield tunnel


def led_here(server: Server, tunnel: Tunnel) -> Mapping[str, str]:
    """As the page of the dialect says, with a proxy instead of names that lead here."""
    token = {"access_token": server.token, "token_type": "bearer"}
    return {
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_THERE_TYPE": "dropbox",
        "RCLONE_CONFIG_THERE_TOKEN": json.dumps(token | {"expiry": "0001-01-01T00:00:00Z"}),
        "SSL_CERT_FILE": str(server.authority),
        "SSL_CERT_DIR": "/nothing",
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), tunnel.url),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
    }


def test_rclone_lists_reads_and_is_told_of_changes(
    server: Server, tunnel: Tunnel, watched: Path
) -> None:
    environ = led_here(server, tunnel)
    with program([rclone(), "lsf", "-R", "there:"], environ) as listing:
        assert listing.wait_until_ended() == 0, listing.complaints
        assert sorted(listing.lines) == ["Folder/\n", "Folder/One.txt\n", "Two.txt\n"]

    with (
        free_address() as address,
        program([rclone(), *SERVE, *POLLING, "--addr", address], environ),
        Reader(server.url, server.token) as reader,
        httpx2.Client(base_url=f"http://{address}", trust_env=False, timeout=60) as there,
    ):

        def names() -> str:
            try:
                return there.get("Folder/").text
            except httpx2.TransportError:
                return ""  # it is not yet there

        eventually(lambda: "One.txt" in names(), "rclone serves the folder")
        reader.wait_until_parked(1)
        put(watched, "Folder/Three.txt", "three")
        eventually(lambda: "Three.txt" in names(), "rclone has heard of the file")
        assert there.get("Folder/Three.txt").text == "three"

        reader.wait_until_parked(1)
        (watched / "Folder" / "One.txt").unlink()
        eventually(lambda: "One.txt" not in names(), "rclone has heard of the deletion")
    assert set(tunnel.asked_for) == {f"{host}:443" for host in HOSTS}
