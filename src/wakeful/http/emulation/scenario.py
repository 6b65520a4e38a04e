"""Scenario files: who there is, what they have, what happens when, and what goes wrong.

Rule: a mistake is told with the file and the line in which it stands, before anything is served.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from wakeful.core.people import Role
from wakeful.http.emulation.faults import Wish
from wakeful.http.emulation.fidelity import Word

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([smhd]?)")
_TABLE = re.compile(r"^\s*\[\[\s*(\w+)\s*\]\]")
_WHERE = re.compile(r"`\$\.?(\w+)?(?:\[(\d+|\.\.\.)\])?(?:\.(\w+))?")
_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_LONGEST_SECONDS = 100 * 366 * 86_400.0


class ScenarioError(Exception):
    """A scenario makes no sense. The text begins with the file and the line."""


class UserPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user. Those with the same word as `enterprise` are colleagues; `seed` is a folder, beside
    the file if its path is not a full one, which is in their home from the beginning."""

    login: str
    name: str = ""
    token: Annotated[str, Meta(min_length=8, pattern=r"^[!-~]+$")] | None = None
    enterprise: str | None = None
    is_admin: bool = True
    fidelity: Word | None = None
    chance: int | None = None
    quota: Annotated[int, Meta(ge=0)] | None = None
    seed: str | None = None


class SharedPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A folder that is shared: in the home of its owner and of all members."""

    name: str
    owner: str
    members: tuple[str, ...] = ()
    role: Role = Role.EDITOR
    seed: str | None = None


class StepPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a user does at a time: changes as `POST /v1/changes` takes them, or events as
    `POST /v1/events` does. `at` is in seconds since the start, or a text such as `1h 30m`."""

    at: float | str
    user: str
    changes: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []


class FaultPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault as `POST /emulator/faults` takes it, with the login of a user."""

    fault: str
    user: str | None = None
    route: str | None = None
    skip: int = 0
    times: int | None = None
    status: int | None = None
    retry_after: int | None = None
    seconds: float | None = None
    after: int | None = None
    events: int | None = None
    backoff: int | None = None

    def wish(self, user: int | None) -> Wish:
        """What is asked for. Raises msgspec.ValidationError, and InvalidRequest."""
        fields = msgspec.to_builtins(self) | {"user": user}
        wish = msgspec.convert(fields, Wish)
        wish.check()
        return wish


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a file says, each part in its order."""

    users: tuple[UserPart, ...] = ()
    shared: tuple[SharedPart, ...] = ()
    timeline: tuple[StepPart, ...] = ()
    faults: tuple[FaultPart, ...] = ()


class Script:
    """A scenario, and the file that it is from. Raises ScenarioError."""

    def __init__(self, path: Path) -> None:
        # Nobody else needs it.
        import tomllib

        self.path = path
        try:
            self._text = path.read_text(encoding="utf-8")
            raw = tomllib.loads(self._text)
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{path}: {error}") from None
        except tomllib.TOMLDecodeError as error:
            found = _LINE.search(str(error))
            line = found[1] if found else "1"
            raise ScenarioError(f"{path}:{line}: {_LINE.sub('', str(error)).strip()}") from None
        try:
            self.scenario = msgspec.convert(raw, Scenario)
        except msgspec.ValidationError as error:
            raise self._misfit(error, raw) from None
        for index, step in enumerate(self.scenario.timeline):
            if bool(step.changes) == bool(step.events):
                raise self.error("timeline", index, None, "either changes or events")
            self.seconds(index)

    def seconds(self, index: int) -> float:
        """When a step of the timeline happens, since the start. Raises ScenarioError."""
        at = self.scenario.timeline[index].at
        if isinstance(at, str):
            words = at.split()
            parts = [_AMOUNT.fullmatch(word) for word in words]
            if not words or not all(parts):
                raise self.error("timeline", index, "at", f"{at!r} is no time, as in '1h 30m'")
            at = sum(float(each[1]) * _UNITS[each[2]] for each in parts if each)
        if not 0 <= at <= _LONGEST_SECONDS:
            raise self.error("timeline", index, "at", "it is after the start")
        return at

    def folder(self, text: str) -> Path:
        """The folder that a part of the file means by *text*."""
        return self.path.parent / Path(text).expanduser()

    def error(self, table: str, index: int, key: str | None, what: object) -> ScenarioError:
        """What is said of a mistake in a part, and at a key of it if that is known."""
        if isinstance(what, msgspec.ValidationError):
            text, _, path = str(what).partition(" - at ")
            found = _WHERE.match(path)
            return ScenarioError(f"{self.where(table, index, found[1] if found else key)}: {text}")
        field = getattr(what, "field", None)
        said = f"{field}: {what}" if field else str(what)
        return ScenarioError(f"{self.where(table, index, key)}: {said}")

    def where(self, table: str, index: int, key: str | None = None) -> str:
        """The file, and the line of a part: that of its *key* where it stands there."""
        lines = self._text.splitlines()
        heads = [n for n, line in enumerate(lines) if (m := _TABLE.match(line)) and m[1] == table]
        if index >= len(heads):
            return str(self.path)  # the tables are written in a line of their own
        begin = heads[index]
        line = begin
        if key is not None:
            wanted = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
            for number in range(begin + 1, len(lines)):
                if lines[number].lstrip().startswith("[") and not lines[number].startswith(" "):
                    break
                if wanted.match(lines[number]):
                    line = number
                    break
        return f"{self.path}:{line + 1}"

    def _misfit(self, error: msgspec.ValidationError, raw: dict[str, Any]) -> ScenarioError:
        text, _, path = str(error).partition(" - at ")
        found = _WHERE.match(path)
        unknown = re.search(r"unknown field `(\w+)`", text)
        if not found or found[1] is None:
            table = unknown[1] if unknown else ""
            place = self.where(table, 0) if table in raw else str(self.path)
            return ScenarioError(f"{place}: {text}")
        table, key = found[1], unknown[1] if unknown else found[3]
        index = self._first_misfit(table, raw) if found[2] == "..." else int(found[2] or 0)
        return ScenarioError(f"{self.where(table, index, key)}: {text}")

    def _first_misfit(self, table: str, raw: dict[str, Any]) -> int:
        """msgspec does not say which part of a list it is."""
        kinds: dict[str, Any] = {
            "users": UserPart,
            "shared": SharedPart,
            "timeline": StepPart,
            "faults": FaultPart,
        }
        for index, part in enumerate(raw[table]):
            try:
                msgspec.convert(part, kinds[table])
            except msgspec.ValidationError:
                return index
        return 0
