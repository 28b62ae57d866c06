#!/bin/sh
# Make the virtual environment $1 with the pinned uv in it, from a Python of 3.11 to 3.13 and nothing else.
# Says in one line what is missing. Safe to run twice.
set -eu
venv=$1

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

if [ -e "$venv" ] && ! fits "$venv/bin/python"; then
    echo "The Python of $venv is gone or of another version; making it anew."
    rm -rf "$venv"
fi

if [ ! -e "$venv" ]; then
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
        if fits "$candidate"; then python=$candidate; break; fi
    done
    if [ -z "${python:-}" ]; then
        echo "Missing: Python 3.11, 3.12 or 3.13 (Debian: apt-get install python3 python3-venv), or PYTHON=/path/to/one." >&2
        exit 1
    fi
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        echo "Missing: Python's venv module (Debian: apt-get install python3-venv)." >&2
        exit 1
    fi
    "$python" -m venv "$venv"
fi

# An environment made by uv has no pip; then a uv on the path brings the pinned one.
if "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes -r constraints/uv.txt
elif command -v uv >/dev/null; then
    uv pip install --quiet --python "$venv/bin/python" --require-hashes -r constraints/uv.txt
else
    echo "Missing: pip in $venv, and no uv to bring it; remove $venv and run again." >&2
    exit 1
fi
