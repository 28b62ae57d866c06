"""Exit statuses that scripts may rely on, with one JSON document each."""

from __future__ import annotations

import http.server
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hay_say_lab.cli.exits import MEANINGS, Exit, exit_of
from hay_say_lab.errors import family
from tests.cli.shell import Shell

POLLY = ("--voice", "parrot:polly")


def test_a_job_that_fails_is_1_and_says_why(hay_say: Shell) -> None:
    ended = hay_say.json("say", "Hi.", *POLLY, "--set", "crash=raise", "--out", "hi.wav")
    assert ended.status == Exit.FAILED
    assert ended.document["code"] == "job_failed"
    assert "Traceback" not in ended.err + ended.out
    assert not (hay_say.folder / "hi.wav").exists()


def test_where_no_host_can_be_it_is_3(hay_say: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = hay_say.json("voices", "--home", tmp_path / "file" / "home")
    assert ended.status == Exit.NO_HOST
    assert ended.document["code"] == "host_unreachable"
    assert "HAY_SAY_HOME" in ended.document["problems"][0]["fix"]["label"]


def test_a_host_that_cannot_start_is_3_and_the_doctor_shows_its_log(fresh_hay_say: Shell) -> None:
    fresh_hay_say.home.mkdir()
    (fresh_hay_say.home / "jobs.sqlite3").write_bytes(b"no database" * 1000)
    assert fresh_hay_say("voices").status == Exit.NO_HOST
    ended = fresh_hay_say.json("doctor")
    assert ended.status == Exit.NO_HOST
    lines = {line["name"]: line for line in ended.document["lines"]}
    assert lines["data home"]["ok"]
    assert "Its log ends:" in lines["host"]["mend"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["voices", "show", "nope"], "voice_missing"),
        (["voices", "remove", "nope"], "voice_missing"),
        (["architectures", "show", "nope"], "architecture_missing"),
        (["jobs", "show", "01ARZ3NDEKTSV4RRFFQ69G5FAV"], "job_missing"),
        (["convert", "nope.wav"], "clip_missing"),
        (["recipe", "nope.wav"], "recipe_missing"),
        (["recipe", "0" * 64], "recipe_missing"),
        (["replay", "nope.flac"], "recipe_missing"),
        (["run", "nope.ipynb"], "not_found"),
    ],
)
def test_what_is_not_there_is_4(hay_say: Shell, words: list[str], code: str) -> None:
    ended = hay_say.json(*words)
    assert ended.status == Exit.NOT_FOUND
    assert ended.document["code"] == code
    assert ended.document["problems"][0]["fix"]["label"]


def test_what_its_state_does_not_allow_is_5(hay_say: Shell) -> None:
    job = hay_say.json("say", "Hi.", *POLLY).take["job"]
    for verb in ("cancel", "retry", "release"):
        ended = hay_say.json("jobs", verb, job)
        assert (ended.status, ended.document["code"]) == (Exit.CONFLICT, "illegal_transition"), verb
    assert hay_say("voices", "remove", "parrot:polly").status == Exit.CONFLICT


def test_an_interrupt_is_130_and_the_job_goes_on_under_the_id_that_is_printed(hay_say: Shell) -> None:
    hay_say("voices")       # the host is there: what is interrupted is the waiting
    running = hay_say.start("say", "Long work.", *POLLY, "--set", "seconds_of_work=2", "--json")
    job = _running_job(hay_say)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == Exit.INTERRUPTED
    assert f"hay-say jobs wait {job}" in err
    assert f"hay-say jobs wait {job}" in out
    assert "Traceback" not in err
    assert hay_say.json("jobs", "wait", job).take["job"] == job


def _running_job(hay_say: Shell) -> str:
    for _ in range(100):
        for job in hay_say.json("jobs").document["jobs"]:
            if job["state"] == "running":
                return str(job["id"])
        time.sleep(0.05)
    raise AssertionError("no job runs")


def test_a_reader_that_goes_away_is_141_without_a_word(hay_say: Shell) -> None:
    hay_say("voices")
    talking = subprocess.Popen(
        hay_say.command("voices", "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=hay_say.environment
    )
    assert talking.stdout is not None
    talking.stdout.close()
    assert talking.stderr is not None
    assert talking.stderr.read() == b""
    assert talking.wait(timeout=30) == Exit.READER_GONE


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers everything with something that no host would say."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b'["?"]')

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_nobody_foresaw_is_a_sentence_for_people_and_a_traceback_in_the_log(
    fresh_hay_say: Shell, stranger: str
) -> None:
    lost = Shell(fresh_hay_say.home, fresh_hay_say.folder, {"HAY_SAY_URL": stranger})
    ended = lost.json("voices")
    assert ended.status == Exit.FAILED
    assert ended.document["code"] == "internal"
    assert "Traceback" not in ended.err
    log = fresh_hay_say.home / "logs" / "hay-say.log"
    assert str(log) in ended.err
    assert "Traceback" in log.read_text()


def test_every_error_has_a_documented_exit_status() -> None:
    assert set(MEANINGS) == set(Exit)
    assert {exit_of(kind("")) for kind in family().values()} == {
        Exit.FAILED, Exit.BAD_INPUT, Exit.NO_HOST, Exit.NOT_FOUND, Exit.CONFLICT,
    }  # fmt: skip
