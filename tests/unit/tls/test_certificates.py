"""Certificates as strict verifiers want them, and pairs that cannot be served."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.tls.handshakes import shake_hands
from wakeful.tls import BadName, LocalFiles, Pair, TlsError, check_name, load_pair
from wakeful.tls.certificates import read_x509

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    files = LocalFiles(tmp_path / "data")
    files.ensure(["feed.example", "2001:db8::7"], now=NOW)
    return files


@pytest.mark.parametrize(
    "subject",
    [
        x509.DNSName("localhost"),
        x509.DNSName("feed.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::7")),
    ],
)
def test_a_verifier_by_the_rules_of_the_web_takes_it(
    files: LocalFiles, subject: x509.DNSName | x509.IPAddress
) -> None:
    trusted = verification.Store([read_x509(files.authority)])
    verifier = verification.PolicyBuilder().store(trusted).time(NOW).build_server_verifier(subject)

    chain = verifier.verify(read_x509(files.pair.certificate), [])

    assert len(chain) == 2


@pytest.mark.parametrize("name", ["localhost", "feed.example", "127.0.0.1", "::1"])
def test_openssl_takes_it_in_strict_mode(files: LocalFiles, name: str) -> None:
    client = ssl.create_default_context(cafile=files.authority)
    client.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN

    shake_hands(client, load_pair(files.pair)[0], name)


def test_openssl_does_not_take_it_for_another_host(files: LocalFiles) -> None:
    client = ssl.create_default_context(cafile=files.authority)

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        shake_hands(client, load_pair(files.pair)[0], "other.example")


def test_it_lasts_as_long_as_clients_allow_and_never_longer_than_its_authority(
    files: LocalFiles,
) -> None:
    authority = read_x509(files.authority)
    found = read_x509(files.pair.certificate)
    assert found.not_valid_after_utc - found.not_valid_before_utc <= dt.timedelta(days=398)
    assert found.not_valid_before_utc < NOW

    late = authority.not_valid_after_utc - dt.timedelta(days=100)
    files.ensure(anew=True, now=late)

    assert read_x509(files.pair.certificate).not_valid_after_utc == authority.not_valid_after_utc


def test_the_authority_vouches_for_servers_only_and_not_for_other_authorities(
    files: LocalFiles,
) -> None:
    constraints = read_x509(files.authority).extensions.get_extension_for_class(
        x509.BasicConstraints
    )
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    usage = read_x509(files.pair.certificate).extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    )
    assert list(usage.value) == [ExtendedKeyUsageOID.SERVER_AUTH]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Feed.Example.", "feed.example"),
        ("*.feed.example", "*.feed.example"),
        ("my_host", "my_host"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("[::1]", "::1"),
        ("2001:DB8:0::1", "2001:db8::1"),
        (" 10.0.0.1 ", "10.0.0.1"),
    ],
)
def test_a_name_is_brought_into_the_form_that_certificates_have(text: str, name: str) -> None:
    assert check_name(text) == name


@pytest.mark.parametrize(
    "text", ["", "host:8443", "https://host", "a b", "a..b", "-a", "*.*.a", "x" * 64, "a/b"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadName):
        check_name(text)


def test_a_pair_that_cannot_be_served_says_why(files: LocalFiles, tmp_path: Path) -> None:
    other = LocalFiles(tmp_path / "other")
    other.ensure()
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("nothing")
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(files.pair.key.read_bytes(), None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    certificate = files.pair.certificate
    for pair, said in (
        (Pair(certificate, other.pair.key), "is not the key of"),
        (Pair(certificate, tmp_path / "none.pem"), "cannot read .*none.pem: No such file"),
        (Pair(tmp_path, files.pair.key), "cannot read .*: Is a directory"),
        (Pair(garbage, files.pair.key), "garbage.pem has no certificate"),
        (Pair(certificate, garbage), "cannot use .*garbage.pem with"),
        (Pair(certificate, locked), "locked.pem has a password"),
    ):
        with pytest.raises(TlsError, match=said):
            load_pair(pair)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_clients_of_before_tls_1_2_are_refused(files: LocalFiles) -> None:
    client = ssl.create_default_context(cafile=files.authority)
    client.minimum_version = ssl.TLSVersion.TLSv1
    client.maximum_version = ssl.TLSVersion.TLSv1_1
    client.set_ciphers("ALL:@SECLEVEL=0")

    with pytest.raises(ssl.SSLError):
        shake_hands(client, load_pair(files.pair)[0], "localhost")


def test_of_the_protocols_that_a_client_offers_http_1_1_is_taken(files: LocalFiles) -> None:
    client = ssl.create_default_context(cafile=files.authority)
    client.set_alpn_protocols(["h2", "http/1.1"])

    connection = shake_hands(client, load_pair(files.pair)[0], "localhost")

    assert connection.selected_alpn_protocol() == "http/1.1"
