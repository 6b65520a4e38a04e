#!/bin/sh
# scripts/packages.sh NAME...: installs Debian packages where that needs no password, else says what to do (status 1).

set -eu

if ! command -v apt-get >/dev/null; then
    echo "Please install: $*" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    sudo=""
elif sudo -n true 2>/dev/null; then
    sudo="sudo -n"
else
    echo "Please install:  sudo apt-get install $*" >&2
    exit 1
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing $* ..." >&2
# shellcheck disable=SC2086 # empty or two words
if ! { $sudo apt-get update -qq &&
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    exit 1
fi
