"""A job's events as sentences: when, and what happened, to which stage, on which worker, why."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_SHORT = 12         # digits of a hash that people compare

Stages = Sequence[Mapping[str, Any]]


def story(job: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """`job` and `events` as the host tells them; one line an event, then how it stands. Times are UTC."""
    lines = [f"{_moment(event['at'])}  {sentence(event, job['stages'])}" for event in events]
    return "\n".join([_headline(job), *lines, *_now(job)])


def sentence(event: Mapping[str, Any], stages: Stages) -> str:
    """One event. A kind that this version does not know is told as it came."""
    tell = _TELLERS.get(event["kind"])
    body = event["body"]
    return tell(body, stages) if tell else f"{event['kind']} {json.dumps(body, ensure_ascii=False)}"


def _headline(job: Mapping[str, Any]) -> str:
    text = job["request"]["text"]
    spoken = f"\n  {_shortened(text['body'])}" if text else ""
    voices = " + ".join(job["voices"])
    where = f"; made on {job['device']}" if job["device"] else ""
    return f"Job {job['id']}: {job['state']}; {voices}; seed {job['seed']}; lane {job['lane']}{where}{spoken}"


def _now(job: Mapping[str, Any]) -> list[str]:
    """How an unfinished job stands, and what a failed one says."""
    if job["state"] == "queued":
        position = f"{job['position']} in front of it" if job["position"] else "next in its lane"
        return [f"now: waits, {position}{': ' + job['waiting'] if job['waiting'] else ''}"]
    if job["progress"]:
        progress = job["progress"]
        return [f"now: {progress['task']}, {progress['fraction']:.0%} {progress['message']}".rstrip()]
    fixes = [problem["fix"]["label"] for problem in (job["error"] or {}).get("problems", ())]
    return [f"to mend it: {fix}" for fix in fixes if fix]


def _queued(body: Mapping[str, Any], stages: Stages) -> str:
    voices = f" for {', '.join(body['voices'])}" if body["voices"] else ""
    warned = "".join(f"; warning: {message}" for message in body.get("warnings", ()))
    return f"queued in lane {body['lane']} with {body['stages']} stages{voices}{warned}"


def _started(body: Mapping[str, Any], stages: Stages) -> str:
    return f"{_stage(body, stages)} began on worker {body['worker']}"


def _stage_done(body: Mapping[str, Any], stages: Stages) -> str:
    made = ", ".join(f"{role} {name[:_SHORT]}" for role, name in body["outputs"].items())
    notes = "".join(f"; {name}: {value}" for name, value in body.get("notes", {}).items())
    how = "taken from an earlier job" if body.get("cached") else f"done after {body['seconds']:.2f} s"
    return f"{_stage(body, stages)} {how}: {made}{notes}"


def _finished(body: Mapping[str, Any], stages: Stages) -> str:
    published = f"published artifact {body['artifact'][:_SHORT]} by recipe {body['recipe'][:_SHORT]}"
    return f"{_stage_done(body, stages)}; {published}"


def _gave_way(body: Mapping[str, Any], stages: Stages) -> str:
    return f"{_stage(body, stages)} gave way; its finished pieces are kept, and it waits again"


def _worker_lost(body: Mapping[str, Any], stages: Stages) -> str:
    lost = f"{_stage(body, stages)} lost its worker: {body['reason']}"
    return f"{lost}; tried again (attempt {body['attempts'] + 1})" if "attempts" in body else f"{lost}; it is stopped"


def _poisoned(body: Mapping[str, Any], stages: Stages) -> str:
    deaths = f"{body['worker_deaths']} worker deaths, {body['attempts']} attempts"
    return f"{_stage(body, stages)} lost its worker: {body['reason']}; set aside after {deaths}"


def _host_changed(body: Mapping[str, Any], stages: Stages) -> str:
    return f"the host ended during {_stage(body, stages)}; a new one took over"


def _failed(body: Mapping[str, Any], stages: Stages) -> str:
    return f"{_stage(body, stages)} failed: {body['error']['message']}"


def _refused(body: Mapping[str, Any], stages: Stages) -> str:
    return f"refused: {body['error']['message']}"


_TELLERS: dict[str, Callable[[Mapping[str, Any], Stages], str]] = {
    "queued": _queued,
    "started": _started,
    "stage_done": _stage_done,
    "finished": _finished,
    "gave_way": _gave_way,
    "worker_lost": _worker_lost,
    "poisoned": _poisoned,
    "host_changed": _host_changed,
    "failed": _failed,
    "refused": _refused,
    "cancel": lambda body, stages: "a person asked to stop it",
    "stopped": lambda body, stages: "stopped; nothing was published",
    "retry": lambda body, stages: f"a person asked to try {_stage(body, stages)} again",
    "released": lambda body, stages: f"an operator released it; {_stage(body, stages)} is tried again",
}


def _stage(body: Mapping[str, Any], stages: Stages) -> str:
    """'stage 2 of 4 (convert)'; the count for people starts at 1."""
    number = body["stage"]
    task = stages[number]["task"] if number < len(stages) else "?"
    return f"stage {number + 1} of {len(stages)} ({task})"


def _moment(at: str) -> str:
    """'2026-11-20T10:59:11.204Z' -> '2026-11-20 10:59:11.204'."""
    return at.replace("T", " ").removesuffix("Z")


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 72 else line[:69] + "..."
