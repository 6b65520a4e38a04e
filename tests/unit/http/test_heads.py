"""Heads that are read without a parser are read as the parser reads them."""

from __future__ import annotations

import httptools
import pytest

from wakeful.http.front import heads
from wakeful.http.front.heads import begins_plainly, plain_request
from wakeful.http.front.limits import Limits
from wakeful.http.front.poll import Request

TOKEN = "Authorization: Bearer abc"
SDK = (
    "Host: 127.0.0.1:8787",
    "User-Agent: python-requests/2.31",
    "Accept-Encoding: gzip, deflate",
    "Accept: */*",
    "Connection: keep-alive",
    TOKEN,
)


def head(first: str, *lines: str) -> bytes:
    return "\r\n".join((first, *lines, "", "")).encode("latin-1")


def post(length: int | str, body: bytes, *lines: str) -> bytes:
    return head("POST /a HTTP/1.1", *SDK, f"Content-Length: {length}", *lines) + body


def plainly(data: bytes, limits: Limits | None = None) -> Request | None:
    first = begins_plainly(data)
    return None if first is None else plain_request(data, first, limits or Limits())


class Told:
    """What the parser tells."""

    def __init__(self) -> None:
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.is_complete = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.is_complete = True


@pytest.mark.parametrize(
    "first",
    [
        "GET /2.0/events?stream_position=1099511627776&limit=500 HTTP/1.1",
        "GET /2.0/events HTTP/1.1",
        "GET /2.0/events? HTTP/1.1",
        "OPTIONS /2.0/events?stream_type=all HTTP/1.1",
        "GET /subscribe?channel=a-_Z09&stream_type=all&stream_position=1e%2B15 HTTP/1.1",
    ],
)
@pytest.mark.parametrize("lines", [SDK, ("host:a",), ("HOST: a", "X-One: a b  c", "x-two: ~!")])
def test_a_plain_head_is_what_the_parser_makes_of_it(first: str, lines: tuple[str, ...]) -> None:
    data = head(first, *lines)
    told = Told()
    parser = httptools.HttpRequestParser(told)
    parser.feed_data(data)
    assert told.is_complete

    request = plainly(data)

    assert request is not None
    path, _, query = told.url.partition(b"?")
    match = begins_plainly(data)
    assert match is not None
    assert match.group(2) == path
    assert (request.method, request.query) == (parser.get_method(), query)
    assert request.headers == told.headers
    assert request.keep_alive is parser.should_keep_alive()
    assert not request.is_http10
    assert request.body == b""


@pytest.mark.parametrize("body", [b"", b"{}", b"\r\n\r\n\0\xff"])
def test_a_plain_body_is_what_the_parser_makes_of_it(body: bytes) -> None:
    data = post(len(body), body)
    told = Told()
    parser = httptools.HttpRequestParser(told)
    parser.feed_data(data)
    assert told.is_complete

    request = plainly(data)

    assert request is not None
    assert (request.method, request.body) == (b"POST", told.body)
    assert request.headers == told.headers
    assert request.keep_alive is parser.should_keep_alive()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(head("PUT /a HTTP/1.1", *SDK), id="another method"),
        pytest.param(head("POST /a HTTP/1.1", *SDK), id="no length"),
        pytest.param(post(5, b"1234"), id="not the whole body"),
        pytest.param(post(5, b"123456"), id="more than the body"),
        pytest.param(post(5, b""), id="no body yet"),
        pytest.param(post(5, b"12345", "Content-Length: 5"), id="two lengths"),
        pytest.param(post("+5", b"12345"), id="no plain length"),
        pytest.param(post("5, 5", b"12345"), id="a list of lengths"),
        pytest.param(post("", b""), id="an empty length"),
        pytest.param(post(5, b"12345", "Transfer-Encoding: chunked"), id="chunks beside a length"),
        pytest.param(post(5, b"12345", "Expect: 100-continue"), id="an expectation"),
        pytest.param(post(5000, b"x" * 5000), id="a long body"),
        pytest.param(head("GET /a HTTP/1.0", *SDK), id="another version"),
        pytest.param(head("GET http://b/a HTTP/1.1", *SDK), id="a whole URL"),
        pytest.param(head("GET /%61 HTTP/1.1", *SDK), id="an encoded path"),
        pytest.param(head('GET /a?b="c" HTTP/1.1', *SDK), id="strange signs in the query"),
        pytest.param(head("GET  /a HTTP/1.1", *SDK), id="two blanks"),
        pytest.param(head("GET /a HTTP/1.1", *SDK)[:-1], id="not the whole head"),
        pytest.param(head("GET /a HTTP/1.1", *SDK)[:-2], id="no empty line"),
        pytest.param(head("GET /a HTTP/1.1", *SDK) * 2, id="two requests"),
        pytest.param(head("GET /a HTTP/1.1", *SDK) + b"x", id="something behind it"),
        pytest.param(b"\r\n" + head("GET /a HTTP/1.1", *SDK), id="something before it"),
        pytest.param(head("GET /a HTTP/1.1", *SDK).replace(b"\r\n", b"\n"), id="bare line feeds"),
        pytest.param(head("GET /a HTTP/1.1"), id="no headers"),
        pytest.param(head("GET /a HTTP/1.1", TOKEN), id="no host"),
        pytest.param(head("GET /a HTTP/1.1", *SDK, "Host: b"), id="two hosts"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B : c"), id="a blank before the colon"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B"), id="no colon"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B:"), id="no value"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B: c "), id="a blank at the end"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B: c", " d"), id="a folded line"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B: \xe9"), id="no ASCII"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B: c\x00"), id="a NUL"),
        pytest.param(head("GET /a HTTP/1.1", "Host: a", "B: " + "c" * 4096), id="long"),
        *(
            pytest.param(head("GET /a HTTP/1.1", "Host: a", line), id=line)
            for line in (
                "Content-Length: 0",
                "Content-Length: 5",
                "Transfer-Encoding: chunked",
                "Connection: close",
                "Connection: keep-alive, Upgrade",
                "Upgrade: h2c",
                "Expect: 100-continue",
                "Proxy-Connection: close",
                "TE: trailers",
                "Trailer: a",
                "HTTP2-Settings: a",
                "Keep-Alive: 5",
            )
        ),
    ],
)
def test_whatever_is_not_plain_is_left_to_the_parser(data: bytes) -> None:
    assert plainly(data) is None


