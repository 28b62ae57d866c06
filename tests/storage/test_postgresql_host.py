"""A host whose jobs lie in PostgreSQL: one setting, and everything else as always."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.service.running_host import speak, start_host


def test_a_host_works_with_postgresql_and_a_second_one_is_refused(tmp_path: Path, database_url: str) -> None:
    host = start_host(tmp_path / "one", HAY_SAY_DATABASE=database_url)
    try:
        job = host.ended(host.submit(speak()))
        assert job["state"] == "succeeded"
        assert not (tmp_path / "one" / "jobs.sqlite3").exists()

        home = tmp_path / "two"
        second = subprocess.run(
            [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(home)],
            env={**os.environ, "HAY_SAY_HOME": str(home), "HAY_SAY_DATABASE": database_url},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        assert "Another host works with this database" in second.stderr
    finally:
        host.end()
    again = start_host(tmp_path / "one", HAY_SAY_DATABASE=database_url)
    assert again.call("GET", f"/jobs/{job['id']}").json()["state"] == "succeeded"
    again.end()
