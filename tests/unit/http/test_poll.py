from __future__ import annotations

from wakeful.http.front.poll import Answer, Shared


def test_an_answer_is_head_and_body_in_one_piece() -> None:
    wire = Answer(200, b"{}").wire(b"date: today\r\n", closes=False)
    assert wire == (
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
        b"cache-control: no-store\r\ndate: today\r\n\r\n{}"
    )


def test_an_answer_without_a_body_has_no_type() -> None:
    wire = Answer(401).wire(b"", closes=False)
    assert wire == (
        b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\ncache-control: no-store\r\n\r\n"
    )


def test_the_last_answer_of_a_connection_says_so() -> None:
    assert b"\r\nconnection: close\r\n\r\n{}" in Answer(200, b"{}").wire(b"", closes=True)


def test_an_answer_to_head_tells_the_length_of_what_it_leaves_out() -> None:
    wire = Answer(200, b"{}").wire(b"", closes=False, bodyless=True)
    assert b"content-length: 2\r\n" in wire
    assert wire.endswith(b"\r\n\r\n")


def test_further_headers_keep_their_spelling() -> None:
    """box.md 7: one SDK looks for Retry-After in exactly this spelling."""
    answer = Answer(503, b"{}", {"Retry-After": "1"})
    assert b"\r\nRetry-After: 1\r\n" in answer.wire(b"", closes=False)


def test_what_many_are_told_has_the_bytes_of_any_answer() -> None:
    shared, plain = Shared(200, b"{}"), Answer(200, b"{}")
    for more in (b"", b"date: a\r\n", b"date: b\r\n"):
        for closes in (False, True, True, False):
            for bodyless in (False, True):
                expected = plain.wire(more, closes=closes, bodyless=bodyless)
                assert shared.wire(more, closes=closes, bodyless=bodyless) == expected
