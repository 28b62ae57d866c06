"""Whatever is sent, the answer is a typed problem: never a traceback, nothing half-written (control_plane S11)."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hay_say_lab.domain.request import LARGEST_SEED
from hay_say_lab.service.identity import Role
from hay_say_lab.service.routes import ROUTES
from tests.service.conftest import ALICE, Belongings
from tests.service.running_host import POLLY, RunningHost, speak

JSON = {"Content-Type": "application/json"}
ASKING = ("/preflight", "/jobs")


def _voice(**changes: Any) -> dict[str, Any]:
    return {"architecture": "parrot", "name": "mine", "reference": "0" * 64, **changes}


def _body(path: str) -> dict[str, Any]:
    """A good one for a route, with every object that could hold more."""
    if path.startswith("/storage/"):
        return {}
    return {
        "/voices": _voice(provenance={"source": "me"}),
        "/presets/{preset}": {
            "task": "speak", "architecture": "parrot", "settings": {"beeps": 1}, "senses": {"beeps": {"means": "speed"}},
        },
        "/presets/{preset}/apply": {"voice": POLLY},
        "/voices/{voice}/marks": {"tags": ["mine"]},
        "/voices/{voice}/provenance": {"source": "me"},
        "/voices/{voice}/approve": {"reason": "because"},
        "/batches": {"name": "mine", "requests": [speak()]},
        "/measure": {"clip": "0" * 64},
        "/imports": {"source": "/nowhere", "provenance": {"source": "me"}},
        "/imports/plan": {"source": "/nowhere", "provenance": {"source": "me"}},
        "/uploads": {"bytes": 1000},
        "/dictionaries/{dictionary}": {"entries": [{"word": "LA", "alias": "ell ay"}]},
    }.get(path) or speak()


def _where(path: str) -> str:
    return path.format(dictionary="mine", preset="mine", voice=POLLY)


BODIES = {route.path: route for route in ROUTES if route.json_body is not None}

# Where an object can hold a field that was not asked for, by route.
PLACES: dict[str, list[tuple[Any, ...]]] = {
    "/preflight": [(), ("text",), ("steps", 0)],
    "/jobs": [(), ("text",), ("steps", 0)],
    "/voices": [(), ("provenance",)],
    "/voices/{voice}/provenance": [()],
    "/voices/{voice}/marks": [()],
    "/voices/{voice}/approve": [()],
    "/batches": [(), ("requests", 0), ("requests", 0, "text")],
    "/measure": [()],
    "/imports": [(), ("provenance",)],
    "/imports/plan": [(), ("provenance",)],
    "/uploads": [()],
    "/storage/backup": [()],
    "/storage/plan": [()],
    "/storage/prune": [()],
    "/storage/budgets": [()],
    "/storage/fsck": [()],
    "/dictionaries/{dictionary}": [(), ("entries", 0)],
    "/presets/{preset}": [(), ("senses", "beeps")],
    "/presets/{preset}/apply": [()],
}
SMUGGLED = {"owner": "bob", "state": "succeeded", "token": 7, "id": "x", "artifact": "0" * 64, "__class__": "x", "role": "admin"}


def _jobs(host: RunningHost) -> int:
    return len(host.call("GET", "/jobs?limit=500", token=ALICE).json()["jobs"])


def test_every_route_with_a_body_has_its_places() -> None:
    assert set(PLACES) == BODIES.keys()


@pytest.mark.parametrize("name", SMUGGLED)
@pytest.mark.parametrize(("path", "place"), [(path, place) for path in BODIES for place in PLACES[path]])
def test_a_field_that_nobody_asked_for_is_refused_by_name(path: str, place: tuple[Any, ...], name: str, host: RunningHost) -> None:
    before = _jobs(host)
    body = _body(path)
    inner: Any = body
    for key in place:
        inner = inner[key]
    inner[name] = SMUGGLED[name]
    where = _where(path)
    route = BODIES[path]
    reply = host.call(route.method, where, body, token=ALICE if route.role is Role.USER else "token-of-olga")
    assert reply.status == 422
    field = ".".join(str(part) for part in (*place, name))
    (problem,) = reply.error["problems"]
    assert problem["field"] == field
    assert problem["fix"]["patch"] == [{"op": "remove", "path": "/" + field.replace(".", "/")}]
    assert _jobs(host) == before


# One mistake each -> the field that is named. Both routes that take a request say the same.
MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "empty text": (speak(""), "text.body"),
    "blank text": (speak(" \n\t"), "text.body"),
    "a control character": (speak("one\x07two"), "text.body"),
    "a code point that is nothing": (speak("one\uffff"), "text.body"),
    "more than a million characters": (speak("word " * 200_001), "text.body"),
    "no steps": (speak() | {"steps": []}, "steps"),
    "nine steps": (speak() | {"steps": speak()["steps"] * 9}, "steps"),
    "an unknown task": (speak() | {"steps": [{"task": "sing", "voice": POLLY}]}, "steps.0.task"),
    "a task that serves others": (speak() | {"steps": [{"task": "phonemes", "voice": POLLY}]}, "steps.0.task"),
    "an unknown voice": (speak() | {"steps": [{"task": "speak", "voice": "parrot:nobody"}]}, "steps.0.voice"),
    "an unknown architecture": (speak() | {"steps": [{"task": "speak", "voice": "magpie:polly"}]}, "steps.0.voice"),
    "an unknown setting": (speak(settings={"volume": 1}), "steps.0.settings.volume"),
    "a setting too large": (speak(settings={"beeps": 9}), "steps.0.settings.beeps"),
    "a setting far too large": (speak(settings={"beeps": 10**400}), "steps.0.settings.beeps"),
    "a setting between its steps": (speak(settings={"beeps": 1.5}), "steps.0.settings.beeps"),
    "a setting of another kind": (speak(settings={"beeps": "one"}), "steps.0.settings.beeps"),
    "a setting that is a list": (speak(settings={"beeps": [1]}), "steps.0.settings.beeps"),
    "a choice that is none": (speak(settings={"crash": "often"}), "steps.0.settings.crash"),
    "a setting of prepare": (speak(prepare={"no_such_thing": True}), "prepare.no_such_thing"),
    "a setting of finish": (speak(finish={"no_such_thing": True}), "finish.no_such_thing"),
    "a fraction for a seed": (speak(seed=1.5), "seed"),
    "a word for a seed": (speak(seed="7"), "seed"),
    "a truth for a seed": (speak(seed=True), "seed"),
    "a negative seed": (speak(seed=-1), "seed"),
    "a seed too large": (speak(seed=LARGEST_SEED + 1), "seed"),
    "a seed beyond any number": (speak(seed=10**4000), "seed"),
    "a lane of the host's": (speak(lane="maintenance"), "lane"),
    "an unknown lane": (speak(lane="fast"), "lane"),
    "an unknown markup": (speak() | {"text": {"body": "one", "markup": "html"}}, "text.markup"),
    "a markup that the voice does not read": (speak() | {"text": {"body": "one", "markup": "phonemes"}}, "text.markup"),
    "a clip nobody sent": ({"clip": "0" * 64, "steps": [{"task": "convert", "voice": POLLY}]}, "clip"),
    "a clip that is a path": ({"clip": "../../etc/passwd", "steps": [{"task": "convert", "voice": POLLY}]}, "clip"),
    "a clip that is not used": (speak(clip="0" * 64), "clip"),
    "nothing to convert": ({"steps": [{"task": "convert", "voice": POLLY}]}, "clip"),
    "text that is a list": (speak() | {"text": ["one"]}, "text"),
    "a group that is a number": (speak(group=7), "group"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_by_preflight_and_refused_by_jobs(mistake: str, host: RunningHost) -> None:
    body, field = MISTAKES[mistake]
    before = _jobs(host)
    refused = host.call("POST", "/jobs", body, token=ALICE)
    assert refused.status == 422
    assert refused.error["retry"] == "after_fix"
    assert field in {problem["field"] for problem in refused.error["problems"]}
    assert all(problem["message"] for problem in refused.error["problems"])
    preflight = host.call("POST", "/preflight", body, token=ALICE)
    found = preflight.json()["problems"] if preflight.status == 200 else preflight.error["problems"]
    assert found == refused.error["problems"]
    assert _jobs(host) == before


def test_all_problems_are_told_at_once(host: RunningHost) -> None:
    body = speak("", seed=-1, lane="download", settings={"beeps": 99, "volume": 1})
    found = {problem["field"] for problem in host.call("POST", "/jobs", body).error["problems"]}
    assert {"text.body", "seed", "lane", "steps.0.settings.beeps", "steps.0.settings.volume"} <= found


NO_JSON: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"steps=1",
    "half of it": b'{"steps": [',
    "two documents": b"{}{}",
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "not UTF-8": b'{"steps": "\xff\xfe"}',
    "UTF-16": json.dumps(speak()).encode("utf-16"),
    "half of a surrogate pair": json.dumps(speak("\ud800")).encode(),
    "NaN": b'{"steps": [], "seed": NaN}',
    "a name twice": b'{"steps": [], "steps": 1}',
    "a hundred thousand brackets": b"[" * 100_000 + b"]" * 100_000,
    "a hundred thousand braces": b'{"steps":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of a million digits": b'{"steps": [], "seed": ' + b"9" * 1_000_000 + b"}",
    "NUL": b"\x00" * 100,
}


# What is done with the settings that stand may be asked for without a word.
MAY_BE_EMPTY = {"/storage/plan", "/storage/prune", "/storage/fsck"}


@pytest.mark.parametrize(
    ("path", "kind"), [(path, kind) for path in BODIES for kind in NO_JSON if NO_JSON[kind] or path not in MAY_BE_EMPTY]
)
def test_what_is_no_document_is_a_typed_problem(path: str, kind: str, host: RunningHost) -> None:
    reply = host.call(BODIES[path].method, _where(path), body=NO_JSON[kind], headers=JSON)
    assert reply.status == 422
    assert reply.error["problems"]


@pytest.mark.parametrize("path", BODIES)
def test_a_body_too_large_is_a_typed_413(path: str, host: RunningHost) -> None:
    reply = host.call(BODIES[path].method, _where(path), body=b" " * (5 << 20), headers=JSON)
    assert reply.status == 413
    assert reply.error["code"] == "too_large"


def _head(length: str) -> bytes:
    return (
        f"POST /hay-say/v1/preflight HTTP/1.1\r\nHost: {{host}}\r\nAuthorization: Bearer {{token}}\r\n"
        f"Content-Type: application/json\r\n{length}\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("announced", [True, False])
def test_one_that_is_much_too_large_is_read_to_its_end_and_not_kept(announced: bool, host: RunningHost) -> None:
    """20 MB: more than was ever kept. Announced at once, or in chunks that nobody has counted before."""
    block = b" " * (1 << 20)
    with socket.create_connection(("127.0.0.1", host.port), timeout=20) as line:
        head = _head(f"Content-Length: {20 << 20}" if announced else "Transfer-Encoding: chunked")
        line.sendall(head.replace(b"{host}", f"127.0.0.1:{host.port}".encode()).replace(b"{token}", host.secret.encode()))
        for _ in range(20):
            line.sendall(block if announced else b"100000\r\n" + block + b"\r\n")
        if not announced:
            line.sendall(b"0\r\n\r\n")
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 413
        assert json.loads(answer.read())["code"] == "too_large"


def test_one_that_announces_more_than_is_even_thrown_away_is_refused_at_its_head(host: RunningHost) -> None:
    with socket.create_connection(("127.0.0.1", host.port), timeout=20) as line:
        head = _head(f"Content-Length: {1 << 40}")
        line.sendall(head.replace(b"{host}", f"127.0.0.1:{host.port}".encode()).replace(b"{token}", host.secret.encode()))
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 413
        assert json.loads(answer.read())["code"] == "too_large"


PATHS = {
    "/nowhere": 404,
    "": 404,
    "/": 404,
    "/jobs/": 404,
    "/jobs/..%2f..%2fhost.json": 404,
    "/jobs/%00": 404,
    "/jobs/" + "x" * 65: 404,
    "/voices/" + "x" * 201: 404,
    "/voices/%00": 404,
    "/voices/%ff": 400,
    "/voices/..%2f..": 404,
    "/artifacts/../host.json": 404,
    "/artifacts/..": 404,
    "/artifacts/" + "0" * 64: 404,
    "/artifacts/" + "A" * 64: 404,
    "/artifacts/" + "0" * 64 + "/export?format=mp4": 404,
    "/recipes/" + "0" * 63: 404,
    "/clips/.": 404,
    "/jobs?limit=0": 422,
    "/jobs?limit=501": 422,
    "/jobs?limit=-1": 422,
    "/jobs?limit=1.5": 422,
    "/jobs?limit=%D9%A1": 422,
    "/jobs?limit=" + "9" * 5000: 422,
    "/jobs?state=asleep": 422,
    "/jobs?state=failed&state=asleep": 422,
    "/jobs?group=%ff": 400,
    "/jobs?cursor=%00'%22;--": 200,
    "/jobs?group=%00": 200,
    "/events?after=-1": 422,
    "/events?after=" + "9" * 30: 422,
    "/events?after=" + "9" * 5000: 422,
    "/events?wait=31": 422,
    "/events?wait=x": 422,
}


@pytest.mark.parametrize("path", PATHS)
def test_hostile_paths_and_queries_are_typed(path: str, host: RunningHost) -> None:
    reply = host.call("GET", path)
    assert reply.status == PATHS[path]
    if reply.status != 200:
        assert reply.error["problems"] or reply.status == 400


def test_an_unknown_export_is_a_problem_of_the_format(host: RunningHost, belongings: Belongings) -> None:
    for wanted in ("mp4", "", "../x", "FLAC"):
        reply = host.call("GET", f"/artifacts/{belongings.artifact}/export?format={wanted}", token=ALICE)
        assert reply.status == 422
        assert reply.error["problems"][0]["field"] == "format"
    other = host.call("GET", f"/artifacts/{belongings.artifact}/export?recipe={'0' * 64}", token=ALICE)
    assert (other.status, other.error["code"]) == (404, "recipe_missing")


@pytest.mark.parametrize("wanted", ["bytes=9-2", "bytes=99999999999-", "bytes=-0"])
def test_a_part_that_is_not_there(wanted: str, host: RunningHost, belongings: Belongings) -> None:
    reply = host.call("GET", f"/artifacts/{belongings.artifact}", token=ALICE, headers={"Range": wanted})
    assert (reply.status, reply.error["code"]) == (416, "range_unsatisfiable")


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "bytes=x-", "lines=0-1", "bytes=-", "bytes=" + "9" * 5000 + "-"])
def test_a_part_that_is_not_understood_is_the_whole(wanted: str, host: RunningHost, belongings: Belongings) -> None:
    reply = host.call("GET", f"/artifacts/{belongings.artifact}", token=ALICE, headers={"Range": wanted})
    assert reply.status == 200
    assert len(reply.content) == int(reply.headers["content-length"])


@pytest.mark.parametrize("number", ["x", "-1", "9" * 30, "9" * 5000, "7; drop", "\u0661"])
def test_a_strange_last_event_is_the_newest_one(number: str, host: RunningHost) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=10)
    head = {"Authorization": f"Bearer {host.secret}", "Accept": "text/event-stream", "Last-Event-ID": number.encode()}
    connection.request("GET", "/hay-say/v1/events", headers=head)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.readline() == b"retry: 1000\n"
    connection.close()


@pytest.mark.parametrize("key", ["", "x" * 129, "a\tb"])
def test_a_key_that_is_none(key: str, host: RunningHost) -> None:
    reply = host.call("POST", "/jobs", speak(), headers={"Idempotency-Key": key})
    assert reply.status == 422
    assert reply.error["problems"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "BREW"])
def test_an_unknown_verb_is_a_typed_405(method: str, host: RunningHost) -> None:
    reply = host.call(method, "/jobs")
    assert reply.status == 405
    assert reply.error["code"] == "invalid_request"


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_DOCUMENTS = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3), max_leaves=12)
_ASKED = st.fixed_dictionaries(
    {},
    optional={
        "text": _DOCUMENTS | st.fixed_dictionaries({"body": _DOCUMENTS}, optional={"language": _DOCUMENTS, "markup": _DOCUMENTS}),
        "clip": _DOCUMENTS,
        "steps": _DOCUMENTS | st.lists(
            st.fixed_dictionaries(
                {"task": st.sampled_from(["speak", "convert", "align"]) | _DOCUMENTS},
                optional={"voice": st.just(POLLY) | _DOCUMENTS, "settings": _DOCUMENTS},
            ),
            max_size=3,
        ),
        "prepare": _DOCUMENTS,
        "finish": _DOCUMENTS,
        "seed": _DOCUMENTS,
        "lane": _DOCUMENTS,
        "group": _DOCUMENTS,
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=_ASKED)
def test_no_document_breaks_preflight(host: RunningHost, body: Any) -> None:
    reply = host.call("POST", "/preflight", body)
    assert reply.status in (200, 422), reply.content
    problems = reply.json()["problems"] if reply.status == 200 else reply.error["problems"]
    assert reply.status == 200 or problems
