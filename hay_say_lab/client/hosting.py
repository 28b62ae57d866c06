"""Finding the host of a data home, or starting it: whoever needs it first does."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from hay_say_lab.domain.code import ROOT, code_digest
from hay_say_lab.domain.host import HostRecord, data_home, process_alive, read_record
from hay_say_lab.errors import HostUnreachable

SECONDS_TO_START = 30.0
SECONDS_BETWEEN_LOOKS = 0.02
SECONDS_FOR_HEALTH = 2.0
ALREADY_HOSTED = 3              # exit status of a host that found another one


@dataclass(frozen=True, slots=True)
class Address:
    """Where a host is and what to say at its door. `host_id` is empty for one that somebody else runs."""

    url: str
    token: str
    host_id: str = ""


class Hosting:
    """Looks at `HAY_SAY_URL`, then at host.json, then starts a host."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or data_home()
        self._checked: set[str] = set()         # hosts whose code was found to be ours
        self._started: subprocess.Popen[bytes] | None = None

    def present(self) -> Address | None:
        """The host that answers now, if any. Starts nothing."""
        remote = _named_by_environment()
        if remote is not None:
            return remote
        record = read_record(self.home)
        if record is None or not process_alive(record.pid) or not answers(record):
            return None
        return Address(record.url, record.secret, record.host_id)

    def address(self, *, resume: bool = False) -> Address:
        """The host, started where there is none. Raises HostUnreachable. `resume`: only if jobs are unfinished."""
        found = self.present()
        if found is not None and self._is_our_code(found):
            return found
        return self._start(resume)

    def is_current(self, address: Address) -> bool:
        """Whether host.json still names the host of an address; a host that somebody else runs has no such record."""
        if not address.host_id:
            return True
        record = read_record(self.home)
        return record is not None and record.host_id == address.host_id

    def crashed(self) -> bool:
        """Whether host.json names a host that is gone: it ended without putting its house in order."""
        record = read_record(self.home)
        return record is not None and not process_alive(record.pid)

    def _is_our_code(self, address: Address) -> bool:
        """A host that runs other code than lies on the disk now is asked to drain; we then start one that does.

        The disk's, not this process's: a long-lived Jupyter server or kernel may be older than both.
        """
        if not address.host_id or address.host_id in self._checked:
            return True
        record = read_record(self.home)
        if record is None or record.host_id != address.host_id:
            return False
        if record.code_version == code_digest(ROOT):
            self._checked.add(address.host_id)
            return True
        request = urllib.request.Request(
            f"{record.url}/hay-say/v1/drain", method="POST", headers={"Authorization": f"Bearer {record.secret}"}
        )
        with contextlib.suppress(OSError):      # it is gone already
            _opener().open(request, timeout=SECONDS_FOR_HEALTH).close()
        return False

    def _start(self, resume: bool) -> Address:
        logs = self._log_folder()
        deadline = time.monotonic() + SECONDS_TO_START
        process = self._spawn(logs, resume)
        while time.monotonic() < deadline:
            found = self.present()
            if found is not None and self._is_our_code(found):
                return found
            status = process.poll()
            if status == ALREADY_HOSTED:
                time.sleep(SECONDS_BETWEEN_LOOKS)
                process = self._spawn(logs, resume) if self.present() is None else process
            elif status == 0 and resume:
                raise HostUnreachable("No job is unfinished, so no host was kept.", field="host")
            elif status is not None and status != 0:
                raise HostUnreachable(
                    f"The host could not start (exit status {status}).",
                    field="host",
                    fix=f"Read {logs / 'host.log'}, or run 'hay-say serve' to see it start.",
                )
            elif status == 0:                   # it ended between our looks: the next call finds out
                process = self._spawn(logs, resume)
            time.sleep(SECONDS_BETWEEN_LOOKS)
        raise HostUnreachable(
            f"No host answered within {SECONDS_TO_START:.0f} s.", field="host", fix=f"Read {logs / 'host.log'}."
        )

    def _log_folder(self) -> Path:
        """Where a host that we start writes. Raises HostUnreachable where the data home cannot be written."""
        logs = self.home / "logs"
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            logs.mkdir(exist_ok=True, mode=0o700)
            (logs / "host.log").open("ab").close()
        except OSError as refused:
            raise HostUnreachable(
                f"No host can start: the data home '{self.home}' cannot be written ({refused.strerror}).",
                field="home",
                fix="Name another one with HAY_SAY_HOME, or mend its permissions.",
            ) from None
        return logs

    def _spawn(self, logs: Path, resume: bool) -> subprocess.Popen[bytes]:
        """A host in a session of its own: it outlives whoever started it."""
        command = [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(self.home)]
        with (logs / "host.log").open("ab") as log:
            process = subprocess.Popen(
                command + (["--resume"] if resume else []),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                start_new_session=True,
            )
        # Its end is noticed by a thread, so that it never stays behind as a zombie of ours.
        threading.Thread(target=process.wait, name="host-reaper", daemon=True).start()
        self._started = process
        return process


def _named_by_environment() -> Address | None:
    """`HAY_SAY_URL` with `HAY_SAY_TOKEN`: a host that somebody else runs."""
    url = os.environ.get("HAY_SAY_URL")
    if not url:
        return None
    if not url.startswith(("http://", "https://")):
        raise HostUnreachable(
            f"HAY_SAY_URL is '{url}', which is no address of a host.",
            field="HAY_SAY_URL",
            fix="Write it with http:// or https:// in front.",
        )
    return Address(url.rstrip("/"), os.environ.get("HAY_SAY_TOKEN", ""))


def answers(record: HostRecord) -> bool:
    """Whether it is the recorded host that answers there, with an open door: our secret goes to nobody else."""
    try:
        with _opener().open(f"{record.url}/hay-say/v1/health", timeout=SECONDS_FOR_HEALTH) as answer:
            told = json.load(answer)
    except (OSError, ValueError, RecursionError, http.client.HTTPException):
        return False
    return isinstance(told, dict) and told.get("host_id") == record.host_id


def _opener() -> urllib.request.OpenerDirector:
    """Never through a proxy: the host is on loopback."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
