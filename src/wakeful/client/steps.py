"""What a flow asks of its driver, and what it is told.

A flow decides and does no I/O; a driver does the I/O and decides nothing. So the asynchronous
and the synchronous client are two short drivers of the same flow, and the rules are tested
without a socket and without waiting.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from wakeful.client.events import Event
from wakeful.client.notices import Notice

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a request; the driver answers with an `Answer` or a `NoAnswer`."""

    method: str
    url: str
    silence: float
    """How long, in seconds, the server may send nothing before the request is given up."""

    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that arrived whole. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0
    """How long it took, from the request to the last byte."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No answer, or none that arrived whole. `reason` is a clause for people."""

    reason: str
    was_silent: bool = False
    """The server took the request and said nothing for as long as `Ask.silence` allows."""


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give an event to the consumer; go on when the next one is asked for."""

    event: Event


@dataclass(frozen=True, slots=True)
class Save:
    """Everything before this position was taken by the consumer."""

    position: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell whoever watches the connection."""

    notice: Notice


Reply = Answer | NoAnswer
"""What an `Ask` is answered with; every other step is answered with None."""

Step = Ask | Sleep | Deliver | Save | Tell

Flow = Generator[Step, Reply | None, T]
"""A flow at work. It ends by an error of `wakeful.client`, or returns T."""


class Run(Generic[T]):
    """A flow and the step that it waits for.

    The step stays until `done` is called, so a driver that is cancelled in the middle of it
    begins the same step again.
    """

    def __init__(self, flow: Flow[T]) -> None:
        self._flow = flow
        self._step: Step | None = None
        self._end: StopIteration | None = None

    def step(self) -> Step | None:
        """What to do next, None when the flow has ended. Raises what the flow ends by."""
        if self._step is None and self._end is None:
            self.done()  # the beginning: nothing was to be carried out
        return self._step

    def end(self) -> T:
        """What the flow returned."""
        assert self._end is not None, "the flow has not ended"
        result: T = self._end.value
        return result

    def done(self, reply: Reply | None = None) -> None:
        """The step was carried out; an `Ask` has a reply."""
        self._step = None
        try:
            self._step = self._flow.send(reply)
        except StopIteration as end:
            self._end = end
