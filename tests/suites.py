"""A suite as somebody writes it who tests with the emulator."""

from __future__ import annotations

SUITE = """\
import pytest

seen = set()


@pytest.mark.parametrize("number", range(200))
def test_a_user_is_alone(wakeful_user, number):
    assert wakeful_user.id not in seen
    seen.add(wakeful_user.id)
    answer = wakeful_user.publish({"kind": "upload", "path": f"/{number}.txt"})
    with wakeful_user.client() as client, client.events(since=0) as events:
        assert next(iter(events)).source.name == f"{number}.txt"
    assert len(answer["events"]) == 1
"""
