"""The SDKs sign in by every class that they have for it, with the files that we write for them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.readers import Reader
from tests.sdk.followers import PYTHON_HANDWRITTEN, SDKS, Sdk
from tests.servers import Server, clean_environ, running, wakeful

pytestmark = pytest.mark.sdk

_PROGRAMS = Path(__file__).with_name("signin")

AS_USER = ("ccg user", "jwt user", "as user", "refresh", "refresh again", "downscoped", "revoked")
AS_USER_TOO = ("asked for", "remote", "shared")
"""What the hand-written Python SDK has besides, but for those that keep tokens in Redis."""
AS_SERVICE = ("ccg enterprise", "jwt enterprise")


class Site:
    """One server for all, with a user, a folder of theirs, and an app."""

    def __init__(self, server: Server, config: Path) -> None:
        self.server = server
        self.config = config
        self.user = str(self.administer("user", "add", "ann@example.com")["id"])
        self.made = self.administer(
            "app", "create", "Mirror", "--box-config", str(config),
            "--scope", "root_readwrite", "--scope", "manage_managed_users",
        )  # fmt: skip
        self.token = self.administer("token", "create", "ann@example.com")["text"]
        with Reader(server.url, self.token) as anns:
            anns.publish({"kind": "create_folder", "path": "/inbox"})
            (folder,) = anns.get("/2.0/folders/0/items")["entries"]
        self.folder = folder["id"]

    def administer(self, *words: str) -> Any:
        answer = wakeful(*words, "--data", self.server.data, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def task(self) -> dict[str, Any]:
        """What a program needs; the refresh token is its own."""
        tokens = self.administer(
            "token", "create", "ann@example.com", "--app", "Mirror", "--refresh"
        )
        return {
            "url": self.server.url,
            "token": self.token,
            "config": str(self.config),
            "client_id": self.made["app"]["client_id"],
            "client_secret": self.made["client_secret"],
            "enterprise": str(self.made["app"]["enterprise"]),
            "user": self.user,
            "folder": self.folder,
            "refresh_token": tokens["refresh_token"],
        }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("signin")
    with running(folder) as server:
        yield Site(server, folder / "config.json")


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_p11_an_sdk_signs_in_by_every_class_that_it_has(sdk: Sdk, site: Site) -> None:
    done = subprocess.run(
        sdk.command(site.task(), _PROGRAMS / sdk.program),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=clean_environ(),
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = {line["how"]: line["id"] for line in map(json.loads, done.stdout.splitlines())}
    service = str(site.made["app"]["service_account"])
    assert told == (
        {"developer token": site.user}
        | dict.fromkeys(AS_USER, site.user)
        | dict.fromkeys(AS_USER_TOO if sdk in PYTHON_HANDWRITTEN else (), site.user)
        | dict.fromkeys(AS_SERVICE, service)
    )
