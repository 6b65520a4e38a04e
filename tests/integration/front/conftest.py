"""Every test here runs on uvloop, which the server uses; those of what transports do differently
run on asyncio's own loop, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.integration.front.site import Site, serving

ON_BOTH = {"test_turns", "test_limits", "test_going_away", "test_tls"}


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.stem in ON_BOTH:
        return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A server whose polls are held for so long that no test sees the end."""
    async with serving() as site:
        yield site
