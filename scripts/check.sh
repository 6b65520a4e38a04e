#!/bin/sh
# What `make check` does: formatting, lint, types, import contracts. All of them run, so that one run shows all faults.

cd "$(dirname "$0")/.." || exit 1
bin=.venv/bin
failed=0

step() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        echo "$output"
        failed=1
    fi
}

folders=""
for folder in src tests benchmarks examples; do
    if [ -d "$folder" ]; then
        folders="$folders $folder"
    fi
done

step "formatting" $bin/ruff format --check .
step "lint" $bin/ruff check .
# shellcheck disable=SC2086 # a list of folders
step "types" $bin/mypy $folders scripts/import_contracts.py
step "import contracts" $bin/lint-imports --no-logo
exit $failed
