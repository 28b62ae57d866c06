"""`hay-say` as a person has it: the installed script, in a process of its own, on a real host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = Path(sys.executable).with_name("hay-say")
SECONDS_TO_ANSWER = 90


@dataclass(frozen=True)
class Ended:
    """What a call left: its exit status and both outputs."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)

    @property
    def take(self) -> dict[str, Any]:
        (only,) = self.document["takes"]
        return only

    @property
    def fields(self) -> set[str]:
        """Where the problems of a refusal lie."""
        return {problem["field"] for problem in self.document["problems"]}


@dataclass(frozen=True)
class Shell:
    """Calls `hay-say` in `folder`, on the data home `home`."""

    home: Path
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"HAY_SAY_HOME": str(self.home)} | self.variables

    def __call__(self, *words: str | Path, stdin: bytes = b"") -> Ended:
        ended = subprocess.run(
            self.command(*words),
            input=stdin, capture_output=True, cwd=self.folder, env=self.environment, check=False,
            timeout=SECONDS_TO_ANSWER,
        )  # fmt: skip
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def json(self, *words: str | Path, stdin: bytes = b"") -> Ended:
        return self(*words, "--json", stdin=stdin)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """The same in the background, with both outputs as text."""
        return subprocess.Popen(
            self.command(*words),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            cwd=self.folder, env=self.environment, text=True,
        )  # fmt: skip

    @staticmethod
    def command(*words: str | Path) -> list[str]:
        return [str(SCRIPT), *map(str, words)]
