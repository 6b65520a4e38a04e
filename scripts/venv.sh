#!/bin/sh
# scripts/venv.sh run|dev: .venv with the locked packages and the project itself (editable), made or brought up to date.
#
# `run` is what the server needs, `dev` adds what the checks and tests need. A stamp holds the checksum of all that the
# environment was made from, so that a second run costs a few milliseconds; a checksum and not a time, because a
# checkout changes times.

set -eu
cd "$(dirname "$0")/.."
level=$1

# Of pyproject.toml only what an installation depends on: a new lint rule sets nothing up again.
checksum() {
    sed '/^\[tool\.pytest\]/,$d' pyproject.toml | cat - requirements/build.txt "requirements/$1.txt" | cksum
}

# Also false when the Python that .venv points to was removed by an upgrade.
if .venv/bin/python -c '' 2>/dev/null; then
    if [ "$(cat ".venv/$level.stamp" 2>/dev/null)" = "$(checksum "$level")" ]; then
        exit 0
    fi
else
    rm -rf .venv
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

quietly() {
    if ! "$@" >"$log" 2>&1; then
        echo "This failed: $*" >&2
        tail -n 40 "$log" >&2
        exit 1
    fi
}

install() {
    quietly .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@"
}

if [ ! -d .venv ]; then
    python=$(sh scripts/python.sh) || exit $?
    echo "Setting up .venv with $("$python" --version) (once) ..." >&2
    quietly "$python" -m venv .venv
else
    echo "Bringing .venv up to date ..." >&2
fi
if [ "$level" = run ]; then
    install --require-hashes -r requirements/build.txt -r requirements/run.txt
else
    install --require-hashes -r requirements/dev.txt # has the other two in it
fi
# The build back end is locked above, so that nothing unlocked is fetched here.
install --no-deps --no-build-isolation --editable .

if [ "$level" = dev ]; then
    checksum run >.venv/run.stamp
fi
checksum "$level" >".venv/$level.stamp"
