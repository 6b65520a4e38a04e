"""The files of a data folder: made once, kept, renewed."""

from __future__ import annotations

import datetime as dt
import os
import stat
from pathlib import Path

import pytest

from wakeful.tls import LocalFiles, Made, TlsError, read_certificate
from wakeful.tls.certificates import read_x509

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
A_YEAR_LATER = NOW + dt.timedelta(days=380)


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    files = LocalFiles(tmp_path / "data")
    assert files.ensure(["feed.example"], now=NOW) is Made.ALL
    return files


def contents(files: LocalFiles) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files.folder.iterdir()}


def test_only_the_owner_reads_the_keys(files: LocalFiles) -> None:
    assert stat.S_IMODE(files.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(files.authority_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.pair.key.stat().st_mode) == 0o600


def test_it_is_for_this_machine_and_for_what_was_asked(files: LocalFiles) -> None:
    names = read_certificate(files.pair.certificate).names

    assert {"localhost", "127.0.0.1", "::1", "feed.example"} <= set(names)


def test_a_machine_whose_name_no_certificate_can_have_gets_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "my machine!")

    LocalFiles(tmp_path).ensure()

    names = read_certificate(LocalFiles(tmp_path).pair.certificate).names
    assert set(names) == {"localhost", "127.0.0.1", "::1"}


def test_what_is_good_is_kept(files: LocalFiles) -> None:
    before = contents(files)

    assert files.ensure(["other.example"], now=NOW + dt.timedelta(days=300)) is Made.NOTHING

    assert contents(files) == before


def test_a_certificate_near_its_end_is_renewed_under_its_names_by_its_authority(
    files: LocalFiles,
) -> None:
    before, names = contents(files), read_certificate(files.pair.certificate).names

    assert files.ensure(["other.example"], now=A_YEAR_LATER) is Made.SERVER

    after, found = contents(files), read_certificate(files.pair.certificate)
    assert found.names == names
    assert found.not_after > A_YEAR_LATER + dt.timedelta(days=300)
    assert {name for name in after if after[name] != before[name]} == {
        "server.pem",
        "server-key.pem",
    }


def test_one_that_is_asked_for_anew_has_the_names_asked_for(files: LocalFiles) -> None:
    authority = files.authority.read_bytes()

    assert files.ensure(["other.example"], anew=True, now=NOW) is Made.SERVER

    names = read_certificate(files.pair.certificate).names
    assert "other.example" in names
    assert "feed.example" not in names
    assert files.authority.read_bytes() == authority


def test_another_authority_vouches_for_another_certificate(files: LocalFiles) -> None:
    before = contents(files)

    assert files.ensure(new_authority=True, now=NOW) is Made.ALL

    after = contents(files)
    assert all(after[name] != before[name] for name in before)
    read_x509(files.pair.certificate).verify_directly_issued_by(read_x509(files.authority))


@pytest.mark.parametrize("lost", ["server.pem", "server-key.pem"])
def test_what_was_interrupted_is_finished(files: LocalFiles, lost: str, tmp_path: Path) -> None:
    other = LocalFiles(tmp_path / "other")
    other.ensure()
    authority = files.authority.read_bytes()
    for spoil in (
        lambda: (files.folder / lost).unlink(),
        lambda: (files.folder / lost).write_bytes((other.folder / lost).read_bytes()),
        lambda: (files.folder / lost).write_bytes(b""),
    ):
        spoil()

        assert files.ensure(now=NOW) is Made.SERVER
        assert files.ensure(now=NOW) is Made.NOTHING
    assert files.authority.read_bytes() == authority


def test_without_the_authoritys_key_what_is_there_is_served_until_its_end(
    files: LocalFiles,
) -> None:
    """Who keeps the key elsewhere brings it when the certificate ends."""
    files.authority_key.unlink()

    assert files.ensure(now=NOW) is Made.NOTHING
    with pytest.raises(TlsError, match=r"cannot read .*ca-key\.pem"):
        files.ensure(now=A_YEAR_LATER)


def test_the_key_of_another_authority_is_not_taken_for_its_own(
    files: LocalFiles, tmp_path: Path
) -> None:
    other = LocalFiles(tmp_path / "other")
    other.ensure()
    files.authority_key.write_bytes(other.authority_key.read_bytes())

    with pytest.raises(TlsError, match=r"ca-key\.pem is not the key of .*ca\.pem"):
        files.ensure(anew=True, now=NOW)


def test_an_authority_that_ends_is_not_replaced_behind_its_clients_backs(
    files: LocalFiles,
) -> None:
    end = read_x509(files.authority).not_valid_after_utc
    files.ensure(anew=True, now=end - dt.timedelta(days=10))

    assert files.ensure(now=end - dt.timedelta(days=5)) is Made.NOTHING
    with pytest.raises(TlsError, match="has expired: `wakeful certs --new-authority --force`"):
        files.ensure(anew=True, now=end)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")

    with pytest.raises(TlsError, match=f"cannot write {tmp_path / 'data'}"):
        LocalFiles(tmp_path / "data").ensure()


def test_a_crash_between_two_files_leaves_no_half_of_one(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(files)
    monkeypatch.setattr(os, "fsync", lambda fd: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        files.ensure(anew=True, now=NOW)

    monkeypatch.undo()
    assert {name: contents(files)[name] for name in before} == before
    assert files.ensure(now=NOW) is Made.NOTHING
