"""The Box dialect: events, their sources, positions, errors and reads, in Box's wire form."""

from __future__ import annotations

PREFIX = "/2.0"
"""What the paths of its routes begin with."""
