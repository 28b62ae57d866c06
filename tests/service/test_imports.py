"""Imports over REST: planned, sent in pieces, brought in, told to everybody who may know, and refused to users."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data_homes import data_home
from tests.library.bad_server import Stage, bad_server, good, silent
from tests.service.conftest import ALICE, OLGA
from tests.service.running_host import RunningHost, until


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return data_home(tmp_path / "there", f"pony-{tmp_path.name[-1]}")


def begin(host: RunningHost, **order: Any) -> dict[str, Any]:
    reply = host.call("POST", "/imports", order, token=OLGA)
    assert reply.status == 201, reply.content
    return dict(reply.json())


def ended(host: RunningHost, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        seen = host.call("GET", f"/imports/{name}", token=OLGA).json()
        return seen if seen["state"] in ("succeeded", "failed", "cancelled") else None

    return dict(until(look, 30, "the import did not end"))


def test_a_plan_tells_what_would_come_and_brings_nothing(host: RunningHost, there: Path) -> None:
    before = host.call("GET", "/voices", token=ALICE).json()
    plan = host.call("POST", "/imports/plan", {"source": str(there)}, token=OLGA).json()
    assert (plan["kind"], len(plan["voices"]), plan["files"]) == ("home", 1, [])
    assert host.call("GET", "/voices", token=ALICE).json() == before


def test_what_was_imported_is_a_voice_for_everybody_and_its_story_can_be_read(host: RunningHost, there: Path) -> None:
    last = host.call("GET", "/events", token=OLGA).json()["last"]
    made = ended(host, begin(host, source=str(there), provenance={"licence": "CC0-1.0"})["id"])

    assert (made["state"], made["error"]) == ("succeeded", None)
    (voice,) = made["voices"]
    seen = host.call("GET", f"/voices/{voice}", token=ALICE).json()
    assert (seen["provenance"]["licence"], seen["imported_by"]) == ("CC0-1.0", "olga")
    news = host.call("GET", f"/events?after={last}", token=OLGA).json()["events"]
    told = [event["body"] for event in news if event["kind"] == "import" and event["body"]["import"] == made["id"]]
    assert [told[0]["state"], told[-1]["state"]] == ["queued", "succeeded"]
    listed = host.call("GET", "/imports?limit=500", token=OLGA).json()["imports"]
    assert made["id"] in [one["id"] for one in listed]
    audit = host.call("GET", "/audit?action=add", token=OLGA)
    assert audit.status != 200 or voice in [row["subject"] for row in audit.json()["entries"]]


def test_a_user_changes_nothing_of_the_library(host: RunningHost, there: Path) -> None:
    for path in ("/imports", "/imports/plan"):
        assert host.call("POST", path, {"source": str(there)}, token=ALICE).status == 403


@pytest.mark.parametrize(
    ("source", "status"),
    [("/nowhere/at/all", 422), ("https://127.0.0.1/x.zip", 422), ("https://2130706433/x.zip", 422), ("hf:nobody", 422), ("upload:none", 404)],
)
def test_a_source_that_cannot_be_one_is_a_typed_problem(host: RunningHost, source: str, status: int) -> None:
    reply = host.call("POST", "/imports/plan", {"source": source}, token=OLGA)
    assert reply.status == status
    assert reply.error["problems"]
    if source.startswith("https"):
        assert ended(host, begin(host, source=source)["id"])["error"]["code"] == "address_refused"


def test_a_voice_is_sent_in_pieces_without_being_taken_for_sound(host: RunningHost) -> None:
    content = json.dumps([{"Model Name": "Pony", "Files": []}]).encode()
    order = {"bytes": len(content), "label": "character_models.json", "kind": "voice"}
    begun = host.call("POST", "/uploads", order, token=OLGA).json()
    for offset, piece in ((0, content[:10]), (10, content[10:])):
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
        reply = host.call("PATCH", f"/uploads/{begun['id']}", body=piece, headers=headers, token=OLGA)
        assert reply.status == 200, reply.content
    standing = reply.json()
    assert (standing["complete"], standing["clip"], reply.headers["upload-complete"]) == (True, None, "?1")
    refused = host.call("POST", "/imports/plan", {"source": f"haysay:upload:{begun['id']}#Pony"}, token=OLGA)
    assert "names no file" in refused.error["message"], "it was read"
    others = host.call("POST", "/imports/plan", {"source": f"upload:{begun['id']}"})
    assert others.status == 404, "another's upload is as missing as none"


def test_a_clip_is_no_voice_and_half_a_voice_is_none(host: RunningHost) -> None:
    for kind in ("clip", "voice"):
        begun = host.call("POST", "/uploads", {"bytes": 100, "kind": kind}, token=OLGA).json()
        refused = host.call("POST", "/imports/plan", {"source": f"upload:{begun['id']}"}, token=OLGA)
        assert refused.status == 422
        assert refused.error["problems"][0]["field"] == "source"


@pytest.fixture(scope="module")
def served() -> Any:
    with bad_server() as stage:
        yield stage


def test_a_running_import_tells_bytes_and_is_cancelled(tmp_path: Path, served: Stage) -> None:
    from tests.service.running_host import start_host

    content = bytes(range(256)) * 1000
    url = served.play("/model.pth", silent(30, content, 100_000), good(content))
    host = start_host(tmp_path / "home", HAY_SAY_TRUSTED_ORIGINS=served.url)
    try:
        name = host.call("POST", "/imports", {"source": url}).json()["id"]

        def fetching() -> Any:
            progress = host.call("GET", f"/imports/{name}").json()["progress"]
            return progress if progress and progress["bytes_done"] else None

        progress = until(fetching, 30, "nothing came")
        assert (progress["step"], progress["name"], progress["files"]) == ("fetch", "model.pth", 1)
        assert host.call("POST", f"/imports/{name}/cancel").status == 200
        until(lambda: host.call("GET", f"/imports/{name}").json()["state"] == "cancelled", 30, "it was not cancelled")
        assert host.call("POST", f"/imports/{name}/retry").status == 409
        until(lambda: not list((tmp_path / "home" / "imports").iterdir()), 10, "something was left")
    finally:
        host.end()
