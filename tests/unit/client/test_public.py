"""The public names of the client library."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path

import pytest

import wakeful.client
from wakeful.client import Back, ClientError, Gap, Lost, Started
from wakeful.client.notices import Notice, log_notice


def test_every_public_name_is_listed_and_sorted() -> None:
    source = Path(wakeful.client.__file__).read_text()
    imported = {
        alias.asname or alias.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ImportFrom) and node.module != "__future__"
        for alias in node.names
    }

    assert wakeful.client.__all__ == sorted(imported)


def test_every_error_is_public() -> None:
    public = {getattr(wakeful.client, name) for name in wakeful.client.__all__}
    errors = {each for each in public if isinstance(each, type) and issubclass(each, Exception)}

    def below(error: type[Exception]) -> set[type[Exception]]:
        return {error}.union(*(below(each) for each in error.__subclasses__()))

    assert errors == below(ClientError)


def test_the_tree_of_errors_is_drawn_in_full() -> None:
    drawn = set(re.findall(r"[├└]── (\w+)", wakeful.client.__doc__ or ""))

    assert drawn == {
        name
        for name in wakeful.client.__all__
        if isinstance(each := getattr(wakeful.client, name), type)
        and issubclass(each, ClientError)
        and each is not ClientError
    }


@pytest.mark.parametrize(
    ("notice", "level"),
    [
        (Gap("7"), logging.WARNING),
        (Lost("no connection", 1.0), logging.WARNING),
        (Back(), logging.INFO),
        (Started(7), logging.DEBUG),
    ],
)
def test_notices_are_logged_where_nobody_takes_them(
    caplog: pytest.LogCaptureFixture, notice: Notice, level: int
) -> None:
    with caplog.at_level(logging.DEBUG):
        log_notice(notice)

    assert [record.levelno for record in caplog.records] == [level]
