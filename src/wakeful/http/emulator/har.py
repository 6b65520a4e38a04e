"""What was asked as an HTTP archive (HAR 1.2), which browsers and proxies open."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from wakeful import __version__
from wakeful.dialects.times import precise_text_of
from wakeful.http.emulation.recording import Exchange

_UNKNOWN = -1  # as the format has it


def archive(exchanges: Sequence[Exchange], base: str) -> dict[str, Any]:
    """The archive of *exchanges*, which were asked of the server at *base*. What was never answered
    has the status 0."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Wakeful", "version": __version__},
            "entries": [_entry(each, base) for each in exchanges],
        }
    }


def _entry(exchange: Exchange, base: str) -> dict[str, Any]:
    took = 0.0 if exchange.ended is None else (exchange.ended - exchange.began) * 1000
    return {
        "startedDateTime": precise_text_of(exchange.at),
        "time": round(took, 3),
        "request": _request(exchange, base),
        "response": _response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": round(took, 3), "receive": 0},
        "comment": f"{exchange.route.name}: {exchange.state}",
    }


def _request(exchange: Exchange, base: str) -> dict[str, Any]:
    query = f"?{exchange.query}" if exchange.query else ""
    request = _message(exchange.request_headers, exchange.request_size) | {
        "method": exchange.method,
        "url": f"{base}{exchange.path}{query}",
        "queryString": _pairs(parse_qsl(exchange.query, keep_blank_values=True)),
    }
    if exchange.request_body:
        media = _media(exchange.request_headers)
        request["postData"] = {"mimeType": media, "text": exchange.request_body}
    return request


def _response(exchange: Exchange) -> dict[str, Any]:
    status = exchange.status or 0
    headers = dict(exchange.response_headers)
    return _message(exchange.response_headers, exchange.response_size) | {
        "status": status,
        "statusText": HTTPStatus(status).phrase if status in set(HTTPStatus) else "",
        "content": {
            "size": exchange.response_size,
            "mimeType": _media(exchange.response_headers),
            "text": exchange.response_body,
        },
        "redirectURL": headers.get("location", ""),
    }


def _message(headers: Sequence[tuple[str, str]], size: int) -> dict[str, Any]:
    return {
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(headers),
        "headersSize": _UNKNOWN,
        "bodySize": size,
    }


def _media(headers: Sequence[tuple[str, str]]) -> str:
    return dict(headers).get("content-type", "")


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
