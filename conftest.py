"""What every test of the repository stands on: an environment of its own, and a true closing report.

Nothing is written into a person's home: the data home, Jupyter's and IPython's folders and the platform's user
folders all lie in one temporary folder per test process. Child processes inherit them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

pytest_plugins = ("pytest_jupyter.jupyter_server",)

FOLDERS = {
    "HAY_SAY_HOME": "home",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter/config",
    "JUPYTER_DATA_DIR": "jupyter/data",
    "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
    "MPLCONFIGDIR": "matplotlib",
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
}
SETTINGS = {
    "HAY_SAY_IDLE_SECONDS": "5",        # a host that a test leaves behind ends itself
    "HAY_SAY_CIRCUIT_DEATHS": "1000",   # tests of one process share a host, and many make the parrot's workers end
    "OMP_NUM_THREADS": "1",             # threads would fight with the other test processes for the cores
    "OMP_WAIT_POLICY": "passive",
    "MPLBACKEND": "agg",
}
FOREIGN = ("HAY_SAY_URL", "HAY_SAY_TOKEN", "HAY_SAY_TOKENS", "HAY_SAY_DATABASE", "JUPYTERHUB_USER", "JUPYTERHUB_API_TOKEN")

NO_CHROMIUM = "no chromium here"
NO_POSTGRESQL = "no PostgreSQL here"
NO_FFMPEG = "no ffmpeg here"
NO_COMPILER = "no C compiler here"
NO_TORCH = "no .venv-torch here"
NOT_RUN = (
    ("browser tests", NO_CHROMIUM),
    ("tests of foreign files", NO_FFMPEG),
    ("tests with torch", NO_TORCH),
    ("tests on a rough disk", NO_COMPILER),
)
TORCH_PYTHON = Path(__file__).parent / ".venv-torch" / "bin" / "python"


def pytest_configure(config: pytest.Config) -> None:
    """Before anything of ours is imported: point every folder into a temporary one."""
    root = Path(tempfile.mkdtemp(prefix="hay-say-tests-"))
    config.stash[ROOT] = root
    # uv keeps its own cache: environments made in tests are hard links into it.
    os.environ.setdefault("UV_CACHE_DIR", str(Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "uv"))
    for name, folder in FOLDERS.items():
        (root / folder).mkdir(parents=True)
        os.environ[name] = str(root / folder)
    os.environ.update(SETTINGS)
    for name in FOREIGN:
        os.environ.pop(name, None)


ROOT = pytest.StashKey[Path]()


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[ROOT], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {"browser": NO_CHROMIUM} if shutil.which("chromium") is None else {}
    missing |= {"torch": NO_TORCH} if not TORCH_PYTHON.exists() else {}
    missing |= {"compiler": NO_COMPILER} if shutil.which("cc") is None else {}
    if any(item.get_closest_marker("ffmpeg") for item in items):
        from hay_say_lab.audio import ffmpeg

        missing |= {"ffmpeg": NO_FFMPEG} if ffmpeg.find() is None else {}
    for item in items:
        for marker, reason in missing.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Before pytest's own closing line: what was not run for want of a program, and what installing took."""
    skipped = terminalreporter.stats.get("skipped", [])
    for what, reason in NOT_RUN:
        unseen = [report for report in skipped if reason in str(report.longrepr)]
        if unseen:
            terminalreporter.write_sep("!", f"NOT RUN: {len(unseen)} {what}, {reason}", red=True)
    seconds = os.environ.get("HAY_SAY_INSTALL_SECONDS")
    if seconds:
        terminalreporter.write_line(f"seconds spent installing: {seconds}")


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data home for one test, known to it and to every process that it starts."""
    home = tmp_path / "hay-say"
    home.mkdir()
    monkeypatch.setenv("HAY_SAY_HOME", str(home))
    return home
