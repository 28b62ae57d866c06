"""The audit log of a running host: refusals are in it, a forged row is named, and a killed host goes on with the chain."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import ADAM, ALICE, OLGA, host_for_many
from tests.service.running_host import POLLY, RunningHost, speak, start_host, until


@pytest.fixture(scope="module")
def own_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    made = host_for_many(tmp_path_factory.mktemp("audited"))
    yield made
    made.end()


def _rows(host: RunningHost, query: str = "", token: str = ADAM) -> list[dict[str, Any]]:
    return list(host.call("GET", f"/audit?limit=500{query}", token=token).json()["entries"])


def test_who_was_refused_is_written_down_by_the_route_and_never_by_what_was_typed(own_host: RunningHost) -> None:
    assert own_host.call("DELETE", "/voices/parrot%3Asecret%0Aname", token=ALICE).status == 403
    found = until(lambda: _rows(own_host, "&action=deny"), 10, "the refusal is in the log")
    assert (found[0]["subject"], found[0]["actor"], found[0]["role"]) == ("DELETE /voices/{voice}", "alice", "user")
    assert "secret" not in json.dumps(found)


def test_a_voice_that_served_is_written_down_once_a_job(own_host: RunningHost) -> None:
    job = own_host.submit(speak(), token=ALICE)
    own_host.ended(job, token=ALICE)
    again = own_host.submit(speak(), token=ALICE)          # from what is kept
    own_host.ended(again, token=ALICE)
    rows = [row for row in _rows(own_host, f"&action=serve&subject={POLLY}") if row["detail"]["job"] in (job, again)]
    assert sorted(row["detail"]["job"] for row in rows) == sorted([job, again])
    assert {row["actor"] for row in rows} == {"alice"}


def test_pages_of_the_log_meet(own_host: RunningHost) -> None:
    for _ in range(3):
        own_host.call("DELETE", "/voices/parrot:polly", token=ALICE)
    until(lambda: len(_rows(own_host)) > 2, 10, "rows")
    everything = [row["number"] for row in _rows(own_host)]
    first = own_host.call("GET", "/audit?limit=2", token=OLGA).json()
    rest = own_host.call("GET", f"/audit?limit=500&cursor={first['cursor']}", token=OLGA).json()
    assert [row["number"] for row in first["entries"] + rest["entries"]][-len(everything) :] == everything
    assert rest["cursor"] is None
    assert own_host.call("GET", "/audit?action=sing", token=OLGA).status == 422


def test_somebody_who_is_refused_all_the_time_does_not_flood_the_log(own_host: RunningHost) -> None:
    for _ in range(80):
        own_host.call("POST", "/drain", token=OLGA)
    until(lambda: sum(row["actor"] == "olga" for row in _rows(own_host)) >= 30, 10, "rows")
    assert sum(row["actor"] == "olga" for row in _rows(own_host, "&action=deny")) == 30


def test_a_forged_log_is_named_also_by_the_next_host_and_a_sound_one_survives_a_kill(tmp_path: Path) -> None:
    host = start_host(tmp_path / "home")
    for _ in range(2):
        host.ended(host.submit(speak(fresh=True)))
    host.process.kill()
    host.process.wait()
    host = start_host(host.home)
    verdict = host.call("GET", "/audit/verify").json()
    assert (verdict["sound"], verdict["rows"]) == (True, 2)
    host.end()

    with contextlib.closing(sqlite3.connect(host.home / "jobs.sqlite3")) as database, database:
        database.execute("delete from audit where number = 2")
    host = start_host(host.home)
    assert host.call("GET", "/audit/verify").json()["findings"] == [{"number": 2, "what": "was cut off"}]
    host.ended(host.submit(speak(fresh=True)))
    verdict = host.call("GET", "/audit/verify").json()
    assert not verdict["sound"], "what came after does not cover it"
    host.end()


def test_a_log_whose_hash_was_taken_away_says_so_in_itself(tmp_path: Path) -> None:
    host = start_host(tmp_path / "home")
    host.ended(host.submit(speak()))
    host.end()
    (host.home / "registry" / "audit.json").unlink()
    host = start_host(host.home)
    assert [row["action"] for row in _rows(host, token="")] == ["begin", "serve"]
    host.end()
