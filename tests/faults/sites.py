"""`python -m tests.faults.sites`, a part of `make faults KILLS=n`: every place in the code that writes meets a full disk and a read-only one, once: what was going on ends well, or with a
typed error after which the same call succeeds.

An act is what people do on a usual day. Its nth call to the disk at a place is failed, n = 1, 2, ..., until the act passes
without coming to an nth.
"""

from __future__ import annotations

import io
import math
import os
import struct
import subprocess
import sys
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from hay_say_lab.domain.host import read_record
from tests.faults.history import Verdict, judge
from tests.faults.rough import ERRORS, PLACES, RoughDisk, built, can_be_built
from tests.service.running_host import Reply, RunningHost, convert, speak, start_host, until

MOST_TRIES = 4                  # of a call: one fault, and what it may leave to a second one
SECONDS_TO_END = 60.0
RATE = 16_000


@dataclass(frozen=True, slots=True)
class Site:
    """The nth call of an act at a place. The act 'start' is a host's."""

    act: str
    error: str
    place: str
    nth: int

    def __str__(self) -> str:
        return f"{self.act}: {self.error} at call {self.nth} of {self.place}"


@dataclass
class Rounds:
    """A host that lives through rounds on a rough disk. `acknowledged`: job -> how it should end."""

    home: Path
    rough: RoughDisk
    acknowledged: dict[str, str] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    made: int = 0
    expected: str | None = None         # what 'speak' makes

    def __post_init__(self) -> None:
        self.host = self._started()
        self.acts: dict[str, Callable[[str], None]] = {
            "send": self._send, "upload": self._upload, "words": self._words, "speak": self._speak,
            "convert": self._convert, "let go": self._let_go, "back up": self._back_up,
        }  # fmt: skip

    def meet_all(self, act: str) -> int:
        """Each error at each call of each place in an act. Returns how many there were."""
        count = 0
        for error in ERRORS:
            for place in PLACES:
                nth = 1
                while self.meet(Site(act, error, place, nth)):
                    nth += 1
                count += nth - 1
        return count

    def calls_of(self, act: str) -> dict[tuple[str, str], int]:
        """How many calls an act makes: (error, place) -> those that might fail so."""
        before = {error: self.rough.calls(error) for error in ERRORS}
        self.made += 1
        self.acts[act](act)
        after = {error: self.rough.calls(error) for error in ERRORS}
        return {(error, place): after[error][place] - before[error][place] for error in ERRORS for place in PLACES}

    def meet(self, site: Site) -> bool:
        """One act in which this site fails. False where no call came so far."""
        if site.act == "start":
            return self._start(site)
        self.made += 1
        self.rough.refuse(site.error, (site.place,), site.nth)
        self.acts[site.act](str(site))
        met = self.rough.felt > 0
        self.rough.lift()
        self.met[f"{site.error} {site.place}"] += met
        if self.host.process.poll() is not None:
            self._wrong(str(site), f"the host ended with {self.host.process.returncode}")
            self.host = self._started()
        return met

    def _start(self, site: Site) -> bool:
        """A start in which this site fails: the host lives, or says why not and the next one lives."""
        self.host.end()
        self.rough.refuse(site.error, (site.place,), site.nth)
        log = self.home / "logs" / "host.log"
        told_before = log.stat().st_size
        process = self._spawned()
        until(lambda: process.poll() is not None or self._serves(process), SECONDS_TO_END, f"{site}: no host, no end")
        met = self.rough.felt > 0
        self.rough.lift()
        self.met[f"{site.error} {site.place}"] += met
        told = log.read_bytes()[told_before:]
        record = read_record(self.home)
        if process.poll() is None and record is not None:
            self.host = RunningHost(self.home, process, record)
            return met
        if process.returncode != 1 or b"Traceback" in told:
            self._wrong(str(site), f"it ended with {process.returncode}: {told[-600:].decode(errors='replace')}")
        self.host = self._started()
        return met

    def verdict(self) -> Verdict:
        """After the last host: the oracle, and what the program says itself (fsck)."""
        self.host.end()
        self.host = self._started()         # sweeps what a disk would not let go of at its time
        found = self.host.call("POST", "/storage/fsck", {"deep": True}).json()
        if not found["sound"]:
            self._wrong("fsck", str(found))
        self.host.end()
        return judge(self.home, self.acknowledged)

    # The acts: what people do on a usual day.

    def _send(self, site: str) -> None:
        self._ask(site, lambda: self.host.send_clip(tone(self.made)))

    def _words(self, site: str) -> None:
        words = {"entries": [{"word": "one", "alias": f"won {self.made}"}]}
        self._ask(site, lambda: self.host.call("PUT", "/dictionaries/words", words))

    def _speak(self, site: str) -> None:
        """The same words again and again: what comes of them is what came of them when nothing was wrong."""
        job = self._job(site, speak("one two", seed=7, fresh=True))
        made = self._ask(site, lambda: self.host.call("GET", f"/jobs/{job}")).get("artifact")
        self.expected = self.expected or made
        if made != self.expected:
            self._wrong(site, f"it made {made}, not {self.expected}")

    def _convert(self, site: str) -> None:
        """A recording, or what was made of it before: some stages are found in the cache."""
        clip = self._ask(site, lambda: self.host.send_clip(tone(0)))["sha256"]
        self._job(site, convert(clip, settings={"gain_db": -round(self.made / 1000, 3)}))

    def _let_go(self, site: str) -> None:
        """A sound is made, and removed."""
        job = self._job(site, speak(f"one {self.made}"))
        if job is not None:
            self._ask(site, lambda: self.host.call("DELETE", f"/jobs/{job}/result"))
            self.acknowledged[job] = "let go"

    def _back_up(self, site: str) -> None:
        """One that was made though nobody heard so is there."""
        self._ask(site, lambda: self.host.call("POST", "/storage/backup", {"name": f"round-{self.made}"}), known=(422,))

    def _upload(self, site: str) -> None:
        """In two pieces."""
        content = tone(self.made, hertz=330.0)
        upload = self._ask(site, lambda: self.host.call("POST", "/uploads", {"bytes": len(content), "label": "tone.wav"}))
        complete = False
        for _ in range(2 * MOST_TRIES):
            stands = self._ask(site, lambda: self.host.call("GET", f"/uploads/{upload['id']}"))
            complete, offset = stands.get("complete", False), int(stands.get("offset", 0))
            if complete:
                return
            end = len(content) // 2 if offset < len(content) // 2 else len(content)
            headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
            self._once(site, lambda: self.host.call(
                "PATCH", f"/uploads/{upload['id']}", body=content[offset:end], headers=headers  # noqa: B023 - called at once
            ))  # fmt: skip
        self._wrong(site, "an upload never came to its end")

    # One thing after the other.

    def _job(self, site: str, request: Mapping[str, Any]) -> str | None:
        """Its id, once it has succeeded; a typed failure is tried again."""
        headers = {"Idempotency-Key": f"round {self.made}"}
        job = self._ask(site, lambda: self.host.call("POST", "/jobs", dict(request), headers=headers)).get("id")
        if job is None:
            return None
        self.acknowledged[job] = "succeeded"
        for _ in range(MOST_TRIES):
            seen = self._ended(site, job)
            if seen["state"] == "succeeded":
                return str(job)
            if seen["state"] != "failed" or seen["error"]["code"] != "storage_failed":
                self._wrong(site, f"the job ended {seen['state']}: {seen.get('error')}")
            verb = "release" if seen["state"] == "quarantined" else "retry"
            self._ask(site, lambda: self.host.call("POST", f"/jobs/{job}/{verb}"), known=(409,))  # noqa: B023 - the same
        self._wrong(site, "the job did not succeed")
        return None

    def _ended(self, site: str, job: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_TO_END
        while time.monotonic() < deadline:
            seen = self._ask(site, lambda: self.host.call("GET", f"/jobs/{job}"))
            if seen.get("state") in ("succeeded", "failed", "cancelled", "quarantined"):
                return seen
            time.sleep(0.01)
        raise AssertionError(f"{site}: the job {job} stands still: {seen}")

    def _ask(self, site: str, call: Callable[[], Reply], known: tuple[int, ...] = ()) -> dict[str, Any]:
        """A call that is repeated after a typed refusal; `known`: answers that say that it happened before."""
        for _ in range(MOST_TRIES):
            reply = self._once(site, call, known)
            if reply is not None:
                return dict(reply.json())
        self._wrong(site, "a call was refused again and again")
        return {}

    def _once(self, site: str, call: Callable[[], Reply], known: tuple[int, ...] = ()) -> Reply | None:
        """None where it was refused by the disk."""
        try:
            reply = call()
        except (OSError, HTTPException) as broken:
            self._wrong(site, f"no answer ({type(broken).__name__}), {self.rough.last}")
            if self.host.process.poll() is not None:
                self.host = self._started()
            return None
        if reply.status < 400 or reply.status in known:
            return reply
        assert reply.status >= 500, f"{site}: status {reply.status}: {reply.content!r}"
        if reply.status != 507 or reply.error["code"] != "storage_failed":
            self._wrong(site, f"status {reply.status}: {reply.content[:300]!r}, {self.rough.last}")
        return None

    def _wrong(self, site: str, what: str) -> None:
        self.wrong.append(f"{site} ({self.rough.last}): {what}")

    def _started(self) -> RunningHost:
        return start_host(self.home, **self.rough.environment)

    def _spawned(self) -> subprocess.Popen[bytes]:
        with (self.home / "logs" / "host.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "hay_say_lab.host", "--home", str(self.home)],
                env={**os.environ, "HAY_SAY_HOME": str(self.home), **self.rough.environment},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _serves(self, process: subprocess.Popen[bytes]) -> bool:
        record = read_record(self.home)
        return record is not None and record.pid == process.pid


def main() -> int:
    if not can_be_built():
        sys.stderr.write("NO PLACE IS MET BY A FULL OR READ-ONLY DISK: no C compiler here\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="hay-say-sites-") as folder:
        home = Path(folder) / "home"
        rounds = Rounds(home, RoughDisk(built(Path(folder)), home))
        try:
            for act in (*rounds.acts, "start"):
                count = rounds.meet_all(act)
                sys.stderr.write(f"{act}: refused {count} times, {len(rounds.wrong)} things wrong so far\n")
            verdict = rounds.verdict()
        finally:
            rounds.host.process.kill()
    for note in (*rounds.wrong, *verdict.notes):
        sys.stderr.write(f"{note}\n")
    told = ", ".join(f"{count} x {site}" for site, count in sorted(rounds.met.items()) if count)
    sys.stdout.write(f"each place that writes: {told}\n{verdict.line(rounds.met.total())}\n")
    return 0 if verdict.clean and not rounds.wrong else 1


def tone(number: int, hertz: float = 220.0, seconds: float = 0.3) -> bytes:
    """A WAV that is another one for each number."""
    loudness = 8000 + number % 20_000
    samples = (round(loudness * math.sin(2 * math.pi * hertz * n / RATE)) for n in range(round(seconds * RATE)))
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return content.getvalue()


if __name__ == "__main__":
    sys.exit(main())
