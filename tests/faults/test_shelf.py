"""A host that is killed at any step of a change of the shelf: behind the next start documents and disk agree.

Each kill is a SIGKILL of a real process right before a step on the disk, drawn by a seed; HAY_SAY_STORM=all takes every step.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.shelf_child import ANN, BOB, CHANGES

MOST = 10_000 if os.environ.get("HAY_SAY_STORM") == "all" else 4
SEED = 20261120

# What may be there behind the next start: (voices, trash, assets), as it was before the change or as it is behind it.
ALLOWED: dict[str, tuple[tuple[list[str], list[str], list[str]], ...]] = {
    "settle": (([BOB], [], []), ([ANN, BOB], [], [])),
    "settle_asset": (([BOB], [], []), ([BOB], [], ["hubert-base"])),
    "remove": (([ANN, BOB], [], []), ([BOB], [ANN], [])),
    "restore": (([BOB], [ANN], []), ([ANN, BOB], [], [])),
    "empty": (([BOB], [ANN], []), ([BOB], [], [])),
    "migrate": (([ANN, BOB], [], []),),
    "mend": (([ANN, BOB], [], []),),
}


def _kills(change: str, root: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.faults.shelf_child", str(root), change, str(SEED), str(MOST)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.parametrize("change", CHANGES)
def test_documents_and_disk_agree_whenever_a_host_is_killed(change: str, tmp_path: Path) -> None:
    kills = _kills(change, tmp_path)

    assert len(kills) >= 4
    for kill in kills:
        assert kill["killed"], kill
        assert kill["sound"], kill
        assert kill["extra_bytes"] == 0, kill
        assert (kill["voices"], kill["trash"], kill["assets"]) in ALLOWED[change], kill
        assert kill["works"], kill
