"""What both drivers say to httpx2, and make of what it says."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
import weakref
from collections.abc import Iterator
from types import SimpleNamespace

import httpx2
import pytest

from wakeful.client.connections import Connections, Endpoint, no_answer
from wakeful.client.steps import Ask, NoAnswer


def endpoint(url: str = "http://host:8787") -> Endpoint:
    return Endpoint(url, "secret", None)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "127.0.0.1:8787",
        "ftp://host",
        "http://",
        "http://h?x=1",
        "http://h/#x",
        "http://h:x",
    ],
)
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        Endpoint(url, "secret", None)


@pytest.mark.parametrize("token", ["", "two words", "naïve", "line\nbreak", "\x00"])
def test_what_is_no_token_is_refused_without_showing_it(token: str) -> None:
    with pytest.raises(ValueError, match="a token is one word of printable ASCII characters"):
        Endpoint("http://host", token, None)


def test_a_slash_at_the_end_of_a_url_does_not_matter() -> None:
    assert endpoint("http://host:8787/").url == "http://host:8787"


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("http://host:8787/poll", True),
        ("http://HOST:8787/poll", True),
        ("http://host/poll", False),
        ("https://host:8787/poll", False),
        ("http://other:8787/poll", False),
    ],
)
def test_the_token_goes_to_the_servers_own_origin_alone(url: str, is_told: bool) -> None:
    headers = endpoint().arguments(Ask("GET", url, 1.0))["headers"]

    assert ("Authorization" in headers) is is_told


def test_a_default_port_is_the_same_origin() -> None:
    headers = endpoint("https://host").arguments(Ask("GET", "https://host:443/p", 1.0))["headers"]

    assert headers["Authorization"] == "Bearer secret"


def test_a_channel_that_is_no_url_is_no_answer() -> None:
    with pytest.raises(ValueError, match="port"):
        endpoint().arguments(Ask("GET", "http://host:x/", 1.0))


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://host", "http://proxy:3128"),
        ("http://127.0.0.1:8787", None),
        ("http://localhost:8787", None),
        ("http://inside", None),
    ],
)
def test_a_proxy_is_used_as_the_environment_says_but_not_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", "inside")

    assert endpoint(url).options("http")["proxy"] == proxy


def test_certificates_are_loaded_only_where_they_are_needed() -> None:
    assert "verify" not in endpoint("https://host").options("https")
    assert endpoint().options("http")["verify"].get_ca_certs() == []


def test_own_certificates_replace_those_of_the_system() -> None:
    tls = ssl.create_default_context()

    assert Endpoint("https://host", "secret", tls).options("https")["verify"] is tls


def caused(cause: BaseException) -> httpx2.ConnectError:
    error = httpx2.ConnectError("All connection attempts failed")
    error.__cause__ = cause
    return error


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('::1', 1)")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx2.ConnectTimeout(""), "no connection within 10 s"),
        (httpx2.WriteTimeout(""), "the server takes nothing in"),
        (httpx2.ReadError(""), "the connection was cut"),
        (httpx2.RemoteProtocolError("Server disconnected"), "the connection was cut"),
        (httpx2.DecodingError("bad gzip"), "bad gzip"),
        (httpx2.UnsupportedProtocol(""), "UnsupportedProtocol"),
        (caused(REFUSED), "no connection: connection refused"),
        (caused(ExceptionGroup("two", [REFUSED, REFUSED])), "no connection: connection refused"),
        (caused(socket.gaierror(-2, "no")), "no connection: its name is not known"),
        (
            caused(untrusted()),
            "no connection: its certificate is not trusted (self-signed certificate)",
        ),
        (httpx2.ConnectError("strange"), "no connection: strange"),
    ],
)
def test_errors_are_told_in_words_for_people(error: httpx2.HTTPError, reason: str) -> None:
    assert no_answer(error) == NoAnswer(reason)


def test_only_silence_is_told_as_silence() -> None:
    assert no_answer(httpx2.ReadTimeout("")) == NoAnswer("the server is silent", was_silent=True)


class Looked(weakref.WeakSet[socket.socket]):
    """Whoever goes through it is overtaken by one who connects, if nothing hinders that."""

    def __init__(self) -> None:
        super().__init__()
        self.is_looked_at = threading.Event()
        self.has_grown = threading.Event()

    def __iter__(self) -> Iterator[socket.socket]:
        for each in super().__iter__():
            yield each
            self.is_looked_at.set()
            self.has_grown.wait(0.2)


def test_an_interrupt_ends_what_another_thread_connects_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shut: list[socket.socket] = []
    monkeypatch.setattr("wakeful.client.connections._shut", shut.append)
    connections, sockets = Connections(endpoint()), Looked()
    connections._sockets = sockets
    with socket.socket() as one, socket.socket() as other:

        def connect(connected: socket.socket) -> None:
            stream = SimpleNamespace(get_extra_info=lambda name: connected)
            connections._watch("connection.connect_tcp.complete", {"return_value": stream})

        def connect_meanwhile() -> None:
            sockets.is_looked_at.wait()
            connect(other)
            sockets.has_grown.set()

        connect(one)
        meanwhile = threading.Thread(target=connect_meanwhile)
        meanwhile.start()
        connections.interrupt()
        meanwhile.join()

        assert shut.count(one) == shut.count(other) == 1
