"""A PostgreSQL of our own: one server for all workers of a test run, in a temporary folder, reached by a socket alone."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hay_say_lab.domain.host import process_alive

NOBODY = "nobody"               # the server refuses to run as root


def programs() -> Path | None:
    """The folder of initdb and postgres, the newest where there are several."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    return Path(found).parent if found else (folders[-1] if folders else None)


@contextlib.contextmanager
def server(shared: Path) -> Iterator[Path]:
    """The folder of the server's socket. Who comes first starts it, who goes last ends it; `shared` is all workers'."""
    shared.mkdir(parents=True, exist_ok=True)
    with _counted(shared / "postgresql.users") as users:
        folder = _start() if users.before == 0 else Path((shared / "postgresql.folder").read_text())
        (shared / "postgresql.folder").write_text(str(folder))
        users.set(users.before + 1)
    try:
        yield folder
    finally:
        with _counted(shared / "postgresql.users") as users:
            users.set(users.before - 1)
            if users.before == 1:
                _end(folder)


class _Users:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.before = int(path.read_text() or 0)

    def set(self, count: int) -> None:
        self._path.write_text(str(count))


@contextlib.contextmanager
def _counted(path: Path) -> Iterator[_Users]:
    path.touch()
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield _Users(path)


def _as_nobody(command: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """Root hands its rights away first; anybody else runs the server as they are."""
    user = pwd.getpwnam(NOBODY) if os.geteuid() == 0 else None
    with (folder / "log").open("ab") as log:
        if user is None:
            return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            user=user.pw_uid, group=user.pw_gid, extra_groups=[],
        )  # fmt: skip


def _start() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hay-say-pg-", dir="/tmp"))       # a socket's path must be short
    if os.geteuid() == 0:
        os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
    here = programs()
    assert here is not None
    data = folder / "data"
    make = [str(here / "initdb"), "-D", str(data), "-U", "hay_say", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync"]
    assert _as_nobody(make, folder).wait(120) == 0, (folder / "log").read_text()
    settings = {
        "listen_addresses": "", "unix_socket_directories": str(folder), "fsync": "off", "max_connections": "60",
        "shared_buffers": "16MB",
    }  # fmt: skip
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    running = _as_nobody([str(here / "postgres"), "-D", str(data), *arguments], folder)
    deadline = time.monotonic() + 60
    while not (folder / ".s.PGSQL.5432").exists() or "ready to accept" not in (folder / "log").read_text():
        assert running.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < deadline, "PostgreSQL does not start"
        time.sleep(0.05)
    (folder / "pid").write_text(str(running.pid))
    return folder


def _end(folder: Path) -> None:
    pid = int((folder / "pid").read_text())
    os.kill(pid, signal.SIGINT)                 # fast: who is connected is sent away
    deadline = time.monotonic() + 20
    while process_alive(pid) and time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        time.sleep(0.05)
    shutil.rmtree(folder, ignore_errors=True)
