"""Specifications that need torch: pytest in the second environment, which has torch and borrows pytest from the first.

Their files are called `spec_*.py`, so that pytest collects them there alone. On a machine whose own Python has torch and
pytest they run as they are: `python -m pytest -c tests/gpu/pytest.ini -o python_files='spec_*.py' architectures`.
"""

from __future__ import annotations

import faulthandler
import os
import subprocess
import sysconfig
from pathlib import Path

from conftest import TORCH_PYTHON

REPOSITORY = Path(__file__).parents[1]
MOST_SECONDS = 900
_RUN = "import sys; sys.path.append(sys.argv.pop(1)); import pytest; sys.exit(pytest.main(sys.argv[1:]))"


def run_specification(*files: Path) -> subprocess.CompletedProcess[str]:
    """All tests of the files; the standard output is pytest's report."""
    places = [REPOSITORY, *sorted((REPOSITORY / "architectures").iterdir()), files[0].parent]
    environment = {
        "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive",
        "PYTHONPATH": os.pathsep.join(map(str, places)), "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }  # fmt: skip
    command = [
        str(TORCH_PYTHON), "-c", _RUN, sysconfig.get_path("purelib"), "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
        "-c", str(REPOSITORY / "tests/gpu/pytest.ini"), f"--rootdir={REPOSITORY}", f"--confcutdir={files[0].parent}",
        "-o", "python_files=spec_*.py", "-o", "addopts=--import-mode=importlib", *map(str, files),
    ]  # fmt: skip
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    return run_patiently(command, environment)


def run_patiently(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A child that computes for a while: on a busy machine longer than a test may stand still without being dumped."""
    faulthandler.cancel_dump_traceback_later()
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=MOST_SECONDS
    )
