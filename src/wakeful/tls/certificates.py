"""A certificate and its key in two files: read, and looked at before they are served."""

from __future__ import annotations

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from wakeful.tls.authority import names_in

Stamp = tuple[tuple[int, int, int], ...]
"""What two files looked like: inode, time of change and size of each."""


class TlsError(Exception):
    """A certificate or a key cannot be used. The text is for the user."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says of itself."""

    names: tuple[str, ...]
    not_before: dt.datetime
    not_after: dt.datetime

    @classmethod
    def of(cls, certificate: x509.Certificate) -> Certificate:
        return cls(
            names_in(certificate), certificate.not_valid_before_utc, certificate.not_valid_after_utc
        )

    def trouble(self, now: dt.datetime) -> str:
        """Why clients will not take it at *now*, "" if they will."""
        if now >= self.not_after:
            return f"the certificate has expired on {self.not_after:%Y-%m-%d}"
        if now < self.not_before:
            return f"the certificate is valid from {self.not_before:%Y-%m-%d} on"
        return ""


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of a certificate, with what vouches for it behind it, and of its key."""

    certificate: Path
    key: Path

    def exists(self) -> bool:
        return self.certificate.exists() and self.key.exists()

    def stamp(self) -> Stamp:
        """Changes when a file is written, replaced, made readable, or is not there."""
        stamps = []
        for path in (self.certificate, self.key):
            try:
                found = path.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((found.st_ino, found.st_ctime_ns, found.st_size))
        return tuple(stamps)


class _Encrypted(Exception):
    """A password is asked for."""


def _no_password() -> str:
    # Else OpenSSL would ask on the terminal.
    raise _Encrypted


def load_pair(pair: Pair) -> tuple[ssl.SSLContext, Certificate]:
    """A context that serves *pair*, and its certificate. Raises TlsError."""
    certificate = read_certificate(pair.certificate)
    read_file(pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client may not make the server work again and again on one connection.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(pair.certificate, pair.key, password=_no_password)
    except _Encrypted:
        raise TlsError(f"{pair.key} has a password: give a key without one") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise TlsError(f"{pair.key} is not the key of {pair.certificate}") from None
        # Most often there is something else in the file of the key; OpenSSL says hardly more.
        raise TlsError(
            f"cannot use {pair.key} with {pair.certificate}: {error.reason or error}"
        ) from None
    return context, certificate


def read_certificate(path: Path) -> Certificate:
    """What the first certificate in *path* says. Raises TlsError."""
    return Certificate.of(read_x509(path))


def read_x509(path: Path) -> x509.Certificate:
    """The first certificate in *path*. Raises TlsError."""
    try:
        return x509.load_pem_x509_certificates(read_file(path))[0]
    except ValueError:
        raise TlsError(f"{path} has no certificate in PEM form") from None


def read_file(path: Path) -> bytes:
    """The contents of *path*. Raises TlsError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TlsError(f"cannot read {path}: {error.strerror}") from None
