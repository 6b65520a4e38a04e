"""The file that Box's developer console gives for an app, from which Box's SDKs read who they are.

Rule: the private key is made here and goes nowhere but into that file, encrypted. The passphrase
stands beside it, as Box has it, so the file as a whole is the secret.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import click
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from wakeful.administration import NewApp

_KEY_BITS = 2048  # as Box's
_PUBLIC_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Both halves in PEM, the private one encrypted."""

    public: str
    private: str
    passphrase: str


def make_key_pair() -> KeyPair:
    """A fresh RSA key pair."""
    key = rsa.generate_private_key(public_exponent=_PUBLIC_EXPONENT, key_size=_KEY_BITS)
    passphrase = secrets.token_hex(16)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    return KeyPair(public.decode(), private.decode(), passphrase)


def contents(made: NewApp, pair: KeyPair) -> str:
    """What stands in the file, in Box's own form."""
    (key,) = made.app.keys
    settings = {
        "boxAppSettings": {
            "clientID": made.app.client_id,
            "clientSecret": made.client_secret,
            "appAuth": {
                "publicKeyID": key.kid,
                "privateKey": pair.private,
                "passphrase": pair.passphrase,
            },
        },
        "enterpriseID": str(made.app.enterprise),
    }
    return msgspec.json.format(msgspec.json.encode(settings), indent=2).decode() + "\n"


@contextmanager
def opened_privately(file: Path) -> Iterator[TextIO]:
    """A new file that nobody but its owner reads, gone again if anything fails.

    Raises ClickException where there is something already.
    """
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from None
    try:
        with open(opened, "w", encoding="utf-8") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise
