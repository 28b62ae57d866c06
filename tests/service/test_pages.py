"""What a hostile page in somebody's browser can try: forms, rebinding, stored content (control_plane S7, S8, S12)."""

from __future__ import annotations

import hashlib
import re
import socket
from collections.abc import Mapping

import pytest

from hay_say_lab.service.identity import Role
from hay_say_lab.service.routes import ROUTES, Route
from tests.service.conftest import ADAM, ALICE, KEPT, Belongings
from tests.service.running_host import PREFIX, RunningHost
from tests.service.sounds import encoded, tone

UNSAFE = [route for route in ROUTES if route.method not in ("GET", "HEAD")]
ASKED = b'{"steps": []}'
FORMS = (
    ("application/x-www-form-urlencoded", ASKED + b"="),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + ASKED + b"\r\n--x--\r\n"),
    ("text/plain", ASKED),
    ("text/plain; charset=utf-8", ASKED),
)
PAGE = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
PICTURE = b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _path(route: Route) -> str:
    return re.sub(r"{\w+}", "x", route.path)


def _jobs_and_clips(host: RunningHost, *sent: bytes) -> tuple[set[str], set[str]]:
    """The caller's jobs, and which of the bodies that were sent lie in the store."""
    jobs = {job["id"] for job in host.call("GET", "/jobs?limit=500").json()["jobs"]}
    return jobs, {hashlib.sha256(body).hexdigest() for body in sent} & host.objects()


# S7: no page reaches the host, not even one that knows a token.


@pytest.mark.parametrize("origin", ["http://evil.test", "null", "http://127.0.0.1", "http://localhost:8888"])
@pytest.mark.parametrize("route", UNSAFE, ids=_name)
def test_a_call_that_comes_from_a_page_is_refused(route: Route, origin: str, host: RunningHost) -> None:
    """Browsers name the origin of every unsafe call; our own clients have none."""
    before = _jobs_and_clips(host, b"{}")
    reply = host.call(route.method, _path(route), {}, headers={"Origin": origin})
    assert reply.status == 403
    assert reply.error["code"] == "forbidden"
    assert "access-control-allow-origin" not in reply.headers
    assert _jobs_and_clips(host, b"{}") == before


@pytest.mark.parametrize(("kind", "body"), FORMS)
@pytest.mark.parametrize("route", UNSAFE, ids=_name)
def test_a_body_that_a_form_can_send_is_refused(route: Route, kind: str, body: bytes, host: RunningHost) -> None:
    """The three content types that a page may send to strangers without asking first."""
    before = _jobs_and_clips(host, body)
    reply = host.call(route.method, _path(route), body=body, headers={"Content-Type": kind})
    assert reply.status == 415
    assert reply.error["code"] == "unsupported_media"
    assert _jobs_and_clips(host, body) == before


@pytest.mark.parametrize("route", [route for route in UNSAFE if not isinstance(route.body, str)], ids=_name)
def test_a_body_that_says_nothing_of_its_kind_is_refused(route: Route, host: RunningHost) -> None:
    assert host.call(route.method, _path(route), body=ASKED).status == 415


@pytest.mark.parametrize("route", ROUTES, ids=_name)
def test_nobody_may_read_answers_from_another_origin(route: Route, host: RunningHost) -> None:
    if route.path == "/drain":
        return
    reply = host.call("OPTIONS", _path(route), headers={"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"})
    assert reply.status == 405
    assert not [name for name in reply.headers if name.startswith("access-control")]
    assert set(reply.headers["allow"].split(", ")) == {other.method for other in ROUTES if other.path == route.path}


# S8: a page whose name was made to point here.


@pytest.mark.parametrize("name", ["evil.test", "evil.test:{port}", "127.0.0.1", "127.0.0.1:1", "localhost.evil.test:{port}",
                                  "[::1]:{port}", "127.0.0.1:{port}.evil.test", ""])  # fmt: skip
def test_a_foreign_host_name_is_refused_on_every_route(name: str, host: RunningHost) -> None:
    for route in ROUTES:
        headers = {"Host": name.format(port=host.port), "Accept": "text/event-stream"}
        reply = host.call(route.method, _path(route), headers=headers)
        assert reply.status == 403, _name(route)
    assert host.call("GET", "/nowhere", headers={"Host": "evil.test"}).status == 403


