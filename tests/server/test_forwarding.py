"""Every route of the host, through Jupyter, as if it were Jupyter's own."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tornado.httpclient import HTTPResponse

from tests.server.conftest import Fetch
from tests.service.running_host import PREFIX, RunningHost, speak
from tests.service.sounds import noise

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def spoken(shared_host: RunningHost) -> dict[str, Any]:
    """A job that has succeeded."""
    job = shared_host.ended(shared_host.submit(speak("one two three", seed=3)))
    assert job["state"] == "succeeded", job["error"]
    return job


def _json(answer: Any) -> Any:
    assert answer.headers["Content-Type"].startswith("application/json")
    return json.loads(answer.body)


async def test_a_job_is_queued_looked_at_and_cancelled(fetch: Fetch) -> None:
    request = speak(settings={"seconds_of_work": 30})
    queued = await fetch("/jobs", "POST", body=json.dumps(request), headers=JSON)
    assert queued.code == 201
    job = _json(queued)["id"]
    assert _json(await fetch(f"/jobs/{job}"))["id"] == job
    assert job in [entry["id"] for entry in _json(await fetch("/jobs?limit=500"))["jobs"]]
    cancelled = await fetch(f"/jobs/{job}/cancel", "POST")
    assert _json(cancelled)["state"] in ("cancelling", "cancelled")


async def test_the_hosts_errors_pass_unchanged(fetch: Fetch, shared_host: RunningHost) -> None:
    for path in ("/jobs/none", "/voices/parrot:nobody", "/nowhere", "/artifacts/abc"):
        through, direct = await fetch(path), shared_host.call("GET", path)
        assert (through.code, _json(through)) == (direct.status, direct.error)
    refused = await fetch("/jobs", "POST", body=json.dumps({"steps": []}), headers=JSON)
    assert refused.code == 422
    assert _json(refused)["problems"]


async def test_a_verb_that_no_route_has_is_a_typed_405(fetch: Fetch) -> None:
    for verb in ("PUT", "PATCH"):
        answer = await fetch("/jobs", verb, body=b"{}", headers=JSON)
        assert answer.code == 405
        assert _json(answer)["code"] == "invalid_request"


async def test_a_path_travels_as_it_was_typed(fetch: Fetch) -> None:
    answer = await fetch("/voices/parrot%3Apolly")
    assert _json(answer)["id"] == "parrot:polly"
    missing = await fetch("/voices/" + "%C3%A9%20%2B")
    assert "'é +'" in _json(missing)["message"]


@pytest.mark.parametrize("path", ["/../v1/voices", "/%2e%2e/%2E%2E/api/status", "/voices/..", "/./voices"])
async def test_no_path_climbs_out(path: str, fetch: Fetch) -> None:
    answer = await fetch(path)
    assert answer.code == 404
    assert _json(answer)["code"] == "not_found"


async def test_an_upload_larger_than_any_kept_body_gets_through(fetch: Fetch, shared_host: RunningHost) -> None:
    sound = noise(seconds=190)
    assert len(sound) > 6_000_000
    sent = await fetch("/clips?label=long.wav", "POST", body=sound, headers={"Content-Type": "audio/wav"})
    assert sent.code == 201, sent.body
    assert _json(sent)["label"] == "long.wav"
    assert _json(await fetch(f"/clips/{_json(sent)['sha256']}"))["seconds"] == pytest.approx(190)
    back = await fetch(f"/artifacts/{_json(sent)['sha256']}")
    assert back.body == sound


async def test_an_upload_in_pieces_gets_through_with_its_offsets(fetch: Fetch, shared_host: RunningHost) -> None:
    sound = noise(seconds=10, seed=3)
    begun = _json(await fetch("/uploads", "POST", body=json.dumps({"bytes": len(sound)}), headers=JSON))
    path = f"/uploads/{begun['id']}"

    async def append(offset: int, piece: bytes) -> HTTPResponse:
        headers = {"Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
        return await fetch(path, "PATCH", body=piece, headers=headers)

    first = await append(0, sound[:100_000])
    assert (first.code, first.headers["Upload-Offset"]) == (200, "100000")
    wrong = await append(5, sound[5:100])
    assert (wrong.code, wrong.headers["Upload-Offset"]) == (409, "100000")
    standing = await fetch(path, "HEAD")
    assert (standing.headers["Upload-Offset"], standing.headers["Upload-Complete"]) == ("100000", "?0")
    done = await append(100_000, sound[100_000:])
    assert _json(done)["clip"]["seconds"] == pytest.approx(10)
    taken_back = _json(await fetch("/uploads", "POST", body=json.dumps({"bytes": 10}), headers=JSON))["id"]
    assert (await fetch(f"/uploads/{taken_back}", "DELETE")).code == 200
    assert (await fetch(f"/uploads/{taken_back}", "HEAD")).code == 404


async def test_a_large_upload_that_is_refused_hears_why(fetch: Fetch, shared_host: RunningHost) -> None:
    """given a body that the host refuses at its head, when it is still being sent, then the refusal is heard"""
    sound = noise(seconds=190, seed=2)
    before = shared_host.objects()
    answer = await fetch("/clips", "POST", body=sound, headers={"Content-Type": "text/plain"})
    assert answer.code == 415
    assert _json(answer)["code"] == "unsupported_media"
    assert not [name for name in shared_host.left_in_scratch() if "upload" in name]
    assert shared_host.objects() == before


async def test_json_beyond_the_limit_is_a_typed_refusal(fetch: Fetch) -> None:
    answer = await fetch("/preflight", "POST", body=b" " * (5 << 20), headers=JSON)
    assert answer.code == 413
    assert _json(answer)["code"] == "too_large"


async def test_json_that_announces_more_than_is_even_thrown_away_is_a_typed_refusal(
    fetch: Fetch, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    assert (await fetch("/health")).code == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
    given = {"Host": f"127.0.0.1:{jp_http_port}", **jp_auth_header, **JSON, "Content-Length": str(1 << 40)}
    lines = [f"POST {jp_base_url.rstrip('/')}{PREFIX}/preflight HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 413 " in head.splitlines()[0]
    assert b'"too_large"' in await reader.read()
    writer.close()


async def test_a_part_of_an_export_is_a_part(fetch: Fetch, spoken: dict[str, Any]) -> None:
    path = f"/artifacts/{spoken['artifact']}/export?format=wav"
    whole = await fetch(path)
    assert whole.code == 200
    assert whole.headers["Content-Type"] == "audio/wav"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Disposition"].startswith("attachment")
    part = await fetch(path, headers={"Range": "bytes=100-199"})
    assert part.code == 206
    assert part.body == whole.body[100:200]
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.body)}"
    last = await fetch(path, headers={"Range": "bytes=-10"})
    assert last.body == whole.body[-10:]
    behind = await fetch(path, headers={"Range": f"bytes={len(whole.body)}-"})
    assert behind.code == 416
    assert _json(behind)["code"] == "range_unsatisfiable"


async def test_what_a_browser_has_it_does_not_get_again(fetch: Fetch, spoken: dict[str, Any]) -> None:
    path = f"/artifacts/{spoken['artifact']}"
    whole = await fetch(path)
    etag = whole.headers["ETag"]
    again = await fetch(path, headers={"If-None-Match": etag})
    assert (again.code, again.body) == (304, b"")
    assert again.headers["ETag"] == etag
    other = await fetch(path, headers={"If-Range": '"other"', "Range": "bytes=0-9"})
    assert (other.code, other.body) == (200, whole.body)
    same = await fetch(path, headers={"If-Range": etag, "Range": "bytes=0-9"})
    assert (same.code, same.body) == (206, whole.body[:10])


async def test_head_tells_size_and_etag_without_a_body(fetch: Fetch, spoken: dict[str, Any]) -> None:
    for path in (f"/artifacts/{spoken['artifact']}", f"/artifacts/{spoken['artifact']}/export?format=flac"):
        whole, head = await fetch(path), await fetch(path, "HEAD")
        assert (head.code, head.body) == (200, b"")
        assert head.headers["Content-Length"] == str(len(whole.body))
        assert head.headers["ETag"] == whole.headers["ETag"]


async def test_no_answer_can_become_a_page(fetch: Fetch, spoken: dict[str, Any]) -> None:
    for path in (f"/artifacts/{spoken['artifact']}", f"/recipes/{spoken['recipe']}", "/voices", "/nowhere"):
        answer = await fetch(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        policies = answer.headers.get_list("Content-Security-Policy")
        assert any("sandbox" in policy and "default-src 'none'" in policy for policy in policies)


async def test_looking_keeps_no_server_from_being_culled(fetch: Fetch, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings.pop("api_last_activity", None)
    await fetch("/jobs")
    assert "api_last_activity" not in jp_serverapp.web_app.settings
    await fetch("/preflight", "POST", body=b'{"steps": []}', headers=JSON)
    assert "api_last_activity" in jp_serverapp.web_app.settings
