"""The verbs: parse, call, answer. What each route takes and gives stands in `routes.py`."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.audio.effects import PRESETS
from hay_say_lab.audio.export import MEDIA_TYPES
from hay_say_lab.domain.canonical import canonical_json, sha256_hex
from hay_say_lab.domain.job import State
from hay_say_lab.domain.measure import MEASURES, TRACKERS, MeasureOrder
from hay_say_lab.domain.request import Request
from hay_say_lab.engine.measuring import REPORT
from hay_say_lab.errors import Fix, InvalidRequest, Problem, Unavailable
from hay_say_lab.service.doctor import examine
from hay_say_lab.service.estimates import estimate_view
from hay_say_lab.service.handler import LARGEST_LIMIT, LabHandler
from hay_say_lab.service.lanes import known_lane, lanes_view
from hay_say_lab.service.metrics import MEDIA_TYPE
from hay_say_lab.service.surface import ExportWish
from hay_say_lab.service.views import (
    ArchitecturesView,
    CheckView,
    ControlsView,
    DoctorView,
    DrainView,
    HealthView,
    MeasuresView,
    MeasureView,
    Page,
    PreflightView,
    ReadyView,
    ReportView,
    clip_view,
    problem_views,
)

LONGEST_KEY = 128
SECONDS_TO_MEASURE = 20.0       # what takes longer is asked for again


class HealthHandler(LabHandler):
    async def get(self) -> None:
        self.access.door.check()
        self.reply(HealthView("ok", self.surface.host_id, self.surface.version))


class ReadyHandler(LabHandler):
    async def get(self) -> None:
        """503 where jobs cannot run now, with what is missing; a closing host says that it closes."""
        self.access.door.check()
        surface = self.surface
        checks = await surface.readiness.look(surface)
        missing = [check for check in checks if check.needed and not check.ok]
        if missing:
            problems = [Problem(f"checks.{check.name}", check.detail, Fix("See 'hay-say doctor'.")) for check in missing]
            raise Unavailable("Jobs cannot run now.", problems=problems)
        views = {
            check.name: CheckView(check.ok, check.needed, check.detail, surface.readiness.since(check)) for check in checks
        }
        unfinished = surface.engine.store.count(State.QUEUED, State.RUNNING, State.CANCELLING)
        self.reply(ReadyView(True, views, surface.engine.pool.described(), unfinished))


class MetricsHandler(LabHandler):
    """For Prometheus."""

    async def get(self) -> None:
        content = await self.surface.metrics.render(self.surface, sum(self.access.door.streams.values()))
        self.set_header("Content-Type", MEDIA_TYPE)
        self.set_header("Content-Disposition", 'attachment; filename="metrics.txt"')
        self.finish(content)


class DoctorHandler(LabHandler):
    async def get(self) -> None:
        self.reply(DoctorView(await self.off_loop(examine, self.surface)))


class PreflightHandler(LabHandler):
    async def post(self) -> None:
        request = self.body_of(Request)
        engine = self.surface.engine
        await engine.vocabulary.considered(self.owner, request)
        quota = await engine.intake.quota_problems(self.owner)
        problems = problem_views([*engine.intake.problems(self.owner, request), *quota])
        warnings = problem_views(engine.intake.warnings(self.owner, request))
        estimate = None if problems else estimate_view(engine.intake.forecast(self.owner, request))
        self.reply(PreflightView(problems, warnings, engine.preflight.casting.serving(request), estimate))


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
        job, created = await self.surface.engine.submit(self.owner, request, key, self.traceparent)
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


class ClipHandler(LabHandler):
    async def get(self, sha256: str) -> None:
        facts = await self.surface.clip(self.owner, sha256)
        self.reply(clip_view(facts, self.surface.measuring.known_report(sha256)))

    async def delete(self, sha256: str) -> None:
        facts = self.surface.engine.store.clip(self.owner, sha256)
        told = clip_view(facts, self.surface.measuring.known_report(sha256))
        await self.surface.pruner.take_back(self.owner, sha256)
        self.reply(told)


class ReportHandler(LabHandler):
    async def get(self, sha256: str) -> None:
        order = MeasureOrder(sha256, (REPORT,))
        clips = await self.surface.clips(self.owner, order)
        answer = await self.surface.measuring.answer(order, clips, SECONDS_TO_MEASURE)
        self.reply(ReportView(sha256, answer.ready, answer.fraction, answer.values.get(REPORT)))


class MeasuresHandler(LabHandler):
    async def get(self) -> None:
        measures = [measure.as_json() for measure in MEASURES.values()]
        self.reply(MeasuresView(measures, [tracker.as_json() for tracker in TRACKERS.values()]))


class MeasureHandler(LabHandler):
    async def post(self) -> None:
        order = self.body_of(MeasureOrder)
        order.check()
        clips = await self.surface.clips(self.owner, order)
        answer = await self.surface.measuring.answer(order, clips, SECONDS_TO_MEASURE)
        how = (order.clip, order.against, order.f0_method, order.align)
        self.reply(MeasureView(*how, answer.ready, answer.fraction, answer.values))


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
        treatment = self.surface.engine.preflight.treatment
        self.reply(
            ControlsView(
                prepare=[control.as_json() for control in treatment.prepare_controls],
                finish=[control.as_json() for control in treatment.finish_controls],
                effects=treatment.effects_json(),
                presets=[preset.as_json() for preset in PRESETS.values()],
            )
        )


class LanesHandler(LabHandler):
    async def get(self) -> None:
        self.reply(lanes_view(self.surface.engine))


class PauseHandler(LabHandler):
    async def post(self, lane: str) -> None:
        await self.surface.engine.pause_lane(known_lane(lane), self.owner)
        self.reply(lanes_view(self.surface.engine))


class ResumeHandler(LabHandler):
    async def post(self, lane: str) -> None:
        await self.surface.engine.resume_lane(known_lane(lane))
        self.reply(lanes_view(self.surface.engine))


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
