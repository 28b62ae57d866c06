"""What the host measures of itself is true, names nobody, and is what the dashboard and the alerts ask for."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hay_say_lab.service.door import MOST_STREAMS
from hay_say_lab.service.metrics import METRICS, PREFIX
from tests.service.conftest import ADAM, ALICE, BOB, Belongings
from tests.service.running_host import RunningHost, speak, until

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations"
SUFFIXES = ("_bucket", "_sum", "_count", "_created")


def _samples(host: RunningHost) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    reply = host.call("GET", "/metrics", token=ADAM)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(reply.content.decode())
        for sample in family.samples
    }


def test_each_jobs_fate_is_counted_once(host: RunningHost, belongings: Belongings) -> None:
    finished = (PREFIX + "jobs_finished_total", (("lane", "interactive"), ("outcome", "succeeded")))
    submitted = (PREFIX + "jobs_submitted_total", (("lane", "interactive"),))
    until(lambda: host.call("GET", f"/batches/{belongings.batch}", token=ALICE).json()["done"], 30, "it did not end")
    until(lambda: host.call("GET", "/ready", token=ADAM).json()["unfinished"] == 0, 60, "others are at work still")
    before = _samples(host)
    for _ in range(3):
        host.ended(host.submit(speak("one two"), token=ALICE), token=ALICE)
    after = _samples(host)
    assert after[finished] - before.get(finished, 0) == 3
    assert after[submitted] - before.get(submitted, 0) == 3
    assert _samples(host)[finished] == after[finished], "a look counts nothing"


def test_the_fates_of_the_other_jobs_are_told_apart(host: RunningHost, belongings: Belongings) -> None:
    found = _samples(host)
    outcomes = {dict(labels)["outcome"] for name, labels in found if name == PREFIX + "jobs_finished_total"}
    assert outcomes >= {"succeeded", "failed", "cancelled", "quarantined"}
    assert found[PREFIX + "quarantined", ()] >= 1
    assert found[PREFIX + "attempts_total", (("reason", "worker_lost"),)] >= 1


def test_calls_commits_workers_and_devices_are_measured(host: RunningHost, belongings: Belongings) -> None:
    host.call("GET", "/jobs", token="token-of-nobody")
    found = _samples(host)
    assert found[PREFIX + "authz_denied_total", (("code", "401"), ("route", "/jobs"))] >= 1
    assert found[PREFIX + "http_request_seconds_count", (("code", "201"), ("route", "/jobs"))] >= 1
    assert found[PREFIX + "store_commit_seconds_count", ()] > 10
    assert found[PREFIX + "device_memory_bytes", (("device", "cpu"), ("kind", "total"))] > 1e9
    assert found[PREFIX + "disk_free_bytes", ()] > 0
    assert any(name == PREFIX + "workers" for name, _ in found)


def test_what_workers_cost_and_how_they_end_is_measured(host: RunningHost, belongings: Belongings) -> None:
    host.ended(host.submit(speak("how fast"), token=ALICE), token=ALICE)
    found = _samples(host)
    parrot = (("architecture", "parrot"),)
    for name in ("worker_start_seconds", "model_load_seconds", "job_rtf"):
        assert found[f"{PREFIX}{name}_count", parrot] >= 1, name
        assert found[f"{PREFIX}{name}_sum", parrot] > 0, name
    lost = {dict(labels)["reason"]: value for (name, labels), value in found.items() if name == PREFIX + "workers_lost_total"}
    assert sum(lost.values()) >= 2, "somebody's job took two of them down"
    assert found[PREFIX + "evictions_total", (("reason", "memory"),)] >= 0, "told before the first one"
    assert found[PREFIX + "fenced_total", ()] == 0


def test_streams_that_are_refused_are_counted(host: RunningHost) -> None:
    before = _samples(host)[PREFIX + "sse_dropped_total", ()]
    with ThreadPoolExecutor(MOST_STREAMS + 1) as pool:
        calls = [pool.submit(host.call, "GET", "/events?wait=3", token=BOB) for _ in range(MOST_STREAMS + 1)]
        statuses = sorted(call.result().status for call in calls)
    assert statuses == [200] * MOST_STREAMS + [429]
    assert _samples(host)[PREFIX + "sse_dropped_total", ()] == before + 1


def test_labels_that_give_reasons_say_one_of_a_few_things(host: RunningHost, belongings: Belongings) -> None:
    closed = {metric.name: metric for metric in METRICS if metric.closed}
    assert {m.name for m in METRICS if {"reason", "phase", "outcome", "state"} & set(m.labels)} == set(closed)
    for name, labels in _samples(host):
        metric = closed.get(name.removeprefix(PREFIX))
        if metric is not None:
            assert dict(labels)[metric.labels[-1]] in metric.closed, (name, labels)


def test_no_metric_names_a_person_a_job_or_a_path(host: RunningHost, belongings: Belongings) -> None:
    text = host.call("GET", "/metrics", token=ADAM).content.decode()
    for secret in ("alice", "bob", belongings.failed, belongings.clip, str(host.home), host.secret):
        assert secret not in text


def test_every_metric_of_the_table_is_told_and_no_other(host: RunningHost, belongings: Belongings) -> None:
    text = host.call("GET", "/metrics", token=ADAM).content.decode()
    told = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))
    told = {name for name in told if not name.endswith("_created")}
    assert told == {PREFIX + metric.name for metric in METRICS}


@pytest.mark.parametrize("name", ["grafana.json", "alerts.yaml"])
def test_dashboard_and_alerts_ask_for_metrics_that_exist(name: str) -> None:
    text = (OPERATIONS / name).read_text()
    asked = set(re.findall(rf"\b({PREFIX}\w+)", text))
    known = {PREFIX + metric.name for metric in METRICS}
    assert asked, "it asks for something"
    for metric in asked:
        plain = next((metric.removesuffix(suffix) for suffix in SUFFIXES if metric.endswith(suffix)), metric)
        assert metric in known or plain in known, metric
    if name.endswith(".json"):
        assert json.loads(text)["panels"]
