"""An import-linter contract that says what a package may import, instead of what it may not.

A list of what is forbidden has to be kept in step with every new dependency; a list of what is
allowed does not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, cast

from importlinter import Contract, ContractCheck, fields, output

if TYPE_CHECKING:
    from grimp import ImportGraph


class AllowedImports(Contract):
    """The packages import themselves, the standard library, and what is listed.

    - `packages`: whose imports are looked at. One that does not exist (yet) imports nothing.
    - `internal`: packages of this project that they may import.
    - `external`: other packages that they may import. Left out: any.
    """

    type_name = "allowed_imports"

    packages = fields.SetField(subfield=fields.StringField())
    internal = fields.SetField(subfield=fields.StringField())
    external = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        packages = cast("set[str]", self.packages)
        internal = cast("set[str]", self.internal)
        external = cast("set[str] | None", self.external)
        root = next(iter(packages)).partition(".")[0]

        def is_allowed(imported: str, package: str) -> bool:
            if imported == root:  # only the version lives there
                return True
            if _is_in(imported, root):
                return any(_is_in(imported, allowed) for allowed in {package, *internal})
            return external is None or imported in external or imported in sys.stdlib_module_names

        broken = [
            f"{importer}:{line['line_number']}: {line['line_contents']}"
            for importer in sorted(graph.modules)
            for package in packages
            if _is_in(importer, package)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not is_allowed(imported, package)
            for line in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for line in check.metadata["broken"]:
            output.print_error(line)
        output.new_line()


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
