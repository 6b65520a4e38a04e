"""What signals tell a server: to stop, not to wait for anything, to read its certificate again."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

_STANDARD_INPUT = 0
_STOPS = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """*read_again* is called for a SIGHUP that means no stop."""

    def __init__(self, read_again: Callable[[], None]) -> None:
        self._read_again = read_again
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        """Who says twice that the server is to stop does not want to wait for the polls."""

    def catch(self) -> None:
        """Take signals from here on."""
        loop = asyncio.get_running_loop()
        for number in _STOPS:
            loop.add_signal_handler(number, self._signalled)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up, os.isatty(_STANDARD_INPUT))

    def ignore(self) -> None:
        """Take none from here on: there is nothing left to stop.

        Who says so twice, or closes the terminal, would else end an interpreter that is about to
        end well, and a supervisor would take that for a failure.
        """
        loop = asyncio.get_running_loop()
        for number in (*_STOPS, signal.SIGHUP):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)

    def _hung_up(self, had_terminal: bool) -> None:
        """Where it is the terminal that went away, stop."""
        if had_terminal and not os.isatty(_STANDARD_INPUT):
            self._signalled()
        else:
            self._read_again()

    def _signalled(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()
