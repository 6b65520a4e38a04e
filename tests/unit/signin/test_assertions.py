"""Which assertions are believed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from wakeful.core.credentials import PublicKey
from wakeful.core.signin import InvalidGrant
from wakeful.signin.assertions import LEEWAY_MS, Claims, check_assertion

NOW = 1_700_000_000_000
AUDIENCES = ("https://api.box.com/oauth2/token", "http://feed.test/oauth2/token")

Json = dict[str, Any]


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key of its own for each name; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_key(name: str, kid: str | None = None) -> PublicKey:
    pem = (
        private_key(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return PublicKey(1, kid or name, pem.decode(), 0)


def claims(**changes: Any) -> Json:
    made = {
        "iss": "client",
        "sub": "1001",
        "box_sub_type": "user",
        "aud": AUDIENCES[0],
        "jti": "a" * 32,
        "exp": NOW // 1000 + 30,
    }
    return {name: value for name, value in (made | changes).items() if value is not ...}


def signed(
    payload: Json | None = None, name: str = "a", kid: str | None = None, algorithm: str = "RS256"
) -> str:
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(payload or claims(), private_key(name), algorithm, headers)


def check(text: str, *keys: PublicKey, now: int = NOW) -> Claims:
    return check_assertion(text, keys or (public_key("a"),), "client", AUDIENCES, now)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
def test_an_assertion_says_for_whom_it_is(algorithm: str) -> None:
    found = check(signed(algorithm=algorithm))

    assert (found.subject_type, found.subject) == ("user", "1001")
    assert found.assertion.jti == "a" * 32
    assert found.assertion.expires_at == NOW + 30_000 + LEEWAY_MS


def test_with_a_kid_that_key_counts_and_without_one_every_key() -> None:
    keys = (public_key("b"), public_key("a"))

    assert check(signed(kid="a"), *keys)
    assert check(signed(), *keys)
    with pytest.raises(InvalidGrant, match="signature"):
        check(signed(kid="b"), *keys)
    with pytest.raises(InvalidGrant, match="kid"):
        check(signed(kid="c"), *keys)
    with pytest.raises(InvalidGrant, match="signature"):
        check(signed(name="c"), *keys)


@pytest.mark.parametrize("audience", [*AUDIENCES, ["elsewhere", AUDIENCES[1]]])
def test_it_is_meant_for_box_or_for_this_server(audience: object) -> None:
    assert check(signed(claims(aud=audience)))


@pytest.mark.parametrize(
    ("seconds", "word"),
    [
        pytest.param(-30, "expired", id="over, though the clocks may differ"),
        pytest.param(91, "60 seconds", id="too far ahead"),
        pytest.param("soon", "number", id="text"),
        pytest.param(True, "number", id="a truth"),
        pytest.param(2**60, "number", id="beyond all times"),
    ],
)
def test_it_expires_within_a_minute_and_the_answer_says_exp(seconds: Any, word: str) -> None:
    is_offset = type(seconds) is int and seconds < 2**40
    exp = NOW // 1000 + seconds if is_offset else seconds

    with pytest.raises(InvalidGrant, match="exp") as caught:
        check(signed(claims(exp=exp)))

    assert word in str(caught.value)


@pytest.mark.parametrize("seconds", [-29, 0, 60, 90, 59.5])
def test_clocks_may_differ_by_half_a_minute(seconds: float) -> None:
    assert check(signed(claims(exp=NOW / 1000 + seconds)))


@pytest.mark.parametrize("name", ["nbf", "iat"])
def test_what_is_not_valid_yet_is_refused(name: str) -> None:
    assert check(signed(claims(**{name: NOW // 1000 + 29})))
    with pytest.raises(InvalidGrant, match=f"{name}.*exp"):
        check(signed(claims(**{name: NOW // 1000 + 31})))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"iss": "other"}, "issuer"),
        ({"iss": ...}, "iss"),
        ({"aud": "https://elsewhere.test/token"}, "udience"),
        ({"aud": ...}, "aud"),
        ({"sub": ...}, "sub"),
        ({"sub": 1001}, "ubject"),
        ({"jti": ...}, "jti"),
        ({"jti": 7}, "JWT ID"),
        ({"jti": ""}, "jti"),
        ({"jti": "x" * 129}, "jti"),
        pytest.param({"jti": "half \ud800"}, "jti", id="half a character"),
        ({"exp": ...}, "exp"),
        ({"box_sub_type": ...}, "box_sub_type"),
        ({"box_sub_type": "external"}, "box_sub_type"),
    ],
)
def test_every_claim_counts(changes: Json, word: str) -> None:
    with pytest.raises(InvalidGrant, match=word):
        check(signed(claims(**changes)))


def as_none() -> str:
    return jwt.encode(claims(), "", "none")


def as_shared_secret() -> str:
    # The well-known attack: the public key as the secret of a symmetric signature.
    class Blind(jwt.algorithms.HMACAlgorithm):
        def prepare_key(self, key: str | bytes) -> bytes:
            return key if isinstance(key, bytes) else key.encode()

    coder = jwt.PyJWS()
    coder.unregister_algorithm("HS256")
    coder.register_algorithm("HS256", Blind(Blind.SHA256))
    payload = jwt.encode(claims(), private_key("a"), "RS256").split(".")[1]
    raw = jwt.utils.base64url_decode(payload)
    return coder.encode(raw, public_key("a").pem, "HS256")


def as_pss() -> str:
    return signed(algorithm="PS256")


def altered() -> str:
    head, payload, signature = signed().split(".")
    other = signed(claims(sub="1002")).split(".")[1]
    assert other != payload
    return f"{head}.{other}.{signature}"


@pytest.mark.parametrize(
    "make",
    [as_none, as_shared_secret, as_pss, altered, lambda: "", lambda: "a.b.c", lambda: "é" * 9],
)
def test_what_is_not_signed_as_it_has_to_be_is_refused(make: Callable[[], str]) -> None:
    with pytest.raises(InvalidGrant):
        check(make())


def test_too_long_an_assertion_is_not_looked_at() -> None:
    with pytest.raises(InvalidGrant, match="too long"):
        check(signed(claims(filler="x" * 8192)))
