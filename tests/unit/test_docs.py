"""The documents name what exists, and leave out nothing that they promise to list."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import unquote

import msgspec
import pytest

from wakeful.dialects.box import errors as box_errors
from wakeful.dialects.box.catalogue import IN_EVERY_VIEW
from wakeful.dialects.native import changes, events
from wakeful.dialects.native import errors as native_errors
from wakeful.http.app import description, every_route
from wakeful.sources.ignore import DEFAULT_IGNORE

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TEST = re.compile(r"\b(tests/[\w/]+\.py)(?:::(\w+))?")
_FILE = re.compile(r"`((?:core|cli|dialects|http|sources|stores)(?:/\w+)+|(?:\w+/)*\w+\.py)`")
_DOTTED = re.compile(r"`(wakeful(?:\.(?!db\b|toml\b)[a-zA-Z]\w*)+)(?:\(.*?\))?`")
_ROUTE = re.compile(r"\$URL(/[^\s\"'?]*)")


@cache
def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def functions_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@each_page
def test_every_test_that_is_named_exists(page: Path) -> None:
    missing = []
    for file, function in _TEST.findall(page.read_text(encoding="utf-8")):
        path = ROOT / file
        if not path.is_file() or (function and function not in functions_in(path)):
            missing.append(f"{file}::{function}")

    assert missing == []


@each_page
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link or link.startswith("mailto:"):
            continue
        where, _, anchor = unquote(link).partition("#")
        target = page.parent / where if where else page
        if not target.exists() or (anchor and anchor not in set(anchors_of(target))):
            broken.append(link)

    assert broken == []


@each_page
def test_every_module_that_is_named_exists(page: Path) -> None:
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    missing = [name for name in _FILE.findall(prose) if not is_file_of_the_project(name)]
    missing += [name for name in _DOTTED.findall(prose) if not is_defined(name)]

    assert missing == []


@cache
def is_file_of_the_project(name: str) -> bool:
    """Whether *name* is the end of the path of a program, or of a package."""
    folders = ("src", "tests", "benchmarks", "scripts", "examples")
    found = (path for folder in folders for path in (ROOT / folder).rglob(Path(name).name))
    return any(f"/{path.relative_to(ROOT).as_posix()}".endswith(f"/{name}") for path in found)


@cache
def is_defined(name: str) -> bool:
    """Whether *name* is a module, or something in one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            found = getattr(found, attribute, None)
        return found is not None
    return False


def anchors_of(page: Path) -> Iterator[str]:
    """What headings are called in links, as the usual hosts make it."""
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    for heading in re.findall(r"^#+ (.*)$", prose, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_readme_leads_to_every_page() -> None:
    linked = set(_LINK.findall(text_of("README.md")))

    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages
    assert pages <= linked


@pytest.mark.parametrize("number", range(1, 12))
def test_every_promise_names_its_tests(number: int) -> None:
    found = re.search(
        rf"^## P{number}: (.*?)(?=^## |\Z)", text_of("docs/promises.md"), re.MULTILINE | re.DOTALL
    )

    assert found is not None
    assert _TEST.search(found[1])


def test_the_examples_ask_for_routes_that_exist() -> None:
    asked = set()
    for language, block in _FENCED.findall(text_of("docs/publish.md")):
        if language == "console" and "$ curl" in block:
            found = _ROUTE.findall(block)
            assert found, block
            asked.update(found)

    assert asked
    assert asked <= set(paths())


def paths() -> Iterator[str]:
    """The routes of the whole app by their patterns."""

    yield from description(every_route(Mock()))["paths"]


def test_the_box_page_has_every_route() -> None:
    page = text_of("docs/box.md").replace("/:id", "/{id}").replace("users/me", "users/{id}")
    page = page.replace("/:version", "/{version}")

    assert [path for path in paths() if path.startswith("/2.0/") and path not in page] == []


def test_every_error_code_of_box_is_on_its_page() -> None:
    codes = {code for _, code in box_errors.ERRORS.values()} | set(box_errors._CODES.values())

    assert lacking("docs/box.md", codes) == []


def test_every_error_code_of_the_native_dialect_is_on_its_page() -> None:
    assert lacking("docs/publish.md", {code for _, code in native_errors.ERRORS.values()}) == []


def test_every_event_of_the_filtered_streams_is_on_the_box_page() -> None:
    assert lacking("docs/box.md", IN_EVERY_VIEW) == []


def test_every_field_of_a_request_is_on_the_page_of_publishing() -> None:
    forms = [*changes.WireChange.__args__, events.WireEvent]
    fields = {name for form in forms for name in form.__struct_fields__}
    kinds = {str(msgspec.inspect.type_info(form).tag) for form in forms[:-1]}  # type: ignore[attr-defined] # of a struct

    assert lacking("docs/publish.md", fields | kinds) == []


def test_every_pattern_that_is_built_in_is_on_the_page_of_sources() -> None:
    patterns = {pattern.removeprefix("\\") for pattern in DEFAULT_IGNORE}

    assert lacking("docs/sources.md", patterns) == []


def lacking(page: str, words: set[str] | frozenset[str]) -> list[str]:
    """Those of *words* that *page* does not have as code."""
    text = text_of(page)
    return sorted(word for word in words if f"`{word}`" not in text)
