#!/bin/sh
# Locks every version with its hashes, for all platforms, and without the address of any package index: an
# installation takes the packages from where its own machine is set up to take them.

set -eu
cd "$(dirname "$0")/.."

compile() {
    output=$1
    shift
    # --upgrade: a new lock takes the newest versions, whatever the old one says.
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --upgrade --custom-compile-command "make lock" --output-file "$output" "$@"
    echo "$output"
}

# Who collects money for a package is no part of what is installed, and changes without the package.
without_funding() {
    .venv/bin/python - "$1" <<'END'
import json, pathlib, sys

lock = pathlib.Path(sys.argv[1])
locked = json.loads(lock.read_text())
for package in locked["packages"].values():
    package.pop("funding", None)
lock.write_text(json.dumps(locked, indent=2, ensure_ascii=False) + "\n")
END
}

compile requirements/build.txt --group build
compile requirements/run.txt pyproject.toml
compile requirements/dev.txt pyproject.toml --group dev
for wanted in tests/sdk/env/*/; do
    if [ -f "$wanted/package.json" ]; then
        # Its .npmrc leaves the addresses out.
        (cd "$wanted" && rm -f package-lock.json && npm install --silent --package-lock-only --ignore-scripts)
        without_funding "${wanted}package-lock.json"
        echo "${wanted}package-lock.json"
    else
        compile "${wanted}requirements.txt" "${wanted}requirements.in"
    fi
done
