#!/bin/sh
# Install Debian's PostgreSQL for the store's tests where we may; they start a server of their own, the system gets none.
# Where we may not, those tests are skipped and counted.
set -u
for program in /usr/lib/postgresql/*/bin/initdb; do
    if [ -x "$program" ]; then exit 0; fi
done
if command -v initdb >/dev/null; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "No PostgreSQL here, and only root on a Debian system can install it: its tests will be skipped."
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
log=build/postgresql.log
mkdir -p build /etc/postgresql-common
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
fi
if { apt-get update && apt-get install -y --no-install-recommends postgresql; } >"$log" 2>&1; then exit 0; fi
echo "Debian's PostgreSQL could not be installed ($log says why): its tests will be skipped."
