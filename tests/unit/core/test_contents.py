from __future__ import annotations

import asyncio

import pytest

from wakeful.core.contents import NoContents
from wakeful.core.errors import Forbidden, NotFound
from wakeful.core.terms import Terms
from wakeful.core.watched import check_done, check_unwatched


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


def test_what_the_disk_of_a_watched_folder_does_may_be_told() -> None:
    terms = Terms(frozenset({11, 12}), done=frozenset({12}))
    for namespace in (10, 12):
        check_done(namespace, terms)
    with pytest.raises(Forbidden, match="watched folder"):
        check_done(11, terms)
