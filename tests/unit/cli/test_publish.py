"""`wakeful publish`: words into changes, answers into lines."""

from __future__ import annotations

import hashlib
import json
import os
import ssl
from pathlib import Path
from typing import Any

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from wakeful.cli.publish import publish
from wakeful.client import (
    ChangeResult,
    ChangesAnswer,
    EventResult,
    EventsAnswer,
    ItemResult,
    Refused,
)
from wakeful.dialects.box.types import ENTERPRISE_ONLY, USER_TYPES
from wakeful.dialects.native.changes import parse_changes
from wakeful.dialects.native.events import parse_events

ANSWER = ChangesAnswer(
    (ChangeResult(ItemResult("1042", "file", "a\n.txt", "1", "1")), ChangeResult(None)),
    (EventResult("e" * 40, 7), EventResult("f" * 40, None)),
    False,
)


class FakeClient:
    """Remembers what it was asked for."""

    published: list[tuple[Any, dict[str, Any]]]
    answer: ChangesAnswer | Exception = ANSWER

    def __init__(self, url: str, token: str, *, tls: ssl.SSLContext | None) -> None:
        if not url.startswith("http"):
            raise ValueError("no URL")
        self.asked_for = (url, token)
        type(self).last = self

    last: FakeClient

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *error: object) -> None: ...

    def publish(self, changes: Any, **options: Any) -> ChangesAnswer:
        self.published.append((changes, options))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def publish_events(self, events: Any, **options: Any) -> EventsAnswer:
        answer = self.publish(events, **options)
        return EventsAnswer(answer.events, answer.replayed)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    class Fresh(FakeClient):
        pass

    Fresh.published = []
    monkeypatch.setattr("wakeful.cli.publishing.Client", Fresh)
    return Fresh


