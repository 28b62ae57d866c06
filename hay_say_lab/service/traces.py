"""Traces for OpenTelemetry, made from the event log behind the work: whoever works pays nothing for them.

HAY_SAY_TRACES says where they go: the address of a collector (OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces), or
'file', which is `logs/traces.jsonl` in the data home. Without it nothing of OpenTelemetry is imported.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab import __version__
from hay_say_lab.domain.job import Event
from hay_say_lab.engine.news import News
from hay_say_lab.errors import LabError, StorageFailed
from hay_say_lab.service.spans import Span, SpanId, Story
from hay_say_lab.storage import event_log
from hay_say_lab.storage.store import JobStore

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
    from opentelemetry.sdk.trace.id_generator import IdGenerator
    from opentelemetry.trace import SpanContext

log = logging.getLogger(__name__)

SETTING = "HAY_SAY_TRACES"
IN_A_FILE = "file"
EVENTS_AT_ONCE = 1000
LONGEST_STORY = 10_000              # events of one job
SECONDS_BETWEEN_READS = 1.0
SECONDS_TO_EXPORT = 5.0
SECONDS_TO_END = 3.0                # a collector that does not answer holds no host up


class Traces:
    """Reads events on from where the last look ended, and hands finished spans to a processor of OpenTelemetry's."""

    def __init__(self, store: JobStore, processor: SpanProcessor) -> None:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider

        self._store = store
        self._number = store.last_event()       # what happened before was for whoever hosted then
        self._reading = threading.RLock()
        self._stories: dict[str, Story] = {}
        self._next = SpanId(1, 1)               # of the span that is made now
        resource = Resource.create({"service.name": "hay-say-host", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, id_generator=_generator(lambda: self._next), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("hay_say_lab", __version__)

    async def follow(self, news: News) -> None:
        """Read on whenever something happened, until cancelled."""
        while True:
            await news.wait(60.0)
            await asyncio.sleep(SECONDS_BETWEEN_READS)
            try:
                await asyncio.to_thread(self.read_on)
            except LabError:
                log.exception("events could not be read for traces; it is tried again")

    def read_on(self) -> None:
        """All that happened since the last look. From any thread."""
        with self._reading:
            while found := self._store.read(event_log.events_since, self._number, EVENTS_AT_ONCE):
                for event in found:
                    self._number = event.number
                    self._take(event)

    async def close(self) -> None:
        """What is finished goes out, unless the collector is not there."""
        with contextlib.suppress(TimeoutError, LabError):
            await asyncio.wait_for(asyncio.to_thread(self._end), SECONDS_TO_END)

    def correlate(self, record: logging.LogRecord) -> bool:
        """A filter of log lines: those that name a job, which are few, get the ids of its present attempt."""
        job = str(getattr(record, "job", ""))
        if job:
            with contextlib.suppress(LabError):
                self.read_on()
        story = self._stories.get(job)
        if story is not None:
            record.trace_id, record.span_id = f"{story.process.trace:032x}", f"{story.process.span:016x}"
        return True

    def _end(self) -> None:
        self.read_on()
        self._provider.shutdown()

    def _take(self, event: Event) -> None:
        story = self._stories.get(event.job)
        if story is None:
            story = self._stories[event.job] = Story(event.job)
            if event.kind != "queued":
                for earlier in self._store.events_after(event.owner, 0, job=event.job, limit=LONGEST_STORY):
                    if earlier.number < event.number:
                        list(story.take(earlier))           # another host told of those
        for span in story.take(event):
            self._export(span)
        if story.ended:
            del self._stories[event.job]

    def _export(self, span: Span) -> None:
        from opentelemetry import trace

        kinds = {"producer": trace.SpanKind.PRODUCER, "consumer": trace.SpanKind.CONSUMER}
        above = trace.set_span_in_context(trace.NonRecordingSpan(_context(span.parent))) if span.parent else None
        self._next = span.id
        made = self._tracer.start_span(
            span.name,
            context=above if above is not None else trace.set_span_in_context(trace.INVALID_SPAN),
            kind=kinds.get(span.kind, trace.SpanKind.INTERNAL),
            attributes=dict(span.attributes),
            links=[trace.Link(_context(link)) for link in span.links],
            start_time=_nanoseconds(span.began),
        )
        if span.fault:
            made.set_attribute("error.type", span.fault)
            made.set_status(trace.StatusCode.ERROR)
        made.end(end_time=_nanoseconds(max(span.began, span.ended)))


def from_environment(store: JobStore, logs: Path) -> Traces | None:
    """None where nobody asked for traces. Raises StorageFailed where they cannot be made."""
    wanted = os.environ.get(SETTING, "").strip()
    if not wanted:
        return None
    try:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
    except ImportError as error:
        raise StorageFailed(
            "OpenTelemetry is not installed.", field=SETTING, fix="pip install 'hay-say-lab[traces]'"
        ) from error
    exporter: SpanExporter
    if wanted == IN_A_FILE:
        file = (logs / "traces.jsonl").open("a", encoding="utf-8")
        exporter = ConsoleSpanExporter(out=file, formatter=_line)
    elif wanted.startswith(("http://", "https://")):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        exporter = OTLPSpanExporter(endpoint=wanted, timeout=SECONDS_TO_EXPORT)
    else:
        raise StorageFailed(
            f"{SETTING} is neither an address nor '{IN_A_FILE}'.",
            field=SETTING,
            fix="Write http://127.0.0.1:4318/v1/traces, or leave it out.",
        )
    return Traces(store, BatchSpanProcessor(exporter))


@contextlib.asynccontextmanager
async def traced(store: JobStore, news: News, logs: Path) -> AsyncIterator[None]:
    """While a host lives: spans go out, and log lines carry their ids, where somebody asked for it. Raises StorageFailed."""
    traces = from_environment(store, logs)
    if traces is None:
        yield
        return
    handlers = logging.getLogger().handlers
    for handler in handlers:
        handler.addFilter(traces.correlate)
    following = asyncio.create_task(traces.follow(news))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await traces.close()
        for handler in handlers:
            handler.removeFilter(traces.correlate)


def _generator(present: Callable[[], SpanId]) -> IdGenerator:
    """OpenTelemetry's id generator, which gives the ids that were chosen."""
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    class Chosen(IdGenerator):
        def generate_trace_id(self) -> int:
            return present().trace

        def generate_span_id(self) -> int:
            return present().span

        def is_trace_id_random(self) -> bool:
            return True                         # they are digests, which is as good

    return Chosen()


def _context(span: SpanId) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(span.trace, span.span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))


def _line(span: ReadableSpan) -> str:
    document: dict[str, Any] = json.loads(span.to_json(indent=None))
    return json.dumps(document, ensure_ascii=False) + "\n"


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
