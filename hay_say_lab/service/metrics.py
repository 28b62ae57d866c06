"""What the host measures of itself, in Prometheus' words. One table; the dashboard, the alerts and the docs name no other.

Most of it comes from the event log, read on from where the last look ended: whatever happened to a job has an event, so
nothing is counted twice and nothing in the engine has to remember to count. Labels hold lanes, architectures, devices,
outcomes and routes; never a person, a job, or the name of a file.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Mapping, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from hay_say_lab.domain.job import Event
from hay_say_lab.engine.order import LossKind
from hay_say_lab.engine.pool import Eviction
from hay_say_lab.errors import family
from hay_say_lab.storage import event_log
from hay_say_lab.storage.store import JobStore

if TYPE_CHECKING:
    from hay_say_lab.service.surface import Surface

PREFIX = "haysay_"
FEW = 8                                 # things that a label may say, to be told before they happen
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
EVENTS_AT_ONCE = 2000
SECONDS_BETWEEN_SURVEYS = 300.0         # of the disk, which is walked whole
WAIT_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200)
RUN_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
RATIO_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
START_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60)
CALL_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
COMMIT_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1)
GROUP_BUCKETS = (1, 2, 4, 8, 16, 32, 64)


OUTCOMES = {
    "finished": "succeeded", "failed": "failed", "refused": "failed", "stopped": "cancelled", "poisoned": "quarantined",
}  # fmt: skip
TRIED_AGAIN = ("worker_lost", "gave_way", "host_changed", "retry", "released", "ran_out")
LOSSES = tuple(kind for kind in get_args(LossKind) if kind != "closing")
CODES = (*sorted(family()), "other")


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table. `buckets` of a histogram; `closed`: all that its last label may say."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    closed: tuple[str, ...] = ()


METRICS: tuple[Metric, ...] = (
    Metric("jobs_submitted_total", "counter", "Jobs that were queued.", ("lane",)),
    Metric("jobs_finished_total", "counter", "Jobs that ended, by how.", ("lane", "outcome"), closed=tuple(dict.fromkeys(OUTCOMES.values()))),
    Metric("job_wait_seconds", "histogram", "From being queued to the first stage's start.", ("lane",), WAIT_BUCKETS),
    Metric("stage_run_seconds", "histogram", "Of one stage, from its claim to its result.", ("architecture",), RUN_BUCKETS),
    Metric("job_rtf", "histogram", "Seconds of a step for each second of its audio.", ("architecture",), RATIO_BUCKETS),
    Metric("stages_cached_total", "counter", "Stages whose result an earlier job had made.", ("architecture",)),
    Metric("attempts_total", "counter", "Stages that are tried again, by why.", ("reason",), closed=TRIED_AGAIN),
    Metric("fenced_total", "counter", "Ends of stages that were not taken, because somebody else held the job by then."),
    Metric("admission_rejected_total", "counter", "Queued jobs that can never run here, by the error's code.", ("reason",), closed=CODES),
    Metric("queue_depth", "gauge", "Jobs that wait.", ("lane",)),
    Metric("queue_oldest_seconds", "gauge", "How long the oldest of them has waited.", ("lane",)),
    Metric("quarantined", "gauge", "Jobs that took workers down, until an operator releases them."),
    Metric("workers", "gauge", "Worker processes.", ("architecture", "state"), closed=("idle", "busy")),
    Metric("worker_start_seconds", "histogram", "From spawning a worker to its hello.", ("architecture",), START_BUCKETS),
    Metric("model_load_seconds", "histogram", "Loading a voice into a worker.", ("architecture",), START_BUCKETS),
    Metric(
        "workers_lost_total", "counter", "Workers that ended with a stage, or at their start; `lease`: no sign of life in time.",
        ("reason",), closed=LOSSES,
    ),
    Metric("evictions_total", "counter", "Idle workers that were ended, by why.", ("reason",), closed=get_args(Eviction)),
    Metric("oom_total", "counter", "Times that memory ran out, while a voice was loaded or a stage ran.", ("phase",), closed=("load", "run")),
    Metric("models_resident", "gauge", "Voices that are loaded.", ("architecture",)),
    Metric("device_memory_bytes", "gauge", "A device: total, foreign use, held by workers, leaked.", ("device", "kind")),
    Metric("store_commit_seconds", "histogram", "One commit of the store, synced.", (), COMMIT_BUCKETS),
    Metric("store_group_size", "histogram", "Writes that shared a commit.", (), GROUP_BUCKETS),
    Metric("artifact_bytes", "gauge", "What the data home holds.", ("class",)),
    Metric("disk_free_bytes", "gauge", "Free space where the data home lies."),
    Metric("gc_removed_bytes_total", "counter", "Bytes that retention freed."),
    Metric("quota_used_ratio", "gauge", "Of the owner who holds most; 0 without a quota."),
    Metric("sse_clients", "gauge", "Event streams and long polls that are open."),
    Metric("sse_dropped_total", "counter", "Event streams and long polls refused, because their owner had too many."),
    Metric("authz_denied_total", "counter", "Calls without a token (401) or without the right (403).", ("route", "code")),
    Metric("http_request_seconds", "histogram", "One call.", ("route", "code"), CALL_BUCKETS),
    Metric("loop_lag_seconds", "gauge", "How late the host's event loop runs."),
)

class Metrics:
    """Of one host. Counting is safe from any thread; `render` reads the rest."""

    def __init__(self, store: JobStore) -> None:
        self.registry = CollectorRegistry()
        self._kept: dict[str, Any] = {metric.name: _made(metric, self.registry) for metric in METRICS}
        for metric in METRICS:
            for word in metric.closed if len(metric.labels) == 1 and len(metric.closed) <= FEW else ():
                self._kept[metric.name].labels(word)        # at 0 from the start, so that its first rise is seen
        self._store = store
        self._number = store.last_event()       # counters count this host's life
        self._reading = threading.Lock()
        self._surveyed_at = -SECONDS_BETWEEN_SURVEYS
        self._removed_bytes = 0
        self.loop_lag_seconds = 0.0

    def called(self, route: str, code: int, seconds: float) -> None:
        """A call was answered; `route` is its pattern, never its path."""
        self._kept["http_request_seconds"].labels(route, str(code)).observe(seconds)
        if code in (401, 403):
            self._kept["authz_denied_total"].labels(route, str(code)).inc()

    def noted(self, name: str, label: str, amount: float) -> None:
        """Something happened that no event tells. `label` '' where the metric has none."""
        metric = self._kept[name].labels(label) if label else self._kept[name]
        (metric.observe if isinstance(self._kept[name], Histogram) else metric.inc)(amount)

    def committed(self, seconds: float, group: int) -> None:
        self._kept["store_commit_seconds"].observe(seconds)
        self._kept["store_group_size"].observe(group)

    async def render(self, surface: Surface, streams: int) -> bytes:
        """The exposition format."""
        if time.monotonic() - self._surveyed_at > SECONDS_BETWEEN_SURVEYS:
            self._surveyed_at = time.monotonic()
            self._held(await surface.pruner.use())
        self._workers(surface)
        self._kept["sse_clients"].set(streams)
        self._kept["loop_lag_seconds"].set(self.loop_lag_seconds)
        removed = surface.pruner.removed_bytes
        self._kept["gc_removed_bytes_total"].inc(removed - self._removed_bytes)
        self._removed_bytes = removed
        return await asyncio.to_thread(self._from_rows)

    def _from_rows(self) -> bytes:
        with self._reading:
            while found := self._store.read(event_log.events_since, self._number, EVENTS_AT_ONCE):
                self._count(found)
                self._number = found[-1].number
            self._queues()
        return generate_latest(self.registry)

    def _count(self, found: list[Event]) -> None:
        jobs = self._store.read(event_log.lanes_of, {event.job for event in found})
        for event in found:
            lane, queued_at = jobs.get(event.job, ("unknown", event.at))
            self._one(event, lane, queued_at)

    def _one(self, event: Event, lane: str, queued_at: str) -> None:
        kind, body = event.kind, event.body
        if kind == "queued":
            self._kept["jobs_submitted_total"].labels(lane).inc()
        if kind == "started" and body.get("stage") == 0:
            self._kept["job_wait_seconds"].labels(lane).observe(max(0.0, _seconds(event.at) - _seconds(queued_at)))
        if kind in ("stage_done", "finished"):
            self._stage(body)
        if kind in OUTCOMES:
            self._kept["jobs_finished_total"].labels(lane, OUTCOMES[kind]).inc()
        if kind == "refused":
            code = str(body.get("error", {}).get("code"))
            self._kept["admission_rejected_total"].labels(code if code in CODES else "other").inc()
        if kind in TRIED_AGAIN:
            self._kept["attempts_total"].labels(kind).inc()

    def _stage(self, body: Mapping[str, Any]) -> None:
        architecture = str(body.get("worker", "unknown"))
        if body.get("cached"):
            self._kept["stages_cached_total"].labels(architecture).inc()
        else:
            seconds = float(body.get("seconds", 0.0))
            self._kept["stage_run_seconds"].labels(architecture).observe(seconds)
            if body.get("audio_seconds") and body.get("kind") == "step":
                self._kept["job_rtf"].labels(architecture).observe(seconds / float(body["audio_seconds"]))

    def _queues(self) -> None:
        now = datetime.now(UTC).timestamp()
        for name in ("queue_depth", "queue_oldest_seconds"):
            self._kept[name].clear()
        for lane in self._store.read(event_log.lanes_waiting):
            self._kept["queue_depth"].labels(lane.lane).set(lane.depth)
            self._kept["queue_oldest_seconds"].labels(lane.lane).set(max(0.0, now - _seconds(lane.oldest)))
        self._kept["quarantined"].set(self._store.read(event_log.quarantined))

    def _held(self, use: Any) -> None:
        for name, held in use.classes.items():
            self._kept["artifact_bytes"].labels(name).set(held)
        self._kept["disk_free_bytes"].set(use.free_bytes)
        quota = use.budgets.owner_mb << 20
        self._kept["quota_used_ratio"].set(max(use.owners.values(), default=0) / quota if quota else 0.0)

    def _workers(self, surface: Surface) -> None:
        pool = surface.engine.pool
        for name in ("workers", "models_resident", "device_memory_bytes"):
            self._kept[name].clear()
        for worker in pool.described():
            kind, state = str(worker["worker"]), "busy" if worker["busy"] else "idle"
            self._kept["workers"].labels(kind, state).inc()
            self._kept["models_resident"].labels(kind).inc(_length(worker["voices"]))
        for device, reading in pool.readings().items():
            held = sum(seat.memory_mb for seat in pool.ledger().seats if seat.device == device)
            told = {"total": reading.total_mb, "foreign": reading.foreign_mb, "held": held, "leaked": pool.leaked_mb[device]}
            for kind, megabytes in told.items():
                self._kept["device_memory_bytes"].labels(device, kind).set(megabytes * (1 << 20))


def _made(metric: Metric, registry: CollectorRegistry) -> Counter | Gauge | Histogram:
    name = PREFIX + metric.name
    if metric.kind == "histogram":
        return Histogram(name, metric.help, metric.labels, buckets=metric.buckets, registry=registry)
    kind = Counter if metric.kind == "counter" else Gauge
    return kind(name, metric.help, metric.labels, registry=registry)


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def _length(voices: Any) -> int:
    return len(voices) if isinstance(voices, Sized) else 0
