from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram, generate_latest

from wakeful.http.front.poll import Ended
from wakeful.http.front.poll_counts import LATENCY, PollCounts
from wakeful.http.metrics import Metrics


def test_values_are_counted_as_prometheus_counts_them() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    histogram = Histogram(
        "wakeful_wake_latency_seconds",
        "From hearing of a commit to the answer on the socket",
        buckets=LATENCY,
        registry=theirs,
    )
    counts = PollCounts()
    ours.register(counts)
    for seconds in (0.0, 0.0001, 0.00011, 0.3, 1.0, 1.1, 50.0):
        histogram.observe(seconds)
        counts.wake_latency(seconds)

    def lines(registry: CollectorRegistry) -> list[str]:
        text = generate_latest(registry).decode().splitlines()
        return [line for line in text if "wake_latency" in line and "_created" not in line]

    assert lines(ours) == lines(theirs)


def test_polls_are_shown_with_how_they_ended() -> None:
    metrics = Metrics()
    metrics.parked(1)
    metrics.parked(1)
    metrics.parked(-1)
    metrics.ended(Ended.NEW_CHANGE, 2.0)
    metrics.ended(Ended.NEW_CHANGE, 4.0)
    metrics.ended(Ended.GONE, 70.0)
    text = metrics.text().decode()
    assert "wakeful_polls_parked 1.0\n" in text
    assert 'wakeful_poll_held_seconds_count{ended="new_change"} 2.0\n' in text
    assert 'wakeful_poll_held_seconds_sum{ended="new_change"} 6.0\n' in text
    assert 'wakeful_poll_held_seconds_bucket{ended="gone",le="60.0"} 0.0\n' in text
    assert 'wakeful_poll_held_seconds_bucket{ended="gone",le="120.0"} 1.0\n' in text
