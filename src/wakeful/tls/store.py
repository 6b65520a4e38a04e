"""The server's own certificates, in a folder of the data folder.

    ca.pem          the local authority: what clients are told to trust
    ca-key.pem      its key, which only the owner reads
    server.pem      the server's certificate
    server-key.pem  its key, which only the owner reads

Rule 1: what is there is kept. A certificate is replaced when its end is near, under the same
names and by the same authority, so that no client has to be told; or when it is asked for.

Rule 2: files are written whole or not at all, a key before the certificate that needs it. A start
that was interrupted is finished by the next one.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from wakeful.tls import authority
from wakeful.tls.authority import BadName, PrivateKey, check_name
from wakeful.tls.certificates import Certificate, Pair, TlsError, read_file, read_x509

FOLDER = "tls"

_ANEW = "`wakeful certs --new-authority --force` makes another"
_PEM = serialization.Encoding.PEM


class Made(StrEnum):
    """What `LocalFiles.ensure` did. The value is what logs call it."""

    NOTHING = "nothing"
    SERVER = "server certificate"
    ALL = "authority and server certificate"


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """The files of one data folder."""

    data: Path

    @property
    def folder(self) -> Path:
        return self.data / FOLDER

    @property
    def authority(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def authority_key(self) -> Path:
        return self.folder / "ca-key.pem"

    @property
    def pair(self) -> Pair:
        return Pair(self.folder / "server.pem", self.folder / "server-key.pem")

    def ensure(
        self,
        names: Iterable[str] = (),
        *,
        anew: bool = False,
        new_authority: bool = False,
        now: dt.datetime | None = None,
    ) -> Made:
        """Make what is missing, and replace a server certificate whose end is near.

        *names* come beside those of the machine, in a certificate that is made; one that is
        renewed keeps its own. *anew* makes the server's certificate in any case, *new_authority*
        the authority, too. Raises BadName, and TlsError where files cannot be read or written.
        """
        now = now or dt.datetime.now(dt.UTC)
        asked = [check_name(name) for name in names]
        try:
            return self._ensure(asked, anew=anew, new_authority=new_authority, now=now)
        except OSError as error:
            where = error.filename or self.folder
            raise TlsError(f"cannot write {where}: {error.strerror}") from None

    def _ensure(
        self, asked: list[str], *, anew: bool, new_authority: bool, now: dt.datetime
    ) -> Made:
        if new_authority or not self.authority.exists():
            for folder in (self.data, self.folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = authority.new_key()
            issuer = authority.make_authority(key, now)
            _write_key(self.authority_key, key)
            _write(self.authority, issuer.public_bytes(_PEM), 0o644)
            self._make_server([*machine_names(), *asked], issuer, key, now)
            return Made.ALL
        present = self._present()
        if present is not None and not anew and now < present.not_after - authority.RENEW_BEFORE:
            return Made.NOTHING
        issuer = read_x509(self.authority)
        names = [*machine_names(), *asked]
        if present is not None and not anew:
            if present.not_after >= issuer.not_valid_after_utc:
                return Made.NOTHING  # none can last longer than its authority
            names = list(present.names)
        if now >= issuer.not_valid_after_utc:
            raise TlsError(f"the authority {self.authority} has expired: {_ANEW}")
        self._make_server(names, issuer, self._read_authority_key(issuer), now)
        return Made.SERVER

    def _present(self) -> Certificate | None:
        """The server's certificate, if it is this authority's and its key is there."""
        try:
            found = read_x509(self.pair.certificate)
            key = _read_key(self.pair.key)
            found.verify_directly_issued_by(read_x509(self.authority))
        except (TlsError, ValueError, TypeError, InvalidSignature):
            return None
        return Certificate.of(found) if found.public_key() == key.public_key() else None

    def _make_server(
        self, names: list[str], issuer: x509.Certificate, issuer_key: PrivateKey, now: dt.datetime
    ) -> None:
        key = authority.new_key()
        names = list(dict.fromkeys(names))
        found = authority.make_server_certificate(key, names, issuer, issuer_key, now)
        _write_key(self.pair.key, key)
        _write(self.pair.certificate, found.public_bytes(_PEM), 0o644)

    def _read_authority_key(self, issuer: x509.Certificate) -> PrivateKey:
        key = _read_key(self.authority_key)
        if key.public_key() != issuer.public_key():
            raise TlsError(f"{self.authority_key} is not the key of {self.authority}: {_ANEW}")
        return key


def machine_names() -> list[str]:
    """The names and addresses by which clients on this machine, and its neighbours, know it."""
    names = ["localhost", "127.0.0.1", "::1"]
    try:
        names.append(check_name(socket.gethostname()))
    except BadName:
        # Some are set up with a name that no certificate can have.
        return names
    return names


def _read_key(path: Path) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(read_file(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, PrivateKey):
        raise TlsError(f"{path} has no key that `wakeful certs` made")
    return key


def _write_key(path: Path, key: PrivateKey) -> None:
    text = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(path, text, 0o600)


def _write(path: Path, text: bytes, mode: int) -> None:
    """Write *text* so that there is the old file or the new one, whatever happens."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)
