"""The project's own tools: a check that cannot fail would be worse than none."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import grimp
import pytest

from scripts.import_contracts import AllowedImports
from tests.alone import turn

PROJECT = Path(__file__).parents[2]
LOCKS = [
    *PROJECT.glob("requirements/*.txt"),
    *PROJECT.glob("tests/sdk/env/*/requirements.txt"),
    *PROJECT.glob("tests/sdk/env/*/package-lock.json"),
]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(PROJECT)))
def test_a_lock_has_hashes_and_names_no_index(lock: Path) -> None:
    text = lock.read_text()

    assert "--hash=sha256:" in text or '"integrity": "sha512-' in text
    assert not re.search(r'"resolved"|--(extra-)?index-url|--find-links|@ ?(https?|file):', text)


@pytest.mark.parametrize(
    ("importer", "imported", "is_kept"),
    [
        pytest.param("wakeful.core.tree", "json", True, id="the standard library"),
        pytest.param("wakeful.core.tree", "msgspec", True, id="an allowed package"),
        pytest.param("wakeful.core.tree", "apsw", False, id="any other package"),
        pytest.param("wakeful.core.tree", "wakeful.core.errors", True, id="itself"),
        pytest.param("wakeful.core.tree", "wakeful.feed", False, id="another part"),
        pytest.param("wakeful.corelike", "apsw", True, id="a name that only begins alike"),
    ],
)
def test_a_package_imports_what_its_contract_allows(
    importer: str, imported: str, is_kept: bool
) -> None:
    contract = AllowedImports(
        name="",
        session_options={},
        contract_options={"packages": ["wakeful.core"], "internal": [], "external": ["msgspec"]},
    )
    graph = grimp.ImportGraph()
    graph.add_import(importer=importer, imported=imported, line_number=1, line_contents="import x")

    check = contract.check(graph, verbose=False)

    assert check.kept is is_kept


def test_one_who_wants_to_be_alone_waits_for_the_others(tmp_path: Path) -> None:
    order: list[str] = []
    wants = threading.Event()

    def be_alone() -> None:
        wants.set()
        with turn(tmp_path, alone=True):
            order.append("alone")

    alone = threading.Thread(target=be_alone)
    with turn(tmp_path, alone=False), turn(tmp_path, alone=False):
        alone.start()
        wants.wait()
        order.append("shared")
    alone.join()

    assert order == ["shared", "alone"]
