"""Everything that can go wrong, as one tree.

LabError
├── InvalidRequest        422  what was asked for cannot be done as it stands; `problems` says why, all at once
├── Unauthorized          401  no token, or one that this host does not know
├── Forbidden             403  known, but not allowed
│   └── VoiceNotServed     not enough is known of the voice for it to serve anybody here
├── NotFound              404
│   ├── VoiceMissing
│   ├── AssetMissing
│   ├── ArchitectureMissing
│   ├── JobMissing
│   ├── BatchMissing
│   ├── ClipMissing
│   ├── ArtifactMissing
│   ├── RecipeMissing
│   ├── UploadMissing
│   ├── DictionaryMissing
│   ├── PresetMissing
│   └── ImportMissing
├── Conflict              409  the thing is not in a state that allows this
│   └── IllegalTransition
├── TooLarge              413  more than this host takes
├── UnsupportedMedia      415  a body of a kind that this route does not read
├── RangeUnsatisfiable    416
├── Full                  429  a queue or a quota is full; `retry_after_seconds` says when to come again
├── JobFailed             500  a job ended without a result
│   ├── JobCancelled
│   ├── JobQuarantined
│   └── NeededJobFailed    a job that had to succeed first did not
├── NotebookFailed        500  a notebook stopped at a cell
├── WorkerFailed          500  a worker died, broke its protocol, or raised
│   ├── OutOfMemory        507  no device that the request allows has enough for a stage
│   └── CircuitOpen        503  a voice ended too many workers lately; `retry_after_seconds` says when it may again
├── Unavailable           503  nobody answers, or the host is closing its door
│   ├── HostClosing
│   ├── HostUnreachable
│   └── HostLost           it ended while it answered: whether the call happened is not known
├── FetchFailed           502  another machine did not give what was asked for
│   ├── AddressRefused     422  an address that nobody is sent to on somebody's word
│   ├── WrongContent       422  what came is not what was announced
│   ├── FetchStopped       409  somebody stopped it
│   └── Offline            503  nothing may be fetched here
└── StorageFailed         507  the disk refused
    └── QuotaFull              an owner's quota is full of what nothing may remove

A person sees `message` and the fixes; a traceback goes to the log under `error_id`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

Retry = Literal["never", "after_fix", "safe"]


@dataclass(frozen=True, slots=True)
class Fix:
    """What a person can do about a problem.

    `patch` is a JSON Patch (RFC 6902) on the request: where it is not empty, one click mends the problem.
    """

    label: str
    patch: tuple[Mapping[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"label": self.label, "patch": [dict(step) for step in self.patch]}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that stands in the way: where (`field`, a dotted path into the request), what, and the way out.

    A warning has the same shape and stands in nobody's way: it says what will be other than was asked for.
    """

    field: str
    message: str
    fix: Fix

    def as_json(self) -> dict[str, Any]:
        return {"field": self.field, "message": self.message, "fix": self.fix.as_json()}

    def in_words(self) -> str:
        """The sentence, and the way out in brackets."""
        return f"{self.message} ({self.fix.label})" if self.fix.label else self.message

    def without_patch(self) -> Problem:
        """As it is kept with a request that was taken: there is nothing left to patch."""
        return replace(self, fix=Fix(self.fix.label))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Problem:
        fix = document.get("fix") or {}
        return cls(
            field=str(document.get("field", "")),
            message=str(document.get("message", "")),
            fix=Fix(str(fix.get("label", "")), tuple(fix.get("patch") or ())),
        )


class RequestWarning(UserWarning):
    """Something of a request will be other than was asked for; Python's `warnings` filters choose who hears of it."""


