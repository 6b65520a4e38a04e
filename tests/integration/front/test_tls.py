"""The same over TLS, which uvicorn offers too."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.components import missing
from tests.integration.front.site import get, serving, until
from wakeful.http.poll import Ended

REQUEST = [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-days",
    "2",
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, signed by itself, and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("openssl", "install the openssl command")
        raise AssertionError
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [openssl, *REQUEST, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return certificate, key


async def test_an_sdk_is_served_over_tls(certificate: tuple[Path, Path]) -> None:
    chain, key = certificate
    async with serving(ssl_certfile=str(chain), ssl_keyfile=str(key)) as site:
        async with site.client() as wire:
            assert (await wire.ask(get("/first"))).json["asked"] == "GET /first"
            wire.send(await site.poll(), get("/after"))
            await until(lambda: site.parked == 1)
            await site.change()
            assert (await wire.reply()).message == "new_change"
            assert (await wire.reply()).json["asked"] == "GET /after"
            wire.send(await site.poll())
            await until(lambda: site.parked == 1)
            await site.front.drain(0)
            assert (await wire.reply()).status == 503
            assert await wire.rest() == b""
        assert site.app.scopes[0]["scheme"] == "https"
        await site.nothing_is_left()


async def test_a_client_that_goes_is_noticed_over_tls(certificate: tuple[Path, Path]) -> None:
    chain, key = certificate
    async with serving(ssl_certfile=str(chain), ssl_keyfile=str(key)) as site:
        async with site.parked_client() as wire:
            await wire.close()
            await site.nothing_is_left()
        async with site.parked_client() as wire:
            wire.abort()
            await site.nothing_is_left()
        assert site.tally.ends == [Ended.GONE] * 2


async def test_what_cannot_be_understood_is_refused_over_tls(
    certificate: tuple[Path, Path],
) -> None:
    chain, key = certificate
    async with serving(ssl_certfile=str(chain), ssl_keyfile=str(key)) as site:
        async with site.client() as wire:
            wire.send(b"nonsense\r\n\r\n")
            assert (await wire.reply()).status == 400
            assert await wire.rest() == b""
        await site.nothing_is_left()
