"""Workers over REST: everybody sees who is warm and what the devices hold; operators keep one or end one."""

from __future__ import annotations

import time

from tests.service.conftest import ALICE, OLGA
from tests.service.running_host import RunningHost, speak


def _parrots(host: RunningHost) -> list[dict[str, object]]:
    return [w for w in host.call("GET", "/workers", token=ALICE).json()["workers"] if w["worker"] == "parrot"]


def test_an_operator_keeps_a_worker_and_ends_it(host: RunningHost) -> None:
    job = host.call("POST", "/jobs", speak(), token=ALICE).json()
    ended = host.ended(job["id"], token=ALICE)
    assert [stage["device"] for stage in ended["stages"]] == ["cpu", "cpu"]
    (parrot,) = _parrots(host)[:1]
    assert parrot["device"] == "cpu"
    assert parrot["voices"]
    assert parrot["memory_mb"] > 5

    assert host.call("POST", f"/workers/{parrot['id']}/pin", {}, token=OLGA).status == 200
    assert any(worker["pinned"] for worker in _parrots(host))
    assert host.call("POST", f"/workers/{parrot['id']}/unpin", {}, token=OLGA).status == 200
    assert host.call("POST", f"/workers/{parrot['id']}/eject", {}, token=OLGA).status == 200
    deadline = time.monotonic() + 10
    while parrot["pid"] in [worker["pid"] for worker in _parrots(host)] and time.monotonic() < deadline:
        time.sleep(0.02)
    assert parrot["pid"] not in [worker["pid"] for worker in _parrots(host)]


def test_devices_say_what_there_is_and_who_has_it(host: RunningHost) -> None:
    devices = {device["name"]: device for device in host.call("GET", "/workers", token=ALICE).json()["devices"]}
    machine = devices["cpu"]
    assert machine["readable"]
    assert 0 < machine["budget_mb"] < machine["total_mb"]
    assert machine["foreign_mb"] > 0


def test_what_is_no_worker_is_missing(host: RunningHost) -> None:
    for name in ("999999", "parrot", "1e3"):
        assert host.call("POST", f"/workers/{name}/pin", {}, token=OLGA).status == 404