def run(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(publish, ["--token", "t", *arguments], input=input)


@pytest.mark.parametrize(
    ("arguments", "change"),
    [
        (["create-folder", "/a/b"], {"kind": "create_folder", "path": "/a/b"}),
        (["upload", "/a.txt"], {"kind": "upload", "path": "/a.txt"}),
        (
            ["upload", "--item", "7", "--size", "3", "--sha1", "ab" * 20],
            {"kind": "upload", "item": "7", "size": 3, "sha1": "ab" * 20},
        ),
        (
            ["upload", "/a", "--modified", "2026-01-31T12:00:00+02:00"],
            {"kind": "upload", "path": "/a", "content_modified_at": "2026-01-31T12:00:00+02:00"},
        ),
        (["rename", "/a", "b"], {"kind": "rename", "path": "/a", "name": "b"}),
        (["rename", "--item", "7", "b"], {"kind": "rename", "item": "7", "name": "b"}),
        (["move", "/a", "/b"], {"kind": "move", "path": "/a", "parent": "/b"}),
        (["move", "/a", "b/c"], {"kind": "move", "path": "/a", "parent": "/b/c"}),
        (
            ["move", "--item", "7", "12", "--name", "n"],
            {"kind": "move", "item": "7", "parent": "12", "name": "n"},
        ),
        (["copy", "/a", "/"], {"kind": "copy", "path": "/a", "parent": "/"}),
        (["trash", "/a"], {"kind": "trash", "path": "/a"}),
        (["trash", "--item", "7"], {"kind": "trash", "item": "7"}),
        (["restore", "7"], {"kind": "restore", "item": "7"}),
        (
            ["restore", "7", "--to", "/b", "--name", "n"],
            {"kind": "restore", "item": "7", "parent": "/b", "name": "n"},
        ),
        (["delete", "/a"], {"kind": "delete", "path": "/a"}),
        (
            ["delete", "/a", "--namespace", "9"],
            {"kind": "delete", "path": "/a", "namespace": "9"},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_words_become_a_change_that_the_server_understands(
    client: type[FakeClient], arguments: list[str], change: dict[str, Any]
) -> None:
    result = run(*arguments)

    assert result.exit_code == 0, result.output
    [(published, _)] = client.published
    assert published == change
    parse_changes(json.dumps(published).encode(), home=1)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["upload"],
        ["upload", "/a", "--item", "7"],
        ["upload", "/a", "--size", "-1"],
        ["upload", "/a", "--modified", "yesterday"],
        ["upload", "/a", "--modified", "0001-01-01"],
        ["upload", "/a", "--from", "/no such file"],
        ["rename", "/a"],
        ["rename", "/a", "b", "c"],
        ["rename", "--item", "7"],
        ["move", "/a"],
        ["trash"],
        ["restore"],
        ["explode", "/a"],
        ["--batch", "-", "trash", "/a"],
        ["--batch", "-", "--namespace", "7"],
        ["--wait", "-1", "trash", "/a"],
        ["--token-file", "x", "trash", "/a"],
        ["--url", "nowhere", "trash", "/a"],
    ],
    ids=" ".join,
)
def test_wrong_usage_publishes_nothing(client: type[FakeClient], arguments: list[str]) -> None:
    result = run(*arguments, input='{"kind": "trash"}')

    assert result.exit_code == 2
    assert client.published == []


def test_a_time_without_an_offset_is_local(client: type[FakeClient]) -> None:
    run("upload", "/a", "--modified", "2026-01-31")

    [(change, _)] = client.published
    parse_changes(json.dumps(change).encode(), home=1)


def test_what_is_known_of_a_real_file_is_read_from_it(
    client: type[FakeClient], tmp_path: Path
) -> None:
    file = tmp_path / "may.pdf"
    file.write_bytes(b"content")
    os.utime(file, ns=(0, 1_700_000_000_123_456_789))

    result = run("upload", "/reports/", "--from", str(file), "--size", "9")

    assert result.exit_code == 0, result.output
    [(change, _)] = client.published
    sha256 = hashlib.sha256(b"content").digest()
    assert change == {
        "kind": "upload",
        "path": "/reports/may.pdf",
        "size": 9,
        "sha1": hashlib.sha1(b"content").hexdigest(),
        "content_hash": hashlib.sha256(sha256).hexdigest(),
        "content_modified_at": 1_700_000_000_123,
    }
    parse_changes(json.dumps(change).encode(), home=1)


@pytest.mark.parametrize(
    "changes",
    [
        [{"kind": "trash", "path": "/a"}],
        {"kind": "trash", "path": "/a"},
        {"changes": [{"kind": "trash", "path": "/a"}]},
    ],
)
def test_a_batch_goes_as_it_is(client: type[FakeClient], changes: Any, tmp_path: Path) -> None:
    file = tmp_path / "batch.json"
    file.write_text(json.dumps(changes))

    assert run("--batch", str(file)).exit_code == 0
    assert run("--batch", "-", input=json.dumps(changes)).exit_code == 0

    assert [published for published, _ in client.published] == [changes, changes]


@pytest.mark.parametrize(("text", "said"), [("{", "no JSON"), ("7", "neither"), ("", "no JSON")])
def test_a_batch_that_is_none_is_said(client: type[FakeClient], text: str, said: str) -> None:
    result = run("--batch", "-", input=text)

    assert (result.exit_code, client.published) == (1, [])
    assert said in result.stderr


def test_options_may_stand_before_the_kind_or_after_it(client: type[FakeClient]) -> None:
    options = ("--url", "http://h", "--key", "k", "--wait", "2")

    run(*options, "trash", "/a")
    run("trash", "/a", *options)
    run("--key", "other", "trash", "/a", *options)

    assert [given for _, given in client.published] == 3 * [
        {"idempotency_key": "k", "patience": 2.0}
    ]
    assert client.last.asked_for == ("http://h", "t")


def test_without_a_word_a_key_is_chosen_and_a_restart_waited_for(
    client: type[FakeClient],
) -> None:
    run("trash", "/a")

    assert client.published[0][1] == {"idempotency_key": None, "patience": 5.0}


def test_ids_and_positions_are_printed(client: type[FakeClient]) -> None:
    assert run("trash", "/a").stdout.splitlines() == [
        r"file 1042  a\n.txt",
        f"event {'e' * 40}  position 7",
        f"event {'f' * 40}  not in your stream",
    ]


def test_for_machines_the_answer_is_printed(client: type[FakeClient]) -> None:
    answer = json.loads(run("trash", "/a", "--json").stdout)

    assert answer["events"][0] == {"id": "e" * 40, "position": 7}
    assert answer["changes"][0]["item"]["id"] == "1042"


def test_a_repeated_request_is_told_apart(client: type[FakeClient]) -> None:
    client.answer = ChangesAnswer((), (), True)

    result = run("trash", "/a", "--key", "k")

    assert (result.exit_code, result.stdout) == (0, "")
    assert "before under the same key" in result.stderr


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Refused("no item at /a", status=404), "Error: no item at /a\n"),
        (
            Refused("no item at /a", status=404, field="changes[2].path"),
            "Error: no item at /a (changes[2].path)\n",
        ),
    ],
)
def test_a_refusal_is_one_sentence(client: type[FakeClient], error: Exception, said: str) -> None:
    client.answer = error

    result = run("trash", "/a")

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", said)


