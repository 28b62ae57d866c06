"""The OpenAPI document is true: served, valid, complete, and kept by every answer that schemathesis can provoke."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hay_say_lab.service.identity import Role
from hay_say_lab.service.openapi import document
from hay_say_lab.service.routes import PREFIX, ROUTES, Route
from tests.service.conftest import ALICE, OLGA, Belongings
from tests.service.running_host import RunningHost, speak

DOCUMENT: dict[str, Any] = json.loads(document())
# What it would end is not asked of the common host; a poll that waits proves nothing more than one that does not.
EVERYTHING = schemathesis.openapi.from_dict(DOCUMENT)
TAKING = ("/drain", "/storage/prune", "/storage/budgets")       # the host itself, or what the other tests stand on
SCHEMA = EVERYTHING.exclude(path=[PREFIX + path for path in TAKING])
AS_ALICE = {"Authorization": f"Bearer {ALICE}"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def _operation(route: Route) -> dict[str, Any]:
    return DOCUMENT["paths"][PREFIX + route.path][route.method.lower()]


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


@SCHEMA.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_call_breaks_the_host_and_every_answer_is_as_declared(case: schemathesis.Case, host: RunningHost) -> None:
    if case.query and "wait" in case.query:
        case.query["wait"] = 0
    case.call_and_validate(
        base_url=host.record.url, headers={"Authorization": f"Bearer {OLGA}"}, timeout=30, checks=CHECKS
    )


def test_the_document_is_served_as_it_is_made(host: RunningHost) -> None:
    reply = host.call("GET", "/openapi.json")
    assert reply.json() == DOCUMENT
    assert DOCUMENT["openapi"].startswith("3.1")
    assert DOCUMENT["info"]["title"]


def test_every_route_is_in_the_document_and_nothing_else(host: RunningHost) -> None:
    written = {(verb.upper(), path) for path, verbs in DOCUMENT["paths"].items() for verb in verbs}
    assert written == {(route.method, PREFIX + route.path) for route in ROUTES}
    ids = [_operation(route)["operationId"] for route in ROUTES]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("route", ROUTES, ids=_name)
def test_every_code_that_a_route_declares_is_documented_with_the_one_error_shape(route: Route) -> None:
    responses = _operation(route)["responses"]
    assert str(route.status) in responses
    assert {str(code) for code in route.errors} <= set(responses)
    for code, answer in responses.items():
        if int(code) >= 400:
            (schema,) = [content["schema"] for content in answer["content"].values()]
            assert schema == {"$ref": "#/components/schemas/ErrorView"}, (code, schema)
    assert "401" in responses or route.path == "/health"


@pytest.mark.parametrize("route", ROUTES, ids=_name)
def test_every_code_that_a_route_gives_to_the_obvious_mistakes_is_documented(route: Route, host: RunningHost) -> None:
    """No token, a foreign name, a page, a wrong kind of body, a thing that is not there."""
    path = re.sub(r"{\w+}", "nothing", route.path)
    form = {"Content-Type": "text/plain"}
    seen = {
        host.call(route.method, path, token=None).status,
        host.call(route.method, path, headers={"Host": "evil.test"}).status,
        host.call(route.method, path, headers={"Origin": "null"}, token=ALICE).status,
        host.call(route.method, path, body=b"x", headers=form, token=ALICE).status,
        host.call(route.method, path, token=ALICE).status,
    }
    assert {str(status) for status in seen} <= set(_operation(route)["responses"])


def test_every_reference_leads_somewhere() -> None:
    references = set(re.findall(r'"\$ref":\s*"#/components/schemas/([^"]+)"', json.dumps(DOCUMENT)))
    assert references == set(DOCUMENT["components"]["schemas"])


def test_a_body_refuses_what_it_does_not_name() -> None:
    for name in ("Request", "RequestText", "Step", "VoiceOrder", "Provenance"):
        assert DOCUMENT["components"]["schemas"][name]["additionalProperties"] is False


def test_real_answers_are_as_declared(host: RunningHost, belongings: Belongings) -> None:
    """Schemathesis guesses ids; these are real ones."""
    names = {
        "job": belongings.succeeded["id"], "recipe": belongings.recipe, "voice": "parrot:polly",
        "batch": belongings.batch, "upload": belongings.upload, "dictionary": "of-alice",
        "asset": "hubert-base", "preset": "of-alice",
    }  # fmt: skip
    for route in ROUTES:
        if route.method == "GET" and route.role <= Role.USER:
            sha256 = belongings.clip if route.path.startswith("/clips") else belongings.artifact
            case = EVERYTHING[PREFIX + route.path]["GET"].Case(path_parameters={**names, "sha256": sha256})
            assert _answer(case, host).status_code == 200
    for path, request, status in (("/jobs", speak("one"), 201), ("/preflight", speak(""), 200), ("/jobs", speak(""), 422)):
        case = EVERYTHING[PREFIX + path]["POST"].Case(body=request, media_type="application/json")
        assert _answer(case, host).status_code == status


def test_an_answer_that_is_not_as_declared_would_be_found(host: RunningHost) -> None:
    case = EVERYTHING[f"{PREFIX}/health"]["GET"].Case()
    answer = case.call(base_url=host.record.url)
    answer.content = answer.content.replace(b'"status"', b'"condition"')
    with pytest.raises(FailureGroup):
        case.validate_response(answer, checks=CHECKS)


def _answer(case: schemathesis.Case, host: RunningHost) -> schemathesis.Response:
    return case.call_and_validate(base_url=host.record.url, headers=AS_ALICE, timeout=30, checks=CHECKS)
