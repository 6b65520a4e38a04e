"""A server's certificate is kept fresh, and whatever goes wrong with it ends no server."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.unit.tls.handshakes import served_by
from wakeful.cli.tls import Tls
from wakeful.settings import load
from wakeful.tls import LocalFiles, TlsError, read_certificate
from wakeful.tls.certificates import Pair, read_x509

A_YEAR_AGO = dt.datetime.now(dt.UTC) - dt.timedelta(days=380)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield [sock]


@pytest.fixture
def said() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as entries:
        yield entries


def settings(data: Path, **more: Any) -> Any:
    return load({}, {}, {"data": data, "tls_port": 0, **more})


def own(files: LocalFiles) -> dict[str, Path]:
    return {"tls_cert": files.pair.certificate, "tls_key": files.pair.key}


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110 - a file, or what a handshake shows
            await asyncio.sleep(0.005)


async def test_where_there_is_no_certificate_one_is_made_for_all_names_of_the_server(
    data: Path, sockets: list[socket.socket]
) -> None:
    tls = Tls(settings(data, host="10.1.2.3", public_url="https://feed.example/x"), sockets)

    names = read_certificate(LocalFiles(data).pair.certificate).names
    assert {"localhost", "127.0.0.1", "10.1.2.3", "feed.example"} <= set(names)
    assert tls.url == f"https://127.0.0.1:{sockets[0].getsockname()[1]}"
    assert tls.secured.authority == LocalFiles(data).authority


async def test_all_addresses_are_no_name(data: Path, sockets: list[socket.socket]) -> None:
    Tls(settings(data, host="0.0.0.0"), sockets)

    assert "0.0.0.0" not in read_certificate(LocalFiles(data).pair.certificate).names


async def test_one_that_ends_soon_is_renewed_at_the_start(
    data: Path, sockets: list[socket.socket], said: list[Any]
) -> None:
    LocalFiles(data).ensure(now=A_YEAR_AGO)

    tls = Tls(settings(data), sockets)

    assert tls.status()["not_after"] > dt.datetime.now(dt.UTC) + dt.timedelta(days=300)
    assert [entry["event"] for entry in said] == ["certificate made"]


async def test_one_that_cannot_be_renewed_is_served_and_said(
    data: Path, sockets: list[socket.socket], said: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = LocalFiles(data)
    files.ensure(now=A_YEAR_AGO)
    files.authority_key.unlink()
    looks: list[object] = []
    stamp = Pair.stamp

    def noted(pair: Pair) -> object:
        looks.append(pair)
        return stamp(pair)

    monkeypatch.setattr(Pair, "stamp", noted)
    async with Tls(settings(data), sockets, look_seconds=0.005) as tls:
        await until(lambda: len(looks) > 3)

    assert served_by(tls.context) == read_x509(files.pair.certificate)
    troubles = [entry["trouble"] for entry in said]
    assert len(troubles) == 1, "once, however often it is found"
    assert "cannot renew the certificate: cannot read" in troubles[0]


async def test_one_of_ones_own_that_has_expired_is_served_and_said(
    data: Path, sockets: list[socket.socket], said: list[Any]
) -> None:
    files = LocalFiles(data)
    files.ensure(now=A_YEAR_AGO - dt.timedelta(days=100))

    tls = Tls(settings(data / "other", **own(files)), sockets)

    assert "expired" in tls.status()["trouble"]
    assert "expired" in said[0]["trouble"]
    assert tls.secured.authority is None
    assert not (data / "other").exists(), "nothing is made where one is given"


async def test_clients_find_a_certificate_of_ones_own_by_its_name(
    data: Path, sockets: list[socket.socket]
) -> None:
    files = LocalFiles(data)
    files.ensure()

    tls = Tls(settings(data, **own(files)), sockets)

    assert tls.url == f"https://localhost:{sockets[0].getsockname()[1]}"


async def test_files_that_change_are_served_from_the_next_connection_on(
    data: Path, sockets: list[socket.socket], said: list[Any]
) -> None:
    files = LocalFiles(data)
    async with Tls(settings(data), sockets, look_seconds=0.005) as tls:
        before = served_by(tls.context)
        files.ensure(["feed.example"], anew=True)

        await until(lambda: served_by(tls.context) != before)

        assert "feed.example" in tls.status()["names"]
        assert "cannot read the certificate again" not in [entry["event"] for entry in said]


async def test_files_that_are_written_while_they_are_looked_at_are_not_read_half_way(
    data: Path,
    sockets: list[socket.socket],
    said: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = LocalFiles(tmp_path / "other")
    other.ensure()
    files, stamp = LocalFiles(data), Pair.stamp
    tls = Tls(settings(data), sockets)
    said.clear()

    def disturbed(pair: Pair) -> object:
        found = stamp(pair)
        shutil.copyfile(other.pair.key, pair.key)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Pair, "stamp", disturbed)
        tls._look(is_asked=False)
    shutil.copyfile(other.pair.certificate, files.pair.certificate)
    for _ in range(2):
        tls._look(is_asked=False)

    assert [entry["event"] for entry in said] == ["certificate read again"]
    assert served_by(tls.context) == read_x509(other.pair.certificate)


async def test_files_that_do_not_fit_are_said_and_the_old_ones_served(
    data: Path, sockets: list[socket.socket], said: list[Any]
) -> None:
    files = LocalFiles(data)
    async with Tls(settings(data), sockets, look_seconds=0.005) as tls:
        before = served_by(tls.context)
        files.pair.certificate.write_text("")

        await until(lambda: bool(said) and "no certificate" in said[-1].get("reason", ""))

        assert served_by(tls.context) == before
        assert "no certificate" in tls.status()["trouble"]


async def test_a_word_is_enough_where_the_files_look_the_same(
    data: Path, sockets: list[socket.socket], said: list[Any]
) -> None:
    async with Tls(settings(data), sockets, look_seconds=3600) as tls:
        tls.read_again()

        await until(lambda: "certificate read again" in [entry["event"] for entry in said])


@pytest.fixture
def spoilt(data: Path) -> Path:
    data.write_text("a file")
    return data


async def test_where_none_can_be_made_the_server_cannot_start(
    spoilt: Path, sockets: list[socket.socket]
) -> None:
    with pytest.raises(TlsError, match="cannot write"):
        Tls(settings(spoilt), sockets)
