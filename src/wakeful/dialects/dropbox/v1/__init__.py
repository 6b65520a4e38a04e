"""Version 1 of Dropbox's API, the Core API (dropbox.md 1)."""

from __future__ import annotations

PREFIX = "/1"
"""What the paths of its routes begin with."""
