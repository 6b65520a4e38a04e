"""A process that changes files where others act, until SIGTERM; then it says how often.

Its arguments: the folder, one outside, a seed.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from pathlib import Path

from tests.integration.sources.churn import Churn
from wakeful.sources.ignore import HIDDEN


class Neighbour(Churn):
    """Leaves alone what it does not see: the hidden place."""

    def folders(self) -> list[Path]:
        return [folder for folder in super().folders() if HIDDEN not in folder.parts]

    def files(self) -> list[Path]:
        return [file for file in super().files() if HIDDEN not in file.parts]


def live(root: Path, outside: Path, seed: int) -> int:
    """Change files until SIGTERM; how often."""
    neighbour = Neighbour(root, outside, seed)
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: over.append(number))
    pause = random.Random(seed)
    while not over:
        neighbour.some(1)
        # Nothing is waited for: so fast does the neighbour work, whatever the others do.
        time.sleep(pause.uniform(0, 0.04))
    return len(neighbour.done)


if __name__ == "__main__":
    changes = live(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.write(f"{changes}\n")