class LabError(Exception):
    """What went wrong, which field, and what to do about it."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retry: ClassVar[Retry] = "never"

    def __init__(
        self,
        message: str,
        *,
        field: str = "",
        fix: str | Fix = "",
        problems: Iterable[Problem] = (),
        error_id: str = "",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problems: tuple[Problem, ...] = tuple(problems)
        if not self.problems and (field or fix):
            self.problems = (Problem(field, message, fix if isinstance(fix, Fix) else Fix(fix)),)
        self.error_id = error_id
        self.retry_after_seconds = retry_after_seconds

    def as_json(self) -> dict[str, Any]:
        """The one error shape of every surface."""
        return {
            "code": self.code,
            "message": self.message,
            "problems": [problem.as_json() for problem in self.problems],
            "error_id": self.error_id,
            "retry": self.retry,
            "retry_after_seconds": self.retry_after_seconds,
        }

    def _render_traceback_(self) -> list[str]:
        """What IPython shows under a cell instead of a traceback: the sentence and the ways out."""
        return f"{type(self).__name__}: {self}".splitlines()

    def __str__(self) -> str:
        """The message, then each problem that says more than the message does, then the ways out."""
        lines = [self.message]
        for problem in self.problems:
            text = "" if problem.message == self.message else f"{problem.field}: {problem.message}"
            way_out = f" ({problem.fix.label})" if problem.fix.label else ""
            if text or way_out:
                lines.append((text or "Fix:") + way_out)
        return "\n  ".join(lines)


class InvalidRequest(LabError):
    code, status, retry = "invalid_request", 422, "after_fix"


class Unauthorized(LabError):
    code, status, retry = "unauthorized", 401, "after_fix"


class Forbidden(LabError):
    code, status = "forbidden", 403
    retry: ClassVar[Retry] = "never"


class VoiceNotServed(Forbidden):
    code = "voice_not_served"
    retry: ClassVar[Retry] = "after_fix"


class NotFound(LabError):
    code, status, retry = "not_found", 404, "after_fix"


class VoiceMissing(NotFound):
    code = "voice_missing"


class AssetMissing(NotFound):
    code = "asset_missing"


class ArchitectureMissing(NotFound):
    code = "architecture_missing"


class JobMissing(NotFound):
    code = "job_missing"


class BatchMissing(NotFound):
    code = "batch_missing"


class ClipMissing(NotFound):
    code = "clip_missing"


class ArtifactMissing(NotFound):
    code = "artifact_missing"


class RecipeMissing(NotFound):
    code = "recipe_missing"


class UploadMissing(NotFound):
    code = "upload_missing"


class DictionaryMissing(NotFound):
    code = "dictionary_missing"


class PresetMissing(NotFound):
    code = "preset_missing"


class ImportMissing(NotFound):
    code = "import_missing"


class Conflict(LabError):
    code, status, retry = "conflict", 409, "after_fix"


class IllegalTransition(Conflict):
    code = "illegal_transition"


class TooLarge(LabError):
    code, status, retry = "too_large", 413, "after_fix"


class UnsupportedMedia(LabError):
    code, status, retry = "unsupported_media", 415, "after_fix"


class RangeUnsatisfiable(LabError):
    code, status, retry = "range_unsatisfiable", 416, "after_fix"


class Full(LabError):
    code, status, retry = "full", 429, "safe"


class JobFailed(LabError):
    code, status = "job_failed", 500
    retry: ClassVar[Retry] = "safe"


class JobCancelled(JobFailed):
    code, retry = "job_cancelled", "never"


class JobQuarantined(JobFailed):
    code, retry = "job_quarantined", "never"


class NeededJobFailed(JobFailed):
    code, retry = "needed_job_failed", "after_fix"


class NotebookFailed(LabError):
    code, status, retry = "notebook_failed", 500, "after_fix"


class WorkerFailed(LabError):
    code, status = "worker_failed", 500
    retry: ClassVar[Retry] = "safe"


class OutOfMemory(WorkerFailed):
    code, status, retry = "out_of_memory", 507, "after_fix"


class CircuitOpen(WorkerFailed):
    code, status = "circuit_open", 503


class Unavailable(LabError):
    code, status = "unavailable", 503
    retry: ClassVar[Retry] = "safe"


class HostClosing(Unavailable):
    code = "host_closing"


class HostUnreachable(Unavailable):
    code = "host_unreachable"


class HostLost(Unavailable):
    code, retry = "host_lost", "after_fix"


class FetchFailed(LabError):
    code, status = "fetch_failed", 502
    retry: ClassVar[Retry] = "safe"


class AddressRefused(FetchFailed):
    code, status, retry = "address_refused", 422, "after_fix"


class WrongContent(FetchFailed):
    code, status, retry = "wrong_content", 422, "after_fix"


class FetchStopped(FetchFailed):
    code, status, retry = "fetch_stopped", 409, "never"


class Offline(FetchFailed):
    code, status, retry = "offline", 503, "after_fix"


class StorageFailed(LabError):
    code, status = "storage_failed", 507
    retry: ClassVar[Retry] = "safe"


class QuotaFull(StorageFailed):
    code, retry = "quota_full", "after_fix"


def headline(problems: Sequence[Problem]) -> str:
    """One sentence for several problems: the first one, and how many more there are."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0].message + more


def family(root: type[LabError] = LabError) -> dict[str, type[LabError]]:
    """code -> class for the whole tree, so that an error that travelled as JSON becomes the same class again."""
    classes = {root.code: root}
    for child in root.__subclasses__():
        classes.update(family(child))
    return classes


def from_json(document: Mapping[str, Any]) -> LabError:
    """The error that `LabError.as_json` wrote; an unknown code becomes the plain LabError."""
    cls = family().get(str(document.get("code")), LabError)
    return cls(
        str(document.get("message", "The host gave no reason.")),
        problems=[Problem.from_json(item) for item in document.get("problems") or ()],
        error_id=str(document.get("error_id") or ""),
        retry_after_seconds=document.get("retry_after_seconds"),
    )
