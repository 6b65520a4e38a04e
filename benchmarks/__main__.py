"""Measure Wakeful beside what an engineer would take instead, and print one table.

`python -m benchmarks` runs every system in turn, in three rounds, in some 40 minutes; with
`--quick` one short round, in some 5. Names run the benchmarks of Wakeful alone, and `guard` shows
what the regression guard counts.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks import alone, guard
from benchmarks.compare import report
from benchmarks.compare.figures import TITLES
from benchmarks.compare.plan import FULL, QUICK
from benchmarks.compare.run import WORKS, names, run
from benchmarks.load.build import NoCompiler
from benchmarks.machine import load, machine


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join((*alone.BENCHMARKS, 'guard'))}"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results to FILE")
    side = parser.add_argument_group("side by side")
    side.add_argument("--quick", action="store_true", help="one short round with fewer polls")
    side.add_argument("--rounds", type=int, metavar="N", help="how often all is measured")
    side.add_argument("--minutes", type=float, metavar="N", help="begin nothing more after N")
    side.add_argument("--works", default="", metavar="LIST", help=f"of {', '.join(WORKS)}")
    side.add_argument("--systems", default="", metavar="LIST", help=f"of {', '.join(TITLES)}")
    side.add_argument("--folder", type=Path, help="for all data, on the disk to be measured")
    side.add_argument(
        "--stores",
        type=Path,
        metavar="DIR",
        help="keep the large stores that are made for it, for the next run",
    )
    side.add_argument(
        "--docs", action="store_true", help="put table and plots into docs/benchmarks.md"
    )
    side.add_argument("--busy", action="store_true", help="say there that other work went on")
    counted = parser.add_argument_group("guard")
    counted.add_argument("--write", action="store_true", help="keep the counts as they are now")
    options = parser.parse_args()
    # Whoever ends it by a signal has its servers ended, and its data removed, all the same.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    known = (*alone.BENCHMARKS, "guard")
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    try:
        works = names(options.works, tuple(WORKS)) or tuple(WORKS)
        systems = names(options.systems, tuple(TITLES))
    except ValueError as error:
        parser.error(str(error))
    try:
        if options.names == ["guard"]:
            return guard.show(is_written=options.write)
        if options.names:
            return _alone(options.names, options.json)
        return _side_by_side(options, works, systems)
    except NoCompiler as missing:
        print(missing, file=sys.stderr)
        return 2


def _alone(chosen: list[str], kept: Path | None) -> int:
    results: dict[str, Any] = {"machine": machine()}
    print(f"{results['machine']}\n")
    missed = 0
    for name in chosen:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = alone.run(name)
        for figure in alone.BENCHMARKS[name]:
            missed += alone.show(figure, results[name])
    if kept is not None:
        kept.write_text(json.dumps(results, indent=2) + "\n")
    return 1 if missed else 0


def _side_by_side(options: argparse.Namespace, works: Any, systems: Any) -> int:
    plan = QUICK if options.quick else FULL
    if options.rounds is not None:
        plan = report.with_rounds(plan, options.rounds)
    measured = {
        "machine": machine(),
        "load": load(),
        "is_busy": options.busy,
        "is_quick": options.quick,
        "rounds": plan.rounds,
        **run(plan, works, systems, options.folder, options.stores, options.minutes),
    }
    print(report.text(measured, plan))
    if options.json is not None:
        options.json.write_text(json.dumps(measured, indent=1) + "\n")
    if options.docs:
        report.write_docs(measured, plan)
    return 0


if __name__ == "__main__":
    sys.exit(main())
