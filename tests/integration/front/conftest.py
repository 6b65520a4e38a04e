"""Every test here runs on uvloop, which the server uses, over plain TCP and over TLS; those of what
transports do differently run on asyncio's own loop, too, and there over plain TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from tests.integration.front import site as site_module
from tests.integration.front.site import Site, serving
from wakeful.tls import LocalFiles

HERE = Path(__file__).parent
ON_BOTH = {"test_turns", "test_limits", "test_going_away"}
ALWAYS_TLS = {"test_tls"}


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.stem in ON_BOTH:
        return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2] in ALWAYS_TLS:
        transports = ["tls"]
    else:
        transports = ["plain", "tls"]
    metafunc.parametrize("transport", transports, indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The server runs on uvloop alone: asyncio's TLS is not worth as many tests again.
    items[:] = [item for item in items if not _is_tls_on_asyncio(item)]


def _is_tls_on_asyncio(item: pytest.Item) -> bool:
    return item.path.parent == HERE and {"asyncio", "tls"} <= set(_ids(item))


def _ids(item: pytest.Item) -> list[str]:
    return item.name.partition("[")[2].rstrip("]").split("-")


@pytest.fixture(scope="session")
def local_files(tmp_path_factory: pytest.TempPathFactory) -> LocalFiles:
    """An authority, and a certificate for this machine."""
    files = LocalFiles(tmp_path_factory.mktemp("data"))
    files.ensure()
    return files


@pytest.fixture(autouse=True)
def transport(request: pytest.FixtureRequest) -> Iterator[str]:
    """What the test's connections are: `plain` or `tls`."""
    kind: str = request.param
    files = request.getfixturevalue("local_files") if kind == "tls" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site_module, "certificates", files)
        yield kind


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server whose polls are held for so long that no test sees the end."""
    async with serving() as site:
        yield site
