from __future__ import annotations

import errno
import os
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wakeful.cli.listen import (
    ListenError,
    inherited,
    listen,
    listen_on_path,
    notify,
    several,
    socket_address,
)


@contextmanager
def closed_at_the_end(sockets: list[socket.socket]) -> Iterator[list[socket.socket]]:
    try:
        yield sockets
    finally:
        for each in sockets:
            each.close()


def accepted(sockets: list[socket.socket], count: int) -> list[int]:
    """How many of *count* connections came to each of *sockets*."""
    found = dict.fromkeys(sockets, 0)
    while sum(found.values()) < count:
        for ready in select.select(sockets, [], [])[0]:
            ready.accept()[0].close()
            found[ready] += 1
    return [*found.values()]


def test_a_port_in_use_is_said_in_words() -> None:
    with closed_at_the_end(listen("127.0.0.1", 0)) as taken:
        port = taken[0].getsockname()[1]

        with pytest.raises(ListenError, match=f"127.0.0.1:{port}: the port is in use"):
            listen("127.0.0.1", port)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shares connections out")
def test_new_connections_are_shared_out_among_several_queues() -> None:
    with closed_at_the_end(listen("127.0.0.1", 0)) as sockets:
        (address,) = {each.getsockname() for each in sockets}
        with closed_at_the_end([socket.create_connection(address) for _ in range(300)]):
            taken = accepted(sockets, 300)

    assert len(taken) > 1
    assert all(taken)


def test_where_one_socket_is_all_there_is_it_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOPROTOOPT, "no such option")

    monkeypatch.setattr("wakeful.cli.listen._share", refuse)
    with (
        closed_at_the_end(listen("127.0.0.1", 0)) as sockets,
        socket.create_connection(sockets[0].getsockname()),
    ):
        assert accepted(sockets, 1) == [1]


def test_a_socket_that_was_handed_over_is_emptied_by_several() -> None:
    with (
        closed_at_the_end(several([socket.create_server(("127.0.0.1", 0))])) as sockets,
        closed_at_the_end(
            [socket.create_connection(sockets[0].getsockname()) for _ in range(len(sockets))]
        ),
    ):
        assert len(sockets) > 1
        for each in sockets:
            each.accept()[0].close()


def test_a_host_that_nobody_knows_is_said_in_words() -> None:
    with pytest.raises(ListenError, match="cannot listen on"):
        listen("no such host", 0)


def test_sockets_for_another_process_are_not_taken() -> None:
    environ = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid() + 1), "OTHER": "x"}

    assert not inherited(environ)
    assert environ == {"OTHER": "x"}


def test_without_a_supervisor_nothing_is_inherited() -> None:
    assert not inherited({})


def test_only_the_owner_may_use_the_control_socket(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_text("left behind by a server that was killed")

    with listen_on_path(path):
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_socket_can_lie_deeper_than_an_address_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    path = deep / "control.sock"

    with (
        listen_on_path(path) as server,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
        socket_address(path) as address,
    ):
        client.connect(address)

        with server.accept()[0]:
            assert path.is_socket()


def test_the_supervisor_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))

        notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "notify")})

        assert supervisor.recv(100) == b"READY=1"


def test_a_supervisor_that_is_gone_does_not_stop_the_server(tmp_path: Path) -> None:
    notify("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notify("READY=1", {})


@pytest.mark.parametrize(
    ("names", "tls"),
    [("", []), ("http:tls", [1]), ("https:http", [0]), ("TLS", [0]), ("unknown:stored", [])],
)
def test_sockets_are_for_tls_by_the_names_that_the_supervisor_gave_them(
    monkeypatch: pytest.MonkeyPatch, names: str, tls: list[int]
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        duplicates = [os.dup(one.fileno()), os.dup(other.fileno())]
        # Two descriptors in a row, wherever they are free.
        first = 200
        for index, fd in enumerate(duplicates):
            os.dup2(fd, first + index)
            os.close(fd)
        monkeypatch.setattr("wakeful.cli.listen._FIRST_FD", first)
        environ = {"LISTEN_FDS": "2", "LISTEN_FDNAMES": names}

        found = inherited(environ)

        assert [sock.fileno() - first for sock in found.tls] == tls
        assert len(found.plain) + len(found.tls) == 2
        assert environ == {}
        for sock in (*found.plain, *found.tls):
            sock.close()
