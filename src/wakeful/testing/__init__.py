"""Test a program that follows a change feed, against a whole server in memory.

With pytest nothing has to be imported: the fixtures `wakeful_server`, `wakeful_user`,
`wakeful_inbox`, `box_client` and `dropbox_client` are there. Elsewhere:

    with Emulator() as emulator:
        user = emulator.user()
        client = user.box_client()
        user.publish({"kind": "upload", "path": "/plan.txt"})

`EmulatorTestCase` is the same for unittest.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wakeful.testing.asking import EmulatorFailed
    from wakeful.testing.cases import EmulatorTestCase
    from wakeful.testing.emulator import Emulator
    from wakeful.testing.faults import Fault
    from wakeful.testing.inbox import Inbox
    from wakeful.testing.recording import Exchange, Requests
    from wakeful.testing.users import User

__all__ = [
    "Emulator",
    "EmulatorFailed",
    "EmulatorTestCase",
    "Exchange",
    "Fault",
    "Inbox",
    "Requests",
    "User",
]

_HOMES = {
    "Emulator": "emulator",
    "EmulatorFailed": "asking",
    "EmulatorTestCase": "cases",
    "Exchange": "recording",
    "Fault": "faults",
    "Inbox": "inbox",
    "Requests": "recording",
    "User": "users",
}


def __getattr__(name: str) -> object:
    # pytest imports this package in every run of everybody who has it installed.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
