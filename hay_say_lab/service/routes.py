"""The route table: every path and verb with its role, body and answer. Handlers, OpenAPI, docs and tests read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hay_say_lab.audio.export import MEDIA_TYPES
from hay_say_lab.domain.batch import BatchOrder
from hay_say_lab.domain.deed import ACTIONS
from hay_say_lab.domain.imports import ImportOrder
from hay_say_lab.domain.licence import ANSWERS
from hay_say_lab.domain.measure import MeasureOrder
from hay_say_lab.domain.preset import Preset
from hay_say_lab.domain.pronunciation import WordList
from hay_say_lab.domain.request import Request
from hay_say_lab.domain.retention import Budgets
from hay_say_lab.domain.voice import Provenance
from hay_say_lab.engine.approval import ApprovalOrder
from hay_say_lab.engine.fitting import VoiceOrder
from hay_say_lab.engine.preset_desk import PresetUse
from hay_say_lab.registry.marks import Mark
from hay_say_lab.service import assets as as_
from hay_say_lab.service import audit as a
from hay_say_lab.service import batch_views as bv
from hay_say_lab.service import batches as b
from hay_say_lab.service import dictionaries as d
from hay_say_lab.service import handlers as h
from hay_say_lab.service import import_views as iv
from hay_say_lab.service import imports as i
from hay_say_lab.service import library as lib
from hay_say_lab.service import library_views as lv
from hay_say_lab.service import presets as p
from hay_say_lab.service import storage as s
from hay_say_lab.service import storage_views as sv
from hay_say_lab.service import upload_handlers as u
from hay_say_lab.service import views as v
from hay_say_lab.service import voices as vo
from hay_say_lab.service import workers as w
from hay_say_lab.service.events import EventsHandler
from hay_say_lab.service.handler import LabHandler
from hay_say_lab.service.identity import Role
from hay_say_lab.service.lanes import LanesView
from hay_say_lab.service.uploads import UploadOrder

PREFIX = "/hay-say/v1"

SHA256 = r"([0-9A-Za-z._-]{1,128})"
JOB = r"([0-9A-Za-z._-]{1,64})"
DICTIONARY = r"([^/]{1,200})"
VOICE = r"([^/]{1,200})"
ASSET = VOICE
BATCH = r"([^/]{1,400})"         # a name of 64 characters, percent-encoded
LANE = r"([a-z]{1,16})"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter or header."""

    name: str
    where: str              # query | header
    schema: dict[str, Any]
    help: str


@dataclass(frozen=True, slots=True)
class Route:
    """One verb on one path. `answer` is a view, or a media type for bytes; `counts`: a client that keeps the host up.
    `library`: changes which voices there are, or what they may do; the profile decides whether anybody may."""

    method: str
    path: str               # with {names}
    handler: type[LabHandler]
    summary: str
    role: Role = Role.USER
    body: Any = None        # a noun (JSON), or a media type for a stream of bytes
    answer: Any = None
    status: int = 200
    parameters: tuple[Parameter, ...] = ()
    counts: bool = True
    library: bool = False
    errors: tuple[int, ...] = field(default=())

    @property
    def json_body(self) -> Any:
        return None if isinstance(self.body, str) else self.body


