"""The functions of the Dropbox dialect about who asks."""

from __future__ import annotations

from wakeful.access import Identity
from wakeful.core.lookups.trees import SpaceOf
from wakeful.core.people import User
from wakeful.core.quotas import usage
from wakeful.dialects.dropbox.errors import root_info
from wakeful.dialects.dropbox.names import account_id
from wakeful.dialects.dropbox.shapes import Account, Allocation, Echo, Name, Query, SpaceUsage
from wakeful.http.services import Services


class Users:
    """Each method is a function of the API."""

    def __init__(self, services: Services) -> None:
        self._store = services.feed.store
        self._access = services.access
        self._public_url = services.public_url
        self._quota = services.quota
        self._watched = services.watched

    async def current_account(self, user: User, identity: Identity, _: None) -> Account:
        given, _sep, surname = user.name.partition(" ")
        initials = "".join(word[0] for word in user.name.split())
        return Account(
            account_id=account_id(user.id),
            name=Name(given, surname, given, user.name, initials),
            email=user.login,
            email_verified=True,
            disabled=False,
            locale="en",
            referral_link=self._public_url or "",
            is_paired=False,
            account_type={".tag": "basic"},
            root_info=root_info(user.home),
        )

    async def space_usage(self, user: User, identity: Identity, _: None) -> SpaceUsage:
        spaces = await self._store.ask(SpaceOf((user.id,)))
        used, allowed = usage(user, spaces, self._quota, self._watched)
        return SpaceUsage(used, Allocation(allowed))

    async def revoke(self, user: User, identity: Identity, _: None) -> None:
        await self._access.revoke_token(identity.token)

    async def check(self, user: User, identity: Identity, asked: Query) -> Echo:
        return Echo(asked.query)
