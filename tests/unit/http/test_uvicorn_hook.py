"""What the front relies on in uvicorn, beyond what uvicorn promises.

When one of these fails after an upgrade of uvicorn, read `http/front/intake.py` and
`http/front/connection.py` beside uvicorn's `protocols/http/httptools_impl.py` and `server.py`.
"""

from __future__ import annotations

import asyncio
import inspect
from importlib.metadata import version

import httptools
import pytest
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from wakeful.http.front.connection import Connection
from wakeful.http.front.intake import Intake

SHARED = {
    "access_log",
    "access_logger",
    "app",
    "app_state",
    "asgi_version",
    "config",
    "connections",
    "limit_concurrency",
    "logger",
    "loop",
    "root_path",
    "server_state",
    "tasks",
    "timeout_keep_alive",
    "timeout_keep_alive_task",  # None for all: the wheel does it
    "ws_protocol_class",
}
OWN = {
    "client",
    "cycle",
    "expect_100_continue",
    "flow",
    "headers",
    "parser",
    "pipeline",
    "scheme",
    "scope",
    "server",
    "transport",
}


def test_the_version_is_one_that_was_looked_at() -> None:
    assert [int(part) for part in version("uvicorn").split(".")[:2]] == [0, 54]


async def test_a_connection_has_no_attribute_that_is_not_known() -> None:
    """What is new could be one connection's own, and would be shared by all."""
    config = uvicorn.Config(lambda scope: None, log_config=None)
    config.load()
    pattern = HttpToolsProtocol(config, ServerState(), {}, None)
    assert set(vars(pattern)) == SHARED | OWN
    assert vars(Intake).keys() >= OWN
    assert not vars(Intake).keys() & SHARED


def test_a_protocol_is_made_as_it_was() -> None:
    made = list(inspect.signature(HttpToolsProtocol).parameters)
    assert made == ["config", "server_state", "app_state", "_loop"]
    assert list(inspect.signature(Connection).parameters) == made


def test_every_method_of_uvicorns_protocol_is_known() -> None:
    methods = {
        name
        for name, value in vars(HttpToolsProtocol).items()
        if inspect.isfunction(value) and name != "__init__"
    }
    replaced = {name for kind in (Connection, Intake) for name in vars(kind)} & methods
    assert replaced == {
        "_start_asgi_task",
        "connection_lost",
        "connection_made",
        "data_received",
        "on_body",
        "on_header",
        "on_headers_complete",
        "on_message_begin",
        "on_message_complete",
        "on_response_complete",
        "on_url",
        "pause_writing",
        "resume_writing",
        "shutdown",
    }
    assert methods - replaced == {
        "_get_upgrade",
        "_should_upgrade",
        "_should_upgrade_to_ws",
        "_unset_keepalive_if_required",
        "_unsupported_upgrade_warning",
        "eof_received",
        "handle_websocket_upgrade",
        "send_400_response",
        "timeout_keep_alive_handler",
    }


def test_a_cycle_has_what_a_connection_tells_it() -> None:
    names = set(RequestResponseCycle.__init__.__code__.co_names)
    assert names >= {
        "disconnected",
        "keep_alive",
        "message_event",
        "on_response",
        "response_complete",
        "response_started",
    }


def test_a_queue_of_requests_is_asked_of_the_latest_only() -> None:
    """A poll that stands there has nothing but `response_complete`."""
    source = inspect.getsource(HttpToolsProtocol.on_headers_complete)
    assert "existing_cycle is None or existing_cycle.response_complete" in source
    assert source.count("existing_cycle") == 3
    assert "self.pipeline.appendleft((self.cycle, app))" in source
    assert "self._start_asgi_task(self.cycle, app)" in source


def test_flow_control_is_asked_for_what_it_has() -> None:
    flow = FlowControl(asyncio.Transport())
    assert flow.read_paused is False
    assert flow.write_paused is False


def test_the_parser_goes_on_after_a_wish_to_upgrade() -> None:
    """And tells where it stopped, counted from the piece that it was fed."""

    class Told:
        urls: list[bytes] = []  # noqa: RUF012 - of one test

        def on_url(self, url: bytes) -> None:
            self.urls.append(url)

    parser = httptools.HttpRequestParser(Told())
    wish = b"GET /a HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    after = b"GET /b HTTP/1.1\r\n\r\n"
    with pytest.raises(httptools.HttpParserUpgrade) as stopped:
        parser.feed_data(memoryview(wish + after))
    assert stopped.value.args == (len(wish),)
    parser.feed_data(after)
    assert Told.urls == [b"/a", b"/b"]
