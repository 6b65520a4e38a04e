"""The pytest plugin. It imports nothing of the rest before a fixture is asked for."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wakeful.testing.emulator import Emulator
    from wakeful.testing.inbox import Inbox
    from wakeful.testing.users import User


@pytest.fixture(scope="session")
def wakeful_server() -> Iterator[Emulator]:
    """An emulator for the whole run; of several workers each has its own."""
    from wakeful.testing.emulator import Emulator

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def wakeful_user(request: pytest.FixtureRequest, wakeful_server: Emulator) -> Iterator[User]:
    """A fresh user, an admin of an enterprise of their own: nothing of other tests is there.

    `@pytest.mark.wakeful(fidelity="faithful")` says with what they are made. What the test lets go
    wrong, for whomever, ends with it.
    """
    marker = request.node.get_closest_marker("wakeful")
    yield wakeful_server.user(**(marker.kwargs if marker else {}))
    wakeful_server.end_faults()


@pytest.fixture
def wakeful_inbox(wakeful_user: User) -> Inbox:
    """Takes what the tested client reads, for a test that waits for it."""
    from wakeful.testing.inbox import Inbox

    return Inbox(wakeful_user)


@pytest.fixture
def box_client(wakeful_user: User) -> Any:
    """A client of the Box SDK that is installed, for the fresh user."""
    return _made(wakeful_user.box_client)


@pytest.fixture
def dropbox_client(wakeful_user: User) -> Any:
    """A client of the Dropbox SDK that is installed, for the fresh user."""
    return _made(wakeful_user.dropbox_client)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "wakeful(**options): what wakeful_user is made with, as Emulator.user has it"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    user = getattr(item, "funcargs", {}).get("wakeful_user")
    if report.when == "call" and report.failed and user is not None:
        report.sections.append(("What wakeful_user's clients asked", user.requests.shown()))
    return report


def _made(make: Callable[[], Any]) -> Any:
    from wakeful.testing.sdks import SdkMissing

    try:
        return make()
    except SdkMissing as missing:
        # No skip: a run that tests nothing must not look as if it had.
        pytest.fail(str(missing), pytrace=False)
