"""What every store promises of commands: all or none, in order, told after the commit."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contract.conftest import Place
from tests.contract.things import (
    A_FILE,
    ANNA,
    BERT,
    CARL,
    ENTERPRISE,
    HOME,
    SHARED,
    Wrong,
    an_enterprise,
    do,
    journal,
    names,
    put_paths,
    read,
    state,
    tell,
    told,
)
from wakeful.core.errors import NotFound, StoreFailed
from wakeful.core.events import ONLY_ALL, decode
from wakeful.core.lookups import NewIds, Remember, Remembered, Setting
from wakeful.core.lookups.journals import JournalAt, ReadJournal
from wakeful.core.lookups.people import Enterprises
from wakeful.core.lookups.streams import LastKey, Page, ReadStream, StreamStates
from wakeful.core.lookups.trees import ItemById
from wakeful.core.ports import Health, Hints, Store
from wakeful.core.positions import Marker
from wakeful.core.writes import (
    Append,
    JournalDrop,
    JournalMove,
    JournalPut,
    PutItems,
    PutRemembered,
    PutSetting,
    RemoveSubtree,
    Steps,
)


class Heard:
    """A listener that remembers."""

    def __init__(self, store: Store) -> None:
        self.hints: list[Hints] = []
        store.on_commit(lambda hints: self.hints.append(dict(hints)))


async def test_a_command_returns_what_its_steps_return(store: Store) -> None:
    def command(_now: int) -> Steps[str]:
        yield PutSetting("color", b"red")
        color: bytes | None = yield Setting("color")
        return f"it is {color!r}"

    assert await store.commit(command) == "it is b'red'"


async def test_who_is_no_task_is_told_what_commit_returns_or_raises(store: Store) -> None:
    heard: list[Any] = []
    done = asyncio.Event()
    store.on_commit(lambda hints: heard.append(dict(hints)))

    def tell_of(result: Any, error: BaseException | None) -> None:
        heard.append((result, type(error)))
        if result and result[-1] == 2:
            done.set()

    store.submit(do(Append(told("one"))), tell_of)
    store.submit(do(Append(told("lost")), Wrong()), tell_of)
    store.submit(do(Append(told("two")), LastKey()), tell_of)
    assert not any(isinstance(one, tuple) for one in heard), "not before it has returned"
    async with asyncio.timeout(60):
        await done.wait()

    answers = [one for one in heard if isinstance(one, tuple)]
    one = ([({ANNA: 1},)], type(None))
    assert answers == [one, (None, Wrong), ([({ANNA: 2},), 2], type(None))]
    assert heard.index(one) > 0, "hints come first"


async def test_who_waits_for_a_commit_and_fails_takes_nobody_with_them(store: Store) -> None:
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: failures.append(said))

    def fail(result: Any, error: BaseException | None) -> None:
        raise Wrong()

    store.submit(do(LastKey()), fail)

    assert await store.commit(do(LastKey())) == [0]


async def test_a_command_sees_what_it_wrote_itself(store: Store) -> None:
    await tell(store, "before")

    answers = await store.commit(
        do(
            LastKey(),
            Append(told("one", "two")),
            JournalPut(HOME, "a", 7),
            PutItems((A_FILE,)),
            LastKey(),
            StreamStates((ANNA, BERT)),
            ReadStream(ANNA, Marker.START, 2),
            ReadStream(ANNA, Marker.START, 10),
            ReadJournal(HOME, 0, 10),
            JournalAt(HOME, "a"),
            ItemById(A_FILE.id),
        )
    )

    last_before, numbers, _, _, last_after, states, short, whole, page, row, item = answers
    assert last_after == last_before + 2
    assert numbers == ({ANNA: 2}, {ANNA: 3})
    assert [one.last for one in states] == [3, 0]
    assert [event.number for event in short.events] == [1, 2]
    assert [decode(event.body).type for event in whole.events] == ["before", "one", "two"]
    assert (page.head, page.rows) == (1, (row,))
    assert item == A_FILE


async def test_a_command_that_raises_leaves_nothing_behind(store: Store) -> None:
    await tell(store, "before", to=(ANNA,))
    await put_paths(store, "a", "a/b")
    await store.commit(do(PutItems((A_FILE,)), PutSetting("kept", b"1")))
    heard = Heard(store)
    first = await store.commit(do(NewIds()))

    with pytest.raises(Wrong):
        await store.commit(
            do(
                NewIds(5),
                an_enterprise(),
                RemoveSubtree(A_FILE.id),
                JournalMove(HOME, "a", SHARED, "z"),
                JournalDrop(SHARED, "z/b"),
                Append(told("lost", "lost too", to=(ANNA, BERT))),
                PutRemembered(1, "key", Remembered(b"d", b"a")),
                PutSetting("kept", None),
                Wrong(),
            )
        )

    assert heard.hints == []
    assert await names(store) == ["before"]
    assert (await state(store, BERT)).head == (0, 0, 0)
    assert await store.ask(LastKey()) == 1
    assert [row.path for row in (await journal(store)).rows] == ["a", "a/b"]
    assert await journal(store, SHARED) == await journal(store, 999)
    assert await store.ask(ItemById(A_FILE.id)) == A_FILE
    assert await store.ask(Enterprises()) == ()
    assert await store.ask(Remember(1, "key")) is None
    assert await store.ask(Setting("kept")) == b"1"
    assert await store.commit(do(NewIds())) == [first[0] + 1]


async def test_a_command_that_raises_among_others_is_undone_alone(store: Store) -> None:
    commands: list[Any] = []
    for number in range(60):
        steps: list[Any] = [
            Append(told(f"e{number}", to=(ANNA, BERT))),
            JournalPut(HOME, f"p{number}", number),
            PutSetting(f"s{number}", b"x"),
        ]
        if number % 3 == 1:
            steps.append(Wrong())
        commands.append(do(*steps))

    outcomes = await asyncio.gather(
        *(store.commit(command) for command in commands), return_exceptions=True
    )

    kept = [number for number in range(60) if number % 3 != 1]
    assert [number for number in range(60) if isinstance(outcomes[number], list)] == kept
    for stream in (ANNA, BERT):
        page = await read(store, stream)
        assert [decode(event.body).type for event in page.events] == [f"e{n}" for n in kept]
        assert [event.number for event in page.events] == list(range(1, len(kept) + 1))
        assert page.state.head == (len(kept),) * 3
    found = (await journal(store)).rows
    assert [(row.number, row.path) for row in found] == [
        (place, f"p{number}") for place, number in enumerate(kept, 1)
    ]
    assert [await store.ask(Setting(f"s{number}")) for number in (0, 1, 2)] == [b"x", None, b"x"]


async def test_a_command_that_raises_does_not_unsettle_the_heads_of_others(store: Store) -> None:
    await asyncio.gather(
        store.commit(do(Append(told("one")), PutSetting("a", b"1"))),
        store.commit(do(PutSetting("a", b"2"), Append(told("two")), Wrong())),
        store.commit(do(Append(told("three", to=(CARL,))), Wrong())),
        store.commit(do(Append(told("four")))),
        return_exceptions=True,
    )

    assert await names(store) == ["one", "four"]
    assert [await tell(store, "five", to=(ANNA, CARL))] == [[{ANNA: 3, CARL: 1}]]


async def test_what_cannot_be_a_step_is_refused_and_undone(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.commit(do(PutSetting("a", b"1"), "nonsense"))  # type: ignore[arg-type] # what fails

    assert await store.ask(Setting("a")) is None


async def test_ids_can_be_taken_only_inside_a_command(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.ask(NewIds())


async def test_ids_are_never_given_twice(store: Store) -> None:
    taken = await asyncio.gather(*(store.commit(do(NewIds(3), NewIds())) for _ in range(20)))

    every = sorted(id for block, single in taken for id in (block, block + 1, block + 2, single))
    assert every == list(range(every[0], every[0] + 80))


async def test_numbers_follow_the_order_of_the_commands(store: Store) -> None:
    await asyncio.gather(*(store.commit(do(Append(told(f"e{n}")))) for n in range(100)))

    assert await names(store) == [f"e{n}" for n in range(100)]


async def test_the_listener_hears_before_the_caller_and_can_read_at_once(store: Store) -> None:
    order: list[str] = []
    reads: list[asyncio.Task[list[str]]] = []

    def heard(_hints: Hints) -> None:
        order.append("hint")
        reads.append(asyncio.get_running_loop().create_task(names(store)))

    store.on_commit(heard)
    await tell(store, "one")
    order.append("answer")

    assert order == ["hint", "answer"]
    assert await reads[0] == ["one"]


async def test_hints_carry_the_heads_of_streams_and_journals(store: Store) -> None:
    heard = Heard(store)

    await tell(store, "change", to=(ANNA, BERT))
    await tell(store, "login", to=(ANNA, ENTERPRISE), classes=ONLY_ALL)
    await put_paths(store, "a", "a/b")
    await store.commit(do(JournalMove(HOME, "a", SHARED, "c")))

    assert heard.hints == [
        {ANNA: (1, 1, 1), BERT: (1, 1, 1)},
        {ANNA: (2, 1, 1), ENTERPRISE: (1, 0, 0)},
        {HOME: (2,)},
        {HOME: (4,), SHARED: (2,)},
    ]


async def test_a_command_that_lets_nothing_grow_gives_no_hint(store: Store) -> None:
    heard = Heard(store)

    await store.commit(do(NewIds(), PutSetting("a", b"1"), JournalDrop(HOME, "nothing")))
    await store.commit(do(JournalMove(HOME, "nothing", SHARED, "there"), Setting("a")))

    assert heard.hints == []


async def test_hints_of_many_commands_never_fall_behind_what_can_be_read(store: Store) -> None:
    heads: list[int] = []
    store.on_commit(lambda hints: heads.append(hints[ANNA][0]))

    await asyncio.gather(*(tell(store, "e") for _ in range(100)))

    assert heads == sorted(heads)
    assert heads[-1] == 100


async def test_a_caller_that_goes_away_loses_neither_the_commit_nor_its_hint(
    place: Place,
) -> None:
    store = await place.open()
    heard = Heard(store)
    caller = asyncio.create_task(tell(store, "one"))
    await asyncio.sleep(0)  # the command is on its way

    caller.cancel()
    await asyncio.gather(caller, return_exceptions=True)
    await tell(store, "two")

    assert await names(store) == ["one", "two"]
    assert max(hints[ANNA] for hints in heard.hints) == (2, 2, 2)
    assert sum(len(hints) for hints in heard.hints) >= 1


async def test_a_listener_that_fails_keeps_nobody_waiting(store: Store) -> None:
    caught: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, what: caught.append(what))

    def fails(_hints: Hints) -> None:
        raise Wrong

    store.on_commit(fails)

    assert await tell(store, "one") == [{ANNA: 1}]
    assert [type(what["exception"]) for what in caught] == [Wrong]
    assert await names(store) == ["one"]


async def test_an_observer_is_told_of_each_durable_commit(place: Place) -> None:
    told_of: list[tuple[int, bool]] = []

    class Observer:
        def committed(self, commands: int, seconds: float) -> None:
            told_of.append((commands, seconds >= 0.0))

    store = await place.open(Observer())
    await tell(store, "one")
    await asyncio.gather(*(tell(store, "more") for _ in range(9)))

    assert sum(commands for commands, _ in told_of) == 10
    assert all(sound for _, sound in told_of)


async def test_time_never_falls(place: Place) -> None:
    store = await place.open()
    times: list[int] = []

    def command(now: int) -> Steps[None]:
        times.append(now)
        yield Append(told("e"))

    for at in (5_000, 4_000, 4_500, 6_000):
        place.clock.now = at
        await store.commit(command)

    assert times == [5_000, 5_000, 5_000, 6_000]
    recorded = [decode(event.body).recorded_at for event in (await read(store)).events]
    assert recorded == times


async def test_the_key_of_the_newest_event_tells_whether_anything_grew(store: Store) -> None:
    assert await store.ask(LastKey()) == 0

    await tell(store, "one", "two")
    two = await store.ask(LastKey())
    await store.commit(do(PutSetting("a", b"1"), JournalPut(HOME, "a", 1)))
    same = await store.ask(LastKey())
    await tell(store, "three", to=(CARL,))

    assert (two, same) == (2, 2)
    assert await store.ask(LastKey()) == 3


async def test_what_is_asked_at_once_is_what_was_committed(store: Store) -> None:
    page = ReadStream(ANNA, Marker.START, 10)
    for name in ("one", "two"):
        await tell(store, name)

        assert store.ask_now(LastKey()) == await store.ask(LastKey())
        assert store.ask_now(page) == await store.ask(page)


async def test_a_rule_that_only_looks_up_is_carried_out_at_once(store: Store) -> None:
    page = ReadStream(ANNA, Marker.START, 10)

    def both(error: Exception | None = None) -> Steps[tuple[int, Page]]:
        key: int = yield LastKey()
        found: Page = yield page
        if error is not None:
            raise error
        return key, found

    for name in ("one", "two"):
        await tell(store, name)
        with pytest.raises(NotFound):
            store.look_now(both(NotFound("no such thing")))

        assert store.look_now(both()) == (await store.ask(LastKey()), await store.ask(page))


async def test_a_commit_that_is_told_can_be_asked_for_at_once(store: Store) -> None:
    seen = []
    store.on_commit(lambda hints: seen.append((hints[ANNA], store.ask_now(StreamStates((ANNA,))))))

    await tell(store, "one")
    await tell(store, "two")

    assert [state[0].head for _, state in seen if state] == [head for head, _ in seen]
    assert len(seen) == 2


async def test_a_closed_store_refuses_everything(store: Store) -> None:
    await tell(store, "one")
    before = store.health

    await store.close()

    assert (before, store.health) == (Health.WRITABLE, Health.CLOSED)
    with pytest.raises(StoreFailed):
        await tell(store, "two")
    with pytest.raises(StoreFailed):
        await names(store)
    assert store.ask_now(LastKey()) is None

    def one_look() -> Steps[int]:
        key: int = yield LastKey()
        return key

    assert store.look_now(one_look()) is None
    await store.close()  # once more does no harm


async def test_closing_finishes_what_was_begun(store: Store) -> None:
    begun = [asyncio.create_task(tell(store, f"e{n}")) for n in range(20)]
    await asyncio.sleep(0)

    await store.close()

    assert [await one for one in begun] == [[{ANNA: n}] for n in range(1, 21)]
