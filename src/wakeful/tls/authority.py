"""Certificates of a local authority, as strict verifiers want them.

Rule 1: they stand the strict mode of OpenSSL, which Python uses from 3.13 on (RFC 5280): key
identifiers in both, basic constraints and key usage critical, serial numbers that are random.

Rule 2: the server's certificate lasts for 397 days in all. Apple's systems take no more than 825
from a local authority, and 398 from a public one.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import secrets
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = dt.timedelta(days=3650)
SERVER_LIFE = dt.timedelta(days=397)
RENEW_BEFORE = dt.timedelta(days=30)
"""How long before its end the server's certificate is replaced."""

_CLOCKS_DIFFER = dt.timedelta(days=1)  # a client's clock may be behind

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", re.ASCII)
_LONGEST_HOST_NAME = 253

PrivateKey = ec.EllipticCurvePrivateKey


class BadName(ValueError):
    """What was given is neither a host name nor an address. The text is for the user."""


def check_name(text: str) -> str:
    """*text*, a host name or an address, as it stands in a certificate. Raises BadName."""
    name = text.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        name = name.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if len(name) > _LONGEST_HOST_NAME or not _HOST_NAME.fullmatch(name):
        raise BadName(f"{text!r} is no host name and no address (give it without a port)")
    return name


def new_key() -> PrivateKey:
    """A key on P-256, the curve that every client has."""
    return ec.generate_private_key(ec.SECP256R1())


def make_authority(key: PrivateKey, now: dt.datetime) -> x509.Certificate:
    """The certificate of a new authority."""
    # Told apart by name from every other in a list of trusted ones.
    common_name = f"Wakeful local authority {secrets.token_hex(4)}"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return (
        _builder(key, name, now, now + AUTHORITY_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def make_server_certificate(
    key: PrivateKey,
    names: Sequence[str],
    authority: x509.Certificate,
    authority_key: PrivateKey,
    now: dt.datetime,
) -> x509.Certificate:
    """A certificate for a server with *names*, as `check_name` gives them; at least one."""
    # No certificate outlives the one that vouches for it.
    end = min(now - _CLOCKS_DIFFER + SERVER_LIFE, authority.not_valid_after_utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Wakeful")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return (
        _builder(key, subject, now, end)
        .issuer_name(authority.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([_general(n) for n in names]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The host names and addresses of *certificate*."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = found.get_values_for_type(x509.DNSName)
    return (*hosts, *map(str, found.get_values_for_type(x509.IPAddress)))


def _builder(
    key: PrivateKey, subject: x509.Name, now: dt.datetime, end: dt.datetime
) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(
    *, digital_signature: bool = False, key_cert_sign: bool = False, crl_sign: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )
