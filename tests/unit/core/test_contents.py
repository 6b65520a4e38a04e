from __future__ import annotations

import asyncio

import pytest

from wakeful.core.contents import NoContents
from wakeful.core.errors import Forbidden, NotFound
from wakeful.core.watched import check_unwatched


def test_a_server_without_contents_has_none_of_anything() -> None:
    with pytest.raises(NotFound, match="not on this server"):
        asyncio.run(NoContents().open(()))


def test_a_server_without_contents_takes_none() -> None:
    with pytest.raises(Forbidden, match="keeps no contents"):
        NoContents().receive(10)


def test_nothing_is_changed_in_a_watched_folder_but_by_its_source() -> None:
    check_unwatched(10, {11})
    with pytest.raises(Forbidden, match="watched folder"):
        check_unwatched(11, {11})
