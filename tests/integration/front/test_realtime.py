"""What a Box realtime poll is answered, on the wire."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from tests.integration.front.site import Noted, Site, Tally, fails_first, serving, until
from wakeful.access import ALL_SCOPES, Concerned
from wakeful.core import accounts
from wakeful.core.events import EVERY_CLASS, StreamClass
from wakeful.core.positions import position
from wakeful.http.box import realtime
from wakeful.http.front.connection import BLANK
from wakeful.http.front.poll import Ended


async def test_a_reader_who_is_behind_is_answered_at_once(site: Site) -> None:
    """box.md 3.2: the generated SDKs fetch one page for each new_change."""
    before = await site.head()
    await site.change()
    async with site.client() as wire:
        assert (await wire.ask(await site.poll(at=before))).message == "new_change"


async def test_a_reader_who_has_read_everything_waits(site: Site) -> None:
    await site.change()
    async with site.parked_client(await site.poll(at=await site.head())) as wire:
        assert await wire.is_silent()
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_an_event_that_the_class_does_not_show_wakes_nobody(site: Site) -> None:
    channel = await site.channel(StreamClass.CHANGES)
    poll = await site.poll(at=await site.head(), channel=channel)
    async with site.parked_client(poll) as wire:
        await site.change()
        assert await wire.is_silent()
        await site.change(classes=EVERY_CLASS)
        assert (await wire.reply()).message == "new_change"


async def test_the_channel_decides_the_class_and_not_the_url(site: Site) -> None:
    channel = await site.channel(StreamClass.CHANGES)
    poll = (await site.poll(at=await site.head(), channel=channel)).replace(b"=all", b"=sync")
    async with site.parked_client(poll) as wire:
        await site.change()
        assert await wire.is_silent()


@pytest.mark.parametrize("at", ["0", "", "null"])
async def test_who_asks_for_the_start_is_answered_if_there_is_anything(site: Site, at: str) -> None:
    await site.change()
    async with site.client() as wire:
        assert (await wire.ask(await site.poll(at=at))).message == "new_change"


@pytest.mark.parametrize("form", ["{0}.0", "{0:e}", "{0:.16e}", "%3{1}", "+{0}"])
async def test_every_form_of_a_position_is_understood(site: Site, form: str) -> None:
    await site.change()
    head = await site.head()
    at = form.format(head, str(head))
    poll = await site.poll(at=at)
    if form == "{0:e}":  # rounded: it is another position, but a position
        async with site.client() as wire:
            wire.send(poll)
            await until(lambda: site.parked == 1 or bool(site.tally.ends))
            assert Ended.REFUSED not in site.tally.ends
        return
    async with site.parked_client(poll) as wire:
        assert await wire.is_silent()


@pytest.mark.parametrize("at", ["x", "-1", "1;2", "%00", "nan", "1e999"])
async def test_what_is_no_position_is_a_bad_request(site: Site, at: str) -> None:
    async with site.client() as wire:
        reply = await wire.ask(await site.poll(at=at))
        assert reply.status == 400
        assert reply.json["code"] == "bad_request"
        assert reply.json["message"] == "Invalid stream position"
        wire.send(await site.poll())
        await until(lambda: site.parked == 1)


async def test_the_last_of_several_positions_counts(site: Site) -> None:
    """SDKs append theirs to whatever URL they were given."""
    before = await site.head()
    await site.change()
    behind = await site.poll(at=f"now&stream_position={before}")
    ahead = await site.poll(at=f"{before}&stream_position=now")
    async with site.client() as wire:
        assert (await wire.ask(behind)).message == "new_change"
        wire.send(ahead)
        await until(lambda: site.parked == 1)
        assert await wire.is_silent()


@pytest.mark.parametrize("of", [0, 8191])
async def test_a_position_of_another_epoch_is_answered_with_what_there_is(
    site: Site, of: int
) -> None:
    await site.change()
    async with site.client() as wire:
        assert (await wire.ask(await site.poll(at=position(of, 1)))).message == "new_change"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "channel=",
        "channel=forged",
        "channel=%FF",
        "channel=forged&stream_position=x",
        "stream_type=all",
        "&&=&",
    ],
)
async def test_a_channel_that_is_not_ours_is_not_found(site: Site, query: str) -> None:
    async with site.client() as wire:
        reply = await wire.ask(f"GET /subscribe?{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert reply.status == 404
        assert reply.json["code"] == "not_found"


async def test_a_channel_with_one_letter_changed_is_not_found(site: Site) -> None:
    channel = await site.channel()
    async with site.client() as wire:
        for at in (0, 20, len(channel) - 1):
            letter = "A" if channel[at] != "A" else "B"
            forged = channel[:at] + letter + channel[at + 1 :]
            assert (await wire.ask(await site.poll(channel=forged))).status == 404


async def test_a_revoked_grant_is_401_with_an_empty_body(site: Site) -> None:
    channel = await site.channel()
    await site.access.revoke_grant(site.grant)
    async with site.client() as wire:
        reply = await wire.ask(await site.poll(channel=channel))
        assert reply.status == 401
        assert reply.body == b""
        assert "content-type" not in reply.headers
        assert reply.headers["www-authenticate"].startswith("Bearer")


async def test_a_grant_that_is_not_cached_is_looked_up(site: Site) -> None:
    channel = await site.channel(grant=site.grant_for(site.world.ann))
    async with site.parked_client(await site.poll(channel=channel)) as wire:
        await until(lambda: site.feed.waiting == 1)
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_a_grant_that_was_revoked_before_the_start_is_401(site: Site) -> None:
    grant = site.grant_for(site.world.ann)
    channel = await site.channel(grant=grant)
    await site.access.revoke_grant(grant)
    site.access._grants.clear()  # as after a restart
    async with site.client() as wire:
        reply = await wire.ask(await site.poll(channel=channel))
        assert (reply.status, reply.body) == (401, b"")
    assert site.tally.ends == [Ended.REFUSED]


async def test_revoking_a_grant_ends_its_polls_at_once_and_no_others(site: Site) -> None:
    other = await site.channel(grant=site.grant_for(site.world.ann))
    async with (
        site.parked_client() as first,
        site.parked_client(await site.poll(channel=other)) as second,
    ):
        await site.access.revoke_grant(site.grant)
        reply = await first.reply()
        assert (reply.status, reply.body) == (401, b"")
        assert site.parked == 1
        await until(lambda: site.feed.waiting == 1)
        await site.change()
        assert (await second.reply()).message == "new_change"
    assert site.tally.ends == [Ended.REVOKED, Ended.NEW_CHANGE]


async def test_p7_a_poll_that_fails_keeps_no_other_from_ending_with_its_grant(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = site.grant_for(site.world.ann)
    polls = [await site.poll(channel=await site.channel(grant=cold)) for _ in range(2)]
    async with AsyncExitStack() as stack:
        for request in (await site.poll(), *polls, await site.poll()):
            await stack.enter_async_context(site.parked_client(request))
        failed = fails_first(monkeypatch, Tally, "ended")
        await site.access.revoke_grant(site.grant)
        assert site.tally.ends == [Ended.REVOKED]

        failed.clear()
        site.access._grants.clear()  # as when the cache was full: judged when it is known again
        await site.access.revoke_grant(cold)
        await until(lambda: not site.parked)
        assert site.tally.ends == [Ended.REVOKED, Ended.REFUSED]


async def test_who_is_disabled_is_told_no_more(site: Site) -> None:
    user = site.world.ann.id
    async with site.parked_client() as wire:
        await site.access.changing(
            accounts.update_user(user, is_disabled=True), Concerned(user=user)
        )
        assert (await wire.reply()).status == 401
        assert (await wire.ask(await site.poll())).status == 401


async def test_who_is_admin_no_more_waits_no_more_for_others(site: Site) -> None:
    boss = site.world.commit(accounts.create_user(site.world.enterprise, "boss", is_admin=True))
    grant = site.world.commit(accounts.create_grant(boss.id, "app", ALL_SCOPES)).id
    await site.access.load_grant(grant)
    async with (
        site.parked_client(await site.poll(channel=await site.channel(grant=grant))) as others,
        site.parked_client() as own,
    ):
        await site.access.changing(
            accounts.update_user(boss.id, is_admin=False), Concerned(user=boss.id)
        )
        assert (await others.reply()).status == 401
        await site.change()
        assert (await own.reply()).message == "new_change"


async def test_a_poll_whose_grant_is_not_known_any_more_is_judged_anew(site: Site) -> None:
    other = site.grant_for(site.world.bob)
    async with site.parked_client() as wire:
        site.access._grants.clear()  # as when the cache was full
        await site.access.revoke_grant(other)
        await until(lambda: site.access.may_follow(site.grant, site.world.ann.id) is True)
        await until(lambda: site.feed.waiting == 1)
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_nobody_is_woken_by_what_came_after_the_revocation(site: Site) -> None:
    async with site.parked_client() as wire:
        await site.access.revoke_grant(site.grant)
        await site.change()
        assert (await wire.reply()).status == 401
    assert site.tally.ends == [Ended.REVOKED]


async def test_when_nothing_happens_the_hold_ends_with_reconnect() -> None:
    async with serving(hold=50) as site, site.client() as wire:
        for _ in range(2):
            wire.send(await site.poll())
            await until(lambda: site.parked == 1)
            site.pass_time(60)
            assert (await wire.reply()).body == b'{"version":1,"message":"reconnect"}'
        assert site.tally.ends == [Ended.RECONNECT] * 2
        await site.change()
        wire.send(await site.poll())
        await until(lambda: site.parked == 1)
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_a_poll_without_a_position_waits_for_what_comes_after_its_channel(
    site: Site,
) -> None:
    """As the .NET SDK polls (box.md 3.2)."""
    channel = await site.channel()
    async with site.parked_client(await site.poll(at=None, channel=channel)) as wire:
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_a_poll_without_a_position_is_told_what_came_before_it(site: Site) -> None:
    channel = await site.channel()
    await site.change()
    async with site.client() as wire:
        assert (await wire.ask(await site.poll(at=None, channel=channel))).message == "new_change"


async def test_what_was_announced_on_a_channel_is_not_announced_again(site: Site) -> None:
    """Or a reader that never names a position would be answered at once for ever."""
    channel = await site.channel()
    poll = await site.poll(at=None, channel=channel)
    await site.change()
    async with site.client() as wire:
        assert (await wire.ask(poll)).message == "new_change"
        wire.send(poll)
        await until(lambda: site.parked == 1)
        assert await wire.is_silent(0.3)  # longer than the brake would hold it
        await site.change()
        assert (await wire.reply()).message == "new_change"


async def test_the_hold_of_a_poll_without_a_position_ends_with_new_change() -> None:
    """The answer before may have been lost on its way."""
    async with serving(hold=50) as site, site.client() as wire:
        poll = await site.poll(at=None, channel=await site.channel())
        for _ in range(2):
            wire.send(poll)
            await until(lambda: site.parked == 1)
            site.pass_time(60)
            assert (await wire.reply()).message == "new_change"
        assert site.tally.ends == [Ended.NEW_CHANGE] * 2


async def test_a_long_hold_is_kept_alive_by_blanks() -> None:
    """box.md 3.4: JSON may have blanks in front."""
    async with serving(hold=200) as site, site.client() as wire:
        wire.send(await site.poll())
        await until(lambda: site.parked == 1)
        site.pass_time(56)
        assert b"\r\ntransfer-encoding: chunked\r\n" in await wire.until(BLANK)
        for _ in range(3):
            site.pass_time(16)
            assert await wire.until(BLANK) == BLANK
        site.pass_time(200)
        assert b'"reconnect"' in await wire.until(b"0\r\n\r\n")

        wire.send(await site.poll())
        await until(lambda: site.parked == 1)
        site.pass_time(56)
        await wire.until(BLANK)
        await site.change()
        assert await wire.until(b"0\r\n\r\n") == (
            b'28\r\n{"message":"new_change","source":"uesi"}\r\n0\r\n\r\n'
        )

        wire.send(await site.poll())
        await until(lambda: site.parked == 1)
        await site.change()
        assert (await wire.reply()).headers["content-length"] == "40"  # nothing had been sent

        wire.send((await site.poll()).replace(b"HTTP/1.1", b"HTTP/1.0"))
        await until(lambda: site.parked == 1)
        site.pass_time(60)
        reply = await wire.reply()
        assert reply.message == "reconnect"
        assert "transfer-encoding" not in reply.headers
    await site.nothing_is_left()


@pytest.mark.parametrize("how", ["drain", "revoke"])
async def test_a_poll_whose_answer_has_begun_ends_with_a_message(
    monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(realtime, "LONGEST_SILENCE", 0.2)
    monkeypatch.setattr(realtime, "LONGEST_WITH_JITTER", 0.2)
    monkeypatch.setattr(realtime, "BEAT_SECONDS", 0.1)
    async with serving(hold=30) as site, site.client() as wire:
        wire.send(await site.poll())
        await wire.until(b"1\r\n \r\n")
        if how == "drain":
            await site.front.drain(0)
        else:
            await site.access.revoke_grant(site.grant)
        assert b'"reconnect"' in await wire.until(b"0\r\n\r\n")
        assert site.tally.ends == [Ended.DRAIN if how == "drain" else Ended.REVOKED]
        if how == "drain":
            assert await wire.rest() == b""


@pytest.fixture
def brake(site: Site, monkeypatch: pytest.MonkeyPatch) -> Noted:
    monkeypatch.setattr(realtime, "_HOT_SECONDS", 600)  # however late it is woken
    site.realtime.brake = brake = Noted()
    return brake


async def test_a_reader_who_does_not_get_on_is_slowed_by_at_most_a_second(
    site: Site, brake: Noted
) -> None:
    before = await site.head()
    await site.change()
    poll = await site.poll(at=before, channel=await site.channel())
    async with site.client() as wire:
        times = []
        for _ in range(7):
            began = site.running.get_loop().time()
            assert (await wire.ask(poll)).message == "new_change"
            times.append(site.running.get_loop().time() - began)
    by_channel, by_connection = brake.pauses[::2], brake.pauses[1::2]
    assert by_channel == by_connection == [0.0, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]
    assert all(took >= pause for took, pause in zip(times, by_channel, strict=True))


async def test_a_reader_who_asks_for_a_new_channel_each_time_is_slowed_too(
    site: Site, brake: Noted
) -> None:
    before = await site.head()
    await site.change()
    async with site.client() as wire:
        assert (await wire.ask(await site.poll(at=before))).message == "new_change"
        assert (await wire.ask(await site.poll(at=before))).message == "new_change"
    assert brake.pauses == [0.0, 0.0, 0.0, 0.1]


async def test_a_reader_who_gets_on_is_never_slowed(site: Site, brake: Noted) -> None:
    channel = await site.channel()
    at = await site.head()
    for _ in range(30):
        await site.change()
    async with site.client() as wire:
        for read in range(30):
            reply = await wire.ask(await site.poll(at=at + read, channel=channel))
            assert reply.message == "new_change"
    assert set(brake.pauses) == {0.0}
    assert len(site.tally.latencies) == 30


async def test_two_readers_of_one_grant_do_not_slow_each_other(site: Site, brake: Noted) -> None:
    before = await site.head()
    await site.change()
    for _ in range(10):
        async with site.client() as wire:
            assert (await wire.ask(await site.poll(at=before))).message == "new_change"
    assert set(brake.pauses) == {0.0}


async def test_a_slowed_poll_whose_client_goes_leaves_nothing_behind(site: Site) -> None:
    site.realtime.brake = Noted(least=600)
    before = await site.head()
    await site.change()
    async with site.client() as wire:
        wire.send(await site.poll(at=before))
        await until(lambda: site.parked == 1)
        wire.abort()
        await site.nothing_is_left()
    assert site.tally.ends == [Ended.GONE]


async def test_the_latency_of_a_wake_is_told(site: Site) -> None:
    async with site.parked_client() as wire:
        await site.change()
        await wire.reply()
    (latency,) = site.tally.latencies
    assert latency >= 0
