"""How version 1 of Dropbox's API tells of what is there (dropbox.md 1.5)."""

from __future__ import annotations

import pytest

from tests.model.world import World, by_id
from wakeful.core import errors
from wakeful.core.changes import Trash
from wakeful.core.errors import WakefulError
from wakeful.core.lookups.journals import ListJournal
from wakeful.dialects.dropbox.v1 import reads
from wakeful.dialects.dropbox.v1.errors import ErrorAnswer, answer_for
from wakeful.dialects.dropbox.v1.metadata import media_type, size_text
from wakeful.dialects.dropbox.v1.reads import read_contents
from wakeful.stores.driver import drive


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1.0KB"),
        (230783, "225.4KB"),
        (1 << 20, "1.0MB"),
        (5 << 30, "5.0GB"),
        (1 << 60, "1024.0PB"),
    ],
)
def test_a_size_is_told_as_people_read_it(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("a.pdf", "application/pdf"),
        ("A.TXT", "text/plain"),
        ("a.tar.gz", "application/x-gzip"),
        ("http://a.pdf", "application/pdf"),
        ("data:text/html,a", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_media_type_is_that_of_the_ending(name: str, media: str) -> None:
    assert media_type(name) == media


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (errors.InvalidName("no"), 400, "no"),
        (errors.TooLarge("big"), 413, "big"),
        (
            errors.TokenExpired("x"),
            401,
            "The given OAuth 2 access token doesn't exist or has expired.",
        ),
        (errors.Forbidden("x"), 403, "This token does not allow that."),
        (errors.NotFound("secret"), 404, "Path not found"),
        (errors.CursorExpired("later"), 409, "later"),
        (errors.RateLimited("slow down"), 429, "slow down"),
        (errors.StoreFull("full"), 503, "full"),
        (WakefulError("what is this"), 500, "Internal server error"),
    ],
)
def test_an_error_is_a_status_and_a_text(error: WakefulError, status: int, text: str) -> None:
    assert answer_for(error) == (status, ErrorAnswer(text))


def test_what_goes_while_a_folder_is_listed_is_not_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "MOST_ENTRIES", 1)
    world = World()
    first = world.file("a")
    world.file("b")
    looks = 0

    def answer(step: object) -> object:
        nonlocal looks
        looks += isinstance(step, ListJournal)
        found = world.answer(step)
        if looks == 1 and isinstance(step, ListJournal):
            world.do(Trash(item=by_id(first)))
        return found

    told = drive(read_contents(world.ann, 1, "", 10, deleted=False), answer)

    assert [each.path for each in told] == ["b"]
