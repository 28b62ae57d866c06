"""News for streams and polls."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.iostream import StreamClosedError

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.errors import Full
from hay_say_lab.service.handler import DIGITS, Access, LabHandler
from hay_say_lab.service.surface import Surface
from hay_say_lab.service.views import EventsView, EventView, ProgressView

HEARTBEAT_SECONDS = 15.0
LONGEST_STREAM_SECONDS = 600.0
LONGEST_POLL_SECONDS = 30


class EventsHandler(LabHandler):
    """News: a server-sent stream for 'Accept: text/event-stream', a long poll otherwise."""

    def initialize(self, surface: Surface, access: Access, routes: dict[str, Any]) -> None:
        super().initialize(surface, access, routes)
        self._gone = asyncio.Event()
        self._entered = False

    def _left(self) -> None:
        super()._left()
        self._gone.set()
        self.surface.engine.news.ring()
        if self._entered:
            self._entered = False
            self.access.door.leave(self.owner)

    async def get(self) -> None:
        try:
            self.access.door.enter(self.owner)
        except Full:
            self.surface.metrics.noted("sse_dropped_total", "", 1.0)
            raise
        self._entered = True
        if "text/event-stream" in self.request.headers.get("Accept", ""):
            await self._stream()
        else:
            await self._poll()

    async def _poll(self) -> None:
        newest = self.surface.engine.store.last_event()
        after = min(newest, self.whole_number("after", newest, 0, 2**53))
        seconds = self.whole_number("wait", 0, 0, LONGEST_POLL_SECONDS)
        job = self.get_query_argument("job", None)
        known = self._progress(job)
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            events = self.surface.engine.store.events_after(self.owner, after, job=job)
            left = deadline - asyncio.get_running_loop().time()
            if events or left <= 0 or self._gone.is_set() or self._progress(job) != known or not self.access.door.open:
                break
            await self.surface.engine.news.wait(left)
        last = events[-1].number if events else after
        views = [EventView(e.number, e.job, e.kind, e.at, e.body) for e in events]
        self.reply(EventsView(views, last, self._progress(job)))

    async def _stream(self) -> None:
        """Events in order from Last-Event-ID on, progress without a number, a heartbeat, a bounded age."""
        newest = self.surface.engine.store.last_event()
        text = self.request.headers.get("Last-Event-ID") or self.get_query_argument("after", "")
        after = min(int(text), newest) if DIGITS.fullmatch(text) else newest
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("Cache-Control", "no-cache, no-transform")
        self.set_header("X-Accel-Buffering", "no")
        ends = asyncio.get_running_loop().time() + LONGEST_STREAM_SECONDS
        told: dict[str, ProgressView] = {}
        try:
            self.write(f"retry: 1000\nevent: hello\ndata: {{\"last\":{after}}}\n\n")
            await self.flush()
            while not self._gone.is_set() and self.access.door.open and asyncio.get_running_loop().time() < ends:
                events = self.surface.engine.store.events_after(self.owner, after)
                for event in events:
                    after = event.number
                    data = canonical_json(event.as_json()).decode()
                    about = "job" if event.job else "library"
                    self.write(f"id: {event.number}\nevent: {about}\ndata: {data}\n\n")
                progress = self._progress(None)
                for job_id, view in progress.items():
                    if told.get(job_id) != view:
                        data = canonical_json({"job": job_id, **_plain(view)}).decode()
                        self.write(f"event: progress\ndata: {data}\n\n")
                told = progress
                await self.flush()              # waits for a slow reader: nothing piles up here
                if not events and not await self.surface.engine.news.wait(HEARTBEAT_SECONDS):
                    self.write(": still here\n\n")
            self.finish()
        except StreamClosedError:
            pass

    def _progress(self, job: str | None) -> dict[str, ProgressView]:
        """Of the caller's running jobs (or of one)."""
        engine = self.surface.engine
        owned = {name for name in engine.news.ticks if (job is None or name == job) and self._owns(name)}
        ticks = engine.news.ticks
        return {n: ProgressView(ticks[n].stage, ticks[n].task, ticks[n].fraction, ticks[n].message) for n in owned}

    def _owns(self, job_id: str) -> bool:
        return self.surface.engine.owner_of(job_id) == self.owner


def _plain(view: ProgressView) -> dict[str, Any]:
    return {"stage": view.stage, "task": view.task, "fraction": view.fraction, "message": view.message}

