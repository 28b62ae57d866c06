"""What a shared and a public host refuse: changes of the library by whom the table does not name, and voices of unknown origin."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.profile import SETTING
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.service.identity import Role
from hay_say_lab.service.routes import ROUTES, Route
from tests.service.conftest import ADAM, ALICE, BOB, OLGA, PEOPLE
from tests.service.running_host import RunningHost, speak, start_host, until

LIBRARY = [route for route in ROUTES if route.library]
COMPLETE = {"source": "a book", "licence": "CC0-1.0", "consent": "given"}
GAPS = {"nameless": {}, "unlicensed": {"source": "a book", "consent": "given"}, "unwilling": COMPLETE | {"consent": "denied"}}


def _host(folder: Path, profile: str) -> RunningHost:
    """A host whose registry holds voices of the parrot's from unknown, half known and unwilling people."""
    tokens = folder / "tokens.json"
    people = {hashlib.sha256(t.encode()).hexdigest(): {"owner": name, "role": role} for name, (t, role) in PEOPLE.items()}
    tokens.write_text(json.dumps(people))
    tokens.chmod(0o600)
    registry = folder / "home" / "registry"
    registry.mkdir(parents=True)
    with open_documents(registry / "voices.json") as documents:
        for name, known in (GAPS | {"known": COMPLETE}).items():
            provenance = Provenance(**known)        # type: ignore[arg-type]
            voice = Voice(f"parrot:{name}", "parrot", name, hashlib.sha256(name.encode()).hexdigest(), False, provenance=provenance)
            documents.table("voices").insert(voice.as_json())
    return start_host(folder / "home", HAY_SAY_TOKENS=str(tokens), **{SETTING: profile})


