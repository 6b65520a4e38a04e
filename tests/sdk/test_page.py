"""The lines for the SDKs on the page of the Box dialect, run as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.components import node_sdk, python_sdk
from tests.processes import program
from tests.readers import Reader
from tests.sdk.followers import (
    BOXNODE3,
    BOXNODE4_BOXSDK,
    BOXNODE4_GEN,
    BOXNODE10,
    BOXTS1,
    PYTHON_GENERATED,
    PYTHON_HANDWRITTEN,
    SDKS,
    Sdk,
)
from tests.servers import Server, running

pytestmark = pytest.mark.sdk

PAGE = Path(__file__).parent.parent.parent / "docs" / "box.md"
SECTIONS: dict[str, tuple[Sdk, ...]] = {
    "Python, hand-written": PYTHON_HANDWRITTEN,
    "Python, generated": PYTHON_GENERATED,
    "Node, hand-written": (BOXNODE3, BOXNODE4_BOXSDK),
    "Node, generated": (BOXNODE4_GEN, BOXNODE10, BOXTS1),
}
COMMENT = {"type": "COMMENT_CREATE", "source": {"type": "comment", "id": "7"}}

# As the page says of other packages with the same classes.
NAMES = {
    BOXNODE4_BOXSDK: "require('box-node-sdk').default",
    BOXNODE4_GEN: "require('box-node-sdk/sdk-gen')",
    BOXTS1: "require('box-typescript-sdk-gen')",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server"), arguments=("--drain", "1")) as server:
        yield server


def test_every_sdk_that_runs_has_a_section() -> None:
    assert sorted(sdk.name for sdks in SECTIONS.values() for sdk in sdks) == sorted(
        sdk.name for sdk in SDKS
    )


@pytest.mark.parametrize("title", SECTIONS)
def test_the_lines_of_a_section_tell_of_the_next_event(server: Server, title: str) -> None:
    with Reader(server.url, server.token) as reader, ExitStack() as stack:
        reader.wait_until_parked(0)
        runs = [
            stack.enter_context(program(command(sdk, lines_of(title), server)))
            for sdk in SECTIONS[title]
        ]
        reader.wait_until_parked(len(runs))

        [event] = reader.tell(COMMENT)

        for run in runs:
            run.wait_for(lambda lines: any(event in line for line in lines), event)


def lines_of(title: str) -> str:
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"### {title}\n")
    shown = re.search(r"```(?:python|js)\n(.*?)```", rest, re.DOTALL)
    assert shown is not None
    return shown[1]


def command(sdk: Sdk, lines: str, server: Server) -> list[str | Path]:
    """What runs *lines*, with `url` and `token` before them."""
    if not sdk.package:
        given = f"url, token = {server.url!r}, {server.token!r}\n"
        return [python_sdk(sdk.home), "-u", "-W", "ignore", "-c", given + lines]
    home = node_sdk(sdk.home)
    given = f"const [url, token] = [{server.url!r}, {server.token!r}];\n"
    given += f"require = require('node:module').createRequire({str(home / 'x')!r});\n"
    lines = lines.replace("require('box-node-sdk')", NAMES.get(sdk, "require('box-node-sdk')"))
    return ["node", "--no-warnings", "-e", given + lines]
