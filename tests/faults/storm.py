"""`make faults KILLS=n SEED=s`: a storm of SIGKILL and SIGSTOP over hosts and workers, at instants drawn from a seed.

Real processes: clients as people have them keep a data home busy while a hand out of the seed strikes. Then everything
may come to rest, each quarantined job is released once, and the history is judged by rules that know nothing of the engine.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
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

POLLY = "parrot:polly"
IN_FLIGHT = 8                   # jobs that wait or run while the storm lasts
SECONDS_BETWEEN_FAULTS = (0.05, 0.6)
SECONDS_STOPPED = (0.05, 1.0)
SHARE_CANCELLED = 0.1
SECONDS_TO_REST = 180.0
FAULTS = ("kill host", "kill worker", "kill worker", "stop host", "stop worker")     # workers die most often


@dataclass
class Storm:
    """One data home under a storm. `acknowledged`: job -> how it should end."""

    home: Path
    seed: int
    acknowledged: dict[str, str] = field(default_factory=dict)
    struck: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._lab = Lab(self.home)
        self._random = random.Random(self.seed)
        self._over = threading.Event()
        self._sent = 0

    def rage(self, faults: int) -> None:
        """Strike so many times while clients go on asking."""
        asking = threading.Thread(target=self._ask, args=(random.Random(self.seed + 1),), name="asking")
        asking.start()
        while self.struck.total() < faults:
            time.sleep(self._random.uniform(*SECONDS_BETWEEN_FAULTS))
            fault = self._random.choice(FAULTS)
            if self._strike(fault):
                self.struck[fault] += 1
        self._over.set()
        asking.join()

    def rest(self) -> None:
        """Until every job has ended; each quarantined one is released once. Raises AssertionError where one does not."""
        released: set[str] = set()
        deadline = time.monotonic() + SECONDS_TO_REST
        while waiting := [job for job in self.acknowledged if not self._settled(job, released)]:
            assert time.monotonic() < deadline, f"not ended: {[(job, self._lab.job(job).state) for job in waiting]}"
            time.sleep(0.1)

    def verdict(self) -> Verdict:
        """After the last host has ended."""
        self._end_host()
        verdict = judge(self.home, self.acknowledged)
        alive = self._alive()
        verdict.orphans += len(alive)
        verdict.notes += [f"still alive: {' '.join(process.cmdline())}" for process in alive]
        return verdict

    def _ask(self, dice: random.Random) -> None:
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
                return True
            victim.suspend()
            time.sleep(self._random.uniform(*SECONDS_STOPPED))
            victim.resume()
            return True
        return False

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


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=60, help="how many faults")
    parser.add_argument("--seed", type=int, default=1, help="the same seed strikes in the same order")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="hay-say-storm-") as folder:
        storm = Storm(Path(folder) / "home", options.seed)
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
