"""What every test has."""

from __future__ import annotations

import signal
import sys
from typing import Any

import structlog
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.alone"]

# What a shell starts in the background ignores Ctrl-C, and so would all that tests start, and press
# Ctrl-C for.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes is the affair of the machine: nothing is judged by it.
settings.register_profile("wakeful", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("wakeful")

# The client of these tests looks for this module, which is not here, with each request to an app.
_modules: dict[str, Any] = sys.modules
_modules.setdefault("sniffio", None)

# A traceback with the values of all variables is more work than what most tests do.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.set_exc_info,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)
