#!/bin/sh
# What `make serve` does: sets up what is missing, then becomes the server.

set -eu
cd "$(dirname "$0")/.."
watch=${MAKE_WATCH-}
arguments=${MAKE_ARGS-}

if [ -z "$watch" ]; then
    cat >&2 <<'END'
Which folder? For example:

    make serve WATCH=~/Documents
    make serve WATCH="/srv/My files" ARGS="--port 9000"

END
    exit 2
fi

# Not every shell expands ~ behind the = of an argument, and none does within quotes.
name=""
case $watch in
    [!/~\$.]*=*) name=${watch%%=*}= watch=${watch#*=} ;; # NAME=DIR
esac
# shellcheck disable=SC2016,SC2088 # just these characters, not what they stand for
case $watch in
    "~") watch=$HOME ;;
    "~/"*) watch=$HOME/${watch#"~/"} ;;
    '$HOME'*) watch=$HOME${watch#'$HOME'} ;;
    '${HOME}'*) watch=$HOME${watch#'${HOME}'} ;;
esac

sh scripts/venv.sh run
eval "set -- $arguments" # the user's own words, quoted as in a shell
exec .venv/bin/wakeful serve --watch "$name$watch" "$@"
