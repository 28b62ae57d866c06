"""`make faults KILLS=n SEED=s`: a storm over a data home, of faults at instants drawn from a seed.

Hosts and workers are killed and stopped, the disk is full, read-only or slow for a while, the clock jumps. Real
processes: clients as people have them keep the home busy meanwhile. Each fault is counted only once somebody has felt
it. Then everything may come to rest: what failed because of the disk is tried again, each quarantined job is released
once, and the history is judged by rules that know nothing of the engine.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from hay_say_lab import Lab
from hay_say_lab.client.handle import Handle
from hay_say_lab.domain.host import read_record
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.errors import LabError
from tests.faults.history import Verdict, judge
from tests.faults.rough import PLACES, RoughDisk, built, can_be_built

log = logging.getLogger(__name__)

POLLY = "parrot:polly"
FAULTS_BETWEEN_WORDS = 50
IN_FLIGHT = 8                   # jobs that wait or run while the storm lasts
SECONDS_BETWEEN_FAULTS = (0.05, 0.6)
SECONDS_STOPPED = (0.05, 1.0)
SHARE_CANCELLED = 0.1
SECONDS_TO_REST = 120.0         # without any job ending
SECONDS_TO_FEEL = 3.0           # within which somebody meets a fault of the disk or the clock, or it is none
SECONDS_ROUGH = (0.0, 0.8)      # how long such a fault goes on once it was felt
SECONDS_OF_A_WRITE = (0.02, 0.2)
LONGEST_JUMP = 12 * 3600        # seconds, forth or back
OF_PROCESSES = ("kill host", "kill worker", "kill worker", "stop host", "stop worker")     # workers die most often
OF_THE_DISK = ("full disk", "full disk", "read-only disk", "slow disk", "jumping clock")


@dataclass
class Storm:
    """One data home under a storm. `acknowledged`: job -> how it should end."""

    home: Path
    seed: int
    rough: RoughDisk | None         # None: no compiler, so only processes are struck
    acknowledged: dict[str, str] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)
    trouble: Exception | None = None

    def __post_init__(self) -> None:
        self._faults = OF_PROCESSES + (OF_THE_DISK if self.rough is not None else ())
        self._lab = Lab(self.home)
        self._random = random.Random(self.seed)
        self._over = threading.Event()
        self._sent = 0

    def rage(self, faults: int) -> None:
        """Strike so many times while clients go on asking."""
        asking = threading.Thread(target=self._ask, args=(random.Random(self.seed + 1),), name="asking")
        asking.start()
        while self.struck.total() < faults and self.trouble is None:
            time.sleep(self._random.uniform(*SECONDS_BETWEEN_FAULTS))
            fault = self._random.choice(self._faults)
            if self._roughen(fault) if fault in OF_THE_DISK else self._strike(fault):
                self.struck[fault] += 1
                if not self.struck.total() % FAULTS_BETWEEN_WORDS:
                    log.info("%d faults, %d jobs so far", self.struck.total(), len(self.acknowledged))
        self._over.set()
        asking.join()
        if self.trouble is not None:
            raise self.trouble

    def rest(self) -> None:
        """Until every job has ended; each quarantined one is released once. Raises AssertionError where one does not."""
        released: set[str] = set()
        waiting, moved_at = list(self.acknowledged), time.monotonic()
        while left := [job for job in waiting if not self._settled(job, released)]:
            moved_at = time.monotonic() if len(left) < len(waiting) else moved_at       # a busy machine takes its time
            still = time.monotonic() - moved_at
            assert still < SECONDS_TO_REST, f"not ended: {[(job, self._lab.job(job).state) for job in left[:20]]}"
            waiting = left
            time.sleep(0.1)

    def verdict(self) -> Verdict:
        """After the last host has ended. What the disk did not let go of at its time is the next host's to sweep."""
        found = self._lab.storage.fsck(deep=True)
        self._end_host()
        verdict = judge(self.home, self.acknowledged)
        if verdict.orphans and any(self.struck[fault] for fault in OF_THE_DISK):
            self._lab.storage.use()
            self._end_host()
            verdict = judge(self.home, self.acknowledged)
        if not found["sound"]:
            verdict.lost += 1
            verdict.notes.append(f"fsck: {found}")
        alive = self._alive()
        verdict.orphans += len(alive)
        verdict.notes += [f"still alive: {' '.join(process.cmdline())}" for process in alive]
        return verdict

    def _ask(self, dice: random.Random) -> None:
        try:
            self._ask_on(dice)
        except Exception as trouble:  # noqa: BLE001 - the thread that rages raises it
            self.trouble = trouble

    def _ask_on(self, dice: random.Random) -> None:
        """A client that keeps the queue filled, and now and then thinks better of it."""
        going: list[Handle] = []
        while not self._over.is_set():
            going = [handle for handle in going if not self._ended(handle)]
            if len(going) >= IN_FLIGHT:
                self._over.wait(0.02)
                continue
            handle = self._submit(dice)
            self.acknowledged[handle.id] = "succeeded"
            going.append(handle)
            if dice.random() < SHARE_CANCELLED:
                self.acknowledged[handle.id] = "cancelled"      # it may have ended before: both are right then
                with contextlib.suppress(LabError):
                    handle.cancel()

    def _submit(self, dice: random.Random) -> Handle:
        """One to three steps, with work in pieces; a key of its own, so that a call that is made twice is one job."""
        self._sent += 1
        words = " ".join(dice.choices(("one", "two", "three", "four"), k=dice.randint(1, 5)))
        steps = [Step("speak", POLLY, {"seconds_of_work": round(dice.uniform(0.0, 0.4), 3)})]
        steps += [Step("convert", POLLY, {"gain_db": -1.0}) for _ in range(dice.randint(0, 2))]
        lane: Any = dice.choice(("interactive", "batch"))
        request = Request(tuple(steps), text=RequestText(words), seed=self._sent, lane=lane, fresh=True)
        while True:
            try:
                return self._lab.submit(request, key=f"storm {self.seed} {self._sent}")
            except LabError as trouble:
                if trouble.retry != "safe":
                    raise
                time.sleep(0.05)

    @staticmethod
    def _ended(handle: Handle) -> bool:
        try:
            return handle.status.ended
        except LabError:
            return False            # its host was just killed; the next one is asked

    def _settled(self, job: str, released: set[str]) -> bool:
        try:
            handle = self._lab.job(job)
            if handle.state == "quarantined" and job not in released:
                released.add(job)
                handle.release()
                return False
            if handle.state == "failed" and _disks_fault(handle):
                handle.retry()
                return False
        except LabError:
            return False
        return handle.ended

    def _strike(self, fault: str) -> bool:
        """False where there was nobody to strike."""
        host = self._host()
        if host is None:
            return False
        with contextlib.suppress(psutil.NoSuchProcess):
            victim = host if fault.endswith("host") else self._worker(host)
            if victim is None:
                return False
            if fault.startswith("kill"):
                victim.kill()
                return _gone(victim)
            victim.suspend()
            stopped = _stands_still(victim)
            time.sleep(self._random.uniform(*SECONDS_STOPPED))
            victim.resume()
            return stopped
        return False

    def _roughen(self, fault: str) -> bool:
        """The disk or the clock for a while. False where nobody felt it."""
        rough = self.rough
        assert rough is not None
        if fault == "slow disk":
            rough.slow(self._random.uniform(*SECONDS_OF_A_WRITE))
            felt = self._felt(lambda: rough.delayed)
        elif fault == "jumping clock":
            rough.jump(self._random.randint(-LONGEST_JUMP, LONGEST_JUMP) or 3600)
            felt = self._felt(lambda: rough.asked)
        else:
            most = len(PLACES) if self._random.random() < 0.5 else 1       # the whole disk, or a corner of it
            rough.refuse(fault.removesuffix(" disk"), self._random.sample(PLACES, most))
            felt = self._felt(lambda: rough.felt)
        time.sleep(self._random.uniform(*SECONDS_ROUGH))
        rough.lift()
        return felt

    def _felt(self, count: Callable[[], int]) -> bool:
        deadline = time.monotonic() + SECONDS_TO_FEEL
        while not count() and time.monotonic() < deadline:
            time.sleep(0.01)
        return count() > 0

    def _host(self) -> psutil.Process | None:
        record = read_record(self.home)
        if record is None:
            return None
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(record.pid)
            return process if process.status() != psutil.STATUS_ZOMBIE else None
        return None

    def _worker(self, host: psutil.Process) -> psutil.Process | None:
        found = [child for child in host.children() if child.status() != psutil.STATUS_ZOMBIE]
        return self._random.choice(sorted(found, key=lambda child: child.pid)) if found else None

    def _end_host(self) -> None:
        host = self._host()
        if host is not None:
            host.send_signal(signal.SIGTERM)
            with contextlib.suppress(psutil.TimeoutExpired):
                host.wait(30)

    def _alive(self) -> list[psutil.Process]:
        """Whoever still works in the data home."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                at_home = Path(process.cwd()).is_relative_to(self.home)
                if at_home and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


def _disks_fault(handle: Handle) -> bool:
    """Whether a failed job says that the disk refused: then it may be tried again, as often as that happens."""
    error = handle.status.error or {}
    return bool(error.get("code") == "storage_failed")


def _gone(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
        process.wait(5)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def _stands_still(process: psutil.Process) -> bool:
    for _ in range(100):
        if process.status() == psutil.STATUS_STOPPED:
            return True
        time.sleep(0.01)
    return False


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="how many faults")
    parser.add_argument("--seed", type=int, default=1, help="the same seed strikes in the same order")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with tempfile.TemporaryDirectory(prefix="hay-say-storm-") as folder:
        home = Path(folder) / "home"
        rough = RoughDisk(built(Path(folder)), home) if can_be_built() else None
        if rough is None:
            sys.stderr.write("THE DISK AND THE CLOCK ARE NOT STRUCK: no C compiler here\n")
        else:
            os.environ |= rough.environment             # of the hosts that the client starts; not of this process
        storm = Storm(home, options.seed, rough)
        storm.rage(options.kills)
        storm.rest()
        verdict = storm.verdict()
    for note in verdict.notes:
        sys.stderr.write(f"{note}\n")
    told = ", ".join(f"{count} x {fault}" for fault, count in sorted(storm.struck.items()))
    sys.stdout.write(f"seed {options.seed}: {told}\n{verdict.line(storm.struck.total())}\n")
    return 0 if verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
