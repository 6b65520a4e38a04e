"""Users, tokens and members: the same commands whether or not the server runs."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization

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

        assert poll.result().status_code == 401


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
    administer(server, "user", "add", ANN)
    administer(server, "namespace", "add", ANN, "\x1b[31mTeam")

    def status() -> str:
        return wakeful("status", "--data", server.data).stdout

    eventually(lambda: "red" in status(), "the link is left out")
    assert "\\x1b[31mred\\n" in status()
    assert "\x1b" not in status()
    listed = wakeful("namespace", "list", "--data", server.data).stdout
    assert "Team" in listed
    assert "\x1b" not in listed


def test_a_data_folder_that_is_none_is_said(server: Server) -> None:
    for words in (("user", "list"), ("status",)):
        answer = wakeful(*words, "--data", server.data / "elsewhere")

        assert answer.returncode not in (0, None)
        assert str(server.data / "elsewhere") in answer.stderr
        assert not (server.data / "elsewhere").exists()


@pytest.mark.parametrize("runs", [True, False], ids=["while it runs", "while it does not"])
def test_an_app_is_made_with_a_file_for_sdks_and_signs_in(
    server: Server, tmp_path: Path, runs: bool
) -> None:
    if not runs:
        server.terminate()
    file = tmp_path / "config.json"

    made = administer(server, "app", "create", "Mirror", "--box-config", str(file))

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    config = json.loads(file.read_text())
    assert config["enterpriseID"] == str(made["app"]["enterprise"])
    settings = config["boxAppSettings"]
    assert settings["clientSecret"] == made["client_secret"]
    assert settings["appAuth"]["publicKeyID"] == made["app"]["keys"][0]["kid"]
    assert "ENCRYPTED" in settings["appAuth"]["privateKey"]
    assert administer(server, "app", "show", "Mirror") == made["app"]
    if not runs:
        server.start()
    with httpx2.Client(base_url=server.url, timeout=60) as http:
        form = {
            "grant_type": "client_credentials",
            "client_id": settings["clientID"],
            "client_secret": settings["clientSecret"],
        }
        answer = http.post("/oauth2/token", data=form)
        assert answer.status_code == 200
        assert "date" in answer.headers, "by it SDKs set their clock"
        # No secret is in what the server wrote.
        token = answer.json()["access_token"]
    for secret in (settings["clientSecret"], token):
        assert secret not in server.out + server.err


def test_a_file_that_is_there_is_kept_and_no_app_is_made(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("mine")

    answer = wakeful("app", "create", "Mirror", "--box-config", file, "--data", server.data)

    assert answer.returncode == 1
    assert str(file) in answer.stderr
    assert file.read_text() == "mine"
    assert administer(server, "app", "list") == []


def test_an_app_that_cannot_be_made_leaves_no_file(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "config.json"

    answer = wakeful("app", "create", " ", "--box-config", file, "--data", server.data)

    assert answer.returncode == 1
    assert not file.exists()


def test_apps_users_and_enterprises_are_managed_in_words_for_people(
    server: Server, tmp_path: Path
) -> None:
    config = tmp_path / "config.json"
    public = tmp_path / "public.pem"
    administer(server, "app", "create", "Other", "--box-config", str(config))

    def say(*words: str | Path) -> str:
        answer = wakeful(*words, "--data", server.data)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    assert "Enterprise Acme" in say("enterprise", "add", "Acme")
    assert "Acme" in say("enterprise", "list")
    say("user", "add", ANN, "--enterprise", "Acme")
    created = say("app", "create", "Mirror", "--enterprise", "Acme")
    assert "Client secret" in created
    assert "Mirror" in say("app", "list")
    public.write_text(public_half(config))
    kid = say("app", "key", "add", "Mirror", public).split()[5].strip(",")
    assert kid in say("app", "show", "Mirror")
    assert kid in say("app", "key", "remove", "Mirror", kid)
    assert len(say("app", "secret", "new", "Mirror").strip()) == 32
    assert "disabled" in say("app", "update", "Mirror", "--disable")
    assert "disabled" in say("app", "list")
    assert "gone" in say("app", "delete", "Mirror")
    assert "admin" in say("user", "update", ANN, "--admin", "--name", "Ann")
    assert "disabled" in say("user", "update", ANN, "--disable")
    for quota, shown in (("10G", "10 GiB"), ("1536k", "1.5 MiB"), ("none", "none")):
        say("user", "update", ANN, "--quota", quota)
        assert shown in say("user", "list")
    say("user", "update", ANN, "--quota", "default")
    assert wakeful("user", "update", ANN, "--quota", "10X").returncode == 2
    access, refresh = say("token", "create", "1002", "--app", "Other", "--refresh").split()
    assert access != refresh
    assert "refresh" in say("token", "list")
    for command in (("user", "update", ANN), ("app", "update", "Other")):
        assert wakeful(*command, "--data", server.data).returncode == 2


def public_half(config: Path) -> str:
    """The public key of the private one in a file for SDKs."""
    auth = json.loads(config.read_text())["boxAppSettings"]["appAuth"]
    private = serialization.load_pem_private_key(
        auth["privateKey"].encode(), auth["passphrase"].encode()
    )
    return (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def test_who_is_in_a_namespace_is_listed(server: Server) -> None:
    administer(server, "user", "add", ANN)
    administer(server, "namespace", "add", ANN, "Team")
    administer(server, "user", "add", "bob@example.com")
    administer(server, "member", "add", "Team", "bob@example.com", "--role", "viewer")

    listed = administer(server, "member", "list", "Team")
    shown = wakeful("member", "list", "Team", "--data", server.data).stdout.splitlines()

    roles = [(member["login"], member["role"]) for member in listed]
    assert roles == [(ANN, "owner"), ("bob@example.com", "viewer")]
    assert shown[0].split() == ["id", "login", "role"]
    assert len(shown) == 3
