"""What polls count, on the hot path.

One change wakes ten thousand polls, and each is counted three times. prometheus_client's own
histogram takes a lock that one event loop does not need, and walks its buckets: ten
microseconds a poll, a third of all that its answer costs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

LATENCY = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
_HOLD = (0.1, 1.0, 5.0, 15.0, 30.0, 45.0, 60.0, 120.0, 300.0, 600.0)


class Buckets:
    """How many values are not above each bound, and their sum. For one thread."""

    __slots__ = ("_bounds", "_counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self.sum += value

    def cumulated(self) -> list[tuple[str, float]]:
        """As Prometheus counts: each bucket with all that are below."""
        bounds = [*map(str, self._bounds), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))


class PollCounts(Collector):
    """A `http.poll.PollObserver` whose numbers a registry collects."""

    def __init__(self) -> None:
        self._parked = 0
        self._latency = Buckets(LATENCY)
        self._held: defaultdict[str, Buckets] = defaultdict(lambda: Buckets(_HOLD))

    def parked(self, change: int, /) -> None:
        self._parked += change

    def ended(self, how: str, held: float, /) -> None:
        self._held[how].add(held)

    def wake_latency(self, seconds: float, /) -> None:
        self._latency.add(seconds)

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "wakeful_polls_parked", "Polls that wait at this moment", value=self._parked
        )
        yield HistogramMetricFamily(
            "wakeful_wake_latency_seconds",
            "From hearing of a commit to the answer on the socket",
            buckets=self._latency.cumulated(),
            sum_value=self._latency.sum,
        )
        held = HistogramMetricFamily(
            "wakeful_poll_held_seconds",
            "How long polls were held, by how they ended",
            labels=["ended"],
        )
        for how, buckets in self._held.items():
            held.add_metric([how], buckets.cumulated(), buckets.sum)
        yield held
