"""What a batch of changes is held to, beside what its actor may do."""

from __future__ import annotations

import msgspec


class Terms(msgspec.Struct, frozen=True):
    """`watched` are the namespaces of watched folders: what the disk does not do, the feed must
    not tell, for the next look at the folder would take it back. `done` are those of them whose
    disks do what is asked. `within` is the item below which everything has to happen, None for
    everywhere. `ip` is where the actor was, `action_by` the user who acted in their name, if that
    was another. Where `folds`, a name is taken by one that differs only by case, as it is in the
    journal. `quota` is how much the own namespaces of users may hold who have no quota of their
    own, 0 without limit; where it is None, nobody's quota counts, as for sources and producers:
    they tell of what is there already.
    """

    watched: frozenset[int] = frozenset()
    within: int | None = None
    ip: str | None = None
    action_by: int | None = None
    folds: bool = False
    quota: int | None = None  # bytes
    done: frozenset[int] = frozenset()


FREELY = Terms()
