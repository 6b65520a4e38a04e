"""A user of the emulator: what they do, and the clients that act for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wakeful.client import Client
from wakeful.testing import sdks
from wakeful.testing.asking import ask


@dataclass(frozen=True, slots=True)
class User:
    """A user, and a token for them."""

    url: str
    id: int
    login: str
    name: str
    enterprise: int
    token: str

    def publish(self, *changes: Mapping[str, Any]) -> Any:
        """Let *changes* happen, as `POST /v1/changes` takes and answers them: all or none, in one
        commit. Raises EmulatorFailed."""
        return ask(self.url, self.token, "POST", "/v1/changes", list(changes))

    def publish_events(self, *events: Mapping[str, Any]) -> Any:
        """Tell of what changes no file, as `POST /v1/events` does. Raises EmulatorFailed."""
        return ask(self.url, self.token, "POST", "/v1/events", list(events))

    def client(self) -> Client:
        """A client of `wakeful.client`; close it."""
        return Client(self.url, self.token)

    def box_client(self) -> Any:
        """A client of the Box SDK that is installed: `box_sdk_gen` (boxsdk 10, box-sdk-gen) or
        else `boxsdk`. Raises SdkMissing."""
        return sdks.box_client(self.url, self.token)

    def boxsdk_client(self) -> Any:
        """A client of `boxsdk`, where both are installed. Raises SdkMissing."""
        return sdks.boxsdk_client(self.url, self.token)

    def dropbox_client(self) -> Any:
        """A client of the Dropbox SDK that is installed. Raises SdkMissing."""
        return sdks.dropbox_client(self.url, self.token)
