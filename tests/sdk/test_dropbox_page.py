"""The lines for the SDKs on the page of the Dropbox dialect, run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.components import node_sdk, python_sdk
from tests.processes import program
from tests.readers import Reader
from tests.sdk.dropbox_followers import DROPBOX12, DROPBOX120, DROPBOXJS10
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

PAGE = Path(__file__).parent.parent.parent / "docs" / "dropbox.md"
PYTHON = {
    "Python": (DROPBOX12.home, DROPBOX120.home),
    "Python, version 1": ("dropboxv1",),
}
NODE = {"JavaScript": (DROPBOXJS10.home,)}

# As the page says, these would win over what a program says.
UNTRUSTING = {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": ""}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    with running(folder, arguments=("--drain", "1"), tls=True) as server:
        yield server


@pytest.mark.parametrize("title", [*PYTHON, *NODE])
def test_the_lines_of_a_section_tell_of_the_next_change(server: Server, title: str) -> None:
    *ways, following = lines_of(title)
    name = f"{title.lower()}.txt"
    with Reader(server.url, server.token) as reader, ExitStack() as stack:
        reader.wait_until_parked(0)
        runs = [
            stack.enter_context(program(command, environ))
            for way in ways
            for command, environ in commands(title, f"{way}\n{following}", server)
        ]
        reader.wait_until_parked(len(runs))

        reader.publish({"kind": "upload", "path": f"/{name}"})

        for run in runs:
            run.wait_for(lambda lines: any(name in line for line in lines), name)


def lines_of(title: str) -> list[str]:
    """Those that make a client, one way or another, and at last those that follow with it."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"### {title}\n")
    section, _, _ = rest.partition("\n### ")
    shown = re.findall(r"```(?:python|js)\n(.*?)```", section, re.DOTALL)
    assert len(shown) > 1
    return shown


def commands(
    title: str, lines: str, server: Server
) -> Iterator[tuple[list[str | Path], Mapping[str, str]]]:
    """What runs *lines* with each version, with what the page says of them before them."""
    known = {
        "host": server.tls_host,
        "authority": str(server.authority),
        "url": server.url,
        "token": server.token,
    }
    for home in PYTHON.get(title, ()):
        given = "".join(f"{name} = {value!r}\n" for name, value in known.items())
        yield [python_sdk(home), "-u", "-W", "ignore", "-c", given + lines], UNTRUSTING
    for home in NODE.get(title, ()):
        given = "".join(f"const {name} = {value!r};\n" for name, value in known.items())
        modules = str(node_sdk(home) / "x")
        given += f"require = require('node:module').createRequire({modules!r});\n"
        environ = {"NODE_EXTRA_CA_CERTS": str(server.authority)}
        yield ["node", "--no-warnings", "-e", given + lines], environ
