"""Checks the assertions by which apps sign in: JSON Web Tokens signed with the app's key.

Rule 1: RS256, RS384 and RS512 and nothing else. With a `kid` that key counts; without one every
key of the app is tried, for two SDKs name none (box.md 6.1).

Rule 2: an assertion is valid for a minute at most. Clocks may differ by half a minute, either way.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from wakeful.core.credentials import PublicKey
from wakeful.core.signin import Assertion, InvalidGrant

ALGORITHMS = ("RS256", "RS384", "RS512")

LONGEST_MS = 60 * 1000
"""How far ahead an assertion may expire (Box's own rule)."""

LEEWAY_MS = 30 * 1000
"""By how much the clock of an app may be wrong."""

_MOST_CHARACTERS = 8192
_LONGEST_JTI = 128  # Box's

_HALF = re.compile("[\ud800-\udfff]")

_REQUIRED = ["iss", "sub", "aud", "jti", "exp"]
# Times are checked here, by the clock that everything else goes by.
_OPTIONS: Any = {
    "require": _REQUIRED,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


class Claims(NamedTuple):
    """What an assertion says, once it is believed."""

    subject_type: str
    subject: str
    assertion: Assertion


def check_assertion(
    text: str,
    keys: Iterable[PublicKey],
    client_id: str,
    audiences: Collection[str],
    now: int,
) -> Claims:
    """What the assertion *text* of the app *client_id* says at *now* (ms). Raises InvalidGrant,
    with a sentence for the app's developer."""
    if len(text) > _MOST_CHARACTERS:
        raise InvalidGrant("the assertion is too long")
    claims = _verified(text, keys, client_id, audiences)
    expires_at = _time(claims, "exp")
    assert expires_at is not None, "it is required"
    if expires_at + LEEWAY_MS <= now:
        raise InvalidGrant("exp: the assertion has expired, or the clocks differ")
    if expires_at > now + LONGEST_MS + LEEWAY_MS:
        raise InvalidGrant("exp: an assertion expires within 60 seconds, or the clocks differ")
    for name in ("nbf", "iat"):
        at = _time(claims, name)
        if at is not None and at > now + LEEWAY_MS:
            raise InvalidGrant(f"{name} is in the future, or the clocks differ (see exp)")
    jti = claims["jti"]
    # JSON can name half a character, which is no text that a store could keep.
    if not 0 < len(jti) <= _LONGEST_JTI or _HALF.search(jti):
        raise InvalidGrant(f"jti has 1 to {_LONGEST_JTI} characters")
    subject_type = claims.get("box_sub_type")
    if subject_type not in ("user", "enterprise"):
        raise InvalidGrant("box_sub_type is user or enterprise")
    return Claims(subject_type, claims["sub"], Assertion(jti, expires_at + LEEWAY_MS))


def _verified(
    text: str, keys: Iterable[PublicKey], client_id: str, audiences: Collection[str]
) -> dict[str, Any]:
    # With it comes all of cryptography, which a server that starts has no time for.
    import jwt

    try:
        kid = jwt.get_unverified_header(text).get("kid")
    except jwt.PyJWTError:
        raise InvalidGrant("the assertion cannot be read") from None
    named = [key for key in keys if kid is None or key.kid == kid]
    if not named:
        raise InvalidGrant("the app has no public key of that kid")
    for key in named:
        try:
            return jwt.decode(
                text,
                key.pem,
                algorithms=ALGORITHMS,
                audience=audiences,
                issuer=client_id,
                options=_OPTIONS,
            )
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError as error:
            raise InvalidGrant(f"the assertion is not valid: {error}") from None
    raise InvalidGrant("the signature of the assertion is by none of the app's keys")


def _time(claims: dict[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 2**40:
        raise InvalidGrant(f"{name} is a number of seconds")
    return int(value * 1000)
