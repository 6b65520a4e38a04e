"""Polls of an enterprise's channel: woken by what their filter shows, and by nothing else."""

from __future__ import annotations

import pytest

from tests.integration.front.site import Site, serving, until
from wakeful.access import Concerned
from wakeful.core import accounts
from wakeful.core.changes import Tell
from wakeful.core.events import ONLY_ALL, StreamClass
from wakeful.core.people import User
from wakeful.core.positions import position
from wakeful.core.scopes import ENTERPRISE_SCOPE
from wakeful.dialects.box.marks import marked
from wakeful.dialects.box.parameters import EnterpriseStream

MINUTE = 60_000


class Enterprise:
    """The channels of an admin, and things told to the enterprise."""

    def __init__(self, site: Site) -> None:
        self.site = site
        world = site.world
        self.id = world.enterprise
        self.admin: User = world.commit(accounts.create_user(self.id, "root", is_admin=True))
        self.grant = self.grant_for(self.admin, ENTERPRISE_SCOPE)

    def grant_for(self, user: User, *scopes: str) -> int:
        return self.site.world.commit(accounts.create_grant(user.id, "app", scopes)).id

    async def tell(self, type: str, at: int | None = None) -> None:
        tell = Tell(type=type, classes=ONLY_ALL, at=at)
        await self.site.feed.publish(self.site.world.ann.id, (tell,))

    async def head(self) -> int:
        state = await self.site.feed.head(self.id)
        return position(state.epoch, state.last)

    async def channel(self, grant: int = 0) -> str:
        return self.site.access.channel(
            self.id, grant or self.grant, StreamClass.ALL, await self.head(), is_enterprise=True
        )

    async def poll(
        self, at: int | str | None = "now", more: str = "", channel: str = "", grant: int = 0
    ) -> bytes:
        query = f"channel={channel or await self.channel(grant)}{more}"
        if at is not None:
            query += f"&stream_position={at}"
        return f"GET /subscribe?{query} HTTP/1.1\r\nHost: here\r\n\r\n".encode()


@pytest.fixture
def enterprise(site: Site) -> Enterprise:
    return Enterprise(site)


STREAMING = "&stream_type=admin_logs_streaming"
BY_TIME = "&stream_type=admin_logs"


def place(number: int, more: str) -> int:
    """A position of the stream that *more* names."""
    by_time = BY_TIME in more and STREAMING not in more
    stream = EnterpriseStream.BY_TIME if by_time else EnterpriseStream.BY_ARRIVAL
    return marked(position(1, number), stream)


@pytest.mark.parametrize("stream", [STREAMING, BY_TIME])
async def test_a_poll_is_woken_by_whatever_comes(
    site: Site, enterprise: Enterprise, stream: str
) -> None:
    await enterprise.tell("LOGIN")
    async with site.parked_client(await enterprise.poll("now", stream)) as wire:
        await enterprise.tell("UPLOAD")

        assert (await wire.reply()).message == "new_change"
    await site.nothing_is_left()


@pytest.mark.parametrize("stream", [STREAMING, BY_TIME])
@pytest.mark.parametrize("encoded", [",", "%2C"])
async def test_a_filtered_poll_is_woken_by_what_it_names_only(
    site: Site, enterprise: Enterprise, stream: str, encoded: str
) -> None:
    await enterprise.tell("UPLOAD")
    poll = await enterprise.poll(place(1, stream), f"{stream}&event_type=LOGIN{encoded}LOCK")
    async with site.parked_client(poll) as wire:
        await enterprise.tell("UPLOAD")
        await enterprise.tell("UNLOCK")
        assert await wire.is_silent()

        await enterprise.tell("LOCK")
        assert (await wire.reply()).message == "new_change"
    await site.nothing_is_left()


async def test_a_filter_has_the_names_of_the_enterprises_stream(
    site: Site, enterprise: Enterprise
) -> None:
    poll = await enterprise.poll("now", f"{STREAMING}&event_type=UPLOAD")
    async with site.parked_client(poll) as wire:
        world = site.world
        world.folder("x")  # ITEM_CREATE in its user's stream

        assert (await wire.reply()).message == "new_change"


async def test_a_reader_who_is_behind_is_answered_at_once(
    site: Site, enterprise: Enterprise
) -> None:
    await enterprise.tell("LOGIN")
    await enterprise.tell("UPLOAD")
    async with site.client() as wire:
        for more in (STREAMING, BY_TIME, f"{STREAMING}&event_type=UPLOAD", "&event_type=UPLOAD"):
            reply = await wire.ask(await enterprise.poll(place(1, more), more))
            assert reply.message == "new_change"
    async with site.parked_client(
        await enterprise.poll(place(1, STREAMING), f"{STREAMING}&event_type=LOGIN")
    ):
        pass
    await site.nothing_is_left()


@pytest.mark.parametrize("more", [STREAMING, BY_TIME, f"{STREAMING}&event_type=LOGIN"])
async def test_p9_a_position_of_another_stream_is_answered_by_a_look_at_what_is_kept(
    site: Site, enterprise: Enterprise, more: str
) -> None:
    await enterprise.tell("LOGIN")
    async with site.client() as wire:
        reply = await wire.ask(await enterprise.poll(position(1, 1), more))

        assert reply.message == "new_change"


async def test_a_poll_by_time_is_not_woken_by_what_is_dated_before_its_place(
    site: Site, enterprise: Enterprise
) -> None:
    now = site.world.clock()
    await enterprise.tell("LOGIN", now)
    async with site.parked_client(await enterprise.poll(place(1, BY_TIME), BY_TIME)) as wire:
        await enterprise.tell("LOGIN", now - MINUTE)
        assert await wire.is_silent()

        await enterprise.tell("LOGIN")
        assert (await wire.reply()).message == "new_change"


