"""An event as one line."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from rich.console import Console

from wakeful.cli.colours import colour_printer
from wakeful.cli.lines import json_printer, line_of, plain_printer, printable, size_text
from wakeful.client.events import Event, event_from


@pytest.fixture(autouse=True)
def local_time_is_berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def event(type: str = "ITEM_UPLOAD", /, at: str = "2026-01-02T11:04:05Z", **source: Any) -> Event:
    folders = [{"id": "0", "name": "All Files"}, {"id": "5", "name": "Reports"}]
    item = {
        "type": "file",
        "id": "11",
        "name": "may.pdf",
        "size": 1234,
        "path_collection": {"entries": folders},
    }
    return event_from(
        {"event_id": "e", "event_type": type, "created_at": at, "source": {**item, **source}}
    )


def plain(shown: Event) -> str:
    file = io.StringIO()
    plain_printer(file)(shown)
    return file.getvalue()


def test_a_line_has_the_local_time_what_happened_where_and_how_big() -> None:
    assert plain(event()) == "2026-01-02 12:04:05  upload   /Reports/may.pdf  1.2 kB\n"


def test_a_time_that_clocks_here_cannot_show_is_shown_as_it_is() -> None:
    assert plain(event(at="9999-12-31T23:59:59Z")).startswith("9999-12-31 23:59:59  upload")


@pytest.mark.parametrize(
    ("type", "word", "what"),
    [
        ("ITEM_CREATE", "create", "/Reports/may.pdf"),
        ("ITEM_RENAME", "rename", "→ /Reports/may.pdf"),
        ("ITEM_MOVE", "move", "→ /Reports/may.pdf"),
        ("ITEM_UNDELETE_VIA_TRASH", "restore", "→ /Reports/may.pdf"),
        ("ITEM_DOWNLOAD", "ITEM_DOWNLOAD", "/Reports/may.pdf"),
    ],
)
def test_what_changes_its_place_shows_where_it_came_to(type: str, word: str, what: str) -> None:
    line = line_of(event(type))

    assert (line.word, line.what) == (word, what)


def test_a_folder_ends_with_a_slash_and_has_no_size() -> None:
    line = line_of(event("ITEM_CREATE", type="folder", name="May", size=10))

    assert (line.what, line.size) == ("/Reports/May/", "")


def test_what_is_in_the_trash_shows_its_name_alone() -> None:
    trashed = event("ITEM_TRASH", item_status="deleted", path_collection={"entries": []})

    line = line_of(trashed)

    assert (line.what, line.size) == ("may.pdf", "")


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ({"type": "comment", "id": "9", "message": "Fine"}, "Fine"),
        ({"type": "user", "id": "7", "name": "Ada"}, "Ada"),
        ({"item_type": "file", "item_name": "a.txt"}, "a.txt"),
        ({"folder_id": "7", "folder_name": "Team", "user_id": "8", "user_name": "B"}, "Team  B"),
        ({"file_name": "a.txt", "user_email": "b@example.com"}, "a.txt  b@example.com"),
        ({"group_id": "9", "group_name": "Staff"}, "Staff"),
        ({"type": "task", "id": "3"}, "task 3"),
        ({}, ""),
        (None, ""),
    ],
)
def test_what_is_no_item_shows_what_is_known_of_it(source: object, what: str) -> None:
    shown = event_from({"event_type": "X", "source": source})

    assert line_of(shown).what == what
    assert plain(shown) == f"-------------------  X        {what}".rstrip() + "\n"


def test_a_file_name_cannot_command_the_terminal() -> None:
    shown = plain(event(name="\x1b[2Jgone\n\u202egnp.exe"))

    assert r"\x1b[2Jgone\n\u202egnp.exe" in shown
    assert shown.count("\n") == 1


def test_names_in_every_script_stay_as_they_are() -> None:
    assert printable("日本 é ñ 🎉.txt") == "日本 é ñ 🎉.txt"


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (5 * 10**9, "5.0 GB"),
        (2**63, "9.2 EB"),
        (10**22, "10000.0 EB"),
    ],
)
def test_sizes_are_written_as_people_write_them(size: int, text: str) -> None:
    assert size_text(size) == text


def test_for_machines_an_event_is_what_the_server_sent() -> None:
    file = io.BytesIO()
    shown = event(name="日本\n")

    json_printer(file)(shown)

    assert file.getvalue().count(b"\n") == 1
    assert json.loads(file.getvalue()) == shown.raw


def coloured(*events: Event, width: int = 200) -> str:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", width=width)
    show = colour_printer(console, date(2026, 1, 2))
    for each in events:
        show(each)
    return file.getvalue()


def test_on_a_terminal_words_have_colours_and_times_no_date() -> None:
    shown = coloured(event())

    assert shown.startswith("\x1b[2m12:04:05\x1b[0m\x1b[32m  upload ")
    assert "2026" not in shown


def test_on_a_terminal_a_new_day_is_told_once() -> None:
    tomorrow = "2026-01-03T11:00:00Z"

    shown = coloured(event(), event(at=tomorrow), event(at=tomorrow))

    assert shown.count("Saturday, 03 January 2026") == 1


def test_on_a_terminal_a_long_path_is_not_broken() -> None:
    name = "x" * 300

    assert name in coloured(event(name=name), width=80)


def test_markup_in_a_name_is_a_name() -> None:
    assert "[red]a[/red].txt" in coloured(event(name="[red]a[/red].txt"))


def test_an_event_without_a_time_keeps_its_column() -> None:
    assert " " * 8 in coloured(event_from({"event_type": "X"}))
