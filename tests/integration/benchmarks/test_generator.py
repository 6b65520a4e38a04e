"""The load generator against the floor: both are real, and each shows whether the other is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.load.build import build
from benchmarks.load.generator import Answer, Generator, GeneratorFailed, Request
from benchmarks.systems.floor import Floor
from benchmarks.systems.polling import Running, get
from tests import components
from tests.ports import Port
from tests.servers import eventually

USERS = 50


@dataclass
class Measured:
    load: Path
    floor: Floor
    running: Running

    def generator(self, port: int | None = None) -> Generator:
        return Generator(
            self.load,
            port=self.running.port if port is None else port,
            users=self.floor.users(USERS),
            cursor=self.floor.wording.cursor,
        )


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    components.linux("it is made of epoll")
    components.compiler()
    folder = tmp_path_factory.mktemp("programs")
    return build("load", folder), build("floor", folder)


@pytest.fixture
def measured(programs: tuple[Path, Path], tmp_path: Path) -> Iterator[Measured]:
    load, program = programs
    floor = Floor(program)
    try:
        yield Measured(load, floor, floor.start(tmp_path, USERS))
    finally:
        floor.end()


def test_polls_are_parked_until_something_is_published(measured: Measured) -> None:
    wording = measured.floor.wording
    with measured.generator() as generator:
        assert generator.order("open")["connected"] == USERS
        generator.order("park", template=wording.poll)
        assert generator.order("settle", count=USERS)["settled"]
        assert generator.order("hold", template=wording.poll, seconds=0.1)["answered"] == 0

        woken = generator.order("wake", publish=wording.publish, poll=wording.poll, count=1, user=7)

        assert woken["answered"] == 1
        assert woken["errors"] == woken["failed"] == 0
        assert 0 < woken["latency"]["max"] < 30e6


@pytest.mark.parametrize("rate", [0, 400], ids=["closed loop", "open loop"])
def test_each_change_that_is_sent_wakes_one_poll(measured: Measured, rate: int) -> None:
    wording = measured.floor.wording
    with measured.generator() as generator:
        generator.order("open")
        generator.order("park", template=wording.poll)

        ran = generator.order(
            "run",
            publish=wording.publish,
            poll=wording.poll,
            publishers=4,
            lanes=4,
            rate=rate,
            warm=0,
            seconds=0.5,
            grace=30,
        )

        assert ran["dispatched"] > 0
        assert ran["answered"]["count"] == ran["acknowledged"]["count"] == ran["dispatched"]
        assert ran["lost"] == ran["unsent"] == ran["errors"] == ran["failed"] == 0
        if rate:
            assert ran["dispatched"] == pytest.approx(rate * 0.5, rel=0.5)


def test_a_storm_brings_all_back(measured: Measured) -> None:
    with measured.generator() as generator:
        generator.order("open")

        stormed = generator.order("storm", template=measured.floor.wording.poll)

        assert stormed["settled"]
        assert stormed["connected"] == USERS
        assert stormed["failed"] == stormed["answered"] == 0


def test_publishers_wait_for_their_answers(measured: Measured) -> None:
    with measured.generator() as generator:
        pumped: list[Answer] = []

        def is_answered() -> bool:
            template = measured.floor.wording.publish
            order = generator.order("pump", template=template, publishers=3, warm=0, seconds=0.2)
            pumped.append(order)
            return bool(order["requests"])

        # It counts what is answered in that time, all of which the other may have to wait.
        eventually(is_answered, "an answer comes in time")

        for each in pumped:
            assert each["requests"] - each["latency"]["count"] == 0
            assert each["errors"] == each["failed"] == each["lost"] == 0


def test_a_reader_goes_on_to_the_last_page(measured: Measured) -> None:
    page = Request(get("/number"))
    with measured.generator() as generator:
        read = generator.order("follow", template=page, mark='"number"', pages=20)

        assert read["pages"] == read["events"] == 20
        assert read["is_complete"]


def test_an_error_is_counted_and_an_answer_that_is_none_ends_the_connection(
    measured: Measured,
) -> None:
    with measured.generator() as generator:
        generator.order("open")

        refused = generator.order("ask", template=Request(get("/nowhere")))
        broken = generator.order("ask", template=Request(get("/number"), framing="redis"))

        assert refused["errors"] == USERS
        assert broken["failed"] == USERS


def test_a_command_that_makes_no_sense_ends_it_with_a_word(measured: Measured) -> None:
    with measured.generator() as generator, pytest.raises(GeneratorFailed, match="no command nap"):
        generator.order("nap")


def test_it_ends_when_its_publishers_cannot_connect(measured: Measured) -> None:
    nobody = Port()

    with (
        measured.generator(nobody.number) as generator,
        pytest.raises(GeneratorFailed, match="2 of 2 publishers could not connect"),
    ):
        generator.order("pump", template=measured.floor.wording.publish, publishers=2, patience=2)
    nobody.release()
