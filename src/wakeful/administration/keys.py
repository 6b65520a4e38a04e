"""The public keys by which assertions are checked.

What knows of cryptography is imported when there is a key: a server starts without it.
"""

from __future__ import annotations

import hashlib

from wakeful.core.errors import InvalidRequest

LEAST_BITS = 2048

_MOST_CHARACTERS = 16 * 1024


def parse_public_key(pem: str) -> str:
    """The RSA public key in *pem*, in the one form that is kept. Raises InvalidRequest."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        if len(pem) > _MOST_CHARACTERS:
            raise ValueError("too long")
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidRequest("this is no public key in PEM", field="public_key") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        raise InvalidRequest(
            f"a public key is an RSA key of at least {LEAST_BITS} bits", field="public_key"
        )
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def fingerprint(pem: str) -> str:
    """The SHA-256 of a kept key, in hex."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_public_key(pem.encode())
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()
