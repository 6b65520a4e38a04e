"""Random seeds, drawn many at a time.

The system is asked once for hundreds of them: with each call the interpreter's lock is given away,
and whoever is on the way to a commit waits for its return behind the one who commits.
"""

from __future__ import annotations

import os
import secrets

SEED_BYTES = 16

_AT_ONCE = 256

_drawn: list[bytes] = []

# A child would draw what its parent draws.
os.register_at_fork(after_in_child=_drawn.clear)


def fresh_seed() -> bytes:
    """16 random bytes that nobody was given before. From any thread."""
    while True:
        try:
            return _drawn.pop()
        except IndexError:
            fresh = secrets.token_bytes(SEED_BYTES * _AT_ONCE)
            _drawn.extend([fresh[at : at + SEED_BYTES] for at in range(0, len(fresh), SEED_BYTES)])
