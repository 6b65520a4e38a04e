"""Channels of those who ask for one, and the answer that has them."""

from __future__ import annotations

from wakeful.access import Identity
from wakeful.core.events import StreamClass
from wakeful.core.positions import StreamState, position
from wakeful.core.scopes import ENTERPRISE_SCOPE
from wakeful.http.services import Services


def may_read_enterprise(identity: Identity) -> bool:
    """Whether *identity* may read the events of the enterprise."""
    return identity.is_admin and ENTERPRISE_SCOPE in identity.scopes


def user_channel(
    services: Services, identity: Identity, cls: StreamClass, head: StreamState
) -> str:
    """A channel of the user's stream, whose state is *head*."""
    return services.access.channel(
        identity.user, identity.grant, cls, position(head.epoch, head.last)
    )


def enterprise_channel(services: Services, identity: Identity, head: StreamState) -> str:
    """A channel of the enterprise's, for one who may read its events."""
    return services.access.channel(
        identity.enterprise,
        identity.grant,
        StreamClass.ALL,
        position(head.epoch, head.last),
        is_enterprise=True,
    )