_TRACEPARENT = Parameter(
    "Traceparent", "header", {"type": "string"}, "The caller's span (W3C Trace Context); submissions lie below it."
)
_KEY = Parameter("Idempotency-Key", "header", {"type": "string", "maxLength": 128}, "The same key gives the same job.")
_AFTER = Parameter("after", "query", {"type": "integer", "minimum": 0}, "The number of the last event you know; without it, from now on.")
_RANGE = Parameter("Range", "header", {"type": "string"}, "One range of bytes.")

ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", h.HealthHandler, "Whether the host lives.", Role.ANYONE, answer=v.HealthView, counts=False,
          errors=(503,)),
    Route("GET", "/ready", h.ReadyHandler, "Whether jobs can run now.", answer=v.ReadyView, counts=False, errors=(503,)),
    Route("GET", "/metrics", h.MetricsHandler, "What the host measures of itself, for Prometheus.", Role.OPERATOR,
          answer="text/plain", counts=False),
    Route("GET", "/doctor", h.DoctorHandler, "What is in order, what is not, how to mend it.", answer=v.DoctorView),
    Route("GET", "/openapi.json", h.OpenApiHandler, "This document.", answer=dict, counts=False),
    Route("POST", "/preflight", h.PreflightHandler, "All problems and warnings of a request, without queueing it.", body=Request,
          answer=v.PreflightView, errors=(422,)),
    Route("POST", "/jobs", h.JobsHandler, "Queue a request. 200 where the same key made the job before.", body=Request,
          answer=v.JobView, status=201, parameters=(_KEY, _TRACEPARENT), errors=(409, 422, 429, 507)),
    Route("GET", "/jobs", h.JobsHandler, "Your jobs, newest first.", answer=v.Page, parameters=(
        Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 500}, "Jobs on a page."),
        Parameter("cursor", "query", {"type": "string"}, "The cursor of the page before."),
        Parameter("state", "query", {"type": "string"}, "Only jobs in this state; may be given several times."),
        Parameter("group", "query", {"type": "string"}, "Only jobs of this group."),
    ), errors=(422,)),
    Route("GET", "/jobs/{job}", h.JobHandler, "One job.", answer=v.JobView, errors=(404,)),
    Route("POST", "/jobs/{job}/cancel", h.CancelHandler, "Stop a job; nothing of it is published afterwards.",
          answer=v.JobView, errors=(404, 409)),
    Route("POST", "/jobs/{job}/retry", h.RetryHandler, "Try a failed job again from the stage that failed.",
          answer=v.JobView, errors=(404, 409)),
    Route("POST", "/jobs/{job}/release", h.ReleaseHandler, "Let a quarantined job out.", Role.OPERATOR,
          answer=v.JobView, errors=(404, 409)),
    Route("POST", "/batches", b.BatchesHandler, "Queue many requests under one name: all rows, or none where any has a problem.",
          body=BatchOrder, answer=bv.BatchView, status=201, parameters=(_TRACEPARENT,), errors=(409, 422, 429, 507)),
    Route("GET", "/batches", b.BatchesHandler, "Your batches, newest first.", answer=bv.BatchesView, parameters=(
        Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 500}, "Batches on a page."),
        Parameter("cursor", "query", {"type": "string"}, "The cursor of the page before."),
    ), errors=(422,)),
    Route("GET", "/batches/{batch}", b.BatchHandler, "How a batch stands.", answer=bv.BatchView, errors=(404,)),
    Route("GET", "/batches/{batch}/rows", b.RowsHandler, "The rows of a batch, in their order.", answer=bv.RowsView, parameters=(
        Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 500}, "Rows on a page."),
        Parameter("cursor", "query", {"type": "string"}, "The cursor of the page before."),
    ), errors=(404, 422)),
    Route("POST", "/batches/{batch}/cancel", b.CancelHandler, "Stop whatever of a batch waits or runs.",
          answer=bv.BatchView, errors=(404,)),
    Route("POST", "/batches/{batch}/retry", b.RetryHandler, "Try the rows of a batch again that failed.",
          answer=bv.BatchView, errors=(404,)),
    Route("POST", "/clips", u.ClipsHandler, "Send a sound file in one go; it is named by its content.",
          body="application/octet-stream", answer=v.ClipView, status=201, parameters=(
              Parameter("label", "query", {"type": "string"}, "The file's name, kept as a label."),
          ), errors=(413, 415, 422, 429, 507)),
    Route("GET", "/clips/{sha256}", h.ClipHandler, "Facts of a clip that you sent.", answer=v.ClipView, errors=(404,)),
    Route("DELETE", "/clips/{sha256}", h.ClipHandler,
          "Take a clip back that you sent. 409 while a job of yours needs it, or a result that is kept.", answer=v.ClipView,
          errors=(404, 409)),
    Route("GET", "/clips/{sha256}/report", h.ReportHandler,
          "The input report of a clip or an artifact of yours, made when it is first asked for.", answer=v.ReportView,
          errors=(404, 413, 422)),
    Route("GET", "/measures", h.MeasuresHandler, "What can be measured, and how.", answer=v.MeasuresView),
    Route("POST", "/measure", h.MeasureHandler,
          "Measure a clip or an artifact of yours, alone or against another; what was measured before is not again.",
          body=MeasureOrder, answer=v.MeasureView, errors=(404, 413, 422, 503)),
    Route("POST", "/uploads", u.UploadsHandler,
          "Begin to send a sound file (or, as a 'voice', anything to import) piece by piece. 200 and complete where you hold the same content (sha256) already; an "
          "upload of it that you began before goes on.",
          body=UploadOrder, answer=v.UploadView, status=201, errors=(413, 422, 429, 507)),
    Route("GET", "/uploads/{upload}", u.UploadHandler, "Where an upload stands.", answer=v.UploadView, errors=(404,)),
    Route("HEAD", "/uploads/{upload}", u.UploadHandler, "The same in Upload-Offset, Upload-Length and Upload-Complete.",
          answer=v.UploadView, errors=(404,)),
    Route("PATCH", "/uploads/{upload}", u.UploadHandler,
          "Append the next bytes at Upload-Offset; the last ones make the clip. 409 tells the right offset.",
          body="application/octet-stream", answer=v.UploadView, parameters=(
              Parameter("Upload-Offset", "header", {"type": "integer", "minimum": 0}, "Where these bytes begin."),
          ), errors=(404, 409, 413, 415, 422, 507)),
    Route("DELETE", "/uploads/{upload}", u.UploadHandler, "Take an upload back.", answer=v.UploadView, errors=(404,)),
    Route("GET", "/artifacts/{sha256}", h.ArtifactHandler, "An object as it lies in the store.",
          answer="application/octet-stream", parameters=(_RANGE,), errors=(404, 416)),
    Route("HEAD", "/artifacts/{sha256}", h.ArtifactHandler, "Size and ETag of an object.",
          answer="application/octet-stream", errors=(404,)),
    Route("GET", "/artifacts/{sha256}/export", h.ExportHandler, "A file for people, with its recipe inside.",
          answer="audio/*", parameters=(
              Parameter("format", "query", {"type": "string", "enum": list(MEDIA_TYPES)}, "The container."),
              Parameter("bit_depth", "query", {"type": "integer", "enum": [16, 24, 32]},
                        "Bits a sample: WAV 16, 24 or 32 (float), FLAC 16 or 24."),
              Parameter("recipe", "query", {"type": "string"}, "Which recipe goes into the file."),
              _RANGE,
          ), errors=(404, 416, 422)),
    Route("HEAD", "/artifacts/{sha256}/export", h.ExportHandler, "Size and ETag of an export.", answer="audio/*",
          errors=(404, 422)),
    Route("GET", "/recipes/{recipe}", h.RecipeHandler, "How an artifact was made.", answer=dict, errors=(404,)),
    Route("GET", "/voices", vo.VoicesHandler, "The installed voices.", answer=v.VoicesView, parameters=(
        Parameter("commercial_use", "query", {"type": "string", "enum": list(ANSWERS)},
                  "Only voices whose licence says this of commercial use, as far as its name tells."),
        Parameter("q", "query", {"type": "string"}, "Words that all must be in what is said of the voice, your tags too."),
        Parameter("task", "query", {"type": "string"}, "Only voices that do this."),
        Parameter("language", "query", {"type": "string"}, "Only voices that speak this (BCP 47), or any language."),
        Parameter("tag", "query", {"type": "string"}, "Only voices that you gave this tag."),
        Parameter("favourite", "query", {"type": "string", "enum": ["true", "false"]}, "Only your favourites, or only others."),
    ), errors=(422,)),
    Route("POST", "/voices", vo.VoicesHandler, "Make a voice from a reference recording.", Role.OPERATOR,
          body=VoiceOrder, answer=dict, status=201, errors=(404, 409, 422), library=True),
    Route("GET", "/voices/{voice}", vo.VoiceHandler, "One voice.", answer=dict, errors=(404,)),
    Route("PUT", "/voices/{voice}/marks", vo.MarkHandler, "Your tags on a voice, and whether it is a favourite of yours.",
          body=Mark, answer=dict, errors=(404, 409, 422)),
    Route("GET", "/voices/{voice}/sample", vo.SampleHandler,
          "Hear it before you use it: a sentence, made when it is first asked for. 503 while it is being made.",
          answer="audio/flac", parameters=(_RANGE,), errors=(404, 416, 503)),
    Route("GET", "/voices/{voice}/pack", vo.PackHandler, "A voice as one file: a plain zip with its signed passport.",
          Role.OPERATOR, answer="application/zip", parameters=(_RANGE,), errors=(404, 409, 416, 507)),
    Route("DELETE", "/voices/{voice}", vo.VoiceHandler,
          "Put a voice into the trash. 409 where unfinished jobs use it, unless it may wait for them.", Role.OPERATOR,
          answer=lv.RemovedView, parameters=(
              Parameter("after_jobs", "query", {"type": "boolean"}, "Remove it when the last job that uses it has ended."),
          ), errors=(404, 409, 422), library=True),
    Route("GET", "/voices/{voice}/removal", lib.RemovalHandler, "What the removal of a voice would free, and what is in its way.",
          Role.OPERATOR, answer=lv.FreedView, errors=(404, 409)),
    Route("POST", "/voices/{voice}/restore", lib.RestoreHandler,
          "Take a voice out of the trash; one that waits for jobs to end stays.", Role.OPERATOR, answer=dict, errors=(404, 409, 507), library=True),
    Route("GET", "/assets", as_.AssetsHandler, "The installed assets, and what architectures need of them.", answer=lv.AssetsView),
    Route("GET", "/assets/{asset}", as_.AssetHandler, "One asset.", answer=dict, errors=(404,)),
    Route("DELETE", "/assets/{asset}", as_.AssetHandler,
          "Put an asset into the trash. 409 where jobs use it, or where voices need it and no other of its kind is there.",
          Role.OPERATOR, answer=lv.RemovedView, parameters=(
              Parameter("force", "query", {"type": "boolean"}, "Also where voices cannot be used without it."),
          ), errors=(404, 409, 422), library=True),
    Route("GET", "/assets/{asset}/removal", as_.RemovalHandler, "What the removal of an asset would free, and what is in its way.",
          Role.OPERATOR, answer=lv.FreedView, errors=(404,)),
    Route("POST", "/assets/{asset}/restore", as_.RestoreHandler, "Take an asset out of the trash.", Role.OPERATOR, answer=dict,
          errors=(404, 409, 507), library=True),
    Route("GET", "/trash", lib.TrashHandler, "Voices and assets that were removed and can be restored.", Role.OPERATOR,
          answer=lv.TrashView),
    Route("DELETE", "/trash", lib.TrashHandler, "Empty the trash now; nothing of it can be restored.", Role.OPERATOR,
          answer=lv.EmptiedView, library=True),
    Route("PUT", "/voices/{voice}/provenance", vo.ProvenanceHandler,
          "Make this all that is known of where a voice is from. An approval falls.", Role.OPERATOR, body=Provenance,
          answer=dict, errors=(404, 409, 422), library=True),
    Route("POST", "/voices/{voice}/approve", vo.ApproveHandler,
          "Let a voice serve although its provenance has gaps, with a reason.", Role.OPERATOR, body=ApprovalOrder,
          answer=dict, errors=(404, 409, 422), library=True),
    Route("POST", "/voices/{voice}/withdraw", vo.WithdrawHandler, "Take an approval back.", Role.OPERATOR, answer=dict,
          errors=(404, 409), library=True),
    Route("POST", "/imports", i.ImportsHandler, "Bring a voice in from a source; it goes on by itself.", Role.OPERATOR,
          body=ImportOrder, answer=iv.ImportView, status=201, errors=(422, 429), library=True),
    Route("GET", "/imports", i.ImportsHandler, "The imports, newest first.", Role.OPERATOR, answer=iv.ImportsView, parameters=(
        Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 500}, "Imports on a page."),
        Parameter("cursor", "query", {"type": "string"}, "The cursor of the page before."),
    ), errors=(422,)),
    Route("POST", "/imports/plan", i.PlanHandler, "What an import would fetch: files, bytes, licence, version; nothing is fetched.",
          Role.OPERATOR, body=ImportOrder, answer=iv.PlanView, errors=(403, 404, 422, 502, 503), library=True),
    Route("GET", "/imports/{import}", i.ImportHandler, "One import: its step, how far it is, what it brought.", Role.OPERATOR,
          answer=iv.ImportView, errors=(404,)),
    Route("POST", "/imports/{import}/cancel", i.CancelHandler, "Stop an import; nothing of it stays.", Role.OPERATOR,
          answer=iv.ImportView, errors=(404, 409)),
    Route("POST", "/imports/{import}/retry", i.RetryHandler, "Try a failed import again; what was fetched is gone on with.",
          Role.OPERATOR, answer=iv.ImportView, errors=(404, 409), library=True),
    Route("GET", "/architectures", h.ArchitecturesHandler, "The installed architectures and their controls.",
          answer=v.ArchitecturesView),
    Route("GET", "/presets", p.PresetsHandler, "Your presets.", answer=p.PresetsView),
    Route("GET", "/presets/{preset}", p.PresetHandler, "A preset: 'name', or 'name@' and the first digits of a version.",
          answer=p.PresetView, errors=(404,)),
    Route("PUT", "/presets/{preset}", p.PresetHandler, "Keep settings under a name, as a new version of it.", body=Preset,
          answer=p.PresetView, errors=(409, 422)),
    Route("DELETE", "/presets/{preset}", p.PresetHandler, "Remove a preset with its versions.", answer=p.PresetSummary,
          errors=(404,)),
    Route("POST", "/presets/{preset}/apply", p.ApplyHandler,
          "A preset as settings of a voice, and what it cannot be given.", body=PresetUse, answer=p.CarriedView,
          errors=(404, 422)),
    Route("GET", "/dictionaries", d.DictionariesHandler, "Your pronunciation dictionaries.", answer=d.DictionariesView),
    Route("GET", "/dictionaries/{dictionary}", d.DictionaryHandler,
          "The words of a dictionary: 'name', or 'name@' and the first digits of a version.", answer=d.DictionaryView,
          errors=(404,)),
    Route("PUT", "/dictionaries/{dictionary}", d.DictionaryHandler,
          "Make these all the words of a dictionary, as a new version of it.", body=WordList, answer=d.DictionaryView,
          parameters=(
              Parameter("replaces", "query", {"type": "string"},
                        "The version that was changed: 409 where another is the newest by now."),
          ), errors=(409, 422)),
    Route("DELETE", "/dictionaries/{dictionary}", d.DictionaryHandler, "Remove a dictionary with its versions.",
          answer=d.DictionarySummary, errors=(404,)),
    Route("GET", "/controls", h.ControlsHandler, "Settings of prepare and finish, effects and chains of them.",
          answer=v.ControlsView),
    Route("GET", "/storage", s.StorageHandler, "What the data home holds, and what it may.", answer=sv.StorageView),
    Route("POST", "/storage/plan", s.PlanHandler, "What a prune would remove now, under the set budgets or these.", Role.OPERATOR,
          body=Budgets, answer=sv.PruneView, errors=(422,)),
    Route("POST", "/storage/prune", s.PruneHandler, "Remove what the plan says.", Role.OPERATOR, body=Budgets,
          answer=sv.PruneView, errors=(422,)),
    Route("PUT", "/storage/budgets", s.BudgetsHandler, "Set the budgets.", Role.OPERATOR, body=Budgets, answer=dict,
          errors=(422,)),
    Route("POST", "/storage/backup", s.BackupHandler, "Copy the database and the registry while the host runs.", Role.OPERATOR,
          body=s.BackupOrder, answer=sv.BackupView, status=201, errors=(422, 507)),
    Route("POST", "/storage/fsck", s.FsckHandler, "Hold the store and the disk against each other.", Role.OPERATOR,
          body=s.FsckOrder, answer=sv.FsckView, errors=(422,)),
    Route("POST", "/jobs/{job}/pin", s.PinHandler, "Keep a job's result, whatever the budgets say.", answer=v.JobView,
          errors=(404,)),
    Route("POST", "/jobs/{job}/unpin", s.UnpinHandler, "Let a job's result go when its time comes.", answer=v.JobView,
          errors=(404,)),
    Route("DELETE", "/jobs/{job}/result", s.ResultHandler, "Remove a job's result; its recipe stays.", answer=v.JobView,
          errors=(404, 409)),
    Route("GET", "/events", EventsHandler,
          "News: a server-sent stream with 'Accept: text/event-stream', else a long poll.", answer=v.EventsView,
          parameters=(
              _AFTER,
              Parameter("wait", "query", {"type": "integer", "minimum": 0, "maximum": 30}, "Seconds to wait for news."),
              Parameter("job", "query", {"type": "string"}, "Only events of this job."),
              Parameter("Last-Event-ID", "header", {"type": "string"}, "Where a stream goes on."),
          ), errors=(422, 429)),
    Route("GET", "/workers", w.WorkersHandler, "The workers, and the devices that they share.", answer=w.WorkersView),
    Route("POST", "/workers/{worker}/pin", w.PinHandler, "Keep a worker: it is not ended for its memory or for being unused.",
          Role.OPERATOR, answer=w.WorkersView, errors=(404,)),
    Route("POST", "/workers/{worker}/unpin", w.UnpinHandler, "Let a pinned worker go when that is best.", Role.OPERATOR,
          answer=w.WorkersView, errors=(404,)),
    Route("POST", "/workers/{worker}/eject", w.EjectHandler, "End an idle worker now.", Role.OPERATOR,
          answer=w.WorkersView, errors=(404, 409)),
    Route("GET", "/lanes", h.LanesHandler, "The lanes: their weights, who paused one, how many jobs wait in each.",
          answer=LanesView),
    Route("POST", "/lanes/{lane}/pause", h.PauseHandler, "Start nothing more of a lane; it lasts until it is resumed.",
          Role.OPERATOR, answer=LanesView, errors=(404,)),
    Route("POST", "/lanes/{lane}/resume", h.ResumeHandler, "Let a paused lane go on.", Role.OPERATOR,
          answer=LanesView, errors=(404,)),
    Route("GET", "/audit", a.AuditHandler, "Who did what to the library, and what was refused, newest first.", Role.OPERATOR,
          answer=a.AuditView, parameters=(
              Parameter("limit", "query", {"type": "integer", "minimum": 1, "maximum": 500}, "Rows on a page."),
              Parameter("cursor", "query", {"type": "string"}, "The cursor of the page before."),
              Parameter("action", "query", {"type": "string", "enum": list(ACTIONS)}, "Only rows that tell this."),
              Parameter("subject", "query", {"type": "string"}, "Only rows of this voice, asset, preset or job."),
          ), errors=(422,)),
    Route("GET", "/audit/verify", a.AuditVerifyHandler, "Whether every row of the audit log is as it was written.", Role.ADMIN,
          answer=a.AuditVerdictView),
    Route("POST", "/drain", h.DrainHandler, "Close the door; running stages give way, their rows stay.", Role.ADMIN,
          answer=v.DrainView, status=202, counts=False),
)  # fmt: skip

_PATTERNS = {
    "worker": JOB, "job": JOB, "import": JOB, "upload": JOB, "sha256": SHA256, "recipe": SHA256, "voice": VOICE, "asset": ASSET,
    "batch": BATCH, "dictionary": DICTIONARY, "preset": DICTIONARY, "lane": LANE,
}  # fmt: skip


def pattern(path: str) -> str:
    """A route's path as a regular expression behind the prefix."""
    for name, expression in _PATTERNS.items():
        path = path.replace(f"{{{name}}}", expression)
    return PREFIX + path
