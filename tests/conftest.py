"""What every test has."""

from __future__ import annotations

pytest_plugins = ["tests.alone"]
