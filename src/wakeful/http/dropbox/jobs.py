"""The outcomes of batches whose clients want to ask for them later.

Batches are carried out before they are answered, so every job is done when it is known. Only the
outcome waits, in memory, for whoever began it; of very many the oldest are forgotten.
"""

from __future__ import annotations

import secrets

from wakeful.core.people import User
from wakeful.dialects.dropbox.done import Complete, Launched
from wakeful.dialects.dropbox.errors import Refused

MOST_JOBS = 100


class Jobs:
    """Outcomes by the ids of their jobs."""

    def __init__(self) -> None:
        self._outcomes: dict[str, tuple[int, Complete]] = {}

    def done(self, user: User, outcome: Complete) -> Launched:
        """Keep the *outcome* of a job that *user* began."""
        if len(self._outcomes) >= MOST_JOBS:
            del self._outcomes[next(iter(self._outcomes))]
        id = secrets.token_urlsafe(16)
        self._outcomes[id] = user.id, outcome
        return Launched(id)

    def outcome(self, user: User, id: str) -> Complete:
        """Raises Refused."""
        owner, outcome = self._outcomes.get(id, (None, None))
        if outcome is None or owner != user.id:
            raise Refused("invalid_async_job_id")
        return outcome
