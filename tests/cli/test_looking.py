"""Commands that only look: architectures, doctor, version, help; and the host in the foreground."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import time

import pytest

from hay_say_lab import __version__
from hay_say_lab.cli.exits import MEANINGS
from hay_say_lab.cli.parser import COMMANDS, build_parser
from hay_say_lab.domain.host import read_record
from tests.cli.shell import Shell

HEAVY = ("numpy", "hay_say_lab.client", "papermill", "tqdm", "urllib.request")


def test_an_architecture_shows_every_setting_with_its_range(hay_say: Shell) -> None:
    assert "parrot" in {manifest["id"] for manifest in hay_say.json("architectures").document["architectures"]}
    shown = hay_say("architectures", "show", "parrot").out
    for line in ("beeps: 1 to 8 beeps (1)", "tune: text of at most 16 characters ('ceg')",
                 "reverse: true or false (false)", "crash: no, raise, exit, exit_once, hang (no)"):  # fmt: skip
        assert line in shown
    assert hay_say.json("architectures", "show", "parrot").document["id"] == "parrot"


def test_the_doctor_says_how_each_line_stands(hay_say: Shell) -> None:
    ended = hay_say.json("doctor")
    lines = ended.document["lines"]
    assert {"system", "python", "disk", "architecture parrot"} <= {line["name"] for line in lines}
    assert ended.status == (0 if all(line["ok"] for line in lines) else 1)
    assert all(line["mend"] for line in lines if not line["ok"])
    assert "ok     python: 3." in hay_say("doctor").out


def test_the_version_names_the_code(fresh_hay_say: Shell) -> None:
    document = fresh_hay_say.json("version").document
    assert document["version"] == __version__
    assert fresh_hay_say("--version").out == f"hay-say {__version__}\n"
    assert not fresh_hay_say.home.exists(), "no host was needed"


def test_help_needs_nothing_heavy() -> None:
    code = (
        "import sys\nfrom hay_say_lab.cli import main\n"
        "try:\n    main(['say', '--help'])\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        f"sys.exit(', '.join(name for name in {HEAVY!r} if name in sys.modules) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_help_tells_every_exit_status() -> None:
    text = build_parser().format_help()
    assert all(f"{status.value:>3}  {meaning}" in text for status, meaning in MEANINGS.items())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_example_of_a_command_is_one(command: object) -> None:
    parser = build_parser()
    for line in command.examples:  # type: ignore[attr-defined]
        words = shlex.split(line.partition(" <")[0])
        assert words[0] == "hay-say"
        assert parser.parse_args(words[1:]).command is command


@pytest.mark.parametrize("words", [["--json", "version"], ["version", "--json"], ["--json", "voices", "list"]])
def test_the_options_of_every_command_may_stand_anywhere(words: list[str]) -> None:
    assert build_parser().parse_args(words).as_json is True


def test_serve_becomes_the_host_and_ends_when_it_is_told_to(fresh_hay_say: Shell) -> None:
    serving = fresh_hay_say.start("serve", "--idle-seconds", "60")
    deadline = time.monotonic() + 30
    while (record := read_record(fresh_hay_say.home)) is None:
        assert serving.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert record.pid == serving.pid
    second = fresh_hay_say.json("serve")
    assert (second.status, second.document["code"]) == (5, "conflict")
    serving.send_signal(signal.SIGTERM)
    _, err = serving.communicate(timeout=30)
    assert serving.returncode == 0
    assert "Traceback" not in err
