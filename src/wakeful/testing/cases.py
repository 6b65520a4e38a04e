"""The emulator for unittest."""

from __future__ import annotations

import unittest
from typing import ClassVar

from wakeful.testing.emulator import Emulator
from wakeful.testing.users import User


class EmulatorTestCase(unittest.TestCase):
    """Tests that have an emulator, `self.emulator`, and each a fresh `self.user`.

    One emulator serves all tests of a class.
    """

    emulator: ClassVar[Emulator]
    user: User

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.emulator = Emulator()
        cls.addClassCleanup(cls.emulator.stop)
        cls.emulator.start()

    def setUp(self) -> None:
        super().setUp()
        self.user = self.emulator.user()
        self.addCleanup(self.emulator.end_faults)
