"""Passwords of people."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import pytest

from tests.model.world import World
from wakeful.core.apps import create_app
from wakeful.core.errors import Conflict, InvalidRequest, NotFound
from wakeful.core.lookups.credentials import PasswordOf
from wakeful.core.passwords import hash_password, is_password, set_password

SECRET = "correct horse"


@cache
def hashed(text: str = SECRET) -> str:
    """Making one takes its time."""
    return hash_password(text)


def test_a_password_is_known_again_by_what_is_kept_of_it() -> None:
    assert is_password(SECRET, hashed())
    assert not is_password(SECRET + "s", hashed())
    assert SECRET not in hashed()


def test_two_equal_passwords_are_kept_as_two_different_texts() -> None:
    assert hash_password(SECRET) != hashed()


@pytest.mark.parametrize("text", ["", SECRET, "x" * 1001, "\ud800" * 8])
def test_nobody_has_no_password(text: str) -> None:
    assert not is_password(text, None)


def test_finding_nobody_out_costs_as_much_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    costs: list[dict[str, object]] = []
    scrypt = hashlib.scrypt

    def counted(password: bytes, **options: Any) -> bytes:
        costs.append({name: options[name] for name in ("n", "r", "p", "dklen")})
        return scrypt(password, **options)

    kept = hashed()
    monkeypatch.setattr(hashlib, "scrypt", counted)
    is_password("guess", kept)
    is_password("guess", None)
    is_password("x" * 1001, kept)

    assert costs == [{"n": 2**14, "r": 8, "p": 5, "dklen": 32}] * 3


def test_a_password_is_the_same_however_a_keyboard_writes_it() -> None:
    assert is_password("cafe\u0301 au lait", hashed("caf\u00e9 au lait"))


@pytest.mark.parametrize("text", ["", "seven77", "x" * 1001, "\ud800" * 8])
def test_a_password_has_enough_characters_and_not_too_many(text: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        hash_password(text)

    assert caught.value.field == "password"


def test_a_user_has_the_password_that_was_set_last() -> None:
    world = World()

    world.commit(set_password(world.ann.id, "first"))
    world.commit(set_password(world.ann.id, "second"))

    kept = world.ask(PasswordOf(world.ann.id))
    assert kept is not None
    assert kept.hashed == "second"
    assert world.ask(PasswordOf(world.bob.id)) is None


def test_only_people_have_passwords() -> None:
    world = World()
    app = world.commit(create_app(world.enterprise, "App", ("root_readonly",), "c", b"s"))

    with pytest.raises(NotFound):
        world.commit(set_password(999_999, "x"))
    with pytest.raises(Conflict, match="service account"):
        world.commit(set_password(app.service_account, "x"))
