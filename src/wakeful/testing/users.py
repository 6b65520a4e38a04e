"""A user of the emulator: what they do, and the clients that act for them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Unpack

from wakeful.client import Client
from wakeful.testing import sdks
from wakeful.testing.asking import ask, send
from wakeful.testing.faults import Ask, Fault, FaultFields, FaultKind, wish_of
from wakeful.testing.recording import Requests


@dataclass(frozen=True, slots=True)
class User:
    """A user, and a token for them. `drive` asks the routes of the emulator, `requests` is what
    their clients asked."""

    url: str
    id: int
    login: str
    name: str
    enterprise: int
    token: str
    drive: Ask = field(repr=False, compare=False)
    requests: Requests = field(repr=False, compare=False)

    def publish(self, *changes: Mapping[str, Any]) -> Any:
        """Let *changes* happen, as `POST /v1/changes` takes and answers them: all or none, in one
        commit. Raises EmulatorFailed."""
        return ask(self.url, self.token, "POST", "/v1/changes", list(changes))

    def publish_events(self, *events: Mapping[str, Any]) -> Any:
        """Tell of what changes no file, as `POST /v1/events` does. Raises EmulatorFailed."""
        return ask(self.url, self.token, "POST", "/v1/events", list(events))

    def write(self, path: str, content: bytes | str) -> None:
        """Let the file at *path* be uploaded, or a new version of it, with the folders above it.
        Nothing happens where it has that content. Raises EmulatorFailed."""
        raw = content.encode() if isinstance(content, str) else content
        headers = {
            "Content-Type": "application/octet-stream",
            "Dropbox-API-Arg": json.dumps({"path": path, "mode": "overwrite"}),
        }
        send(self.url, self.token, "POST", "/2/files/upload", raw, headers)

    def seed(self, path: str | os.PathLike[str], into: str = "/") -> None:
        """Have what is in the folder *path* be in this user's home, below *into*, as if it had
        always been there: with contents, and without events. Raises EmulatorFailed."""
        wish = {"user": self.id, "path": os.path.abspath(path), "into": into}
        self.drive("POST", "/emulator/seed", wish)

    def fault(
        self, fault: FaultKind | int, route: str | None = None, **fields: Unpack[FaultFields]
    ) -> Fault:
        """Let something go wrong for this user, and for nobody else: as `Emulator.fault`."""
        return Fault(self.drive, wish_of(fault, route, self.id, fields))

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
