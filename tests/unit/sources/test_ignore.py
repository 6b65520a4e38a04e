"""Which names never show."""

from __future__ import annotations

import pytest

from wakeful.sources.ignore import DEFAULT_IGNORE, Ignore


@pytest.mark.parametrize(
    ("name", "is_folder", "ignored"),
    [
        ("letter.txt", False, False),
        ("letter.txt~", False, True),
        (".letter.txt.swp", False, True),
        (".letter.txt.swx", False, True),
        ("#letter.txt#", False, True),
        (".#letter.txt", False, True),
        (".~lock.letter.odt#", False, True),
        ("~$letter.docx", False, True),
        ("film.mkv.part", False, True),
        ("film.crdownload", False, True),
        (".DS_Store", False, True),
        ("Thumbs.db", False, True),
        (".git", True, True),
        (".git", False, False),  # a file of that name is a worktree's pointer
        (".gitignore", False, False),
        ("git", True, False),
        ("part", False, False),
        ("#1 song.mp3", False, False),
        (".config", True, False),
    ],
)
def test_the_built_in_patterns(name: str, is_folder: bool, ignored: bool) -> None:
    for folder in ("", "some/folder"):
        assert Ignore()(folder, name, is_folder=is_folder) is ignored
        # The same patterns by the slower way that a path pattern makes necessary.
        assert Ignore(["/no/such/thing"])(folder, name, is_folder=is_folder) is ignored


def test_a_pattern_with_a_slash_is_about_paths() -> None:
    ignore = Ignore(["/build/", "docs/*.pdf"])

    assert ignore.by_path
    assert ignore("", "build", is_folder=True)
    assert not ignore("src", "build", is_folder=True)
    assert ignore("docs", "a.pdf", is_folder=False)
    assert not ignore("docs/old", "a.pdf", is_folder=False)


def test_a_pattern_takes_a_built_in_one_back() -> None:
    ignore = Ignore(["!.git/", "!*.part"])

    assert not ignore("", ".git", is_folder=True)
    assert not ignore("a", "film.part", is_folder=False)
    assert ignore("a", "letter~", is_folder=False)


def test_what_is_excluded_is_left_out_whatever_the_patterns_say() -> None:
    ignore = Ignore(["!data/"], excluded=["a/data"])

    assert ignore("a", "data", is_folder=True)
    assert not ignore("b", "data", is_folder=True)


def test_a_pattern_without_meaning_is_an_error() -> None:
    with pytest.raises(ValueError, match="!"):
        Ignore(["!"])


def test_names_alone_need_no_path() -> None:
    assert not Ignore(["*.log", "node_modules/"]).needs_path
    assert Ignore(["/a"]).needs_path
    assert Ignore(excluded=["a"]).needs_path
    assert Ignore(["", "  "]).by_path is False


def test_the_built_in_patterns_are_about_names_alone() -> None:
    assert not Ignore(defaults=DEFAULT_IGNORE).by_path


def test_what_is_around_something_excluded_is_known() -> None:
    ignore = Ignore(excluded=["apps/wakeful/data"])
    around = ["apps", "apps/wakeful", "apps/wakeful/data", "apps/wake", "data"]
    assert [path for path in around if ignore.is_around_excluded(path)] == around[:3]
