"""docs/operations.md: every state, metric and alert has its row, and the drills are run as they are written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.service.metrics import METRICS, PREFIX
from tests.cli.shell import Shell
from tests.hosts import end_host
from tests.house.source import REPOSITORY

PAGE = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
ALERTS = (REPOSITORY / "docs" / "operations" / "alerts.yaml").read_text(encoding="utf-8")


def _drill(heading: str) -> list[str]:
    """The commands below a heading, in order."""
    section = PAGE.split(f"### {heading}\n", 1)[1].split("\n### ", 1)[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines() if line]


def test_every_state_metric_and_alert_has_its_row() -> None:
    assert re.findall(r"^\| (\w+) \|", PAGE, re.MULTILINE)[1:8] == [state.value for state in State]
    for metric in METRICS:
        assert f"| `{PREFIX}{metric.name}` |" in PAGE
        assert metric.help in PAGE
    assert re.findall(r"^\| (HaySay\w+) \|", PAGE, re.MULTILINE) == re.findall(r"alert: (\w+)", ALERTS)


@pytest.fixture
def hay_say(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "here"
    folder.mkdir()
    yield Shell(tmp_path / "home", folder)
    end_host(tmp_path / "home")


@pytest.mark.parametrize("drill", ["Stop a lane for a while", "The disk is nearly full", "Make a backup, and put it back"])
def test_a_drill_works_as_it_is_written(drill: str, hay_say: Shell) -> None:
    assert hay_say("say", "One.", "--voice", "parrot:polly").status == 0
    lines = _drill(drill)
    assert lines
    for line in lines:
        words = shlex.split(line.replace("$HOME_OF_LAB", str(hay_say.home)))
        if words[0] == "python":
            end_host(hay_say.home)
            ended = subprocess.run([sys.executable, *words[1:]], check=False, capture_output=True, text=True)
            assert ended.returncode == 0, ended.stderr
        else:
            answer = hay_say(*words[1:])
            assert answer.status == 0, (line, answer.err)


def test_the_lock_drill_names_targets_that_exist() -> None:
    checkout, make = map(shlex.split, _drill("Roll back a lock file"))
    assert (REPOSITORY / checkout[-1]).is_file()
    listed = subprocess.run(["make", "-n", *make[1:]], cwd=REPOSITORY, capture_output=True, check=False, env=os.environ)
    assert listed.returncode == 0
