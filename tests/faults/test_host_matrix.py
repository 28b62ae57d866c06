"""Who hosts: every starter against every death, on one request that speaks and then converts.

Always: one host at most; the job finishes once; its artifact equals that of an undisturbed run; after the idle
time no process and no temp file is left.
"""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.faults.household import (
    IDLE_SECONDS,
    STARTERS,
    STEP_WORKERS,
    Household,
    kill,
    start_with_hay_say,
    wait_until,
)

VICTIMS = ("starter", "host", "worker in step 1", "worker in step 2")


@pytest.mark.parametrize("victim", VICTIMS)
@pytest.mark.parametrize("starter", STARTERS)
def test_a_job_outlives_any_death(household: Household, undisturbed: str, starter: str, victim: str) -> None:
    process = STARTERS[starter](household)

    strike(household, process, victim)

    wait_until(lambda: household.states() == ["succeeded"], 90, f"the job is {household.states()}: {household.story()}")
    assert household.artifacts() == [undisturbed]
    kinds = [kind for kind, _ in household.story()]
    assert kinds.count("finished") == 1
    assert_the_death_was_felt(household, victim)
    assert household.hosts_served() == (2 if victim == "host" else 1)
    assert_nothing_is_left(household, process)


def strike(household: Household, starter: subprocess.Popen[bytes], victim: str) -> None:
    """SIGKILL at a moment when the job cannot have got past the victim's part in it."""
    if victim == "worker in step 2":
        wait_until(lambda: household.started("convert"), 60, "step 2 did not start")
    else:
        wait_until(lambda: household.started("speak"), 60, "step 1 did not start")
    if victim == "starter":
        kill(starter)
    elif victim == "host":
        kill(wait_until(household.host, 10, "no host is recorded"))
    else:
        name = STEP_WORKERS[int(victim[-1])]
        kill(wait_until(lambda: household.worker(name), 10, f"no worker {name} appeared"))


def assert_the_death_was_felt(household: Household, victim: str) -> None:
    """A test that killed too late would prove nothing."""
    story = household.story()
    if victim == "host":
        assert any(kind == "host_changed" for kind, _ in story)
    if victim.startswith("worker"):
        lost = [body for kind, body in story if kind == "worker_lost"]
        assert [body["stage"] for body in lost] == [int(victim[-1]) - 1]
        assert "SIGKILL" in lost[0]["reason"]


def assert_nothing_is_left(household: Household, starter: subprocess.Popen[bytes]) -> None:
    """The host goes by itself, also while its starter lives on; then the starter is ended as people end it."""
    wait_until(lambda: household.host() is None, IDLE_SECONDS + 20, "the host did not end when it was idle")
    if starter.poll() is None:
        starter.send_signal(signal.SIGTERM)
    starter.wait(20)
    wait_until(lambda: not household.living(), 20, f"still alive: {[p.cmdline() for p in household.living()]}")
    assert household.left_over() == []
    assert household.hosts_served() <= 2


def test_two_starters_at_once_get_one_host_and_the_next_client_replaces_a_killed_one(
    household: Household, undisturbed: str
) -> None:
    first, second = start_with_hay_say(household), start_with_hay_say(household)
    wait_until(lambda: household.started("convert"), 60, "no job reached step 2")
    assert household.hosts_served() == 1

    kill(wait_until(household.host, 10, "no host is recorded"))

    wait_until(lambda: household.states() == ["succeeded"] * 2, 90, f"the jobs are {household.states()}")
    assert household.artifacts() == [undisturbed] * 2
    assert first.wait(30) == 0
    assert second.wait(30) == 0
    assert household.hosts_served() == 2
    assert_nothing_is_left(household, first)


def test_jobs_show_tells_the_story_from_the_events(household: Household) -> None:
    start_with_hay_say(household)
    wait_until(lambda: household.started("convert"), 60, "step 2 did not start")
    kill(wait_until(lambda: household.worker("world"), 10, "no worker appeared"))
    wait_until(lambda: household.states() == ["succeeded"], 90, "the job did not finish")
    job = household.rows("select id from jobs")[0]["id"]

    shown = subprocess.run(
        [*household_python(), "hay_say_lab.cli", "jobs", "show", job],
        env=household.environment(), capture_output=True, text=True, timeout=60, check=True,
    ).stdout  # fmt: skip

    for word in ("queued", "speak", "convert", "SIGKILL", "succeeded", "published"):
        assert word in shown


def household_python() -> list[str]:
    import sys

    return [sys.executable, "-m"]