@pytest.mark.parametrize("more", [STREAMING, BY_TIME, f"{BY_TIME}&event_type=LOGIN"])
async def test_a_poll_without_a_position_is_told_once_of_what_came_before_it(
    site: Site, enterprise: Enterprise, more: str
) -> None:
    now = site.world.clock()
    channel = await enterprise.channel()
    await enterprise.tell("LOGIN", now - MINUTE)
    async with site.client() as wire:
        poll = await enterprise.poll(None, more, channel)
        assert (await wire.ask(poll)).message == "new_change"

        wire.send(poll)
        await until(lambda: site.parked == 1)
        assert await wire.is_silent()
        await enterprise.tell("LOGIN", now - 2 * MINUTE)
        assert (await wire.reply()).message == "new_change"


async def test_the_hold_of_a_filtered_poll_ends_as_any_does() -> None:
    async with serving(hold=0.05) as site:
        enterprise = Enterprise(site)
        more = f"{STREAMING}&event_type=LOGIN"
        async with site.client() as wire:
            positioned = await wire.ask(await enterprise.poll("now", more))
            bare = await wire.ask(await enterprise.poll(None, more))

        assert (positioned.message, bare.message) == ("reconnect", "new_change")
        await site.nothing_is_left()


async def test_too_long_a_filter_is_refused(site: Site, enterprise: Enterprise) -> None:
    async with site.client() as wire:
        names = ",".join(f"A{number}" for number in range(1_200))
        poll = await enterprise.poll("now", f"{STREAMING}&event_type={names}")
        reply = await wire.ask(poll)

    assert (reply.status, reply.json["code"]) == (400, "bad_request")


async def test_a_users_channel_takes_no_notice_of_a_filter(site: Site) -> None:
    channel = await site.channel()
    query = f"channel={channel}{BY_TIME}&event_type=LOGIN&stream_position=now"
    request = f"GET /subscribe?{query} HTTP/1.1\r\nHost: here\r\n\r\n".encode()
    async with site.parked_client(request) as wire:
        await site.change()

        assert (await wire.reply()).message == "new_change"


# --- who may ---


async def test_p7_only_an_admin_with_the_scope_follows_the_enterprise(
    site: Site, enterprise: Enterprise
) -> None:
    ann = site.world.ann
    grants = (
        enterprise.grant_for(ann, ENTERPRISE_SCOPE),
        enterprise.grant_for(enterprise.admin, "root_readwrite"),
    )
    async with site.client() as wire:
        for grant in grants:
            for more in (STREAMING, f"{BY_TIME}&event_type=LOGIN"):
                reply = await wire.ask(await enterprise.poll("now", more, grant=grant))
                assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("more", [STREAMING, f"{STREAMING}&event_type=LOGIN", BY_TIME])
async def test_p7_who_is_an_admin_no_longer_is_told_nothing_more(
    site: Site, enterprise: Enterprise, more: str
) -> None:
    poll = await enterprise.poll("now", more)
    async with site.parked_client(poll) as wire:
        demoted = accounts.update_user(enterprise.admin.id, is_admin=False)
        await site.access.changing(demoted, Concerned(user=enterprise.admin.id))
        reply = await wire.reply()
        again = await wire.ask(poll)

    assert (reply.status, again.status) == (401, 401)
    await enterprise.tell("LOGIN")
    await site.nothing_is_left()


async def test_a_filtered_poll_is_judged_anew_and_goes_on(
    site: Site, enterprise: Enterprise
) -> None:
    """Its grant was forgotten, and turns out to be worth what it was."""
    poll = await enterprise.poll("now", f"{STREAMING}&event_type=LOGIN")
    async with site.parked_client(poll) as wire:
        site.access._grants.clear()
        site.realtime._withdrawn()
        await enterprise.tell("UPLOAD")
        assert await wire.is_silent()
        await enterprise.tell("LOGIN")

        assert (await wire.reply()).message == "new_change"
    await site.nothing_is_left()


# --- a channel of the admin that has one of the enterprise beside it ---


def both(enterprise: Enterprise, of_enterprise: str) -> tuple[str, str]:
    """A channel of the admin's own stream, and the rest of the URL."""
    own = enterprise.site.access.channel(
        enterprise.admin.id, enterprise.grant, StreamClass.ALL, position(1, 0)
    )
    return own, f"&stream_type=all&enterprise={of_enterprise}"


@pytest.mark.parametrize("stream", EnterpriseStream)
async def test_a_position_of_the_enterprise_is_waited_for_on_its_channel(
    site: Site, enterprise: Enterprise, stream: EnterpriseStream
) -> None:
    await enterprise.tell("LOGIN")
    channel, more = both(enterprise, await enterprise.channel())
    at = marked(await enterprise.head(), stream)
    async with site.parked_client(await enterprise.poll(at, more, channel)) as wire:
        await enterprise.tell("UPLOAD")

        assert (await wire.reply()).message == "new_change"
    await site.nothing_is_left()


async def test_any_other_position_is_waited_for_on_the_admins_own(
    site: Site, enterprise: Enterprise
) -> None:
    channel, more = both(enterprise, await enterprise.channel())
    async with site.parked_client(await enterprise.poll(position(1, 0), more, channel)) as wire:
        await enterprise.tell("LOGIN")

        assert await wire.is_silent()
    await site.nothing_is_left()


async def test_a_channel_beside_that_is_not_ours_is_not_found(
    site: Site, enterprise: Enterprise
) -> None:
    channel, more = both(enterprise, "forged")
    at = marked(position(1, 0), EnterpriseStream.BY_ARRIVAL)
    async with site.client() as wire:
        assert (await wire.ask(await enterprise.poll(at, more, channel))).status == 404
