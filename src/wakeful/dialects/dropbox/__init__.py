"""Dropbox's wire format. Facts are of dropbox.md where it is named."""

from __future__ import annotations

PREFIX = "/2"
"""What the paths of its routes begin with."""
