"""A certificate that changes while a server listens with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.unit.tls.handshakes import served_by
from wakeful.tls import LocalFiles, ServerTls, TlsError
from wakeful.tls.certificates import read_x509


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    files = LocalFiles(tmp_path)
    files.ensure()
    return files


@pytest.mark.parametrize("name", ["localhost", None])
def test_the_next_client_is_shown_the_new_one_whether_it_names_a_host_or_not(
    files: LocalFiles, name: str | None
) -> None:
    tls = ServerTls(files.pair)
    before = served_by(tls.context, name)
    files.ensure(["other.example"], anew=True)
    assert tls.is_other(files.pair.stamp())

    assert served_by(tls.context, name) == before
    tls.read_again()

    assert served_by(tls.context, name) == read_x509(files.pair.certificate) != before
    assert "other.example" in tls.certificate.names
    assert not tls.is_other(files.pair.stamp())


def test_one_with_another_kind_of_key_takes_the_place_of_the_old_one(files: LocalFiles) -> None:
    tls = ServerTls(files.pair)
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rsa")])
    now = dt.datetime.now(dt.UTC)
    found = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files.pair.certificate.write_bytes(found.public_bytes(serialization.Encoding.PEM))
    files.pair.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )

    tls.read_again()

    assert served_by(tls.context) == found


def test_files_that_do_not_fit_change_nothing(files: LocalFiles, tmp_path: Path) -> None:
    tls = ServerTls(files.pair)
    before = served_by(tls.context)
    key = files.pair.key.read_bytes()
    files.ensure(anew=True)
    files.pair.key.write_bytes(key)

    with pytest.raises(TlsError, match="is not the key of"):
        tls.read_again()

    assert served_by(tls.context) == before
    assert "is not the key of" in tls.failure
    files.ensure(anew=True)
    tls.read_again()
    assert tls.failure == ""
