"""What a batch of changes is held to, beside what its actor may do."""

from __future__ import annotations

import msgspec


class Terms(msgspec.Struct, frozen=True):
    """`watched` are the namespaces of watched folders: what the disk does not do, the feed must
    not tell, for the next look at the folder would take it back. `within` is the item below which
    everything has to happen, None for everywhere. `ip` is where the actor was, `action_by` the
    user who acted in their name, if that was another.
    """

    watched: frozenset[int] = frozenset()
    within: int | None = None
    ip: str | None = None
    action_by: int | None = None


FREELY = Terms()
