"""Users, tokens and members: the same commands whether or not the server runs."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.readers import Reader, ids
from tests.servers import Server, eventually, wakeful

pytestmark = pytest.mark.acceptance

ANN = "ann@example.com"


def administer(server: Server, *words: str) -> Any:
    """What a command prints for machines."""
    answer = wakeful(*words, "--data", server.data, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize("runs", [True, False], ids=["while it runs", "while it does not"])
def test_a_user_and_a_token_are_made_and_work(server: Server, runs: bool) -> None:
    if not runs:
        server.terminate()

    administer(server, "user", "add", ANN)
    token = administer(server, "token", "create", ANN)["text"]

    logins = [user["login"] for user in administer(server, "user", "list")]
    if not runs:
        server.start()
    assert ANN in logins
    with Reader(server.url, token) as anns:
        assert anns.get("/2.0/users/me")["login"] == ANN


@pytest.mark.parametrize("runs", [True, False], ids=["while it runs", "while it does not"])
def test_p7_a_revoked_token_is_void(server: Server, runs: bool) -> None:
    administer(server, "user", "add", ANN)
    made = administer(server, "token", "create", ANN)
    with Reader(server.url, made["text"]) as anns:
        assert anns.ask("GET", "/2.0/events").status_code == 200
        channel = anns.channel()
        if not runs:
            server.terminate()

        administer(server, "token", "revoke", str(made["token"]["id"]))

        if not runs:
            server.start()
        for path in ("/2.0/events", "/2.0/users/me", f"{channel}&stream_position=now"):
            answer = anns.ask("GET", path)
            # Without a body, by which SDKs know that the token is over.
            assert (answer.status_code, answer.content) == (401, b""), path


def test_p7_revoking_a_token_ends_the_poll_that_waits_under_it(
    server: Server, reader: Reader
) -> None:
    administer(server, "user", "add", ANN)
    made = administer(server, "token", "create", ANN)
    with ThreadPoolExecutor(1) as pool, Reader(server.url, made["text"]) as anns:
        path = f"{anns.channel()}&stream_position={anns.now()}"
        poll = pool.submit(anns.ask, "GET", path)
        reader.wait_until_parked(1)

        administer(server, "token", "revoke", str(made["token"]["id"]))

        assert poll.result(10).status_code == 401


def test_p7_who_is_no_member_any_more_is_told_nothing_more(server: Server, reader: Reader) -> None:
    owner = reader.get("/2.0/users/me")["login"]
    administer(server, "user", "add", ANN)
    token = administer(server, "token", "create", ANN)["text"]
    administer(server, "namespace", "add", owner, "team")
    administer(server, "member", "add", "team", ANN)
    with Reader(server.url, token) as anns:
        reader.publish({"kind": "upload", "path": "/team/before.txt"})
        seen = anns.events(0)[0]

        administer(server, "member", "remove", "team", ANN)

        reader.publish({"kind": "upload", "path": "/team/after.txt"})
        later = anns.events(0)[0][len(seen) :]
        names = [event["source"]["name"] for event in later if "name" in (event["source"] or {})]
        assert "before.txt" in [event["source"]["name"] for event in seen[-1:]]
        assert "after.txt" not in names
        assert anns.ask("GET", "/2.0/folders/0/items").json()["entries"] == []
        assert ids(later) == ids(later[:1]), "only that she was put out"


def test_a_name_that_means_nothing_is_said(server: Server) -> None:
    for words in (("token", "create", "nobody"), ("member", "add", "nowhere", ANN)):
        answer = wakeful(*words, "--data", server.data)

        assert answer.returncode not in (0, None)
        assert words[2] in answer.stderr
        assert "Traceback" not in answer.stderr


def test_a_name_that_is_not_utf8_is_said(server: Server) -> None:
    odd = os.fsdecode(b"bad\xff")
    for words in (("user", "add", odd), ("publish", "upload", odd)):
        answer = wakeful(*words, "--data", server.data)

        assert answer.returncode == 1
        assert "UTF-8" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_tokens_that_live_very_long_can_be_listed(server: Server) -> None:
    administer(server, "user", "add", ANN)
    century = 100 * 365 * 86_400
    administer(server, "token", "create", ANN, "--lifetime", str(century))

    refused = wakeful(
        "token", "create", ANN, "--lifetime", str(century * 100), "--data", server.data
    )

    assert "a hundred years" in refused.stderr
    assert wakeful("token", "list", "--data", server.data).returncode == 0


def test_what_a_name_tells_a_terminal_is_not_told_to_it(server: Server, watched: Path) -> None:
    (watched / "\x1b[31mred\n").symlink_to("nowhere")
    administer(server, "user", "add", ANN, "--name", "\x1b[31mAnn")

    def status() -> str:
        return wakeful("status", "--data", server.data).stdout

    eventually(lambda: "red" in status(), "the link is left out")
    assert "\\x1b[31mred\\n" in status()
    assert "\x1b" not in status()
    assert "\x1b" not in wakeful("user", "list", "--data", server.data).stdout


def test_a_data_folder_that_is_none_is_said(server: Server) -> None:
    for words in (("user", "list"), ("status",)):
        answer = wakeful(*words, "--data", server.data / "elsewhere")

        assert answer.returncode not in (0, None)
        assert str(server.data / "elsewhere") in answer.stderr
        assert not (server.data / "elsewhere").exists()
