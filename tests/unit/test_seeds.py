"""Seeds are random, and nobody is given one that another has."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from wakeful.core import seeds
from wakeful.core.seeds import SEED_BYTES, fresh_seed


def test_no_seed_is_given_twice() -> None:
    drawn = [fresh_seed() for _ in range(3 * seeds._AT_ONCE)]

    assert {len(seed) for seed in drawn} == {SEED_BYTES}
    assert len(set(drawn)) == len(drawn)


def test_threads_are_given_different_seeds() -> None:
    with ThreadPoolExecutor(4) as threads:
        drawn = [*threads.map(lambda _: fresh_seed(), range(4 * seeds._AT_ONCE))]

    assert len(set(drawn)) == len(drawn)


FORKED = """
import os
from wakeful.core.seeds import fresh_seed

fresh_seed()
reading, writing = os.pipe()
if not os.fork():
    os.write(writing, b"".join(fresh_seed() for _ in range(100)))
    os._exit(0)
os.wait()
theirs = os.read(reading, 1600)
assert len(theirs) == 1600
assert not {fresh_seed() for _ in range(255)} & {theirs[at : at + 16] for at in range(0, 1600, 16)}
"""


def test_a_child_is_not_given_the_seeds_of_its_parent() -> None:
    subprocess.run([sys.executable, "-c", FORKED], check=True)
