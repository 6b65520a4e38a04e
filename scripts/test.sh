#!/bin/sh
# What `make test` does: installs what is missing, then runs the checks and all tests. ARGS goes to pytest:
# make test ARGS="-k position". On CI (CI=true) nothing may be left out for want of a component.

set -eu
cd "$(dirname "$0")/.."

status=0
sh scripts/python.sh >/dev/null 2>&1 || status=$?
if [ "$status" = 3 ]; then
    sh scripts/packages.sh python3-venv || exit 1
elif [ "$status" != 0 ]; then
    sh scripts/packages.sh python3 python3-venv || true # the next script says what else would do
fi

sh scripts/venv.sh dev
if ! sh scripts/sdk.sh; then
    [ -z "${CI-}" ] || exit 1
    echo "Going on without the SDKs that could not be set up." >&2
fi
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    if ! sh scripts/packages.sh chromium; then
        [ -z "${CI-}" ] || exit 1
        echo "Going on without Chromium." >&2
    fi
fi
if ! command -v rclone >/dev/null; then
    if ! sh scripts/packages.sh rclone; then
        [ -z "${CI-}" ] || exit 1
        echo "Going on without rclone." >&2
    fi
fi
if ! command -v cc >/dev/null; then
    if ! sh scripts/packages.sh gcc libc6-dev; then
        [ -z "${CI-}" ] || exit 1
        echo "Going on without a C compiler." >&2
    fi
fi
sh scripts/check.sh

if [ -n "${CI-}" ]; then
    export WAKEFUL_TEST_REQUIRE="${WAKEFUL_TEST_REQUIRE:-all}"
    set -- --cov --cov-report=term-missing
else
    set --
fi
# Three processes for two cores: the slow tests mostly wait. Those that measure something are marked `alone`, and
# those that share an `xdist_group` stay in one process.
eval "set -- \"\$@\" ${MAKE_ARGS-}"
exec .venv/bin/python -m pytest -n 3 --dist loadgroup "$@"
