"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def machine() -> str:
    cores = os.cpu_count() or 1
    release = platform.release().partition("-")[0]
    return (
        f"{_processor()}, {cores} cores, {platform.system()} {release}, "
        f"Python {platform.python_version()}"
    )


def load() -> float:
    """How many processes want a core, over the last minute."""
    return round(os.getloadavg()[0], 1)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
