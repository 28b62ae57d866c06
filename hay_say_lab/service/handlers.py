"""The verbs: parse, call, answer. What each route takes and gives stands in `routes.py`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tornado.iostream import StreamClosedError
from tornado.web import stream_request_body

from hay_say_lab.audio.effects import EFFECTS, PRESETS
from hay_say_lab.audio.export import MEDIA_TYPES
from hay_say_lab.audio.finish import FINISH_CONTROLS
from hay_say_lab.audio.prepare import PREPARE_CONTROLS
from hay_say_lab.domain.canonical import canonical_json, sha256_hex
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.fitting import VoiceOrder
from hay_say_lab.errors import InvalidRequest, LabError, UnsupportedMedia
from hay_say_lab.service.doctor import examine
from hay_say_lab.service.handler import DIGITS, LARGEST_LIMIT, Access, LabHandler
from hay_say_lab.service.surface import LARGEST_UPLOAD_BYTES, ExportWish, Surface, Upload, too_large
from hay_say_lab.service.views import (
    ArchitecturesView,
    ClipView,
    ControlsView,
    DoctorView,
    DrainView,
    EventsView,
    EventView,
    HealthView,
    Page,
    PreflightView,
    ProblemView,
    ProgressView,
    ReadyView,
    VoicesView,
)

HEARTBEAT_SECONDS = 15.0
LONGEST_STREAM_SECONDS = 600.0
LONGEST_POLL_SECONDS = 30
LONGEST_KEY = 128


class HealthHandler(LabHandler):
    async def get(self) -> None:
        self.access.door.check()
        self.reply(HealthView("ok", self.surface.host_id, self.surface.version))


class ReadyHandler(LabHandler):
    async def get(self) -> None:
        self.access.door.check()
        store = self.surface.engine.store
        unfinished = store.count(State.QUEUED, State.RUNNING, State.CANCELLING)
        self.reply(ReadyView(True, {"store": "ok", "door": "open"}, self.surface.engine.pool.described(), unfinished))


class DoctorHandler(LabHandler):
    async def get(self) -> None:
        self.reply(DoctorView(await self.off_loop(examine, self.surface)))


class PreflightHandler(LabHandler):
    async def post(self) -> None:
        request = self.body_of(Request)
        engine = self.surface.engine
        problems = [ProblemView(**problem.as_json()) for problem in engine.problems(self.owner, request)]
        self.reply(PreflightView(problems, engine.preflight.serving(request)))


class JobsHandler(LabHandler):
    async def post(self) -> None:
        request = self.body_of(Request)
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
            raise InvalidRequest(
                f"The idempotency key must have 1 to {LONGEST_KEY} printable characters.",
                field="Idempotency-Key",
                fix="Use a fresh random id.",
            )
        job, created = await self.surface.engine.submit(self.owner, request, key)
        self.reply(self.view(job), 201 if created else 200)

    async def get(self) -> None:
        limit = self.whole_number("limit", 50, 1, LARGEST_LIMIT)
        jobs = self.surface.engine.store.jobs(
            self.owner,
            before=self.get_query_argument("cursor", None),
            limit=limit + 1,
            states=_states(self.get_query_arguments("state")),
            group=self.get_query_argument("group", None),
        )
        page = [self.view(job) for job in jobs[:limit]]
        self.reply(Page(page, page[-1].id if len(jobs) > limit else None))


class JobHandler(LabHandler):
    async def get(self, job_id: str) -> None:
        self.reply(self.view(self.job(job_id)))


class CancelHandler(LabHandler):
    async def post(self, job_id: str) -> None:
        job = self.job(job_id, operators_too=True)
        self.reply(self.view(await self.surface.engine.cancel(job.id)))


class RetryHandler(LabHandler):
    async def post(self, job_id: str) -> None:
        job = self.job(job_id)
        self.reply(self.view(await self.surface.engine.again(job.id, release=False)))


class ReleaseHandler(LabHandler):
    async def post(self, job_id: str) -> None:
        job = self.job(job_id, operators_too=True)
        self.reply(self.view(await self.surface.engine.again(job.id, release=True)))


@stream_request_body
class ClipsHandler(LabHandler):
    """An upload is streamed to disk; its caps are checked while it grows.

    What is refused is read to its end and thrown away: who is still sending would not hear the refusal.
    """

    _upload: Upload | None = None
    _refusal: LabError | None = None

    def prepare(self) -> None:
        try:
            super().prepare()
            self._check_upload()
            self._upload = self.surface.upload()
        except LabError as refusal:
            if self._announced_bytes > LARGEST_UPLOAD_BYTES:
                raise                           # that much is not even thrown away
            self._refusal = refusal
        self.request.connection.set_max_body_size(LARGEST_UPLOAD_BYTES + (1 << 20))  # type: ignore[union-attr]

    async def data_received(self, chunk: bytes) -> None:
        if self._refusal is not None or self._upload is None:
            return
        try:
            await self.off_loop(self._upload.take, chunk)
        except LabError as refusal:
            self._refusal = refusal

    def _left(self) -> None:
        super()._left()
        if self._upload is not None:
            self._upload.drop()

    async def post(self) -> None:
        if self._refusal is not None or self._upload is None:
            raise self._refusal or InvalidRequest("Nothing was sent.", field="clip", fix="Send a sound file.")
        label = self.get_query_argument("label", "")
        facts = await self.surface.take_clip(self.owner, self._upload, label)
        self.reply(_clip_view(facts), 201)

    def _check_upload(self) -> None:
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if not (kind.startswith(("audio/", "video/")) or kind == "application/octet-stream"):
            raise UnsupportedMedia(
                "This route takes the bytes of a sound file.",
                field="Content-Type",
                fix="Send 'audio/...' or 'application/octet-stream'.",
            )
        if self._announced_bytes > LARGEST_UPLOAD_BYTES:
            raise too_large()

    @property
    def _announced_bytes(self) -> int:
        return int(self.request.headers.get("Content-Length") or 0)


class ClipHandler(LabHandler):
    async def get(self, sha256: str) -> None:
        self.reply(_clip_view(await self.surface.clip(self.owner, sha256)))


class ArtifactHandler(LabHandler):
    """An object as it lies in the store: a canonical clip (W64), a JSON document, or an upload."""

    async def get(self, sha256: str) -> None:
        path = self.surface.artifact(self.owner, sha256)
        document = await self.off_loop(_is_document, path)
        media_type = "application/json; charset=utf-8" if document else "application/octet-stream"
        await self.send_file(path, media_type, sha256, f"{sha256[:16]}.{'json' if document else 'bin'}")

    head = get


class ExportHandler(LabHandler):
    async def get(self, sha256: str) -> None:
        file_format = self.get_query_argument("format", "flac")
        depth = self.whole_number("bit_depth", 0, 0, 64) or None
        wish = ExportWish(file_format, depth, self.get_query_argument("recipe", None))
        content = await self.off_loop(self.surface.export, self.owner, sha256, wish)
        name = f"hay-say-{sha256[:12]}.{file_format}"
        self.send_bytes(content, MEDIA_TYPES[file_format], sha256_hex(content), name)

    head = get


class RecipeHandler(LabHandler):
    async def get(self, recipe_id: str) -> None:
        store = self.surface.engine.store
        recipe = store.recipe(recipe_id, self.owner)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(canonical_json({"id": recipe.id, "recipe": recipe.document}))


class VoicesHandler(LabHandler):
    async def get(self) -> None:
        self.reply(VoicesView([voice.as_json() for voice in self.surface.voices.all()]))

    async def post(self) -> None:
        order = self.body_of(VoiceOrder)
        facts = self.surface.engine.store.clip(self.owner, order.reference)
        voice = await self.surface.fitting.make(order, facts)
        self.reply(voice.as_json(), 201)


class VoiceHandler(LabHandler):
    async def get(self, voice_id: str) -> None:
        self.reply(self.surface.voices.get(voice_id).as_json())

    async def delete(self, voice_id: str) -> None:
        self.reply((await self.off_loop(self.surface.fitting.remove, voice_id)).as_json())


class ArchitecturesHandler(LabHandler):
    async def get(self) -> None:
        known = self.surface.architectures
        described = [
            {**manifest.as_json(), "missing_modules": known.missing_modules(manifest)}
            for manifest in known.manifests.values()
        ]
        broken = [{"name": entry.name, "reason": entry.reason} for entry in known.broken]
        self.reply(ArchitecturesView(described, broken))


class ControlsHandler(LabHandler):
    async def get(self) -> None:
        self.reply(
            ControlsView(
                prepare=[control.as_json() for control in PREPARE_CONTROLS],
                finish=[control.as_json() for control in FINISH_CONTROLS],
                effects=[effect.as_json() for effect in EFFECTS.values()],
                presets=[preset.as_json() for preset in PRESETS.values()],
            )
        )


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
        self.access.door.enter(self.owner)
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
                    self.write(f"id: {event.number}\nevent: job\ndata: {data}\n\n")
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


class DrainHandler(LabHandler):
    async def post(self) -> None:
        self.access.door.open = False
        self.surface.draining.set()
        self.reply(DrainView(True), 202)


class OpenApiHandler(LabHandler):
    async def get(self) -> None:
        from hay_say_lab.service.openapi import document

        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(await self.off_loop(document))


def _states(names: list[str]) -> tuple[State, ...]:
    try:
        return tuple(State(name) for name in names)
    except ValueError:
        known = ", ".join(state.value for state in State)
        raise InvalidRequest("There is no such state.", field="state", fix=f"Known are: {known}.") from None


def _is_document(path: Path) -> bool:
    """Whether an object is JSON: no sound file begins like that."""
    with path.open("rb") as file:
        return file.read(1) in (b"{", b"[")


def _clip_view(facts: ClipFacts) -> ClipView:
    return ClipView(**facts.as_json(), seconds=facts.seconds)


def _plain(view: ProgressView) -> dict[str, Any]:
    return {"stage": view.stage, "task": view.task, "fraction": view.fraction, "message": view.message}

