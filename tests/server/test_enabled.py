"""Installing is enabling, and costs Jupyter's start next to nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MOST_SECONDS = 0.15

# Everything that Jupyter does for one extension at its start, in processor time, so that other work here does not count.
START = """
import time
from jupyter_server.extension.manager import ExtensionPackage
from jupyter_server.serverapp import ServerApp
app = ServerApp()
app.initialize(argv=["--ServerApp.port=0", "--allow-root"], find_extensions=False, new_httpserver=False)
began = time.process_time()
package = ExtensionPackage(name="hay_say_lab", enabled=True)
package.link_point("hay_say_lab", app)
package.load_point("hay_say_lab", app)
print(time.process_time() - began)
"""


def test_an_installed_extension_is_an_enabled_one(tmp_path: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "jupyter", "server", "extension", "list"],
        capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
    )  # fmt: skip
    said = re.sub(r"\x1b\[\d*m", "", listed.stdout + listed.stderr)
    assert re.search(r"hay_say_lab enabled\s+- Validating hay_say_lab\.\.\.\s+hay_say_lab \S+ OK", said), said


def test_it_adds_little_to_jupyters_start(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    assert float(ended.stdout.splitlines()[-1]) < MOST_SECONDS
