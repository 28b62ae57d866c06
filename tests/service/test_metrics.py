"""What the host measures of itself is true, names nobody, and is what the dashboard and the alerts ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hay_say_lab.service.metrics import METRICS, PREFIX
from tests.service.conftest import ADAM, ALICE, Belongings
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
