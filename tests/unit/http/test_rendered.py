from __future__ import annotations

from wakeful.core.events import Event, Person, StoredEvent, encode
from wakeful.http.rendered import Rendered


def stored(key: int) -> StoredEvent:
    event = Event(str(key), "X", 0, 0, 1, Person(1, "", ""), None)
    return StoredEvent(number=1, key=key, body=encode(event))


def test_an_event_is_rendered_once() -> None:
    asked: list[str] = []

    def render(event: Event) -> bytes:
        asked.append(event.id)
        return event.id.encode()

    rendered = Rendered(render)

    assert rendered.all([stored(1), stored(2)]) == [b"1", b"2"]
    assert rendered.all([stored(2), stored(3), stored(1)]) == [b"2", b"3", b"1"]
    assert asked == ["1", "2", "3"]


def test_p8_what_is_kept_has_a_ceiling() -> None:
    rendered = Rendered(lambda event: b"x" * 800, most_bytes=5_000)

    for key in range(1000):
        assert rendered.all([stored(key)]) == [b"x" * 800]

    assert repr(rendered) == "<Rendered [5 events, 5000 bytes]>"


def test_an_event_larger_than_the_ceiling_is_rendered_all_the_same() -> None:
    rendered = Rendered(lambda event: b"x" * 10_000, most_bytes=5_000)

    assert rendered.all([stored(1)]) == [b"x" * 10_000]
    assert repr(rendered) == "<Rendered [0 events, 0 bytes]>"
