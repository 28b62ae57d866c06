"""A job's events as spans of time: what is told, between when and when, below what. Pure; nobody here exports anything.

    haysay.submit                       one for each job, below the caller's own span where it sent one (W3C traceparent)
    haysay.process                      one trace for each attempt at a job, linked to its submission and to the attempt before
    ├── haysay.admit                    a stage waits for its turn and for memory
    ├── haysay.stage                    from its claim to its end
    │   ├── haysay.worker.start         where a worker had to be started for it
    │   ├── haysay.model.load           where its voice had to be loaded
    │   ├── haysay.run
    │   └── haysay.artifact.put         what was made is hashed and synced
    └── haysay.finish                   recipe and result are published

Ids are made of the job's id and the attempt's number, so that another host goes on with the same trace.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from hay_say_lab.domain.job import Event

TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}")
ATTEMPT_ENDS = frozenset({"worker_lost", "host_changed"})
JOB_ENDS = frozenset({"finished", "failed", "refused", "stopped", "poisoned"})
GOES_ON = frozenset({"retry", "released"})
FAULTS = frozenset({"failed", "refused", "poisoned", *ATTEMPT_ENDS})


@dataclass(frozen=True, slots=True)
class SpanId:
    """trace: 128 bits, span: 64 bits."""

    trace: int
    span: int

    @classmethod
    def of(cls, *words: str) -> SpanId:
        digest = hashlib.sha256("/".join(words).encode()).digest()
        return cls(int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:24], "big") or 1)

    def child(self, *words: str) -> SpanId:
        return SpanId(self.trace, SpanId.of(f"{self.trace:032x}", f"{self.span:016x}", *words).span)


@dataclass(frozen=True, slots=True)
class Span:
    """`began` and `ended` in seconds since the epoch. `fault`: why it failed, in a word; '' where it did not."""

    name: str
    id: SpanId
    parent: SpanId | None
    began: float
    ended: float
    kind: Literal["producer", "consumer", "internal"] = "internal"
    attributes: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    links: tuple[SpanId, ...] = ()
    fault: str = ""


def parent_of(traceparent: str) -> SpanId | None:
    """The caller's span, as a W3C header names it; None where it names none: then a trace begins here."""
    found = TRACEPARENT.fullmatch(traceparent.strip().lower())
    return SpanId(int(found[1], 16), int(found[2], 16)) if found else None


class Story:
    """One job, event by event: `take` gives the spans that an event completes."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._attempt = 1
        self._since: float | None = None            # when the present attempt began to wait
        self._waits_since = 0.0                     # when its present stage did
        self._began: float | None = None            # when its present stage was claimed
        self._stage: dict[str, Any] = {}
        self._submitted: SpanId | None = None
        self._cancelled = False
        self.ended = False

    @property
    def process(self) -> SpanId:
        """The span of the present attempt."""
        return self._process(self._attempt)

    def _process(self, attempt: int) -> SpanId:
        return SpanId.of(self._job, str(attempt))

    def take(self, event: Event) -> Iterator[Span]:
        at = datetime.fromisoformat(event.at).timestamp()
        match event.kind:
            case "queued":
                yield self._submit(event, at)
            case "started":
                yield from self._started(event, at)
            case "stage_done" | "finished":
                yield from self._made(event, at)
            case "gave_way":
                yield from self._broke_off(event, at)
            case "cancel":
                self._cancelled = True
        if event.kind in FAULTS | {"stopped"} and self._began is not None:
            yield from self._broke_off(event, at)
        if event.kind in JOB_ENDS | ATTEMPT_ENDS and self._since is not None:
            yield self._attempt_ended(event, at)
        if event.kind in ATTEMPT_ENDS | GOES_ON:
            self._attempt += 1
            self._since = self._waits_since = at
        self.ended = event.kind in JOB_ENDS or (event.kind in ATTEMPT_ENDS and self._cancelled)

    def _submit(self, event: Event, at: float) -> Span:
        caller = parent_of(str(event.body.get("traceparent", "")))
        own = SpanId.of(self._job, "submit")
        self._submitted = SpanId(caller.trace, own.span) if caller else own
        self._since = self._waits_since = at
        told = {**self._message("send"), "haysay.lane": str(event.body.get("lane", ""))}
        return Span("haysay.submit", self._submitted, caller, at, at, "producer", told)

    def _started(self, event: Event, at: float) -> Iterator[Span]:
        self._began = at
        self._stage = {name: event.body.get(name, "") for name in ("stage", "kind", "task")}
        told = {f"haysay.{name}": value for name, value in self._stage.items()}
        yield Span("haysay.admit", self._child("admit", event), self.process, self._waits_since, at, attributes=told)

    def _made(self, event: Event, at: float) -> Iterator[Span]:
        """A stage, in its parts: they lie one behind the other, as long as the worker's host measured them."""
        began = self._began if self._began is not None else at
        body = event.body
        seconds = min(float(body.get("seconds", 0.0)), max(0.0, at - began))
        start, load, keep = (float(body.get(name, 0.0)) for name in ("start_seconds", "load_seconds", "keep_seconds"))
        id_ = self._child("stage", event)
        told = self._told_of_stage(body)
        made = began + seconds
        if not body.get("cached"):
            parts = (
                ("haysay.worker.start", began, began + start),
                ("haysay.model.load", began + start, began + start + load),
                ("haysay.run", began + start + load, made - keep),
                ("haysay.artifact.put", made - keep, made),
            )
            for name, first, last in parts:
                if last > first:
                    yield Span(name, id_.child(name), id_, first, min(last, at))
        finishes = event.kind == "finished"
        yield Span("haysay.stage", id_, self.process, began, made if finishes else at, attributes=told)
        if finishes:
            yield Span("haysay.finish", self._child("finish", event), self.process, made, at)
        self._began, self._waits_since = None, at

    def _broke_off(self, event: Event, at: float) -> Iterator[Span]:
        """A stage that came to no result."""
        if self._began is not None:
            fault = event.kind if event.kind in FAULTS else ""
            told = {**self._told_of_stage(event.body), "haysay.outcome": event.kind}
            yield Span("haysay.stage", self._child("stage", event), self.process, self._began, at, attributes=told, fault=fault)
        self._began, self._waits_since = None, at

    def _attempt_ended(self, event: Event, at: float) -> Span:
        links = [self._submitted] if self._submitted is not None else []
        if self._attempt > 1:
            links.append(self._process(self._attempt - 1))
        fault = str(event.body.get("error", {}).get("code", event.kind)) if event.kind in FAULTS else ""
        told: dict[str, str | int] = {**self._message("process"), "haysay.attempt": self._attempt, "haysay.outcome": event.kind}
        began, self._since = self._since or at, None
        return Span("haysay.process", self.process, None, began, at, "consumer", told, tuple(links), fault)

    def _message(self, operation: str) -> dict[str, str]:
        return {
            "messaging.system": "hay_say_lab",
            "messaging.operation.type": operation,
            "messaging.destination.name": "jobs",
            "messaging.message.id": self._job,
        }

    def _told_of_stage(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Never what somebody typed: which stage, of which architecture, on which device, whether it was kept."""
        names = {"worker": "architecture", "device": "device", "cached": "cached", "audio_seconds": "audio_seconds"}
        told = {f"haysay.{name}": value for name, value in self._stage.items()}
        return told | {f"haysay.{label}": body[name] for name, label in names.items() if name in body}

    def _child(self, name: str, event: Event) -> SpanId:
        return self.process.child(name, str(event.number))
