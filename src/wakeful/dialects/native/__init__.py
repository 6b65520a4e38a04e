"""The native dialect: how producers put changes and events in over HTTP."""

from __future__ import annotations

PREFIX = "/v1"
"""What the paths of its routes begin with."""
