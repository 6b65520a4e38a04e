"""How the client commands find a server and its token."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from wakeful.cli.reach import DEFAULT_URL, Flags, reach


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of a server that listens elsewhere."""
    (tmp_path / "url").write_text("http://127.0.0.1:9999\n")
    (tmp_path / "token").write_text("of-the-folder\n")
    return tmp_path


FROM_FOLDER = ("http://127.0.0.1:9999", "of-the-folder")


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other"
    path.write_text("of-the-file\n")
    return path


def test_a_data_folder_is_enough(data: Path) -> None:
    assert reach(Flags(data=data), {})[:2] == FROM_FOLDER
    assert reach(Flags(), {"WAKEFUL_DATA": str(data)})[:2] == FROM_FOLDER


def test_without_a_word_the_default_folder_is_taken(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: data)

    assert reach(Flags(), {})[:2] == FROM_FOLDER


def test_a_folder_that_tells_no_url_means_the_usual_one(data: Path) -> None:
    (data / "url").unlink()

    assert reach(Flags(data=data), {})[:2] == (DEFAULT_URL, "of-the-folder")


def test_the_environment_comes_before_the_folder(data: Path, other: Path) -> None:
    environ = {"WAKEFUL_DATA": str(data), "WAKEFUL_URL": "http://e"}

    assert reach(Flags(), environ)[:2] == ("http://e", "of-the-folder")
    assert reach(Flags(), {**environ, "WAKEFUL_TOKEN": "t"})[:2] == ("http://e", "t")
    assert reach(Flags(), {**environ, "WAKEFUL_TOKEN_FILE": str(other)})[1] == "of-the-file"


def test_a_flag_comes_before_the_environment(data: Path, other: Path) -> None:
    environ = {"WAKEFUL_URL": "http://e", "WAKEFUL_TOKEN": "t", "WAKEFUL_TOKEN_FILE": "nowhere"}

    assert reach(Flags(url="http://f", token="f"), environ)[:2] == ("http://f", "f")
    assert reach(Flags(token_file=other), environ)[:2] == ("http://e", "of-the-file")
    assert reach(Flags(data=data), environ)[:2] == FROM_FOLDER


def test_a_token_and_its_file_contradict_each_other(other: Path) -> None:
    with pytest.raises(click.UsageError, match="not both"):
        reach(Flags(token="f", token_file=other), {})


def test_no_token_is_said_with_what_helps(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"no token: .*--token-file"):
        reach(Flags(data=tmp_path), {})


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"there is no token in .*/missing"):
        reach(Flags(token_file=tmp_path / "missing"), {})


def test_a_token_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match=r"cannot read .*: Is a directory"):
        reach(Flags(token_file=tmp_path), {})


def test_a_token_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(b"\xff\xd8")

    with pytest.raises(click.ClickException, match="image is no text"):
        reach(Flags(token_file=tmp_path / "image"), {})


def test_flags_are_completed_by_those_before_the_command(other: Path) -> None:
    before = Flags(url="http://b", token="b", data=other)

    assert Flags().over(before) == before
    assert Flags(url="http://a", token_file=other).over(before) == Flags(
        "http://a", None, other, other
    )
