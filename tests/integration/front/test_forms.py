"""The same request in its several spellings, and requests that are no polls."""

from __future__ import annotations

import pytest

from tests.integration.front.site import Site, get, until
from wakeful.http.front.poll import Answer


@pytest.mark.parametrize(
    "target",
    [
        "/sub%73cribe?{query}",
        "/%73%75%62%73%63%72%69%62%65?{query}",
        "http://here/subscribe?{query}",
        "http://elsewhere:8080/subscribe?{query}",
    ],
)
async def test_every_spelling_of_the_path_is_a_poll(site: Site, target: str) -> None:
    query = f"channel={await site.channel()}&stream_position=now"
    async with site.parked_client(get(target.format(query=query))) as wire:
        await site.change()
        assert (await wire.reply()).message == "new_change"
    assert not site.app.asked


@pytest.mark.parametrize("path", ["/subscribe/", "/Subscribe", "//subscribe", "/subscribe%2F"])
async def test_another_path_is_the_applications(site: Site, path: str) -> None:
    async with site.client() as wire:
        assert (await wire.ask(get(path))).status == 200
    assert len(site.app.asked) == 1


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_a_channel_is_polled_with_get_only(site: Site, method: str) -> None:
    async with site.client() as wire:
        wire.send((await site.poll()).replace(b"GET", method.encode(), 1))
        reply = await wire.reply(bodyless=method == "HEAD")
        assert reply.status == 405
        assert reply.headers["allow"] == "GET"
        if method != "HEAD":
            assert reply.json["code"] == "method_not_allowed"
        assert (await wire.ask(get("/after"))).json["asked"] == "GET /after"


async def test_a_post_to_a_channel_is_answered_after_its_body(site: Site) -> None:
    post = b"POST /subscribe HTTP/1.1\r\nHost: here\r\nContent-Length: 18\r\n\r\n"
    async with site.client() as wire:
        assert (await wire.ask(post, b"GET / HTTP/1.1\r\n\r\n")).status == 405
        assert (await wire.ask(get("/after"))).json["asked"] == "GET /after"


UPGRADES = {
    "websocket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "h2c": "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n",
}


@pytest.mark.parametrize("kind", UPGRADES)
async def test_a_wish_to_upgrade_is_ignored_by_a_poll(site: Site, kind: str) -> None:
    async with site.parked_client(await site.poll(more=UPGRADES[kind]) + get("/after")) as wire:
        await site.change()
        assert (await wire.reply()).message == "new_change"
        assert (await wire.reply()).json["asked"] == "GET /after"


@pytest.mark.parametrize("kind", UPGRADES)
async def test_a_wish_to_upgrade_does_not_cost_a_request_its_body(site: Site, kind: str) -> None:
    """Java's client wishes for HTTP/2 with each first request, whatever its method."""
    head = f"POST /body HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n{UPGRADES[kind]}\r\n"
    async with site.client() as wire:
        reply = await wire.ask(head.encode(), b"body", get("/after"))
        assert reply.json == {"asked": "POST /body", "size": 4}
        assert (await wire.reply()).json["asked"] == "GET /after"


async def test_a_host_is_not_asked_of_http_1_0(site: Site) -> None:
    query = f"channel={await site.channel()}&stream_position=now"
    async with site.parked_client(f"GET /subscribe?{query} HTTP/1.0\r\n\r\n".encode()):
        assert site.parked == 1


async def test_the_applications_methods_reach_it(site: Site) -> None:
    async with site.client() as wire:
        for method in ("OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
            request = f"{method} /2.0/events HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n"
            reply = await wire.ask(request.encode())
            assert reply.json["asked"] == f"{method} /2.0/events"


async def test_the_asterisk_is_the_applications(site: Site) -> None:
    async with site.client() as wire:
        reply = await wire.ask(b"OPTIONS * HTTP/1.1\r\nHost: here\r\n\r\n")
        assert reply.json["asked"] == "OPTIONS *"


async def test_a_path_may_be_the_fronts_for_some_methods_only(site: Site) -> None:
    site.front.routing.route(
        "/shared", lambda request: Answer(200, b'"%b"' % request.method), "PUT"
    )
    async with site.client() as wire:
        assert (await wire.ask(get("/shared"))).json["asked"] == "GET /shared"
        put = b"PUT /shared HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\n{1}"
        assert (await wire.ask(put)).json == "PUT"


async def test_a_handler_is_given_the_body(site: Site) -> None:
    site.front.routing.route("/echo", lambda request: Answer(200, request.body), "POST")
    async with site.client() as wire:
        wire.send(b"POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 6\r\n\r\n")
        wire.send(b'"bo')
        await until(lambda: site.connection._asked is not None)
        assert (await wire.ask(b'dy"')).json == "body"
