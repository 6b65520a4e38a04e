#!/bin/sh
# Prints the path of a Python that can run Wakeful and make virtual environments.
#
# Each candidate is run, not only looked up: a pyenv shim may stand on the PATH for a version that is not installed.
# It is tried here and in /, where the project's .python-version does not narrow the choice.

found_without_venv=""
for directory in . /; do
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        python=$(cd "$directory" && "$name" -c '
import sys
if sys.version_info >= (3, 11):
    print(sys._base_executable)  # not the one of a virtual environment that happens to be active
' 2>/dev/null) || continue
        [ -n "$python" ] || continue
        # Debian keeps ensurepip, which venv needs, in a package of its own.
        if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$python"
            exit 0
        fi
        found_without_venv=${found_without_venv:-$python}
    done
done

if [ -n "$found_without_venv" ]; then
    version=$("$found_without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    cat >&2 <<END
$found_without_venv cannot make virtual environments: its venv module is a package of its own.
Install it, then try again:

    sudo apt-get install python$version-venv

END
    exit 3 # so that a caller that may install packages knows that this one would do
fi

cat >&2 <<END
Wakeful needs Python 3.11 or newer, and there is none on the PATH. Install one, then try again:

    Debian, Ubuntu:  sudo apt-get install python3 python3-venv
    Fedora:          sudo dnf install python3
    macOS:           brew install python@3.14

END
exit 1
