"""Carries out rules that only look things up, without a transaction."""

from __future__ import annotations

from typing import TypeVar

from wakeful.core.lookups import Lookup
from wakeful.core.ports import Store
from wakeful.core.writes import Steps

T = TypeVar("T")


async def read(store: Store, steps: Steps[T]) -> T:
    """The result of *steps*, each look-up answered from a snapshot of its own.

    Raises what the steps raise. They write nothing: that is for `Store.commit`.
    """
    try:
        step = next(steps)
        while True:
            assert isinstance(step, Lookup), "a reading rule has no writes"
            step = steps.send(await store.ask(step))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()
