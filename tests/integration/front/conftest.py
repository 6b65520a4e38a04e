"""Every test here runs on uvloop, which the server uses, and on asyncio's own loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.integration.front.site import Site, serving


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server whose polls are held for so long that no test sees the end."""
    async with serving() as site:
        yield site
