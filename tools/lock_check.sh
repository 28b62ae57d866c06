#!/bin/sh
# See that the pins of constraints/test.txt fit each other, and come as wheels, on every Python that we name.
# $1 is uv. Needs the package index; installs nothing.
set -eu
for version in 3.11 3.12 3.13; do
    "$1" pip compile --quiet --python-version "$version" --no-emit-index-url --only-binary :all: \
        --no-header --no-annotate -c constraints/test.txt constraints/test.in --group test >/dev/null
    echo "Python $version: constraints/test.txt resolves, with wheels alone."
done
