"""What requests count, on the hot path: as polls do (`front.poll_counts`), for the same reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from wakeful.http.front.poll_counts import LATENCY, Buckets


class RequestCounts(Collector):
    """How many requests were answered and how long it took, for one event loop."""

    def __init__(self) -> None:
        self._requests: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._seconds: defaultdict[str, Buckets] = defaultdict(lambda: Buckets(LATENCY))

    def answered(self, route: str, status: int, seconds: float) -> None:
        """A request was answered; *route* is a method and a pattern, not a path."""
        self._requests[route, status] += 1
        self._seconds[route].add(seconds)

    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "wakeful_http_requests",
            "Requests answered by the app, by route and status",
            labels=["route", "status"],
        )
        for (route, status), count in self._requests.items():
            requests.add_metric([route, str(status)], count)
        yield requests
        seconds = HistogramMetricFamily(
            "wakeful_http_request_seconds",
            "Time to answer a request, by route",
            labels=["route"],
        )
        for route, buckets in self._seconds.items():
            seconds.add_metric([route], buckets.cumulated(), buckets.sum)
        yield seconds
