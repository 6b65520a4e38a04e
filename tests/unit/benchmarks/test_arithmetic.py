"""The arithmetic of the load generator, which is in C: what it says of times must be true."""

from __future__ import annotations

import math
import random
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.load.build import build
from tests import components

Ask = Callable[..., str]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    components.compiler()
    program = build("arithmetic", tmp_path_factory.mktemp("arithmetic"))

    def ask(*words: object) -> str:
        command: list[str | Path] = [program, *(str(word) for word in words)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return ask


class TestHistogram:
    NAMES = ("min", "p50", "p90", "p99", "p99.9", "max", "mean")

    def of(self, ask: Ask, values: list[int]) -> dict[str, float]:
        told = ask("histogram", *values).split()
        return dict(zip(self.NAMES, map(float, told), strict=True))

    def test_small_values_are_exact(self, ask: Ask) -> None:
        told = self.of(ask, list(range(1, 501)))

        assert told == {
            "min": 1, "p50": 250, "p90": 450, "p99": 495, "p99.9": 500, "max": 500, "mean": 250.5,
        }  # fmt: skip

    @pytest.mark.parametrize("largest", [10_000, 10**7, 10**12])
    def test_a_quantile_is_at_most_a_256th_above_the_truth(self, ask: Ask, largest: int) -> None:
        chance = random.Random(largest)
        values = sorted(int(largest ** chance.random()) for _ in range(5_000))

        told = self.of(ask, values)

        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)):
            truth = values[math.ceil(share * len(values)) - 1]
            assert truth <= told[name] <= truth * (1 + 1 / 256)
        assert told["min"] == values[0]
        assert told["max"] == values[-1]

    def test_no_quantile_is_above_the_largest_value(self, ask: Ask) -> None:
        told = self.of(ask, [1_000_001])

        assert told["p50"] == told["p99.9"] == told["max"] == 1_000_001

    def test_a_value_beyond_the_range_counts_as_the_largest(self, ask: Ask) -> None:
        told = self.of(ask, [2**50])

        assert told["max"] == 2**42 - 1

    def test_nothing_recorded_is_nothing(self, ask: Ask) -> None:
        told = self.of(ask, [])

        assert set(told.values()) == {0}


