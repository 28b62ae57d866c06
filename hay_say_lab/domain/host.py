"""Who hosts a data home: the record that lies in host.json, and where a data home is."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

API = 1


@dataclass(frozen=True, slots=True)
class HostRecord:
    """Address and secret of the host; the file is its owner's alone (0600)."""

    host_id: str
    pid: int
    url: str                    # http://127.0.0.1:<port>
    secret: str
    api: int
    schema: str
    version: str
    interpreter: str
    code_version: str
    started_at: str

    def as_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()


def record_path(home: Path) -> Path:
    return home / "host.json"


def lock_path(home: Path) -> Path:
    return home / "host.lock"


def read_record(home: Path) -> HostRecord | None:
    """The record of the present or last host; None where there is none that can be read."""
    try:
        document = json.loads(record_path(home).read_bytes())
        record = HostRecord(**{name: document[name] for name in HostRecord.__slots__})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    texts = (record.host_id, record.url, record.secret, record.code_version)
    whole = isinstance(record.pid, int) and all(isinstance(text, str) for text in texts)
    return record if whole else None


def data_home() -> Path:
    """`HAY_SAY_HOME`, else the platform's user data folder."""
    named = os.environ.get("HAY_SAY_HOME")
    if named:
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "hay-say-lab"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "hay-say-lab"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "hay-say-lab"


def process_alive(pid: int) -> bool:
    """Whether a process of that number exists (a zombie has ended, though its number lives on)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return not Path("/proc/self/stat").exists()
    return state not in ("Z", "X")
