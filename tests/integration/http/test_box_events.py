"""`OPTIONS` and `GET /2.0/events`, as Box's clients send them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.box_rules import check, check_page
from tests.integration.http.conftest import Client, World
from wakeful.core.events import StreamClass
from wakeful.core.ports import StreamKind
from wakeful.core.positions import position
from wakeful.http import rendered
from wakeful.http.box import routes

FILE = {"kind": "upload", "path": "/docs/a.txt", "size": 3, "sha1": "AB" * 20}


def types(page: dict[str, Any]) -> list[str]:
    return [event["event_type"] for event in page["entries"]]


async def test_a_change_is_in_the_stream_of_its_members(ann: Client) -> None:
    published = await ann.publish(FILE)

    page = await ann.get("/2.0/events")

    check_page(page)
    assert types(page) == ["ITEM_CREATE", "ITEM_UPLOAD"]
    assert [event["event_id"] for event in page["entries"]] == [
        event["id"] for event in published["events"]
    ]
    assert page["next_stream_position"] == published["events"][-1]["position"]
    source = page["entries"][1]["source"]
    assert (source["name"], source["size"], source["sha1"]) == ("a.txt", 3, "ab" * 20)
    assert [folder["name"] for folder in source["path_collection"]["entries"]] == [
        "All Files",
        "docs",
    ]


async def test_every_kind_of_change_passes_every_clients_rules(ann: Client, world: World) -> None:
    await world.shared(ann, "team", world.bob)
    await ann.publish(
        FILE,
        {"kind": "rename", "path": "/docs/a.txt", "name": "b.txt"},
        {"kind": "upload", "path": "/docs/b.txt", "size": 5},
        {"kind": "copy", "path": "/docs/b.txt", "name": "c.txt"},
        {"kind": "create_folder", "path": "/other"},
        {"kind": "move", "path": "/docs/b.txt", "to": "/other/d.txt"},
        {"kind": "move", "path": "/other/d.txt", "parent": "/team"},
        {"kind": "trash", "path": "/docs"},
    )
    await ann.publish({"kind": "restore", "item": await docs(ann)})
    await ann.publish({"kind": "delete", "path": "/team/d.txt"})
    await ann.tell({"type": "LOCK_CREATE"}, {"type": "COMMENT_CREATE", "source": {"n": 1}})

    page = await ann.get("/2.0/events", limit=500)

    check_page(page)
    assert set(types(page)) == {
        "COLLAB_ADD_COLLABORATOR",
        "ITEM_CREATE",
        "ITEM_UPLOAD",
        "ITEM_RENAME",
        "ITEM_COPY",
        "ITEM_MOVE",
        "ITEM_TRASH",
        "ITEM_UNDELETE_VIA_TRASH",
        "LOCK_CREATE",
        "COMMENT_CREATE",
    }
    for event in page["entries"]:
        if event["event_type"] == "ITEM_TRASH":
            assert event["source"]["item_status"] == "deleted"
            assert event["source"]["parent"] is None


async def docs(client: Client) -> str:
    page = await client.get("/2.0/events", limit=500)
    ids = [e["source"]["id"] for e in page["entries"] if e["source"].get("name") == "docs"]
    found: str = ids[-1]
    return found


async def test_pages_follow_each_other(ann: Client) -> None:
    await ann.publish(*({"kind": "create_folder", "path": f"/{n}"} for n in range(7)))
    whole = await ann.get("/2.0/events")

    read, place = [], "0"
    while True:
        page = await ann.get("/2.0/events", stream_position=place, limit=3)
        check_page(page)
        if not page["entries"]:
            break
        read += page["entries"]
        place = str(page["next_stream_position"])

    assert read == whole["entries"]
    assert int(place) == whole["next_stream_position"]


@pytest.mark.parametrize("text", ["0", "null", "", "0.0", None])
async def test_from_the_oldest(ann: Client, text: str | None) -> None:
    await ann.publish(FILE)

    params = {} if text is None else {"stream_position": text}
    page = await ann.get("/2.0/events", **params)

    assert page["chunk_size"] == 2


async def test_now_is_an_empty_page_at_the_head(ann: Client) -> None:
    published = await ann.publish(FILE)

    # As Python's old SDK asks.
    page = await ann.get("/2.0/events", stream_position="now", limit=0, stream_type="all")

    check_page(page)
    assert page["chunk_size"] == 0
    assert page["next_stream_position"] == published["events"][-1]["position"]


async def test_a_position_in_scientific_notation(ann: Client) -> None:
    published = await ann.publish(FILE)
    first = published["events"][0]["position"]

    page = await ann.get("/2.0/events", stream_position=f"{first:.15e}")

    assert types(page) == ["ITEM_UPLOAD"]


async def test_a_limit_of_0_gives_nothing_and_passes_nothing_by(ann: Client) -> None:
    await ann.publish(FILE)

    nothing = await ann.get("/2.0/events", limit=0)
    page = await ann.get("/2.0/events", stream_position=nothing["next_stream_position"])

    check_page(nothing)
    assert (nothing["chunk_size"], page["chunk_size"]) == (0, 2)


async def test_a_limit_is_clamped(ann: Client) -> None:
    await ann.publish(*({"kind": "create_folder", "path": f"/{n}"} for n in range(501)))

    assert (await ann.get("/2.0/events", limit=501))["chunk_size"] == 500
    assert (await ann.get("/2.0/events"))["chunk_size"] == 100


@pytest.mark.parametrize("stream_type", ["changes", "sync"])
async def test_a_filtered_view_shows_changes_and_moves_on_to_the_head(
    ann: Client, stream_type: str
) -> None:
    await ann.publish({"kind": "create_folder", "path": "/a"})
    told = await ann.tell({"type": "COMMENT_CREATE"}, {"type": "ITEM_PREVIEW"})

    page = await ann.get("/2.0/events", stream_type=stream_type)
    empty = await ann.get(
        "/2.0/events", stream_type=stream_type, stream_position=page["next_stream_position"]
    )

    assert types(page) == ["ITEM_CREATE"]
    head = told["events"][-1]["position"]
    assert (empty["chunk_size"], empty["next_stream_position"]) == (0, head)


async def test_what_clients_send_beside_is_ignored(ann: Client) -> None:
    # rclone asks for fields, the generated SDKs may send a filter that is for admins.
    page = await ann.get("/2.0/events", fields="type,id", event_type="LOGIN", created_before="x")

    check_page(page)


async def test_a_page_says_what_is_behind_it(ann: Client) -> None:
    await ann.publish(*({"kind": "create_folder", "path": f"/{n}"} for n in range(5)))

    answer = await ann.ask("GET", "/2.0/events", params={"limit": 2})

    assert answer.headers["Wakeful-Remaining"] == "3"
    assert answer.headers["Wakeful-Oldest-Position"] == str(2**40)
    assert "Wakeful-Gap" not in answer.headers


async def test_p9_a_gap_is_said_and_served_from_the_oldest(world: World, ann: Client) -> None:
    await ann.publish(*({"kind": "create_folder", "path": f"/{n}"} for n in range(4)))
    state = await world.feed.head(ann.id)
    assert await world.feed.trim(StreamKind.USER, 2**50, 2) == 2
    before = await metric(world, "wakeful_gaps_served_total")

    for asked in (position(1, 1), position(state.epoch + 1, 1), position(state.epoch, 99), 7):
        answer = await ann.ask("GET", "/2.0/events", params={"stream_position": asked})

        assert answer.headers["Wakeful-Gap"] == "true"
        assert answer.headers["Wakeful-Oldest-Position"] == str(position(state.epoch, 2))
        check_page(answer.json())
        assert [event["source"]["name"] for event in answer.json()["entries"]] == ["2", "3"]
    assert await metric(world, "wakeful_gaps_served_total") == before + 4


async def metric(world: World, name: str) -> float:
    text = (await world.nobody.ask("GET", "/metrics")).text
    lines = [line for line in text.splitlines() if line.startswith(name)]
    return float(lines[0].split()[-1])


async def test_a_bad_position_is_told_in_boxes_words(ann: Client) -> None:
    for text in ("x", "-1", "1e999999", "NaN", "now()"):
        answer = await ann.ask("GET", "/2.0/events", params={"stream_position": text})

        assert answer.status_code == 400
        check("ClientError", answer.json())
        assert answer.json()["code"] == "bad_request"
        assert answer.json()["message"] == "Invalid stream position"


# --- the realtime server ---


@pytest.mark.parametrize(
    ("query", "stream_type"),
    [("", "all"), ("?stream_type=changes", "changes"), ("?stream_type=sync", "sync")],
)
async def test_options_names_a_realtime_server(
    world: World, ann: Client, query: str, stream_type: str
) -> None:
    await ann.publish(FILE)

    answer = await ann.ask("OPTIONS", f"/2.0/events{query}")

    assert answer.status_code == 200
    check("RealtimeServers", answer.json())
    url = urlsplit(answer.json()["entries"][0]["url"])
    assert (url.scheme, url.netloc, url.path) == ("http", "feed.test:8787", "/subscribe")
    asked = parse_qs(url.query)
    assert asked["stream_type"] == [stream_type]
    channel = world.access.open_channel(asked["channel"][0])
    assert channel.stream == ann.id
    assert channel.cls is StreamClass[stream_type.upper()]
    assert channel.position == position(world.store.epoch, 2)
    assert (await world.access.load_grant(channel.grant)).may_follow(channel.stream)


async def test_options_as_the_generated_sdks_send_it(ann: Client) -> None:
    answer = await ann.ask(
        "OPTIONS", "/2.0/events", headers={"Content-Type": "application/json"}, content=b""
    )

    assert answer.status_code == 200


async def test_options_is_not_taken_for_a_preflight(ann: Client) -> None:
    answer = await ann.ask(
        "OPTIONS",
        "/2.0/events",
        headers={"Origin": "https://app.test", "Access-Control-Request-Method": "GET"},
    )

    assert answer.json()["entries"][0]["type"] == "realtime_server"


@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
@pytest.mark.parametrize("stream_type", ["admin_log", "nonsense"])
async def test_other_streams_are_refused(ann: Client, method: str, stream_type: str) -> None:
    answer = await ann.ask(method, "/2.0/events", params={"stream_type": stream_type})

    assert answer.status_code == 400
    check("ClientError", answer.json())
    assert stream_type in answer.json()["message"]


@pytest.mark.parametrize(
    ("settings", "headers", "base"),
    [
        ({}, {"Host": "other.test"}, "http://other.test"),
        ({}, {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test"}, None),
        (
            {"trust_proxy": True},
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.test, b.test"},
            "https://a.test",
        ),
        ({"trust_proxy": True}, {}, None),
        ({"public_url": "https://feed.example/base/"}, {}, "https://feed.example/base"),
        ({"public_url": "https://p.test", "trust_proxy": True}, {"X-Forwarded-Host": "x"}, None),
    ],
)
async def test_the_url_is_the_one_that_the_client_used(
    world: World, settings: dict[str, Any], headers: dict[str, str], base: str | None
) -> None:
    client = await world.client(world.ann.token, **settings)

    answer = await client.ask("OPTIONS", "/2.0/events", headers=headers)

    expected = base or settings.get("public_url") or "http://feed.test:8787"
    assert answer.json()["entries"][0]["url"].startswith(f"{expected}/subscribe?channel=")


async def test_who_is_far_behind_reads_the_same(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ann.publish(FILE)
    await ann.tell(
        {"type": "COMMENT_CREATE", "source": {"n": [1.0, "\u00e9"]}, "details": {"a": None}},
        {"type": "GROUP_ADD_USER", "accessible_by": {"type": "group", "id": "7"}},
    )
    answers = []

    for far in (rendered.FAR, 0):
        monkeypatch.setattr(routes, "FAR", far)
        for query in ("limit=500", "limit=2", "limit=500&stream_type=changes"):
            answers.append(await ann.ask("GET", f"/2.0/events?stream_position=0&{query}"))

    near, far_behind = answers[:3], answers[3:]
    assert [answer.content for answer in far_behind] == [answer.content for answer in near]
    assert [answer.headers for answer in far_behind] == [answer.headers for answer in near]
    assert [answer.json()["chunk_size"] for answer in near] == [4, 2, 3]


async def test_many_members_share_what_is_rendered(world: World, ann: Client) -> None:
    await world.shared(ann, "team", world.bob)
    await ann.publish({"kind": "upload", "path": "/team/a.txt"})

    for _ in range(2):
        ours = await ann.get("/2.0/events")
        his = await world.bob.get("/2.0/events")
        assert ours["entries"][-1] == his["entries"][-1]
