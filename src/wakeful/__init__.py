"""Wakeful: a self-hosted change feed for files."""

from __future__ import annotations

__version__ = "0.1.0"
