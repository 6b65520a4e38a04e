#!/bin/sh
# .sdk/ with the SDKs that the tests run, as their makers publish them, each in its own environment:
#
#     .sdk/boxsdk3/bin/python      .sdk/boxnode3/node_modules/box-node-sdk
#     ...                          ...
#
# What is wanted of each is in a folder of tests/sdk/env/, of the same name. A stamp holds the checksum of that, so that
# a second run is quick.

set -eu
cd "$(dirname "$0")/.."
wanted=tests/sdk/env

is_current() {
    [ "$(cat ".sdk/$1/sdk.stamp" 2>/dev/null)" = "$(checksum "$1")" ]
}

checksum() {
    cat "$wanted/$1/"*.txt "$wanted/$1/"*.json 2>/dev/null | cksum
}

quietly() {
    if ! "$@" >"$log" 2>&1; then
        echo "This failed: $*" >&2
        tail -n 40 "$log" >&2
        return 1
    fi
}

# Joined by &&, for `set -e` does not work in a function whose status is looked at.
python_sdk() (
    log=.sdk/$1.log
    rm -rf ".sdk/$1"
    # The developers' pip serves them all: one of its own would cost each more than the SDK does.
    quietly .venv/bin/python -m venv --without-pip ".sdk/$1" &&
        quietly .venv/bin/python -m pip --python ".sdk/$1/bin/python" install --quiet --disable-pip-version-check \
            --no-input --require-hashes -r "$wanted/$1/requirements.txt" &&
        checksum "$1" >".sdk/$1/sdk.stamp"
)

node_sdk() (
    log=.sdk/$1.log
    rm -rf ".sdk/$1"
    # No script of a package is run: the SDKs need none.
    mkdir -p ".sdk/$1" &&
        cp "$wanted/$1/package.json" "$wanted/$1/package-lock.json" "$wanted/$1/.npmrc" ".sdk/$1/" &&
        quietly npm ci --prefix ".sdk/$1" --ignore-scripts --no-fund --no-audit --loglevel=error &&
        checksum "$1" >".sdk/$1/sdk.stamp"
)

mkdir -p .sdk
missing_python=""
missing_node=""
for folder in "$wanted"/*/; do
    sdk=$(basename "$folder")
    if is_current "$sdk"; then
        continue
    elif [ -f "$wanted/$sdk/package.json" ]; then
        missing_node="$missing_node $sdk"
    else
        missing_python="$missing_python $sdk"
    fi
done

status=0
if [ -n "$missing_node" ] && { ! command -v node >/dev/null || ! command -v npm >/dev/null; }; then
    if ! sh scripts/packages.sh nodejs npm; then
        echo "Without node and npm the Node SDKs are not tested." >&2
        [ -z "${CI-}" ] || status=1
        missing_node=""
    fi
fi
[ -n "$missing_python$missing_node" ] || exit $status
echo "Setting up SDKs in .sdk:$missing_python$missing_node ..." >&2

# Python and Node side by side, the SDKs of each in turn: more at once is no quicker.
(
    for sdk in $missing_node; do
        node_sdk "$sdk" || status=1
    done
    exit $status
) &
node=$!
for sdk in $missing_python; do
    python_sdk "$sdk" || status=1
done
wait "$node" || status=1
rm -f .sdk/*.log
exit $status
