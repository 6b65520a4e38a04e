"""What the server writes to its log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from wakeful.cli.logs import configure


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    errors = logging.getLogger("uvicorn.error")
    errors_level = errors.level
    kept = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    errors.setLevel(errors_level)
    structlog.configure(**kept)


@pytest.mark.parametrize("format", ["text", "json"])
def test_p7_a_fault_is_logged_without_what_it_was_about(
    format: Literal["text", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    configure(format, "info")

    def fails(token: str) -> None:
        raise ValueError("no such thing")

    try:
        fails("".join(["a ", "secret"]))
    except ValueError:
        structlog.get_logger().exception("bug")

    told = capsys.readouterr().err
    assert "no such thing" in told
    assert "in fails" in told
    assert "a secret" not in told
