"""Changes that come without a folder: over HTTP and by `wakeful publish`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.readers import Reader, ids
from tests.servers import Server, wakeful

pytestmark = pytest.mark.acceptance

REPORT = {"kind": "upload", "path": "/reports/may.pdf", "size": 1234, "sha1": "ab" * 20}


def test_a_published_change_is_told_and_its_answer_says_where(reader: Reader) -> None:
    begin = reader.now()
    channel = reader.channel()

    answer = reader.publish(REPORT)

    assert answer.status_code < 300, answer.text
    assert reader.poll(channel, begin)["message"] == "new_change"
    events, end = reader.events(begin)
    assert [event["event_type"] for event in events] == ["ITEM_CREATE", "ITEM_UPLOAD"]
    said = answer.json()
    assert [event["id"] for event in said["events"]] == ids(events)
    assert said["events"][-1]["position"] == end
    source = events[-1]["source"]
    assert (source["name"], source["size"], source["sha1"]) == ("may.pdf", 1234, "ab" * 20)
    assert said["changes"][0]["item"]["sequence_id"] == source["sequence_id"]


def test_p3_a_repeated_request_adds_nothing_and_gets_the_same_answer(
    server: Server, reader: Reader
) -> None:
    begin = reader.now()
    first = reader.publish(REPORT, key="may")

    again = reader.publish(REPORT, key="may")
    server.kill()
    server.start()
    after_a_crash = reader.publish(REPORT, key="may")

    for repeated in (again, after_a_crash):
        assert repeated.json() == first.json() | {"replayed": True}
    assert len(reader.events(begin)[0]) == 2


def test_p3_another_request_under_the_same_key_is_refused(reader: Reader) -> None:
    reader.publish(REPORT, key="may")
    begin = reader.now()

    answer = reader.publish(REPORT | {"size": 1}, key="may")

    assert answer.status_code == 409
    assert reader.events(begin)[0] == []


def test_p3_a_batch_is_all_or_none(reader: Reader) -> None:
    begin = reader.now()

    answer = reader.publish(REPORT, {"kind": "trash", "path": "/no such file"})

    assert answer.status_code == 404
    assert reader.events(begin)[0] == []


def test_p1_what_was_answered_is_there_after_kill_9(server: Server, reader: Reader) -> None:
    begin = reader.now()
    said = reader.publish(REPORT).json()

    server.kill()
    server.start()

    events, end = reader.events(begin)
    assert ids(events) == [event["id"] for event in said["events"]]
    assert end == said["events"][-1]["position"]


def test_the_command_publishes_too(server: Server, reader: Reader) -> None:
    begin = reader.now()

    answer = wakeful(
        *("publish", "--url", server.url, "--token-file", server.token_file),
        *("upload", "/reports/may.pdf", "--size", "1234"),
    )

    assert answer.returncode == 0, answer.stderr
    events, _ = reader.events(begin)
    assert events[-1]["source"]["name"] == "may.pdf"
    assert events[-1]["event_id"] in answer.stdout


def test_another_event_is_told_to_its_audience(server: Server, reader: Reader) -> None:
    ann = new_user(server, "ann@example.com")
    with Reader(server.url, ann) as anns:
        ours, hers = reader.now(), anns.now()

        [told] = reader.tell({"type": "COMMENT_CREATE", "audience": ["ann@example.com"]})

        assert ids(anns.events(hers)[0]) == [told]
        assert reader.events(ours)[0] == []


def test_p7_a_member_sees_a_shared_folder_and_nobody_else_does(
    server: Server, reader: Reader, tmp_path: Path
) -> None:
    ann, bob = new_user(server, "ann@example.com"), new_user(server, "bob@example.com")
    owner = reader.get("/2.0/users/me")["login"]
    made = wakeful("namespace", "add", owner, "team", "--data", server.data)
    assert made.returncode == 0, made.stderr
    added = wakeful("member", "add", "team", "ann@example.com", "--data", server.data)
    assert added.returncode == 0, added.stderr
    with Reader(server.url, ann) as anns, Reader(server.url, bob) as bobs:
        hers, his = anns.now(), bobs.now()

        reader.publish({"kind": "upload", "path": "/team/plan.txt"})

        assert [event["source"]["name"] for event in anns.events(hers)[0]] == ["plan.txt"]
        assert bobs.events(his)[0] == []
        assert anns.ask("GET", "/2.0/folders/0/items").json()["entries"][0]["name"] == "team"


def new_user(server: Server, login: str) -> str:
    """Make a user; returns a token of theirs."""
    added = wakeful("user", "add", login, "--data", server.data)
    assert added.returncode == 0, added.stderr
    created = wakeful("token", "create", login, "--data", server.data)
    assert created.returncode == 0, created.stderr
    return created.stdout.split()[-1]
