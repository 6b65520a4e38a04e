"""Passwords of people, by which they log in to the pages.

Rule 1: the store has a hash that is slow to make on purpose (scrypt), with a salt of its own and
what it cost, so that later ones may cost more.

Rule 2: whether there is such a user or not, an attempt costs the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import unicodedata

from wakeful.core.credentials import Password
from wakeful.core.errors import Conflict, InvalidRequest, NotFound
from wakeful.core.lookups.people import UserById
from wakeful.core.people import User
from wakeful.core.writes import Command, PutPassword, Steps

SHORTEST, LONGEST = 8, 1000
"""How many characters a password has (NIST SP 800-63B: 8 at least, and no rules on which)."""

_COST, _BLOCK, _PARALLEL = 2**14, 8, 5  # 16 MiB, some 0.2 s; one of OWASP's equal choices
_SALT_BYTES, _HASH_BYTES = 16, 32
_MEMORY = 64 * 1024 * 1024
_NOBODYS = f"scrypt${_COST}${_BLOCK}${_PARALLEL}$AAAAAAAAAAAAAAAAAAAAAA==$"


def hash_password(text: str) -> str:
    """What the store keeps of the password *text*. Slow. Raises InvalidRequest."""
    if not SHORTEST <= len(text) <= LONGEST or not _is_text(text):
        raise InvalidRequest(f"a password has {SHORTEST} to {LONGEST} characters", field="password")
    salt = secrets.token_bytes(_SALT_BYTES)
    hashed = _scrypt(text, salt, _COST, _BLOCK, _PARALLEL)
    parts = (_COST, _BLOCK, _PARALLEL, _base64(salt), _base64(hashed))
    return "$".join(("scrypt", *map(str, parts)))


def is_password(text: str, hashed: str | None) -> bool:
    """Whether *text* is the password of which *hashed* is kept; None is nobody's, which takes as
    long to find out. Slow."""
    _, cost, block, parallel, salt, expected = (hashed or _NOBODYS).split("$")
    if len(text) > LONGEST or not _is_text(text):
        text = ""
    found = _scrypt(text, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(_base64(found), expected)


def set_password(user: int, hashed: str) -> Command[User]:
    """Let *hashed* be what is kept of the password of *user*. Raises NotFound, and Conflict for
    a service account, which is nobody."""

    def steps(now: int) -> Steps[User]:
        found: User | None = yield UserById(user)
        if found is None:
            raise NotFound(f"no user {user}")
        if found.app is not None:
            raise Conflict("a service account is no person, and has no password")
        yield PutPassword(Password(user, hashed, now))
        return found

    return steps


def _scrypt(text: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    # Keyboards write the same letter in several ways.
    password = unicodedata.normalize("NFC", text).encode()
    return hashlib.scrypt(
        password, salt=salt, n=cost, r=block, p=parallel, maxmem=_MEMORY, dklen=_HASH_BYTES
    )


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
