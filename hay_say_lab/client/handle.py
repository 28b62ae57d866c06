"""A job in somebody's hands: progress, cancel, result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hay_say_lab.client import display
from hay_say_lab.client.answers import JobStatus, Progress
from hay_say_lab.client.take import Take
from hay_say_lab.errors import JobCancelled, JobFailed, JobQuarantined, LabError, Problem, from_json

if TYPE_CHECKING:
    from hay_say_lab.client.follower import Follower

_SECONDS_BETWEEN_SIGNALS = 0.2      # how soon an interrupt is felt while waiting


class Handle:
    """One job. Closing the notebook or losing the handle stops nothing: `Lab().job(id)` gives it again."""

    def __init__(self, follower: Follower, status: JobStatus) -> None:
        self._follower = follower
        self._news = threading.Condition()
        self._status = status
        self._told_at = time.monotonic()
        self.failure: LabError | None = None        # why nothing more can be told, while somebody waits

    def __repr__(self) -> str:
        count = len(self.warnings)
        warned = f", {count} warning{'s' if count > 1 else ''}" if count else ""
        return f"<Handle {self.id} {display.describe(self._status)}{warned}>"

    @property
    def id(self) -> str:
        return self._status.id

    @property
    def status(self) -> JobStatus:
        """The job as last told (asked for anew unless it has ended)."""
        if not self._status.ended:
            self._ask(lambda: self._follower.api.get(f"/jobs/{self.id}"))
        return self._status

    @property
    def state(self) -> str:
        return self.status.state

    @property
    def ended(self) -> bool:
        """Whether it had ended when it was last told of."""
        return self._status.ended

    @property
    def progress(self) -> Progress | None:
        return self.status.progress

    @property
    def seed(self) -> int:
        return self._status.seed

    @property
    def voices(self) -> tuple[str, ...]:
        """The voice of each step, named also where the request left it open."""
        return self._status.voices

    @property
    def device(self) -> str | None:
        """Where its steps were really made; None before any was, and where all were taken from earlier jobs."""
        return self.status.device

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What will be other than the request may have meant, as it was known when it was queued."""
        return self._status.warnings

    def cancel(self) -> None:
        """Stop the job; nothing of it is published. A job that has ended stays as it is."""
        self._ask(lambda: self._follower.api.post(f"/jobs/{self.id}/cancel"))

    def retry(self) -> None:
        """Try a failed job again, from the stage that failed. Raises IllegalTransition for any other job."""
        self._ask(lambda: self._follower.api.post(f"/jobs/{self.id}/retry", repeat=False))

    def release(self) -> None:
        """Let a quarantined job out (operators). Raises IllegalTransition for any other job, Forbidden."""
        self._ask(lambda: self._follower.api.post(f"/jobs/{self.id}/release", repeat=False))

    def pin(self) -> None:
        """Keep the result, whatever the storage's budgets say."""
        self._ask(lambda: self._follower.api.post(f"/jobs/{self.id}/pin"))

    def unpin(self) -> None:
        """Let the result go when its time comes."""
        self._ask(lambda: self._follower.api.post(f"/jobs/{self.id}/unpin"))

    def remove(self) -> None:
        """Remove the result; its recipe stays, and makes it again. Raises Conflict for a job at work or pinned."""
        self._ask(lambda: self._follower.api.call("DELETE", f"/jobs/{self.id}/result").json())

    def events(self) -> list[dict[str, Any]]:
        """The job's story so far."""
        return self._follower.story(self.id)

    def result(self, timeout: float | None = None) -> Take | Handle:
        """Wait for the sound. An interrupt gives the handle back and leaves the job running.

        Raises JobFailed (or the error that the architecture told), JobCancelled, JobQuarantined; TimeoutError;
        HostUnreachable, JobMissing where nobody can tell any more.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        view = display.progress_view(" + ".join(self.voices), self._cancel_aside)
        self.failure = None
        self._follower.follow(self)
        try:
            view.update(self.status)        # it may have ended before we followed: then no event comes any more
            while not self._status.ended:
                view.update(self._status)
                if self.failure is not None:
                    raise self.failure
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"Job {self.id} has not ended after {timeout} s; it goes on.")
                with self._news:
                    self._news.wait(_SECONDS_BETWEEN_SIGNALS)
            view.update(self._status)
        except KeyboardInterrupt:
            return self
        finally:
            view.close()
            self._follower.leave(self)
        return self._taken()

    def _ask(self, call: Callable[[], Any]) -> None:
        asked_at = time.monotonic()
        self.told(JobStatus.from_json(call()), asked_at)

    def told(self, status: JobStatus, asked_at: float = float("-inf")) -> None:
        """Somebody was told anew. Of two answers that cross on their way the newer one stays, whichever comes last.

        One that was asked for (`asked_at`, monotonic) when the last one was here already is the newer one, whatever its
        time says: the host's clock may have been set back.
        """
        with self._news:
            if asked_at > self._told_at or not _is_older(status, self._status):
                self._status, self._told_at = status, time.monotonic()
            self._news.notify_all()

    def lost(self, error: LabError) -> None:
        """The follower will have no more news."""
        with self._news:
            self.failure = error
            self._news.notify_all()

    def _cancel_aside(self) -> None:
        threading.Thread(target=self.cancel, name="cancel", daemon=True).start()

    def _taken(self) -> Take:
        status = self._status
        if status.state == "succeeded":
            return Take(self._follower.api, status)
        if status.state == "cancelled":
            raise JobCancelled(f"Job {self.id} was cancelled.")
        error = from_json(status.error) if status.error else LabError("The job gave no reason.")
        if status.state == "quarantined":
            raise JobQuarantined(error.message, problems=error.problems)
        raise JobFailed(error.message, problems=error.problems, error_id=error.error_id)


def _is_older(one: JobStatus, other: JobStatus) -> bool:
    """Whether a status was true before another one of the same job; of one moment, the end is the later one."""
    then, since = one.document["updated_at"], other.document["updated_at"]
    return bool(then < since or (then == since and other.ended and not one.ended))
