"""The pytest plugin. It imports nothing of the rest before a fixture is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
def wakeful_user(wakeful_server: Emulator) -> User:
    """A fresh user, an admin of an enterprise of their own: nothing of other tests is there."""
    return wakeful_server.user()


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


def _made(make: Callable[[], Any]) -> Any:
    from wakeful.testing.sdks import SdkMissing

    try:
        return make()
    except SdkMissing as missing:
        # No skip: a run that tests nothing must not look as if it had.
        pytest.fail(str(missing), pytrace=False)
