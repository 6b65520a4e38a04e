#!/bin/sh
# .sdk/ with the SDKs that the tests run, as their makers publish them, each in its own environment:
#
#     .sdk/boxsdk3/bin/python      .sdk/boxnode3/node_modules/box-node-sdk
#     .sdk/boxsdk10/bin/python     .sdk/boxnode10/node_modules/box-node-sdk
#
# What is wanted of each is in tests/sdk/env/. A stamp holds the checksum of that, so that a second run is quick.

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

python_sdk() (
    log=.sdk/$1.log
    rm -rf ".sdk/$1"
    quietly "$python" -m venv ".sdk/$1"
    quietly ".sdk/$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --require-hashes -r "$wanted/$1/requirements.txt"
    checksum "$1" >".sdk/$1/sdk.stamp"
)

node_sdk() (
    log=.sdk/$1.log
    rm -rf ".sdk/$1"
    mkdir -p ".sdk/$1"
    cp "$wanted/$1/package.json" "$wanted/$1/package-lock.json" "$wanted/$1/.npmrc" ".sdk/$1/"
    # No script of a package is run: the SDKs need none.
    quietly npm ci --prefix ".sdk/$1" --ignore-scripts --no-fund --no-audit --loglevel=error
    checksum "$1" >".sdk/$1/sdk.stamp"
)

mkdir -p .sdk
missing=""
for sdk in boxsdk3 boxsdk10 boxnode3 boxnode10; do
    is_current "$sdk" || missing="$missing $sdk"
done
[ -n "$missing" ] || exit 0

status=0
case $missing in
    *boxnode*)
        if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
            if ! sh scripts/packages.sh nodejs npm; then
                echo "Without node and npm the Node SDKs are not tested." >&2
                [ -z "${CI-}" ] || status=1
                missing=$(echo "$missing" | sed 's/boxnode[0-9]*//g')
            fi
        fi
        ;;
esac
python=$(sh scripts/python.sh)

case $missing in
    *box*) echo "Setting up SDKs in .sdk:$missing ..." >&2 ;;
    *) exit $status ;;
esac
processes=""
for sdk in $missing; do
    case $sdk in
        boxsdk*) python_sdk "$sdk" & ;;
        boxnode*) node_sdk "$sdk" & ;;
    esac
    processes="$processes $!"
done
for process in $processes; do
    wait "$process" || status=1
done
rm -f .sdk/*.log
exit $status
