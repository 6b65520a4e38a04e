from __future__ import annotations

import asyncio

import pytest

from wakeful.core.contents import NoContents
from wakeful.core.errors import NotFound


def test_a_server_without_watched_folders_has_no_content_of_anything() -> None:
    with pytest.raises(NotFound, match="not on this server"):
        asyncio.run(NoContents().open(()))