def test_a_call_without_any_host_name_is_refused(host: RunningHost) -> None:
    for version in ("1.0", "1.1"):
        with socket.create_connection(("127.0.0.1", host.port), timeout=10) as plain:
            plain.sendall(f"GET {PREFIX}/health HTTP/{version}\r\n\r\n".encode())
            assert plain.recv(64).split()[1] in (b"400", b"403")


def test_its_own_names_are_welcome(host: RunningHost) -> None:
    for name in ("127.0.0.1", "localhost", "LOCALHOST"):
        assert host.call("GET", "/health", headers={"Host": f"{name}:{host.port}"}).status == 200


# S12: what is stored never becomes a page.


@pytest.mark.parametrize(("content", "label"), [(PAGE, "song.wav"), (PICTURE, "song.wav"), (PAGE, "page.html"), (b"GIF89a" + PAGE, "x.flac")])
def test_pages_and_pictures_are_no_sound(content: bytes, label: str, host: RunningHost) -> None:
    reply = host.send_clip(content, label=label)
    assert reply.status == 422
    assert reply.error["problems"][0]["field"] == "clip"
    assert hashlib.sha256(content).hexdigest() not in host.objects()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ('a"; filename="evil.html\r\nSet-Cookie: a=b\r\n\r\n<script>.wav', 'a"; filename="evil.htmlSet-Cookie: a=b<script>.wav'),
        ("../../../etc/passwd", "passwd"),
        ("C:\\Users\\alice\\song.wav", "song.wav"),
        ("nul\x00l\x1b[31m\u202e.wav", "nul l [31m.wav"),
        ("x" * 5000, "x" * 200),
        ("", ""),
    ],
)
def test_a_hostile_name_is_a_harmless_label(given: str, kept: str, host: RunningHost) -> None:
    sent = host.send_clip(encoded(tone()), label=given)
    assert sent.status == 201
    _is_harmless(sent.headers)
    seen = host.call("GET", f"/clips/{sent.json()['sha256']}")
    _is_harmless(seen.headers)
    back = host.call("GET", f"/artifacts/{sent.json()['sha256']}")
    assert re.fullmatch(r'attachment; filename="[0-9a-f]{16}\.bin"', back.headers["content-disposition"])
    assert sent.json()["label"] == kept


@pytest.mark.parametrize("route", [route for route in ROUTES if route.method in ("GET", "HEAD")], ids=_name)
def test_no_answer_is_anything_but_data(route: Route, host: RunningHost, belongings: Belongings) -> None:
    ours = {"job": belongings.failed, "sha256": belongings.artifact, "recipe": belongings.recipe, "voice": KEPT,
            "asset": "hubert-base", "preset": "of-alice",
            "batch": belongings.batch, "upload": belongings.upload, "dictionary": "of-alice"}  # fmt: skip
    if route.path == "/clips/{sha256}":
        ours["sha256"] = belongings.clip
    if "{import}" in route.path:            # one that comes to nothing, and is there all the same
        ours["import"] = host.call("POST", "/imports", {"source": "/nowhere/at/all"}, token=ADAM).json()["id"]
    token = ADAM if route.role > Role.USER else ALICE
    found = host.call(route.method, re.sub(r"{(\w+)}", lambda match: ours[match[1]], route.path), token=token)
    assert found.status == 200
    _is_harmless(found.headers)
    if isinstance(route.answer, str):
        assert found.headers["content-disposition"].startswith("attachment; ")
        assert found.headers["content-type"].startswith(("audio/", "application/octet-stream", "application/zip", "text/plain"))
    missing = host.call(route.method, re.sub(r"{(\w+)}", "x", route.path) + ("" if "{" in route.path else "/x"), token=token)
    assert missing.status == 404
    _is_harmless(missing.headers)


def _is_harmless(headers: Mapping[str, str]) -> None:
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["referrer-policy"] == "no-referrer"
    assert "html" not in headers["content-type"]
    assert "svg" not in headers["content-type"]
    assert "set-cookie" not in headers
    assert not re.search(r"tornado|python", headers["server"], re.IGNORECASE)