def test_every_kind_of_change_has_a_command() -> None:
    assert isinstance(publish, click.Group)
    assert set(publish.commands) == {
        *("create-folder", "upload", "rename", "move", "copy", "trash", "restore", "delete"),
        "event",
    }


@pytest.mark.parametrize(
    ("arguments", "event"),
    [
        (["LOGIN"], {"type": "LOGIN"}),
        (
            ["COMMENT_CREATE", "--item", "7", "--details", '{"message": "ok"}'],
            {"type": "COMMENT_CREATE", "source": {"item": "7"}, "details": {"message": "ok"}},
        ),
        (
            ["own.type", "--source", '{"n": 1}', "--session", "s", "--ip", "192.0.2.1"],
            {"type": "own.type", "source": {"n": 1}, "session": "s", "ip": "192.0.2.1"},
        ),
        (
            ["COLLAB_INVITE_COLLABORATOR", "--accessible-by", "eve", "--action-by", "ann"],
            {"type": "COLLAB_INVITE_COLLABORATOR", "accessible_by": "eve", "action_by": "ann"},
        ),
        (
            ["X", "--actor", "bob", "--audience", "ann", "--audience", "7"],
            {"type": "X", "actor": "bob", "audience": ["ann", "7"]},
        ),
        (
            ["X", "--at", "2026-01-31T12:00:00+02:00"],
            {"type": "X", "created_at": "2026-01-31T12:00:00+02:00"},
        ),
    ],
)
def test_words_make_an_event(
    client: type[FakeClient], arguments: list[str], event: dict[str, Any]
) -> None:
    result = run("event", *arguments)

    assert result.exit_code == 0, result.output
    ((told, _),) = client.published
    assert told == event
    (asked,) = parse_events(json.dumps(told).encode(), 1)
    assert asked.tell.type == event["type"]
    assert result.stdout.splitlines()[0] == f"event {'e' * 40}  position 7"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'TYPE'"),
        (["X", "--source", "[1]"], "no JSON object"),
        (["X", "--details", "{"], "no JSON object"),
        (["X", "--item", "7", "--source", "{}"], "not both"),
        (["X", "--at", "noon"], "--at"),
        (["X", "--namespace", "7"], "--namespace means nothing"),
    ],
)
def test_an_event_that_makes_no_sense_is_not_sent(
    client: type[FakeClient], arguments: list[str], said: str
) -> None:
    result = run("event", *arguments)

    assert (result.exit_code, client.published) == (2, [])
    assert said in result.stderr


def test_the_types_of_box_are_listed_with_their_twins_and_views() -> None:
    lines = run("event", "--types").stdout.splitlines()

    listed = [line.split(maxsplit=2) for line in lines]
    assert ["ITEM_UPLOAD", "UPLOAD", "all three"] in listed
    assert ["COMMENT_CREATE", "COMMENT_CREATE", "all"] in listed
    assert ["LOGIN"] in listed
    assert {words[0] for words in listed if words} >= USER_TYPES | ENTERPRISE_ONLY


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("item_m", ["ITEM_MAKE_CURRENT_VERSION", "ITEM_MODIFY", "ITEM_MOVE"]),
        ("LOGI", ["LOGIN"]),
        ("own", []),
    ],
)
def test_a_shell_offers_the_types_of_box(begun: str, offered: list[str]) -> None:
    completion = ShellComplete(publish, {}, "publish", "_COMPLETE")

    found = completion.get_completions(["event"], begun)

    assert [item.value for item in found] == offered
