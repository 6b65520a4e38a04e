"""The examples of docs/publish.md, run one after the other as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

from tests.integration.http.conftest import Client

PAGE = Path(__file__).parents[3] / "docs" / "publish.md"

_EXAMPLE = re.compile(r"^```console\n\$ (curl .*?)^```\n\n^```json\n(.*?)^```$", re.M | re.S)
_DIFFERENT = {"id", "item", "position", "enterprise_position", "request_id"}
"""Fields that are other ones on each server; but where the page repeats one, so must the app."""


async def test_the_examples_are_answered_as_the_page_says(ann: Client) -> None:
    examples = _EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(examples) > 5
    same: dict[str, str] = {}
    for command, told in examples:
        method_and_path, headers, body = curl(command)
        for on_the_page, here in same.items():
            body = body.replace(f'"{on_the_page}"', f'"{here}"')

        answer = await ann.ask(*method_and_path, headers=headers, content=body)

        compare(json.loads(told), answer.json(), same)


def curl(command: str) -> tuple[tuple[str, str], dict[str, str], str]:
    """Method and path, headers but for the token, and body."""
    words = iter(shlex.split(command.replace("\\\n", ""))[1:])
    headers, body, path = {}, "", ""
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            if name != "Authorization":
                headers[name] = value
        elif word == "-d":
            body = next(words)
        else:
            path = word.removeprefix("$URL")
    return ("POST" if body else "GET", path), headers, body


def compare(told: Any, found: Any, same: dict[str, str]) -> None:
    """Raise unless *found* is *told*, but for the names of things, which are in *same*."""
    if isinstance(told, dict):
        assert isinstance(found, dict)
        assert told.keys() == found.keys()
        for name, value in told.items():
            if name in _DIFFERENT and isinstance(value, str | int):
                assert type(found[name]) is type(value)
                assert same.setdefault(str(value), str(found[name])) == str(found[name])
            else:
                compare(value, found[name], same)
    elif isinstance(told, list):
        assert isinstance(found, list)
        assert len(told) == len(found)
        for one, other in zip(told, found, strict=True):
            compare(one, other, same)
    else:
        assert told == found
