#!/bin/sh
# Say in one line what is missing to build the panels.
if ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null; then
    echo "Missing: node 20 or newer, which builds the panels." >&2
    exit 1
fi
if ! command -v npm >/dev/null; then
    echo "Missing: npm, which comes with node 20 (Debian: apt-get install npm)." >&2
    exit 1
fi
