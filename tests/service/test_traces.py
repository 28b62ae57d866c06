"""Every job leaves a trace for who wants one: spans that hold together over deaths and hosts, and tell nothing that people typed."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from hay_say_lab.errors import StorageFailed
from hay_say_lab.service.spans import SpanId, parent_of
from hay_say_lab.service.traces import SETTING, Traces, from_environment
from hay_say_lab.storage import edges
from tests.engine.laboratory import Laboratory, laboratory, say
from tests.service.running_host import speak, start_host

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Heard:
    """Traces of a laboratory's store, kept in memory."""

    def __init__(self, lab: Laboratory) -> None:
        self._kept = InMemorySpanExporter()
        self.traces = Traces(lab.store, SimpleSpanProcessor(self._kept))

    def spans(self) -> list[ReadableSpan]:
        self.traces.read_on()
        return list(self._kept.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans() if span.name == f"haysay.{name}"]


def _id(span: ReadableSpan) -> SpanId:
    return SpanId(span.context.trace_id, span.context.span_id)


async def test_a_job_is_two_traces_its_submission_and_its_making_linked(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        job = await lab.made(say("a secret sentence"))
        (submitted,), (process,) = heard.named("submit"), heard.named("process")

        assert (submitted.kind, process.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
        assert submitted.context.trace_id != process.context.trace_id
        assert [link.context.span_id for link in process.links] == [submitted.context.span_id]
        assert process.parent is None
        assert process.attributes["messaging.message.id"] == job.id
        assert process.status.status_code is StatusCode.UNSET
        assert "secret" not in "".join(span.to_json() for span in heard.spans())


async def test_the_children_lie_inside_their_parents_and_name_each_step(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        await lab.made(say())
        spans = heard.spans()

        names = [span.name.removeprefix("haysay.") for span in sorted(spans, key=lambda span: span.start_time)]
        assert names.count("stage") == names.count("admit") == names.count("run") == names.count("worker.start") == 2
        assert names.count("model.load") == names.count("finish") == names.count("process") == 1
        by_id = {span.context.span_id: span for span in spans}
        for span in spans:
            assert span.start_time <= span.end_time
            if span.parent is not None:
                above = by_id[span.parent.span_id]
                assert above.context.trace_id == span.context.trace_id
                assert above.start_time <= span.start_time
                assert span.end_time <= above.end_time + 2_000_000, f"{span.name} outlives {above.name}"      # rounding
        stages = [span for span in spans if span.name == "haysay.stage"]
        assert [span.attributes["haysay.architecture"] for span in stages] == ["parrot", "audio"]
        assert {span.attributes["haysay.device"] for span in stages} == {"cpu"}


async def test_an_attempt_that_lost_its_worker_has_a_trace_of_its_own_to_which_the_next_is_linked(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        await lab.made(say(crash="exit_once"))
        first, second = heard.named("process")

        assert first.context.trace_id != second.context.trace_id
        assert (first.attributes["haysay.outcome"], second.attributes["haysay.outcome"]) == ("worker_lost", "finished")
        assert first.status.status_code is StatusCode.ERROR
        assert first.attributes["error.type"] == "worker_lost"
        assert first.context.span_id in [link.context.span_id for link in second.links]
        assert [span.attributes["haysay.attempt"] for span in (first, second)] == [1, 2]


async def test_a_failure_and_an_end_by_a_person_say_so(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        await lab.made(say(tune="xyz"))
        stopped = await lab.submit(say(seconds_of_work=60.0))
        await lab.at_work(stopped)
        await lab.engine.cancel(stopped.id)
        await lab.ended(stopped)

        failed, cancelled = heard.named("process")
        assert failed.attributes["error.type"] == "invalid_request"
        assert cancelled.attributes["haysay.outcome"] == "stopped"
        assert cancelled.status.status_code is StatusCode.UNSET


async def test_another_host_goes_on_with_the_same_trace(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        first = Heard(lab)
        job = await lab.submit(say(seconds_of_work=0.3))
        await lab.at_work(job)
        seen = first.spans()
        second = Heard(lab)                     # begins to look in the middle, and has heard of nothing
        await lab.ended(job)

        (process,) = second.named("process")
        admitted = next(span for span in seen if span.name == "haysay.admit")
        assert admitted.parent is not None
        assert (process.context.trace_id, process.context.span_id) == (admitted.parent.trace_id, admitted.parent.span_id)
        (submitted,) = [span for span in seen if span.name == "haysay.submit"]
        assert [link.context.span_id for link in process.links] == [submitted.context.span_id]


async def test_the_submission_lies_below_the_callers_span(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        await lab.engine.submit("ann", say(), traceparent=CALLER)
        (submitted,) = heard.named("submit")
        assert parent_of(CALLER) == SpanId(submitted.context.trace_id, submitted.parent.span_id if submitted.parent else 0)


@pytest.mark.parametrize("text", ["", "00-0-0-01", CALLER.replace("0af7", "zzzz"), f"00-{'0' * 32}-b7ad6b7169203331-01", CALLER + "x"])
def test_a_header_that_names_no_span_is_none(text: str) -> None:
    assert parent_of(text) is None


async def test_log_lines_of_a_job_carry_the_ids_of_its_attempt(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        job = await lab.submit(say(seconds_of_work=0.3))
        await lab.at_work(job)
        heard.spans()
        line = logging.makeLogRecord({"job": job.id})
        assert heard.traces.correlate(line)
        await lab.ended(job)
        (process,) = heard.named("process")
        assert (line.trace_id, line.span_id) == (f"{process.context.trace_id:032x}", f"{process.context.span_id:016x}")  # type: ignore[attr-defined]
        other = logging.makeLogRecord({"job": job.id})
        heard.traces.correlate(other)
        assert not hasattr(other, "trace_id"), "it has ended"


async def test_a_job_that_waits_again_for_a_new_host_ends_its_attempt(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        heard = Heard(lab)
        job = await lab.submit(say(seconds_of_work=0.3))
        await lab.at_work(job)
        await lab.store.write(edges.host_changed)
        await lab.ended(job)
        assert [span.attributes["haysay.outcome"] for span in heard.named("process")] == ["host_changed", "finished"]


def test_nothing_is_imported_unless_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "import hay_say_lab.host.life, sys; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_a_setting_that_is_no_place_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "somewhere")
    with pytest.raises(StorageFailed) as refused:
        from_environment(None, tmp_path)  # type: ignore[arg-type]
    assert refused.value.problems[0].field == SETTING


def test_a_host_writes_its_traces_beside_its_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "file")
    host = start_host(tmp_path / "home")
    try:
        job = host.submit(speak("one two"), headers={"traceparent": CALLER})
        host.ended(job)
        host.ended(host.submit(speak("one two", settings={"crash": "exit_once"})))
    finally:
        host.end()
    lines = [json.loads(line) for line in (tmp_path / "home" / "logs" / "traces.jsonl").read_text().splitlines()]
    submitted = next(line for line in lines if line["name"] == "haysay.submit")
    assert submitted["parent_id"] == "0xb7ad6b7169203331"
    processes = [line for line in lines if line["name"] == "haysay.process"]
    assert processes[0]["attributes"]["messaging.message.id"] == job
    logged = [json.loads(line) for line in host.logs().splitlines() if '"trace_id"' in line and '"job"' in line]
    assert [line["message"] for line in logged if "lost its worker" in line["message"]]
    assert {f"0x{line['trace_id']}" for line in logged} <= {line["context"]["trace_id"] for line in processes}
