#!/bin/sh
# Makes the virtual environment, or says what this machine lacks for it.
set -eu
python=$1
venv=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "Python 3.11 or newer is needed: PYTHON=/path/to/python3 make ..." >&2
    exit 1
fi
if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "Python's venv module is missing. Install it, then try again:" >&2
    echo "    apt-get install python3-venv" >&2
    exit 1
fi
echo "making $venv"
"$python" -m venv "$venv" || { rm -rf "$venv"; exit 1; }
