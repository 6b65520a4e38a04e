"""The events of an enterprise: by arrival, by time, by type, and for whom."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.box_rules import check, check_page
from tests.integration.http.conftest import Client, World
from wakeful.core.ports import StreamKind
from wakeful.core.positions import position
from wakeful.core.scopes import ALL_SCOPES, ENTERPRISE_SCOPE
from wakeful.dialects.box.marks import stream_of
from wakeful.dialects.times import parse
from wakeful.http import rendered
from wakeful.http.box import enterprise

Json = dict[str, Any]
BY_ARRIVAL, BY_TIME = "admin_logs_streaming", "admin_logs"
BOTH = pytest.mark.parametrize("stream", [BY_ARRIVAL, BY_TIME])
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ago(**past: float) -> str:
    return (datetime.now(UTC) - timedelta(**past)).isoformat()


def types(page: Json) -> list[str]:
    return [event["event_type"] for event in page["entries"]]


async def read(client: Client, stream: str, **params: str | int) -> Json:
    page = await client.get("/2.0/events", stream_type=stream, **params)
    assert page["next_stream_position"] > 0
    assert page["chunk_size"] == len(page["entries"])
    return page


async def answer(client: Client, stream: str, **params: str | int) -> httpx2.Response:
    found = await client.ask("GET", "/2.0/events", params={"stream_type": stream} | params)
    assert found.status_code == 200, found.text
    return found


@BOTH
async def test_the_enterprise_has_the_events_of_all_its_users_in_its_own_form(
    world: World, stream: str
) -> None:
    await world.bob.publish({"kind": "upload", "path": "/docs/a.txt", "size": 3})
    await world.cat.tell({"type": "LOGIN"})
    await world.eve.tell({"type": "LOGIN"})

    page = await read(world.ann, stream)

    check_page(page)
    assert types(page) == ["UPLOAD", "UPLOAD", "LOGIN"]
    assert [event["created_by"]["login"] for event in page["entries"]] == ["bob", "bob", "cat"]
    source = page["entries"][1]["source"]
    assert (source["item_type"], source["item_name"]) == ("file", "a.txt")
    assert source["parent"]["name"] == "docs"
    users = await world.bob.get("/2.0/events")
    assert [event["event_id"] for event in users["entries"]] == [
        event["event_id"] for event in page["entries"][:2]
    ]


async def test_by_time_is_in_the_order_in_which_things_happened(ann: Client) -> None:
    await ann.tell({"type": "NOW"}, {"type": "LATE", "created_at": ago(hours=1)})
    await ann.tell({"type": "FUTURE", "created_at": ago(hours=-1)}, {"type": "AFTER"})

    assert types(await read(ann, BY_ARRIVAL)) == ["NOW", "LATE", "FUTURE", "AFTER"]
    assert types(await read(ann, BY_TIME)) == ["LATE", "NOW", "FUTURE", "AFTER"]


@BOTH
async def test_a_page_is_filtered_by_type(ann: Client, stream: str) -> None:
    await ann.publish({"kind": "upload", "path": "/a.txt", "size": 3})
    await ann.tell({"type": "LOGIN"}, {"type": "COMMENT_CREATE"}, {"type": "LOGIN"})

    assert types(await read(ann, stream, event_type="LOGIN, UPLOAD")) == [
        "UPLOAD",
        "LOGIN",
        "LOGIN",
    ]
    several = [("stream_type", stream), ("event_type", "LOGIN"), ("event_type", "UPLOAD,NO")]
    repeated = await ann.ask("GET", "/2.0/events", params=several)
    assert types(repeated.json()) == ["UPLOAD", "LOGIN", "LOGIN"]
    assert types(await read(ann, stream, event_type="NO_SUCH")) == []
    for empty in ("", ",", " , "):
        assert len(types(await read(ann, stream, event_type=empty))) == 4
    refused = await ann.ask(
        "GET", "/2.0/events", params={"stream_type": stream, "event_type": "A" * 6_001}
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


async def test_who_is_far_behind_reads_the_same(
    ann: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ann.publish({"kind": "upload", "path": "/docs/a.txt"})
    await ann.tell({"type": "LOGIN", "details": {"a": 1}}, {"type": "SHIELD_ALERT", "source": {}})
    answers = []

    for far in (rendered.FAR, 0):
        monkeypatch.setattr(enterprise, "FAR", far)
        for asked in ({"limit": 500}, {"limit": 2}, {"event_type": "LOGIN"}):
            answers.append(await answer(ann, BY_ARRIVAL, stream_position=0, **asked))

    near, far_behind = answers[:3], answers[3:]
    assert [answer.content for answer in far_behind] == [answer.content for answer in near]
    assert [answer.headers for answer in far_behind] == [answer.headers for answer in near]
    assert [answer.json()["chunk_size"] for answer in near] == [4, 2, 1]


@BOTH
async def test_pages_follow_each_other(ann: Client, stream: str) -> None:
    for n in range(7):
        await ann.tell({"type": f"T{n % 2}", "created_at": ago(minutes=n)})
    whole = await read(ann, stream)

    for event_type in ("", "T0", "T1"):
        seen, place = [], 0
        while True:
            found = await answer(ann, stream, stream_position=place, limit=2, event_type=event_type)
            page = found.json()
            seen += page["entries"]
            place = page["next_stream_position"]
            if found.headers["Wakeful-Remaining"] == "0" and not page["entries"]:
                break
        wanted = [e for e in whole["entries"] if event_type in ("", e["event_type"])]
        assert seen == wanted


@BOTH
async def test_now_is_a_position_that_works(ann: Client, stream: str) -> None:
    empty = await read(ann, stream, stream_position="now")
    await ann.tell({"type": "A"})
    first = await read(ann, stream, stream_position=empty["next_stream_position"])
    now = await read(ann, stream, stream_position="now", limit=0)
    await ann.tell({"type": "B"})

    assert (types(empty), types(first), types(now)) == ([], ["A"], [])
    assert types(await read(ann, stream, stream_position=now["next_stream_position"])) == ["B"]
    assert (await read(ann, stream, stream_position=now["next_stream_position"], limit=0))[
        "next_stream_position"
    ] == now["next_stream_position"]


@BOTH
async def test_a_limit_is_clamped(ann: Client, stream: str) -> None:
    for start in range(0, 501, 100):
        await ann.tell(*({"type": "A"} for _ in range(min(100, 501 - start))))

    assert (await read(ann, stream, limit=1_000))["chunk_size"] == 500
    assert (await read(ann, stream))["chunk_size"] == 100


async def test_a_window_of_time(ann: Client) -> None:
    for minutes in (40, 30, 20, 10):
        await ann.tell({"type": f"M{minutes}", "created_at": ago(minutes=minutes)})

    after, before = ago(minutes=35), ago(minutes=15)
    page = await answer(ann, BY_TIME, created_after=after, created_before=before)

    assert types(page.json()) == ["M30", "M20"]
    assert parse(page.headers["Wakeful-Complete-Until"]) == parse(before) - 1
    event = page.json()["entries"][0]
    offset = event["created_at"].replace("+00:00", " 00:00")  # as a plus in a URL arrives
    assert types(await read(ann, BY_TIME, created_after=offset)) == ["M30", "M20", "M10"]
    on = page.json()["next_stream_position"]
    assert types(await read(ann, BY_TIME, created_after=after, stream_position=on)) == ["M10"]


@pytest.mark.parametrize("name", ["created_after", "created_before"])
@pytest.mark.parametrize("text", ["yesterday", "2026-11-21", "2026-11-21T00:00:00", "1", "0001"])
async def test_a_bad_time_is_refused(ann: Client, name: str, text: str) -> None:
    found = await ann.ask("GET", "/2.0/events", params={"stream_type": BY_TIME, name: text})

    assert found.status_code == 400
    check("ClientError", found.json())
    assert found.json()["context_info"]["errors"][0]["name"] == name


@pytest.mark.parametrize(
    "text",
    [
        "2023-07-10T00:00:00-08:00",
        "2023-07-10T08:00:00Z",
        "2023-07-10T08:00:00.840Z",
        "1970-01-01T00:00:00+00:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
async def test_the_forms_of_time_that_clients_send(ann: Client, text: str) -> None:
    await ann.tell({"type": "A"})

    shown = [] if text.startswith("9999") else ["A"]
    for stream in ("all", "sync", BY_ARRIVAL, BY_TIME):
        page = await read(ann, stream, created_after=text)
        assert types(page) == ([] if stream == "sync" else shown)


async def test_a_page_by_time_says_what_is_behind_it_and_until_when_it_is_complete(
    ann: Client,
) -> None:
    for minutes in (3, 2, 1):
        await ann.tell({"type": "A", "created_at": ago(minutes=minutes)})

    first = await answer(ann, BY_TIME, limit=2)
    rest = await answer(ann, BY_TIME, stream_position=first.json()["next_stream_position"])

    third = rest.json()["entries"][0]
    assert first.headers["Wakeful-Remaining"] == "1"
    until = parse(first.headers["Wakeful-Complete-Until"])
    assert until // 1000 in range(parse(third["created_at"]) // 1000 - 1, until // 1000 + 1)
    assert rest.headers["Wakeful-Remaining"] == "0"
    assert parse(rest.headers["Wakeful-Complete-Until"]) > until
    oldest = int(first.headers["Wakeful-Oldest-Position"])
    assert oldest < 2**40
    assert len(types(await read(ann, BY_TIME, stream_position=oldest))) == 3
    streaming = await answer(ann, BY_ARRIVAL, limit=2)
    assert streaming.headers["Wakeful-Remaining"] == "1"
    assert "Wakeful-Complete-Until" not in streaming.headers


@BOTH
async def test_p9_a_gap_is_said_and_served_from_the_oldest(
    world: World, ann: Client, stream: str
) -> None:
    await ann.tell(*({"type": f"T{n}"} for n in range(4)))
    first = await read(ann, stream, limit=1)
    assert await world.feed.trim(StreamKind.ENTERPRISE, 2**50, 2) == 2
    state = await world.feed.head(ann_enterprise(world))

    for asked in (first["next_stream_position"], position(state.epoch + 1, 1), 2**41 - 1):
        found = await answer(ann, stream, stream_position=asked)
        assert found.headers["Wakeful-Gap"] == "true"
        assert types(found.json()) == ["T2", "T3"]
        on = found.json()["next_stream_position"]
        assert "Wakeful-Gap" not in (await answer(ann, stream, stream_position=on)).headers


def ann_enterprise(world: World) -> int:
    assert world.ann.user is not None
    return world.ann.user.enterprise


# --- a position from a time ---


async def world_time(moment: datetime) -> None:
    """Wait until the clock shows *moment*."""
    while datetime.now(UTC) < moment:  # noqa: ASYNC110 - the clock has no event
        await asyncio.sleep(0)


@pytest.mark.parametrize("stream", ["all", "changes", BY_ARRIVAL])
async def test_a_reader_without_a_position_may_begin_at_a_time(ann: Client, stream: str) -> None:
    await ann.publish({"kind": "create_folder", "path": "/a"})
    before = (await read(ann, stream))["entries"][-1]
    # What is recorded within one second is not told apart by the time that events show.
    since = datetime.now(UTC) + timedelta(milliseconds=2)
    await world_time(since)
    await ann.publish({"kind": "create_folder", "path": "/b"})

    page = await read(ann, stream, created_after=since.isoformat())
    nothing = await read(ann, stream, created_after=since.isoformat(), limit=0)
    with_position = await read(ann, stream, created_after=ago(days=1), stream_position="now")

    assert [event["event_id"] != before["event_id"] for event in page["entries"]] == [True]
    assert types(nothing) == types(with_position) == []
    on = nothing["next_stream_position"]
    assert (await read(ann, stream, stream_position=on))["entries"] == page["entries"]
    for zero in ("0", "null", ""):
        again = await read(ann, stream, created_after=since.isoformat(), stream_position=zero)
        assert again["entries"] == page["entries"]


async def test_a_bad_time_is_refused_where_it_would_count(ann: Client) -> None:
    for params in ({}, {"stream_position": "0"}):
        found = await ann.ask("GET", "/2.0/events", params=params | {"created_after": "x"})
        assert found.status_code == 400
    page = await ann.get("/2.0/events", stream_position="now", created_after="x")
    check_page(page)


# --- who may ---


@BOTH
async def test_p7_only_admins_with_the_scope_read_and_follow_the_enterprise(
    world: World, stream: str
) -> None:
    ann = world.ann.user
    assert ann is not None
    await world.ann.tell({"type": "LOGIN"})
    others = tuple(scope for scope in ALL_SCOPES if scope != ENTERPRISE_SCOPE)
    without = await world.client(await world.token(ann, others), ann)
    only = await world.client(await world.token(ann, (ENTERPRISE_SCOPE,)), ann)
    as_bob = {"As-User": str(world.bob.id)}
    as_ann = {"As-User": str(world.ann.id)}

    for method in ("GET", "OPTIONS"):
        for client, headers, status in (
            (world.nobody, {}, 401),
            (world.bob, {}, 403),
            (without, {}, 403),
            (world.ann, as_bob, 403),
            (world.bob, as_ann, 403),
            (only, {}, 200),
            (world.ann, {}, 200),
            (world.ann, as_ann, 200),
            (world.eve, {}, 200),
        ):
            found = await client.ask(
                method, "/2.0/events", params={"stream_type": stream}, headers=headers
            )
            assert found.status_code == status
            if status == 403:
                assert found.json()["type"] == "error"
                assert found.json()["code"] == "access_denied_insufficient_permissions"
            elif status == 200 and method == "GET":
                assert types(found.json()) == ([] if client is world.eve else ["LOGIN"])


@BOTH
async def test_options_names_a_channel_of_the_enterprise(
    world: World, ann: Client, stream: str
) -> None:
    await ann.tell({"type": "LOGIN"})

    found = await ann.ask(
        "OPTIONS",
        "/2.0/events",
        params={"stream_type": stream, "event_type": "UPLOAD,LOGIN,Ä B&"},
    )

    check("RealtimeServers", found.json())
    url = urlsplit(found.json()["entries"][0]["url"])
    asked = parse_qs(url.query)
    assert (asked["stream_type"], asked["event_type"]) == ([stream], ["LOGIN,UPLOAD,Ä B&"])
    channel = world.access.open_channel(asked["channel"][0])
    assert (channel.stream, channel.is_enterprise) == (ann_enterprise(world), True)
    assert channel.position == position(1, 1)
    bare = await ann.ask("OPTIONS", "/2.0/events", params={"stream_type": stream})
    assert "event_type" not in bare.json()["entries"][0]["url"]


async def test_options_without_a_type_names_the_enterprise_too_for_those_who_may_read_it(
    world: World, ann: Client
) -> None:
    async def asked(client: Client, **params: str) -> dict[str, list[str]]:
        found = await client.ask("OPTIONS", "/2.0/events", params=params)
        return parse_qs(urlsplit(found.json()["entries"][0]["url"]).query)

    admins = await asked(ann)

    assert world.access.open_channel(admins["channel"][0]).stream == ann.id
    assert world.access.open_channel(admins["enterprise"][0]).stream == ann_enterprise(world)
    assert "enterprise" not in await asked(ann, stream_type="all")
    assert "enterprise" not in await asked(world.bob)


@BOTH
async def test_a_page_gives_positions_that_say_which_stream_they_are_of(
    ann: Client, stream: str
) -> None:
    await ann.tell({"type": "LOGIN"})
    own = await read(ann, "all", stream_position="0")

    page = await answer(ann, stream, stream_position="0")

    place = page.json()["next_stream_position"]
    assert stream_of(place) == stream_of(int(page.headers["Wakeful-Oldest-Position"])) == stream
    assert stream_of(own["next_stream_position"]) is None
    # A user's stream takes it for what it is: not one of its own.
    assert "Wakeful-Gap" in (await answer(ann, "all", stream_position=place)).headers


@BOTH
async def test_p9_a_position_of_another_stream_is_a_gap(ann: Client, stream: str) -> None:
    """The same number stands for other events there: nobody would hear of those passed by."""
    await ann.tell({"type": "LOGIN"}, {"type": "LOCK"})
    other = BY_TIME if stream == BY_ARRIVAL else BY_ARRIVAL

    for place in (
        (await read(ann, "all", limit=1))["next_stream_position"],
        (await read(ann, other, limit=1))["next_stream_position"],
    ):
        page = await answer(ann, stream, stream_position=place)
        assert types(page.json()) == ["LOGIN", "LOCK"]
        assert page.headers["Wakeful-Gap"] == "true"
        on = page.json()["next_stream_position"]
        assert "Wakeful-Gap" not in (await answer(ann, stream, stream_position=on)).headers


async def test_who_publishes_is_told_where_it_stands_in_the_enterprises_stream(
    ann: Client,
) -> None:
    told = (await ann.tell({"type": "LOGIN"}, {"type": "LOCK"}))["events"]

    page = await answer(ann, BY_ARRIVAL, stream_position=told[0]["enterprise_position"])

    assert types(page.json()) == ["LOCK"]
    assert page.json()["next_stream_position"] == told[1]["enterprise_position"]
    assert "Wakeful-Gap" not in page.headers


# --- late and concurrent ---


async def test_eight_publishers_of_late_and_future_events_and_two_readers(world: World) -> None:
    """The streaming reader is given every event once; the other, once and in order, every event
    that was acknowledged before it went by its time; what it is told of completeness is true."""
    told: dict[str, int] = {}  # by id, when it counts at the latest
    over = asyncio.Event()

    async def publish(publisher: int) -> None:
        chance = random.Random(publisher)
        for turn in range(12):
            shift = chance.choice((0, chance.randrange(3_600), -chance.randrange(3_600)))
            event = {
                "type": f"P{publisher}",
                "session": str(turn),
                "created_at": ago(seconds=shift),
            }
            found = await world.ann.tell(event)
            told[found["events"][0]["id"]] = shift

    async def stream() -> list[str]:
        chance, place, seen = random.Random(1), 0, []
        while True:
            last_look = over.is_set()
            limit = chance.randrange(1, 9)
            page = await read(world.ann, BY_ARRIVAL, stream_position=place, limit=limit)
            seen += [event["event_id"] for event in page["entries"]]
            place = page["next_stream_position"]
            if last_look and not page["entries"]:
                return seen
            await asyncio.sleep(0)

    async def line() -> list[tuple[set[str], list[str], int, bool]]:
        chance, place, pages = random.Random(2), 0, []
        while True:
            last_look, known = over.is_set(), set(told)
            limit = chance.randrange(1, 9)
            found = await answer(world.ann, BY_TIME, stream_position=place, limit=limit)
            place = found.json()["next_stream_position"]
            ids = [event["event_id"] for event in found.json()["entries"]]
            is_over = found.headers["Wakeful-Remaining"] == "0"
            until = parse(found.headers["Wakeful-Complete-Until"])
            pages.append((known, ids, until, is_over))
            if last_look and is_over:
                return pages
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as readers:
        streaming, lining = readers.create_task(stream()), readers.create_task(line())
        await asyncio.gather(*(publish(publisher) for publisher in range(8)))
        over.set()
    seen, pages = streaming.result(), lining.result()

    whole = (await read(world.ann, BY_TIME, limit=500))["entries"]
    order = {event["event_id"]: index for index, event in enumerate(whole)}
    seconds = {event["event_id"]: parse(event["created_at"]) for event in whole}
    assert len(order) == 96
    assert sorted(seen) == sorted(order)
    passed = -1
    for known, ids, until, is_over in pages:
        places = [order[id] for id in ids]
        assert places == sorted(places)
        assert not places or places[0] > passed
        end = places[-1] if places else passed
        for id in known:
            # The event's second is all that is shown; in the future it counts when it came.
            surely = told[id] > 0 and seconds[id] + 999 <= until
            if order[id] > passed and (order[id] <= end or surely or is_over):
                assert id in ids
        passed = end
