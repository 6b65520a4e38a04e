"""Random histories against the model, over each store: P1 to P7 and P9.

`WAKEFUL_MODEL_DEPTH=10 make test ARGS="tests/model"` tries ten times as many of them.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from tests.model.machine import Machine, SqliteMachine

DEPTH = float(os.environ.get("WAKEFUL_MODEL_DEPTH", "1"))

HISTORIES = [
    pytest.param(Machine, 300, id="memory"),
    pytest.param(SqliteMachine, 80, id="sqlite"),
]


@pytest.mark.timeout(600 * max(1, DEPTH))
@pytest.mark.parametrize(("machine", "histories"), HISTORIES)
def test_random_histories_keep_the_promises(machine: type[Machine], histories: int) -> None:
    with capture_logs():
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=max(1, int(histories * DEPTH)),
                stateful_step_count=40,
                suppress_health_check=list(HealthCheck),
            ),
        )
