"""The SDKs ask a user for consent by the flows that they have for it, and use what they get.

Each program takes one JSON object: `url`; `client_id` and `client_secret` of an app; `public_id` of
one without a secret; `redirect_uri`, which both have. It prints a line with what to `ask`, reads
one with what the user's browser got, and says by a line `how` it signed in, and whose `login` that
is; in the end that the tokens were revoked.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.people import Person
from tests.readers import Json
from tests.sdk.dropbox_followers import DROPBOXJS10, pointed_at
from tests.sdk.dropbox_followers import PYTHON as DROPBOX_PYTHON
from tests.sdk.followers import SDKS, Sdk
from tests.servers import WAKEFUL, Server, clean_environ, running

pytestmark = pytest.mark.sdk

LOGIN, PASSWORD = "ann@example.com", "correct horse"
BACK = "http://localhost:53682/back"  # nobody goes there: the program is told of it

_PROGRAMS = Path(__file__).with_name("consent")


class Site:
    """A server with a user who has a password, and two apps."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.administer("user", "add", LOGIN)
        self.administer("user", "passwd", LOGIN, typed=PASSWORD)
        back = ("--redirect-uri", "http://localhost/back")
        self.app = self.administer("app", "create", "Mirror", *back)
        self.public = self.administer("app", "create", "Phone", "--public", *back)

    def administer(self, *words: str, typed: str = "") -> Any:
        done = subprocess.run(
            [WAKEFUL, *words, "--data", self.server.data, "--json"],
            input=typed,
            capture_output=True,
            text=True,
            env=clean_environ(),
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def consent(self, sdk: Sdk) -> list[Json]:
        """What the program of *sdk* says, while its user allows whatever it asks for."""
        task = {
            "url": self.server.url,
            "client_id": self.app["app"]["client_id"],
            "client_secret": self.app["client_secret"],
            "public_id": self.public["app"]["client_id"],
            "redirect_uri": BACK,
        }
        environ = clean_environ() | dict(pointed_at(self.server))
        told: list[Json] = []
        trust = ssl.create_default_context(cafile=self.server.authority)
        with (
            tempfile.TemporaryFile("w+") as complaints,
            subprocess.Popen(
                sdk.command(task, _PROGRAMS / sdk.program),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                env=environ | {"DROPBOX_WEB_HOST": self.server.tls_host},
            ) as program,
            Person(LOGIN, PASSWORD, trust) as person,
        ):
            assert program.stdin is not None
            assert program.stdout is not None
            try:
                for line in map(json.loads, program.stdout):
                    if "ask" in line:
                        program.stdin.write(person.allow(line["ask"]) + "\n")
                        program.stdin.flush()
                    else:
                        told.append(line)
                code = program.wait()
            finally:
                program.kill()
            complaints.seek(0)
            assert code == 0, complaints.read()
        return told


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("consent"), tls=True) as server:
        yield Site(server)


def by(*ways: str) -> list[Json]:
    """What is told by who signed in by all *ways*, until the tokens were revoked."""
    return [{"how": how, "login": LOGIN} for how in ways] + [{"how": "revoked", "login": ""}]


@pytest.mark.parametrize("sdk", SDKS, ids=lambda sdk: sdk.name)
def test_p11_a_box_sdk_is_allowed_what_its_user_wants(site: Site, sdk: Sdk) -> None:
    assert site.consent(sdk) == by("redirect", "refreshed")


@pytest.mark.parametrize("sdk", DROPBOX_PYTHON, ids=lambda sdk: sdk.name)
def test_p11_dropbox_for_python_is_allowed_what_its_user_wants(site: Site, sdk: Sdk) -> None:
    assert site.consent(sdk) == by(
        "pasted",
        "pasted, with PKCE",
        "redirected",
        "redirected, with PKCE",
        "refreshed",
        "refreshed, without a secret",
    )


def test_p11_dropbox_for_node_is_allowed_what_its_user_wants(site: Site) -> None:
    assert site.consent(DROPBOXJS10) == by("pasted", "redirected, with PKCE", "refreshed")