class TestSchedule:
    SECOND = 10**9

    def due(self, ask: Ask, rate: float, length: int, *, random: bool, seed: int = 1) -> list[int]:
        told = ask("schedule", rate, length, int(random), seed)
        return [int(line) for line in told.split()]

    def test_an_even_one_has_as_many_as_the_rate_says_and_never_drifts(self, ask: Ask) -> None:
        due = self.due(ask, 3_000, 10 * self.SECOND, random=False)

        assert len(due) == 30_000
        assert due[29_999] == 29_999 * self.SECOND // 3_000

    def test_a_random_one_has_the_same_rate(self, ask: Ask) -> None:
        due = self.due(ask, 1_000, 20 * self.SECOND, random=True)

        assert len(due) == pytest.approx(20_000, rel=0.05)
        assert due == sorted(due)

    def test_the_gaps_of_a_random_one_are_those_of_a_poisson_process(self, ask: Ask) -> None:
        due = self.due(ask, 1_000, 20 * self.SECOND, random=True)

        gaps = [(after - before) / 1e6 for before, after in pairwise(due)]

        # Exponential, with a mean of 1 ms: so many are longer than that, and than three times that.
        assert sum(gap > 1 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-1), rel=0.05)
        assert sum(gap > 3 for gap in gaps) / len(gaps) == pytest.approx(math.exp(-3), rel=0.15)

    def test_a_seed_says_all(self, ask: Ask) -> None:
        first, again, other = (
            self.due(ask, 100, self.SECOND, random=True, seed=seed) for seed in (7, 7, 8)
        )

        assert first == again != other

    def test_nothing_is_due_at_the_end_or_after(self, ask: Ask) -> None:
        due = self.due(ask, 10, self.SECOND, random=False)

        assert due == [number * self.SECOND // 10 for number in range(10)]


class TestFraming:
    def read(self, ask: Ask, name: str, data: bytes, replies: int = 1) -> tuple[int, ...] | None:
        """The length of the answer, its status and the length of its body; None: no answer."""
        told = ask("framing", name, replies, data.hex()).split()
        return None if told == ["broken"] else tuple(map(int, told))

    HTTP = b"HTTP/1.1 200 OK\r\nA: b\r\ncontent-length: 5\r\n\r\nhello"

    def test_an_http_answer_ends_where_its_length_says(self, ask: Ask) -> None:
        assert self.read(ask, "http", self.HTTP + b"HTTP/1.1 500") == (len(self.HTTP), 200, 5)

    @pytest.mark.parametrize("cut", [0, 5, 20, 44, 48])
    def test_a_part_of_an_answer_is_none_yet(self, ask: Ask, cut: int) -> None:
        found = self.read(ask, "http", self.HTTP[:cut])

        assert found is not None
        assert found[0] == 0

    def test_an_http_answer_in_chunks(self, ask: Ask) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"5\r\nhello\r\n1\r\n \r\n0\r\n\r\n"

        assert self.read(ask, "http", head + body) == (len(head + body), 200, len(body))
        found = self.read(ask, "http", head + body[:-3])
        assert found is not None
        assert found[0] == 0

    @pytest.mark.parametrize("status", [204, 304])
    def test_an_http_answer_without_a_body(self, ask: Ask, status: int) -> None:
        data = b"HTTP/1.1 %d Nothing\r\n\r\n" % status

        assert self.read(ask, "http", data) == (len(data), status, 0)

    def test_an_error_of_http_is_told_by_its_status(self, ask: Ask) -> None:
        data = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

        assert self.read(ask, "http", data) == (len(data), 503, 0)

    @pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2", b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"])
    def test_what_has_no_end_is_no_answer(self, ask: Ask, data: bytes) -> None:
        assert self.read(ask, "http", data) is None

    def test_redis(self, ask: Ask) -> None:
        entries = b"*2\r\n*2\r\n$3\r\n0-1\r\n*2\r\n$4\r\nbody\r\n$1\r\nx\r\n$-1\r\n"

        assert self.read(ask, "redis", entries) == (len(entries), 200, len(entries))
        found = self.read(ask, "redis", entries[:-6])
        assert found is not None
        assert found[0] == 0

    def test_several_replies_of_redis_make_one_answer(self, ask: Ask) -> None:
        data = b"$3\r\n1-0\r\n" * 2 + b"-ERR no\r\n"

        assert self.read(ask, "redis", data, 2) == (18, 200, 18)
        assert self.read(ask, "redis", data, 3) == (27, 500, 27)

    def test_postgres_ends_with_ready_for_query(self, ask: Ask) -> None:
        done = b"C\0\0\0\x0fINSERT 0 1\0"
        ready = b"Z\0\0\0\x05I"

        assert self.read(ask, "postgres", done + ready) == (22, 200, 22)
        assert self.read(ask, "postgres", done + ready + done, 2) == (0, 200, 0)
        assert self.read(ask, "postgres", b"E\0\0\0\x05\0" + ready) == (12, 500, 12)

    def test_nats_counts_messages_and_passes_by_the_rest(self, ask: Ask) -> None:
        info, ok = b'INFO {"a":1}\r\n', b'MSG answers.0 1 9\r\n{"seq":1}\r\n'
        error = b'MSG answers.0 1 11\r\n{"error":{}}\r\n'.replace(b"11", b"12")

        assert self.read(ask, "nats", info + b"PONG\r\n") == (20, 200, 20)
        assert self.read(ask, "nats", info + ok * 2, 2) == (14 + 2 * len(ok), 200, 14 + 2 * len(ok))
        assert self.read(ask, "nats", ok * 2, 3) == (0, 200, 0)
        assert self.read(ask, "nats", error) == (len(error), 500, len(error))


class TestTemplates:
    def test_a_request_is_filled_in_and_its_length_is_right(self, ask: Ask) -> None:
        source = "POST /{{1}}/{{a}} HTTP/1.1\r\nContent-Length: {{length}}\r\n\r\n[{{items}}] {{N}}"

        filled = ask("fill", source, '{"{{2}}":{{n}}}', 9, "me", "you")

        body = '[{"you":9},{"you":10}] 000000000009'
        assert filled == f"POST /me/abc HTTP/1.1\nContent-Length: {len(body)}\n\n{body}"

    def test_braces_of_json_stay(self, ask: Ask) -> None:
        assert ask("fill", '{"a":{"b":{}}} {{2}} }}', "", 1, "me", "you") == '{"a":{"b":{}}} you }}'