@pytest.fixture(scope="module", params=["shared", "public"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    made = _host(tmp_path_factory.mktemp(request.param), request.param)
    yield made
    made.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    made = _host(tmp_path_factory.mktemp("shared-alone"), "shared")
    yield made
    made.end()


def _profile(host: RunningHost) -> str:
    lines = host.call("GET", "/doctor", token=ALICE).json()["lines"]
    return str(next(line["finding"] for line in lines if line["name"] == "profile"))


def _ask(host: RunningHost, route: Route, token: str | None) -> int:
    """The route's own path with ids that nobody has: whoever is let in is told so (404), or that the body is wrong (422)."""
    ids = {"{voice}": "parrot:nobody"}
    path = "/".join(ids.get(part, "none" if part.startswith("{") else part) for part in route.path.split("/"))
    return host.call(route.method, path, {} if route.json_body else None, token=token).status


@pytest.mark.parametrize("route", LIBRARY, ids=lambda route: f"{route.method} {route.path}")
def test_the_library_is_changed_by_operators_where_the_profile_lets_them_and_never_by_users(
    route: Route, guarded: RunningHost
) -> None:
    frozen = _profile(guarded).startswith("public")
    assert route.role >= Role.OPERATOR
    assert _ask(guarded, route, None) == 401
    assert {_ask(guarded, route, token) for token in (ALICE, BOB)} == {403}
    for token in (OLGA, ADAM):
        assert (_ask(guarded, route, token) == 403) == frozen


def test_what_changes_voices_assets_or_imports_is_marked_in_the_table() -> None:
    changing = [
        route for route in ROUTES
        if route.method not in ("GET", "HEAD") and route.path.split("/")[1] in ("voices", "assets", "imports")
        and route.role >= Role.OPERATOR and not route.path.endswith("/cancel")      # who stops an import changes nothing
    ]  # fmt: skip
    assert changing
    assert [f"{route.method} {route.path}" for route in changing if not route.library] == []


@pytest.mark.parametrize("name", GAPS)
def test_a_voice_of_unknown_origin_serves_nobody_and_preflight_says_what_is_missing(name: str, guarded: RunningHost) -> None:
    request = speak() | {"steps": [{"task": "speak", "voice": f"parrot:{name}"}]}
    (problem,) = guarded.call("POST", "/preflight", request, token=ADAM).json()["problems"]
    assert problem["field"] == "steps.0.voice"
    said = {"nameless": "source and licence and consent", "unlicensed": "licence is not known", "unwilling": "did not agree"}
    assert said[name] in problem["message"]
    assert problem["fix"]["label"]

    assert guarded.call("POST", "/jobs", request, token=ALICE).status == 422
    assert guarded.call("GET", f"/voices/parrot:{name}/sample", token=ALICE).status == 403, "not even a sample"

    rows = guarded.call("GET", f"/audit?action=deny&subject=parrot:{name}", token=ADAM).json()["entries"]
    assert [row["actor"] for row in rows] == ["alice"]


def test_a_voice_whose_origin_is_known_serves(guarded: RunningHost) -> None:
    request = speak() | {"steps": [{"task": "speak", "voice": "parrot:known"}]}
    assert guarded.call("POST", "/preflight", request, token=ALICE).json()["problems"] == []


def _problems(host: RunningHost, voice: str) -> list[dict[str, Any]]:
    request = speak() | {"steps": [{"task": "speak", "voice": voice}]}
    return list(host.call("POST", "/preflight", request, token=ALICE).json()["problems"])


def test_an_operator_approves_with_a_reason_and_takes_it_back(shared: RunningHost) -> None:
    place = "/voices/parrot:nameless"
    assert shared.call("POST", f"{place}/approve", {"reason": "  "}, token=OLGA).status == 422
    approved = shared.call("POST", f"{place}/approve", {"reason": "our own\nrecording"}, token=OLGA).json()
    assert approved["provenance_state"] == "approved"
    assert (approved["approval"]["by"], approved["approval"]["reason"]) == ("olga", "our own\nrecording")
    assert _problems(shared, "parrot:nameless") == []

    assert shared.call("POST", f"{place}/withdraw", token=OLGA).json()["provenance_state"] == "missing:source,licence,consent"
    assert len(_problems(shared, "parrot:nameless")) == 1
    rows = shared.call("GET", "/audit?subject=parrot:nameless", token=OLGA).json()["entries"]
    assert [row["action"] for row in rows if row["action"] != "deny"] == ["withdraw", "approve"]


def test_nobody_approves_what_somebody_denied_or_what_lacks_nothing(shared: RunningHost) -> None:
    for voice in ("parrot:unwilling", "parrot:known", "parrot:polly"):
        assert shared.call("POST", f"/voices/{voice}/approve", {"reason": "please"}, token=ADAM).status == 409


def test_provenance_is_completed_and_an_approval_on_other_grounds_falls(shared: RunningHost) -> None:
    place = "/voices/parrot:unlicensed"
    shared.call("POST", f"{place}/approve", {"reason": "for now"}, token=OLGA)
    changed = shared.call("PUT", f"{place}/provenance", COMPLETE | {"licence": "CC-BY-NC-4.0"}, token=OLGA).json()
    assert (changed["provenance_state"], changed["approval"], changed["commercial_use"]) == ("complete", None, "no")
    assert _problems(shared, "parrot:unlicensed") == []
    sold = shared.call("GET", "/voices?commercial_use=yes", token=ALICE).json()["voices"]
    assert "parrot:known" in {voice["id"] for voice in sold}
    assert "parrot:unlicensed" not in {voice["id"] for voice in sold}
    assert shared.call("GET", "/voices?commercial_use=maybe", token=ALICE).status == 422
    assert shared.call("PUT", f"{place}/provenance", COMPLETE | {"consent": "perhaps"}, token=OLGA).status == 422
    assert shared.call("PUT", f"{place}/provenance", {"source": "x" * 5000}, token=OLGA).status == 422
    assert shared.call("PUT", "/voices/parrot:polly/provenance", COMPLETE, token=OLGA).status == 409


def test_an_approval_that_is_withdrawn_while_a_job_waits_counts(shared: RunningHost) -> None:
    place = "/voices/parrot:nameless"
    shared.call("POST", f"{place}/approve", {"reason": "for now"}, token=OLGA)
    shared.call("POST", "/lanes/batch/pause", token=OLGA)
    request = speak(lane="batch", fresh=True) | {"steps": [{"task": "speak", "voice": "parrot:nameless"}]}
    job = shared.submit(request, token=ALICE)
    shared.call("POST", f"{place}/withdraw", token=OLGA)
    shared.call("POST", "/lanes/batch/resume", token=OLGA)
    ended = shared.ended(job, token=ALICE)
    assert (ended["state"], ended["error"]["code"]) == ("failed", "voice_not_served")

    def told() -> list[Any]:
        rows = shared.call("GET", "/audit?action=deny&subject=parrot:nameless", token=OLGA).json()["entries"]
        return [row for row in rows if row["detail"].get("job") == job]

    assert until(told, 10, "the refusal is in the log")
