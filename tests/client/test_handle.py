"""A job in somebody's hands: progress, cancel, result, and an interrupt that leaves it running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from hay_say_lab import Lab
from hay_say_lab.client.take import Take
from hay_say_lab.domain.host import read_record
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.errors import IllegalTransition, JobCancelled, JobFailed, JobMissing, JobQuarantined, RequestWarning
from tests.client.relay import Relay

WAITS = """
import sys
from pathlib import Path
from hay_say_lab import Lab

handle = Lab(Path(sys.argv[1])).say("one two three", voice="parrot:polly", seconds_of_work=60.0)
print(handle.id, flush=True)
given = handle.result()
print(type(given).__name__, given.id == handle.id, given.state, flush=True)
"""


def _request(**settings: str | float) -> Request:
    steps = (Step("speak", "parrot:polly", dict(settings)),)
    return Request(steps, text=RequestText("one two three"), seed=7, fresh=True)


def _until(happened: object, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():       # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_result_is_a_take_and_the_handle_knows_how_it_went(lab: Lab) -> None:
    handle = lab.submit(_request())

    take = handle.result(30)

    assert isinstance(take, Take)
    assert handle.ended
    assert handle.state == "succeeded"
    assert (handle.seed, handle.voices) == (7, ("parrot:polly",))
    assert [event["kind"] for event in handle.events()] == ["queued", "started", "stage_done", "started", "finished"]
    assert handle.result().artifact == take.artifact, "as often as one asks"         # type: ignore[union-attr]


def test_what_the_host_warns_of_is_a_python_warning_at_the_callers_line_and_stays_on_the_handle(lab: Lab) -> None:
    with pytest.warns(RequestWarning, match=r"tags are spoken\. \(Read it as SSML\)") as warned:
        handle = lab.say("<speak>one</speak>", voice="parrot:polly", seed=7)
    assert [warning.filename for warning in warned] == [__file__]
    assert [warning.field for warning in handle.warnings] == ["text.markup"]
    assert "1 warning>" in repr(handle)
    take = handle.result(30)
    assert isinstance(take, Take)
    assert take.warnings == lab.job(handle.id).warnings == handle.warnings


def test_a_quiet_request_warns_of_nothing(lab: Lab) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lab.submit(_request()).warnings == ()


def test_progress_rises_while_it_runs(lab: Lab) -> None:
    handle = lab.submit(_request(seconds_of_work=1.0))
    seen: list[float] = []

    def moved() -> bool:
        if progress := handle.progress:
            seen.append(progress.fraction)
        return handle.ended

    _until(moved)
    assert seen == sorted(seen)
    assert len(set(seen)) >= 2


def test_a_wait_that_is_too_long_is_over_and_the_job_goes_on(lab: Lab) -> None:
    handle = lab.submit(_request(seconds_of_work=60.0))
    with pytest.raises(TimeoutError, match="goes on"):
        handle.result(timeout=0.5)
    assert handle.state in ("queued", "running")
    handle.cancel()
    with pytest.raises(JobCancelled):
        handle.result(20)
    handle.cancel()             # what has ended stays as it is
    assert handle.state == "cancelled"


def test_who_waits_in_another_thread_hears_of_a_cancel(lab: Lab) -> None:
    handle = lab.submit(_request(seconds_of_work=60.0))
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            handle.result()
        except JobCancelled as cancelled:
            raised.append(cancelled)

    waiting = threading.Thread(target=wait)
    waiting.start()
    lab.job(handle.id).cancel()         # by another handle of the same job
    waiting.join(20)
    assert len(raised) == 1


def test_a_job_that_failed_raises_what_the_runtime_told_and_may_be_tried_again(lab: Lab) -> None:
    handle = lab.submit(_request(tune="xyz"))
    with pytest.raises(JobFailed, match="something other than the notes") as failure:
        handle.result(30)
    assert failure.value.problems[0].field == "tune"
    with pytest.raises(IllegalTransition):
        handle.release()
    handle.retry()
    with pytest.raises(JobFailed):
        handle.result(30)


def test_a_job_that_took_workers_down_raises_that_and_may_be_released(lab: Lab) -> None:
    handle = lab.submit(_request(crash="exit"))
    with pytest.raises(JobQuarantined, match="died 2 times"):
        handle.result(30)
    handle.release()
    with pytest.raises(JobQuarantined):
        handle.result(30)


def test_a_handle_can_be_had_again_by_its_id(home: Path) -> None:
    one = Lab(home).submit(_request())
    again = Lab(home).job(one.id)
    assert again.result(30).artifact == one.result(30).artifact              # type: ignore[union-attr]
    assert one.id in {handle.id for handle in Lab(home).jobs()}
    with pytest.raises(JobMissing):
        Lab(home).job("0" * 26)


def test_many_handles_of_one_laboratory_are_followed_by_one_thread(lab: Lab) -> None:
    handles = [lab.submit(_request(seconds_of_work=0.2)) for _ in range(5)]
    waiting = [threading.Thread(target=handle.result, args=(60,)) for handle in handles]
    for thread in waiting:
        thread.start()
    _until(lambda: sum(thread.name == "follower" for thread in threading.enumerate()) == 1)
    for thread in waiting:
        thread.join(60)
    assert [handle.state for handle in handles] == ["succeeded"] * 5
    _until(lambda: not any(thread.name == "follower" for thread in threading.enumerate()))


def test_an_interrupt_gives_the_handle_back_and_leaves_the_job_running(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITS, str(home)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as script:
        assert script.stdout is not None
        job = script.stdout.readline().strip()
        handle = Lab(home).job(job)
        _until(lambda: handle.progress is not None)
        time.sleep(0.3)
        script.send_signal(signal.SIGINT)
        told, errors = script.communicate(timeout=20)

    assert told.split() == ["Handle", "True", "running"], errors
    assert script.returncode == 0
    assert "Traceback" not in errors
    assert handle.state == "running"
    handle.cancel()
    with pytest.raises(JobCancelled):
        handle.result(20)


def test_whoever_waits_is_told_when_the_host_is_killed_and_the_job_goes_on(lab: Lab, home: Path) -> None:
    handle = lab.submit(_request(seconds_of_work=1.0))
    _until(lambda: handle.progress is not None)
    record = read_record(home)
    assert record is not None

    os.kill(record.pid, signal.SIGKILL)
    take = handle.result(60)

    assert isinstance(take, Take)
    kinds = [event["kind"] for event in handle.events()]
    assert "host_changed" in kinds
    assert kinds.count("finished") == 1


def test_too_many_listeners_cost_patience_but_no_result(far: Lab, relay: Relay) -> None:
    """A host limits the streams of one person; who is refused asks for the job itself."""
    handle = far.submit(_request(seconds_of_work=0.5))
    relay.mishaps += [("GET /events", "busy")] * 3
    assert isinstance(handle.result(30), Take)


def test_a_job_that_is_gone_is_told_to_whoever_waits(far: Lab, relay: Relay) -> None:
    """As when somebody else's host is set up anew: what was queued there is not known any more."""
    handle = far.submit(_request(seconds_of_work=60.0))
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            handle.result(30)
        except JobMissing as missing:
            raised.append(missing)

    waiting = threading.Thread(target=wait)
    waiting.start()
    _until(lambda: relay.named("GET", "/events"))
    relay.mishaps += [("GET /events", "busy"), (f"GET /jobs/{handle.id}", "forgotten")]
    waiting.join(30)

    assert len(raised) == 1
    handle.cancel()


def test_an_answer_that_was_overtaken_by_a_newer_one_changes_nothing(lab: Lab) -> None:
    """A job may end while its handle asks: the end that the follower tells must not be taken back by the older answer."""
    handle = lab.submit(_request())
    before = handle._status
    ended = handle.result(30) and handle._status
    assert not before.ended
    handle.told(before)
    assert handle.ended
    assert handle._status is ended
    assert handle.result(1).artifact          # type: ignore[union-attr]


def test_a_clock_that_was_set_back_hides_no_end(lab: Lab) -> None:
    """What is asked for behind an answer is newer than it, whatever the host's clock says."""
    handle = lab.submit(_request())
    handle._status = replace(handle._status, document={**handle._status.document, "updated_at": "2999-01-01T00:00:00.000Z"})
    handle.result(30)
    assert handle.state == "succeeded"
