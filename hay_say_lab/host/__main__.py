"""`python -m hay_say_lab.host --home DIR`: exit status 0 at a needless end, 3 where another host answers."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from pathlib import Path

from hay_say_lab.domain.host import data_home
from hay_say_lab.errors import LabError
from hay_say_lab.host.log_lines import log_in_json

ALREADY_HOSTED = 3
MOST_FILES = 65_536


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="hay_say_lab.host", description="Host one data home of Hay Say Lab.")
    parser.add_argument("--home", type=Path, default=None, help="the data home (default: HAY_SAY_HOME)")
    parser.add_argument("--port", type=int, default=0, help="the port on loopback (default: any free one)")
    parser.add_argument("--resume", action="store_true", help="end at once where no job is unfinished")
    parser.add_argument("--restore", type=Path, metavar="FOLDER", help="put a backup back while no host runs, and end")
    options = parser.parse_args(arguments)
    home = (options.home or data_home()).absolute()
    log_in_json()
    os.umask(0o077)
    _allow_many_listeners()
    from hay_say_lab.storage.home import OF_THE_DISK, Home, disk_refused

    try:
        Home(home).prepare()
        return _host(home, options)
    except LabError as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        refused = disk_refused(error)
        logging.getLogger(__name__).exception("%s", refused)
        return 1


def _allow_many_listeners() -> None:
    """As many open files as the system lets us have: every event stream is one, and a usual session has 1,024."""
    if sys.platform != "win32":
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, MOST_FILES)), hard))


def _host(home: Path, options: argparse.Namespace) -> int:
    from hay_say_lab.host.lock import AlreadyHosted, take

    try:
        take(home)
    except AlreadyHosted:
        return ALREADY_HOSTED
    except TimeoutError as error:
        logging.getLogger(__name__).error("%s", error)
        return 1
    if options.restore is not None:
        from hay_say_lab.storage.backup import restore
        from hay_say_lab.storage.home import Home

        restore(Home(home), options.restore)
        return 0
    import asyncio

    from hay_say_lab.host.life import Settings, live

    asyncio.run(live(Settings.from_environment(home, options.port, options.resume)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
