"""Numbers for operators, in Prometheus' form.

Labels are bounded: routes by their pattern, never by what a client sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from wakeful.http.front.poll_counts import LATENCY, PollCounts
from wakeful.http.request_counts import RequestCounts

# Of each counter the time at which it was made: as many lines again, of which nobody has any use.
disable_created_metrics()  # type: ignore[no-untyped-call] # it says nothing of types

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_GROUP = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

SourceNumbers = Callable[[], Mapping[str, Mapping[str, float]]]
"""For each source, by the id of its namespace, its numbers by name; see `Metrics.watch_sources`."""


class Metrics:
    """The numbers of one server, in a registry of their own.

    Is the observer of the feed, of the store and of the polls: its methods are called from
    the event loop, on the hot path, and only count.
    """

    def __init__(self) -> None:
        registry = self.registry = CollectorRegistry()
        self._polls = PollCounts()
        registry.register(self._polls)
        # As `http.front.poll.PollObserver`; thousands are woken at once, and each is counted.
        self.parked = self._polls.parked
        self.ended = self._polls.ended
        self.wake_latency = self._polls.wake_latency
        self._woken = Counter(
            "wakeful_wakes", "Waiters woken because their stream grew", registry=registry
        )
        self._gaps = Counter(
            "wakeful_gaps_served",
            "Positions that could not be served exactly",
            registry=registry,
        )
        self._backstop = Counter(
            "wakeful_backstop_streams_found",
            "Streams that had grown without a hint",
            registry=registry,
        )
        self._commands = Counter(
            "wakeful_commands_committed", "Commands made durable", registry=registry
        )
        self._commit = Histogram(
            "wakeful_commit_seconds",
            "Time to make a group of commands durable",
            buckets=LATENCY,
            registry=registry,
        )
        self._group = Histogram(
            "wakeful_commit_group_size",
            "Commands made durable together",
            buckets=_GROUP,
            registry=registry,
        )
        self._trimmed = Counter(
            "wakeful_trimmed",
            "Rows that went because they were too old",
            ("of",),
            registry=registry,
        )
        self._contents_removed = Counter(
            "wakeful_contents_removed",
            "Contents that went because no item named them",
            registry=registry,
        )
        requests = RequestCounts()
        registry.register(requests)
        self.answered = requests.answered

    # --- the feed ---

    def woken(self, waiters: int) -> None:
        self._woken.inc(waiters)

    def gap_served(self) -> None:
        self._gaps.inc()

    def backstop_found(self, streams: int) -> None:
        self._backstop.inc(streams)

    # --- the store ---

    def committed(self, commands: int, seconds: float) -> None:
        self._commands.inc(commands)
        self._group.observe(commands)
        self._commit.observe(seconds)

    # --- retention ---

    def trimmed(self, what: str, rows: int) -> None:
        """Rows of streams of a kind went, or of journals."""
        self._trimmed.labels(what).inc(rows)

    # --- contents ---

    def contents_removed(self, count: int) -> None:
        """Contents went that no item named any more."""
        self._contents_removed.inc(count)

    # --- sources ---

    def watch_sources(self, numbers: SourceNumbers) -> None:
        """Show what *numbers* says at each scrape as `wakeful_source_<name>{source="..."}`.

        A name that ends in `_total` is a counter, any other a gauge. Called once.
        """
        self.registry.register(_Sources(numbers))

    # --- TLS ---

    def watch_certificate(self, end: Callable[[], float]) -> None:
        """Show what *end* says at each scrape: the end of the certificate. Called once."""
        Gauge(
            "wakeful_tls_certificate_expiry_timestamp_seconds",
            "When the certificate that is served ends, in seconds since 1970",
            registry=self.registry,
        ).set_function(end)

    # --- limits ---

    def watch_refusals(self, numbers: Callable[[], Mapping[str, int]]) -> None:
        """Show what *numbers* says at each scrape as `wakeful_refused_total{limit="..."}`.

        Called once.
        """
        self.registry.register(_Refusals(numbers))

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Refusals(Collector):
    def __init__(self, numbers: Callable[[], Mapping[str, int]]) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "wakeful_refused", "Requests refused, by what was too much", labels=["limit"]
        )
        for limit, count in self._numbers().items():
            family.add_metric([limit], count)
        yield family


class _Sources(Collector):
    def __init__(self, numbers: SourceNumbers) -> None:
        self._numbers = numbers

    def collect(self) -> Iterable[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for source, numbers in self._numbers().items():
            for name, value in numbers.items():
                family = families.get(name)
                if family is None:
                    family = families[name] = _family(name)
                family.add_metric([source], value)
        return families.values()


def _family(name: str) -> CounterMetricFamily | GaugeMetricFamily:
    full = f"wakeful_source_{name}"
    help = f"{name.removesuffix('_total').replace('_', ' ').capitalize()} of a source"
    if name.endswith("_total"):
        return CounterMetricFamily(full, help, labels=["source"])
    return GaugeMetricFamily(full, help, labels=["source"])