def test_limits_are_the_parser_s_to_tell_of() -> None:
    data = head("GET /a?b=c HTTP/1.1", *SDK)
    assert plainly(data, Limits(headers=len(SDK))) is not None
    assert plainly(data, Limits(headers=len(SDK) - 1)) is None
    assert plainly(data, Limits(url=4)) is None
    assert plainly(data, Limits(head=len(data) - 1)) is None


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "BoxApi",
        "Cookie",
        "Idempotency-Key",
        "Proxy-Authorization",
        "X-Api-Key",
        "X-Forwarded-Access-Token",
        "X-Forwarded-For",
    ],
)
def test_what_may_be_a_secret_is_not_remembered(name: str) -> None:
    data = head("GET /a HTTP/1.1", *SDK, f"{name}: s3cr3t-{name}")

    request = plainly(data)

    assert request is not None
    assert request.headers[-1] == (name.lower().encode(), f"s3cr3t-{name}".encode())
    assert not any(b"s3cr3t" in text for text in (*heads._remembered, *heads._known))
    assert SDK[0].encode() in heads._remembered


def test_what_is_remembered_has_an_end() -> None:
    for number in range(3 * heads._MOST_REMEMBERED):
        assert plainly(head("GET /a HTTP/1.1", f"Host: a{number}")) is not None
    assert len(heads._remembered) <= heads._MOST_REMEMBERED
    assert plainly(head("GET /a HTTP/1.1", "Host: " + "a" * 200)) is not None
    assert max(map(len, heads._remembered)) <= heads._SHORT


@pytest.mark.parametrize(
    "lines",
    [
        (TOKEN, "Host: a"),
        ("Host: a", TOKEN, "Accept: */*"),
        ("host: a", "authorization: Bearer abc"),
        ("host: a", "AUTHORIZATION: Bearer abc"),
        ("Host: a", "Authorization: bearer abc"),
        ("Host: a", "Authorization:Bearer abc"),
        ("Host: a", "Authorization: Bearer a b"),
        ("Host: a", "Authorization: Bearer abc def", TOKEN),
        ("Host: a", "Proxy-Authorization: Bearer abc", "Accept: */*"),
        ("Host: a", TOKEN, "Accept: */*", "Authorization: Bearer other"),
        ("Host: a", "User-Agent: Authorization: Bearer abc", TOKEN),
    ],
)
def test_a_token_is_found_wherever_and_however_it_is_written(lines: tuple[str, ...]) -> None:
    data = head("GET /a HTTP/1.1", *lines)
    told = Told()
    httptools.HttpRequestParser(told).feed_data(data)

    for _ in ("at first", "when the other lines are known"):
        request = plainly(data)

        assert request is not None
        assert request.headers == told.headers


def test_heads_that_differ_by_their_tokens_alone_are_read_once() -> None:
    heads._known.clear()

    requests = [
        plainly(head("GET /a HTTP/1.1", *SDK[:-1], f"Authorization: Bearer t{number}"))
        for number in range(3)
    ]

    assert [dict(request.headers)[b"authorization"] for request in requests if request] == [
        b"Bearer t0",
        b"Bearer t1",
        b"Bearer t2",
    ]
    assert len(heads._known) == 1


def test_a_head_is_read_anew_whatever_became_of_the_headers_of_the_last() -> None:
    data = head("GET /a HTTP/1.1", "Host: a", TOKEN)
    first = plainly(data)
    assert first is not None

    first.headers.clear()

    second = plainly(data)
    assert second is not None
    assert second.headers == [(b"host", b"a"), (b"authorization", b"Bearer abc")]


def test_known_heads_have_an_end() -> None:
    for number in range(heads._MOST_REMEMBERED + 1):
        plainly(head("GET /a HTTP/1.1", f"Host: h{number}"))

    assert len(heads._known) <= heads._MOST_REMEMBERED
    plainly(head("GET /a HTTP/1.1", *["Accept: " + "a" * 90] * 10, "Host: a"))
    assert max(map(len, heads._known)) <= heads._LONGEST_KNOWN
