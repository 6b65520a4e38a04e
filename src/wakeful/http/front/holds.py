"""How long an answer may be silent, in seconds."""

from __future__ import annotations

LONGEST_SILENCE = 55.0
"""Holds beyond it are kept alive by blanks: two SDKs give up after 60 s of silence (box.md 3.4),
and a proxy in between may be stricter."""

LONGEST_WITH_JITTER = 58.0
"""The same, once the hold is drawn: still within the 60 s."""

BEAT_SECONDS = 15.0
"""Between two blanks."""
