"""Drives the load generator (`load.c`): one process, one clock, as many connections as are needed.

Every command is bounded in time by the generator itself, and here once more.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

LONGEST_SECONDS = 300.0

Answer = dict[str, Any]


class GeneratorFailed(Exception):
    """The generator gave up. The text says why."""


@dataclass(frozen=True)
class Extract:
    """What to keep of an answer: what stands between `before` and any character of `until`.

    It takes the place of `{{a}}` or `{{b}}` in the next request for the same user.
    """

    slot: str
    before: str
    until: str


@dataclass(frozen=True)
class Request:
    """The text of a request, with places to be filled in (see `template.h`).

    `item` takes the place of `{{items}}`, once for each user whom the request is about. An answer
    is complete with so many `replies` (of Redis, PostgreSQL and NATS).
    """

    text: str | bytes
    item: str | bytes = ""
    separator: str = ","
    framing: str = "http"
    replies: int = 1
    extracts: tuple[Extract, ...] = ()


class Generator:
    """One process of the load generator. A context manager."""

    def __init__(
        self,
        program: Path,
        *,
        port: int,
        users: Sequence[Sequence[str]],
        publish_port: int | None = None,
        cursor: int | None = None,
    ) -> None:
        """*cursor* is the column of *users*, from 1, that `{{a}}` stands for at first."""
        self._folder = tempfile.TemporaryDirectory(prefix="wakeful-load-")
        self._errors = Path(self._folder.name, "errors").open("w+b")  # noqa: SIM115 - closed below
        self._process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
        )
        self._left = b""
        self._known: dict[Request, str] = {}
        self.order("target", port=port, publish=publish_port or port)
        listed = Path(self._folder.name, "users")
        listed.write_text("".join("\t".join(user) + "\n" for user in users), encoding="utf-8")
        self.order("users", file=listed, cursor=cursor)

    def __enter__(self) -> Generator:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()
        self._folder.cleanup()

    def order(self, command: str, **words: object) -> Answer:
        """Have *command* carried out; a Request among *words* is made known first.

        Raises GeneratorFailed.
        """
        parts = [command]
        for name, value in words.items():
            if value is None:
                continue
            if isinstance(value, Request):
                value = self._name_of(value)
            elif isinstance(value, bool):
                value = int(value)
            parts.append(f"{name}={quote(str(value), safe='/')}")
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(" ".join(parts).encode() + b"\n")
            line = self._line()
        except BrokenPipeError:
            line = b""
        if not line:
            raise GeneratorFailed(f"{command}: {self._said()}")
        answer: Answer = json.loads(line)
        return answer

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        while b"\n" not in self._left:
            if not select.select([output], [], [], LONGEST_SECONDS)[0]:
                self._process.kill()
                return b""
            received = os.read(output, 65536)
            if not received:
                return b""
            self._left += received
        line, _, self._left = self._left.partition(b"\n")
        return line

    def _said(self) -> str:
        self._errors.seek(0)
        text = self._errors.read().decode("utf-8", "replace").strip()
        return text[-2000:] or "the load generator ended without a word"

    def _name_of(self, request: Request) -> str:
        name = self._known.get(request)
        if name is None:
            name = f"t{len(self._known)}"
            self._known[request] = name
            self.order(
                "template",
                name=name,
                framing=request.framing,
                replies=request.replies,
                separator=request.separator,
                file=self._keep(name, request.text),
                item=self._keep(f"{name}-item", request.item) if request.item else None,
            )
            for extract in request.extracts:
                self.order(
                    "extract",
                    template=name,
                    slot=extract.slot,
                    before=extract.before,
                    until=extract.until,
                )
        return name

    def _keep(self, name: str, text: str | bytes) -> Path:
        path = Path(self._folder.name, name)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path
