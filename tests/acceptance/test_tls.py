"""`wakeful serve --tls-port`: the same application over TLS, beside plain HTTP."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import ssl
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from tests.processes import program
from tests.readers import Reader
from tests.servers import WAKEFUL, Server, clean_environ, eventually, running, wakeful
from wakeful.tls import LocalFiles, read_certificate

pytestmark = pytest.mark.acceptance

TLS = ("--tls-port", "0")


def url_of(server: Server) -> str:
    return str(status_of(server)["url"])


def status_of(server: Server) -> dict[str, object]:
    answer = wakeful("status", "--data", server.data, "--json")
    found: dict[str, object] = json.loads(answer.stdout)["tls"]
    return found


def trusting(file: Path) -> ssl.SSLContext:
    """A client's context, as strict as that of the newest Python."""
    context = ssl.create_default_context(cafile=file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_a_poll_waits_and_is_woken_over_tls(tmp_path: Path, watched: Path) -> None:
    with running(tmp_path, watch=watched, arguments=TLS) as server:
        files = LocalFiles(server.data)
        headers = {"Authorization": f"Bearer {server.token}"}
        with (
            httpx2.Client(
                base_url=url_of(server),
                headers=headers,
                verify=trusting(files.authority),
                timeout=60,
            ) as client,
            Reader(server.url, server.token) as reader,
        ):
            channel = client.request("OPTIONS", "/2.0/events").json()["entries"][0]["url"]
            assert channel.startswith(url_of(server)), "the poll is over TLS, too"
            host, _, port = url_of(server).removeprefix("https://").rpartition(":")
            with (
                socket.create_connection((host, int(port))) as raw,
                trusting(files.authority).wrap_socket(raw, server_hostname=host) as connection,
            ):
                path = channel.removeprefix(url_of(server))
                request = f"GET {path}&stream_position=now HTTP/1.1\r\nHost: {host}\r\n\r\n"
                connection.sendall(request.encode())
                reader.wait_until_parked(1)

                (watched / "new.txt").write_text("new")

                connection.settimeout(30)
                assert b"new_change" in connection.recv(65536)
        assert stat.S_IMODE(files.authority_key.stat().st_mode) == 0o600
        metrics = httpx2.get(f"{server.url}/metrics", timeout=60).text
        found = re.search(r"^wakeful_tls_certificate_expiry_timestamp_seconds (\S+)", metrics, re.M)
        assert found
        end = read_certificate(files.pair.certificate).not_after.timestamp()
        assert float(found[1]) == end
        assert f"TLS        {url_of(server)}" in server.out
        assert f"ca_certs='{files.authority}'" in server.out
        assert f"NODE_EXTRA_CA_CERTS={files.authority}" in server.out


def test_tail_follows_over_tls(tmp_path: Path, watched: Path) -> None:
    with (
        running(tmp_path, watch=watched, arguments=TLS) as server,
        Reader(server.url, server.token) as reader,
    ):
        authority = LocalFiles(server.data).authority
        where = ["--url", url_of(server), "--token-file", str(server.token_file)]
        command = [str(WAKEFUL), "tail", *where, "--ca", str(authority)]
        with program(command) as tail:
            reader.wait_until_parked(1)
            (watched / "new.txt").write_text("new")
            tail.wait_for(lambda lines: any("new.txt" in line for line in lines), "the file")


def test_a_supervisor_may_hand_over_a_socket_for_tls_alone(tmp_path: Path, watched: Path) -> None:
    """And the client commands find it, and what to trust, in the data folder."""
    environ = {"LISTEN_FDNAMES": "tls"}
    with running(tmp_path, watch=watched, environ=environ) as server:
        assert (server.data / "url").read_text() == f"https://127.0.0.1:{server.port}\n"
        with program([str(WAKEFUL), "tail", "--data", str(server.data)]) as tail:
            eventually(lambda: polls_of(server) == 1, "the poll waits")
            server.restart()
            eventually(lambda: polls_of(server) == 1, "the poll waits again")

            (watched / "new.txt").write_text("new")

            tail.wait_for(lambda lines: any("new.txt" in line for line in lines), "the file")


def polls_of(server: Server) -> int:
    found: int = json.loads(wakeful("status", "--data", server.data, "--json").stdout)["polls"]
    return found


def test_a_file_that_is_no_authority_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for name, said in (("ca.pem", "no certificate"), ("none.pem", "cannot read")):
        answer = wakeful("tail", "--url", "https://x", "--token", "t", "--ca", tmp_path / name)

        assert answer.returncode == 1
        assert said in answer.stderr


def test_a_certificate_of_ones_own_is_served_and_read_again(tmp_path: Path, watched: Path) -> None:
    own = LocalFiles(tmp_path / "own")
    own.ensure(["feed.example"])
    arguments = (*TLS, "--tls-cert", str(own.pair.certificate), "--tls-key", str(own.pair.key))
    with running(tmp_path, watch=watched, arguments=arguments) as server:
        assert not LocalFiles(server.data).folder.exists()
        assert "NODE_EXTRA_CA_CERTS" not in server.out, "whether it needs trust is not known"
        port = int(url_of(server).rpartition(":")[2])
        before = shown(port)

        own.ensure(["feed.example"], anew=True)
        os.kill(server.pid, signal.SIGHUP)

        eventually(lambda: shown(port) != before, "the new one is served")
        assert server.is_running()


def shown(port: int) -> str:
    return ssl.get_server_certificate(("127.0.0.1", port))


def test_what_cannot_be_served_is_said_before_anything_is_made(tmp_path: Path) -> None:
    own, other = LocalFiles(tmp_path / "own"), LocalFiles(tmp_path / "other")
    own.ensure()
    other.ensure()
    certificate = ("--tls-cert", own.pair.certificate)
    for arguments, said in (
        ((*TLS, *certificate), "tls_cert and tls_key are given together"),
        ((*TLS, *certificate, "--tls-key", other.pair.key), "is not the key of"),
        ((*TLS, *certificate, "--tls-key", tmp_path / "none"), "cannot read"),
        ((*certificate, "--tls-key", own.pair.key), "of no use without tls_port"),
        (("--tls-port", "70000"), "tls_port is between"),
    ):
        answer = wakeful("serve", "--data", tmp_path / "data", "--port", "0", *arguments)

        assert answer.returncode == 2
        assert said in answer.stderr
        assert "Traceback" not in answer.stderr
        assert not (tmp_path / "data").exists()


def test_certificates_are_made_kept_and_replaced_when_asked(tmp_path: Path) -> None:
    data = tmp_path / "data"

    made = wakeful("certs", "--data", data, "--name", "feed.example", "--name", "10.0.0.9")

    assert made.returncode == 0
    files = LocalFiles(data)
    for text in (str(files.authority), "feed.example", "10.0.0.9", "NODE_EXTRA_CA_CERTS"):
        assert text in made.stdout
    before = files.pair.certificate.read_bytes(), files.authority.read_bytes()

    again = wakeful("certs", "--data", data)
    refused = wakeful("certs", "--data", data, "--name", "other.example")
    anew = wakeful("certs", "--data", data, "--new-authority")
    wrong = wakeful("certs", "--data", data, "--name", "host:8443")

    assert again.returncode == 0
    assert "nothing" in again.stdout
    assert (refused.returncode, anew.returncode, wrong.returncode) == (1, 1, 2)
    assert "is not for other.example: --force replaces it" in refused.stderr
    assert "which clients may trust: --force replaces it" in anew.stderr
    assert "no host name" in wrong.stderr
    assert (files.pair.certificate.read_bytes(), files.authority.read_bytes()) == before

    forced = wakeful("certs", "--data", data, "--name", "other.example", "--force")

    assert forced.returncode == 0
    assert "other.example" in read_certificate(files.pair.certificate).names
    assert files.authority.read_bytes() == before[1]

    assert wakeful("certs", "--data", data, "--new-authority", "--force").returncode == 0
    assert files.authority.read_bytes() != before[1]


def test_a_hang_up_ends_a_server_whose_terminal_went_away_and_no_other(
    tmp_path: Path, watched: Path
) -> None:
    with running(tmp_path, watch=watched) as server:
        os.kill(server.pid, signal.SIGHUP)
        with Reader(server.url, server.token) as reader:
            assert reader.ask("GET", "/healthz").status_code == 200

    ours, its = pty.openpty()
    arguments = ["--data", str(tmp_path / "second"), "--port", "0", "--drain", "0"]
    with closing(os.fdopen(ours, "rb", buffering=0)) as terminal:
        process = subprocess.Popen(
            [str(WAKEFUL), "serve", *arguments],
            stdin=its,
            stdout=its,
            stderr=its,
            env=clean_environ(),
            start_new_session=True,
        )
        os.close(its)
        try:
            said = b""
            while b"Ctrl-C" not in said:
                said += os.read(terminal.fileno(), 4096)
            terminal.close()
            process.send_signal(signal.SIGHUP)  # as the kernel does to whoever it belongs to
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
