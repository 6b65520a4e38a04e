from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from wakeful.core.errors import NotFound
from wakeful.core.items import Kind
from wakeful.core.listings import BY_NAME
from wakeful.core.lookups.people import UserById
from wakeful.core.writes import Steps
from wakeful.dialects.box import reads
from wakeful.dialects.box.reads import Asked


def carried_out(steps: Steps[Any], answers: Mapping[type[object], Any]) -> Any:
    """The result of *steps*, whose look-ups are answered by their type."""
    try:
        step = next(steps)
        while True:
            step = steps.send(answers[type(step)])
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize(
    "steps",
    [
        reads.read_user(5),
        reads.read_item(5, "7", Kind.FILE),
        reads.read_folder(5, "0", Asked(0, 10, BY_NAME)),
        reads.read_trash(5, Asked(0, 10, BY_NAME)),
    ],
)
def test_for_a_user_who_is_gone_there_is_nothing(steps: Steps[Any]) -> None:
    with pytest.raises(NotFound):
        carried_out(steps, {UserById: None})
