"""Who may do what to whose: the matrix role x route x owner, one row a route (control_plane S10).

A route without a row fails, and so does a row without a route.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.service.identity import Role
from hay_say_lab.service.routes import ROUTES, Route
from tests.service.conftest import ADAM, ALICE, BOB, OLGA, Belongings, host_for_many
from tests.service.running_host import RunningHost, speak

IN, HIDDEN, FORBIDDEN, UNKNOWN = "let in", "as missing as none", "forbidden", "unknown"
OUTCOMES = {401: UNKNOWN, 403: FORBIDDEN, 404: HIDDEN}

# A caller and what it is to the thing that is asked for: alice's.
CALLERS: dict[str, str | None] = {
    "nobody": None,
    "a wrong token": "token-of-nobody",
    "its owner": ALICE,
    "another user": BOB,
    "an operator": OLGA,
    "an admin": ADAM,
}

Order = tuple[str, dict[str, Any] | None]       # path, JSON body
Ask = Callable[[Belongings], Order]


@dataclass(frozen=True)
class Row:
    """One route: how to ask for alice's thing, and who gets what."""

    ask: Ask
    owner: str
    another: str
    operator: str
    admin: str
    nobody: str = UNKNOWN

    def expected(self, caller: str) -> str:
        return {
            "nobody": self.nobody,
            "a wrong token": self.nobody,
            "its owner": self.owner,
            "another user": self.another,
            "an operator": self.operator,
            "an admin": self.admin,
        }[caller]


def everybody(path: str, document: dict[str, Any] | None = None, nobody: str = UNKNOWN) -> Row:
    """Nobody's in particular: each caller sees or makes its own."""
    return Row(lambda b: (path, document), IN, IN, IN, IN, nobody)


def owners(ask: Ask) -> Row:
    """Alice's: for all others it does not exist, whatever their role."""
    return Row(ask, IN, HIDDEN, HIDDEN, HIDDEN)


def operators(ask: Ask, others: str = IN) -> Row:
    """Not for users, even for their own."""
    return Row(ask, FORBIDDEN, FORBIDDEN, others, others)


PRESET = {"task": "speak", "architecture": "parrot", "settings": {"beeps": 2}}
VOICE = {"architecture": "parrot", "name": "mine"}

MATRIX: dict[tuple[str, str], Row] = {
    ("GET", "/health"): everybody("/health", nobody=IN),
    ("GET", "/ready"): everybody("/ready"),
    ("GET", "/metrics"): operators(lambda b: ("/metrics", None)),
    ("GET", "/doctor"): everybody("/doctor"),
    ("GET", "/openapi.json"): everybody("/openapi.json"),
    ("POST", "/preflight"): everybody("/preflight", {"steps": []}),
    ("POST", "/jobs"): everybody("/jobs", speak(lane="batch", settings={"tune": "x" * 100})),
    ("GET", "/jobs"): everybody("/jobs"),
    ("GET", "/jobs/{job}"): owners(lambda b: (f"/jobs/{b.failed}", None)),
    # an operator may stop anybody's job
    ("POST", "/jobs/{job}/cancel"): Row(lambda b: (f"/jobs/{b.cancelled}/cancel", None), IN, HIDDEN, IN, IN),
    ("POST", "/jobs/{job}/retry"): owners(lambda b: (f"/jobs/{b.cancelled}/retry", None)),
    ("POST", "/jobs/{job}/release"): operators(lambda b: (f"/jobs/{b.cancelled}/release", None)),
    ("POST", "/jobs/{job}/pin"): owners(lambda b: (f"/jobs/{b.failed}/pin", None)),
    ("POST", "/jobs/{job}/unpin"): owners(lambda b: (f"/jobs/{b.failed}/unpin", None)),
    ("DELETE", "/jobs/{job}/result"): owners(lambda b: (f"/jobs/{b.cancelled}/result", None)),
    ("GET", "/storage"): everybody("/storage"),
    ("POST", "/storage/plan"): operators(lambda b: ("/storage/plan", {})),
    ("POST", "/storage/prune"): operators(lambda b: ("/storage/prune", {"disk_floor_mb": 0})),
    ("PUT", "/storage/budgets"): operators(lambda b: ("/storage/budgets", {})),
    ("POST", "/storage/backup"): operators(lambda b: ("/storage/backup", {})),
    ("POST", "/storage/fsck"): operators(lambda b: ("/storage/fsck", {})),
    ("POST", "/batches"): everybody("/batches", {"name": "mine", "requests": [speak(lane="batch")]}),
    ("GET", "/batches"): everybody("/batches"),
    ("GET", "/batches/{batch}"): owners(lambda b: (f"/batches/{b.batch}", None)),
    ("GET", "/batches/{batch}/rows"): owners(lambda b: (f"/batches/{b.batch}/rows", None)),
    ("POST", "/batches/{batch}/cancel"): owners(lambda b: (f"/batches/{b.batch}/cancel", None)),
    ("POST", "/batches/{batch}/retry"): owners(lambda b: (f"/batches/{b.batch}/retry", None)),
    ("POST", "/clips"): everybody("/clips"),
    ("GET", "/clips/{sha256}"): owners(lambda b: (f"/clips/{b.clip}", None)),
    # a result of hers needs it: she hears 409
    ("DELETE", "/clips/{sha256}"): owners(lambda b: (f"/clips/{b.clip}", None)),
    ("GET", "/clips/{sha256}/report"): owners(lambda b: (f"/clips/{b.clip}/report", None)),
    ("GET", "/measures"): everybody("/measures"),
    ("POST", "/measure"): owners(lambda b: ("/measure", {"clip": b.artifact, "against": b.clip, "measures": ["level_difference_lu"]})),
    ("POST", "/uploads"): everybody("/uploads", {"bytes": 10}),
    ("GET", "/uploads/{upload}"): owners(lambda b: (f"/uploads/{b.upload}", None)),
    ("HEAD", "/uploads/{upload}"): owners(lambda b: (f"/uploads/{b.upload}", None)),
    ("PATCH", "/uploads/{upload}"): owners(lambda b: (f"/uploads/{b.upload}", None)),
    # one that was taken back already, so that the common one stays
    ("DELETE", "/uploads/{upload}"): Row(lambda b: (f"/uploads/{b.taken_back}", None), HIDDEN, HIDDEN, HIDDEN, HIDDEN),
    ("GET", "/artifacts/{sha256}"): owners(lambda b: (f"/artifacts/{b.artifact}", None)),
    ("HEAD", "/artifacts/{sha256}"): owners(lambda b: (f"/artifacts/{b.artifact}", None)),
    ("GET", "/artifacts/{sha256}/export"): owners(lambda b: (f"/artifacts/{b.artifact}/export", None)),
    ("HEAD", "/artifacts/{sha256}/export"): owners(lambda b: (f"/artifacts/{b.artifact}/export", None)),
    ("GET", "/recipes/{recipe}"): owners(lambda b: (f"/recipes/{b.recipe}", None)),
    ("GET", "/voices"): everybody("/voices"),
    # made from a recording of alice's: operators may make voices, but not of what is not theirs
    ("POST", "/voices"): operators(lambda b: ("/voices", VOICE | {"reference": b.clip}), others=HIDDEN),
    ("GET", "/voices/{voice}"): everybody("/voices/parrot:polly"),
    ("DELETE", "/voices/{voice}"): operators(lambda b: ("/voices/parrot:polly", None)),
    ("PUT", "/voices/{voice}/marks"): everybody("/voices/parrot:polly/marks", {"tags": ["mine"]}),
    ("GET", "/voices/{voice}/sample"): everybody("/voices/parrot:polly/sample"),
    ("GET", "/voices/{voice}/pack"): operators(lambda b: ("/voices/parrot:polly/pack", None)),
    ("PUT", "/voices/{voice}/provenance"): operators(lambda b: ("/voices/parrot:polly/provenance", {"source": "me"})),
    ("POST", "/voices/{voice}/approve"): operators(lambda b: ("/voices/parrot:polly/approve", {"reason": "I say so"})),
    ("POST", "/voices/{voice}/withdraw"): operators(lambda b: ("/voices/parrot:polly/withdraw", None)),
    ("GET", "/voices/{voice}/removal"): operators(lambda b: ("/voices/parrot:polly/removal", None)),
    # nothing of this name lies in the trash
    ("POST", "/voices/{voice}/restore"): operators(lambda b: ("/voices/parrot:polly/restore", None), HIDDEN),
    ("GET", "/assets"): everybody("/assets"),
    ("GET", "/assets/{asset}"): everybody("/assets/hubert-base"),
    # there is no asset of this name
    ("DELETE", "/assets/{asset}"): operators(lambda b: ("/assets/nothing", None), HIDDEN),
    ("GET", "/assets/{asset}/removal"): operators(lambda b: ("/assets/nothing/removal", None), HIDDEN),
    ("POST", "/assets/{asset}/restore"): operators(lambda b: ("/assets/nothing/restore", None), HIDDEN),
    ("GET", "/trash"): operators(lambda b: ("/trash", None)),
    ("DELETE", "/trash"): operators(lambda b: ("/trash", None)),
    ("GET", "/presets"): everybody("/presets"),
    ("GET", "/presets/{preset}"): owners(lambda b: ("/presets/of-alice", None)),
    ("PUT", "/presets/{preset}"): everybody("/presets/mine", PRESET),
    ("DELETE", "/presets/{preset}"): owners(lambda b: ("/presets/of-alice-too", None)),
    ("POST", "/presets/{preset}/apply"): owners(lambda b: ("/presets/of-alice/apply", {"voice": "parrot:polly"})),
    ("GET", "/dictionaries"): everybody("/dictionaries"),
    ("GET", "/dictionaries/{dictionary}"): owners(lambda b: ("/dictionaries/of-alice", None)),
    # everybody writes under names of their own, and never over another's
    ("PUT", "/dictionaries/{dictionary}"): everybody("/dictionaries/mine", {"entries": [{"word": "LA", "alias": "ell ay"}]}),
    ("DELETE", "/dictionaries/{dictionary}"): owners(lambda b: ("/dictionaries/of-alice-too", None)),
    ("POST", "/imports"): operators(lambda b: ("/imports", {"source": "/nowhere/at/all"})),
    ("GET", "/imports"): operators(lambda b: ("/imports", None)),
    ("POST", "/imports/plan"): operators(lambda b: ("/imports/plan", {"source": "/nowhere/at/all"})),
    ("GET", "/imports/{import}"): operators(lambda b: ("/imports/01NOBODY", None), HIDDEN),
    ("POST", "/imports/{import}/cancel"): operators(lambda b: ("/imports/01NOBODY/cancel", None), HIDDEN),
    ("POST", "/imports/{import}/retry"): operators(lambda b: ("/imports/01NOBODY/retry", None), HIDDEN),
    ("GET", "/architectures"): everybody("/architectures"),
    ("GET", "/controls"): everybody("/controls"),
    ("GET", "/events"): everybody("/events"),
    ("GET", "/workers"): everybody("/workers"),
    # no worker has this number: an operator is let in and told so
    ("POST", "/workers/{worker}/pin"): operators(lambda b: ("/workers/999999/pin", None), HIDDEN),
    ("POST", "/workers/{worker}/unpin"): operators(lambda b: ("/workers/999999/unpin", None), HIDDEN),
    ("POST", "/workers/{worker}/eject"): operators(lambda b: ("/workers/999999/eject", None), HIDDEN),
    ("GET", "/lanes"): everybody("/lanes"),
    ("POST", "/lanes/{lane}/pause"): operators(lambda b: ("/lanes/maintenance/pause", None)),
    ("POST", "/lanes/{lane}/resume"): operators(lambda b: ("/lanes/maintenance/resume", None)),
    ("GET", "/audit"): operators(lambda b: ("/audit", None)),
    ("GET", "/audit/verify"): Row(lambda b: ("/audit/verify", None), FORBIDDEN, FORBIDDEN, FORBIDDEN, IN),
    # an admin's drain is asked of a host of its own, below
    ("POST", "/drain"): Row(lambda b: ("/drain", None), FORBIDDEN, FORBIDDEN, FORBIDDEN, IN),
}


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _outcome(host: RunningHost, method: str, order: Order, token: str | None) -> str:
    path, document = order
    status = host.call(method, path, document, token=token).status
    assert status < 500
    return OUTCOMES.get(status, IN)


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    assert set(MATRIX) == {(route.method, route.path) for route in ROUTES}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ROUTES, ids=_name)
def test_the_matrix_holds(route: Route, caller: str, host: RunningHost, belongings: Belongings, tmp_path: Path) -> None:
    row = MATRIX[route.method, route.path]
    if route.path == "/drain" and caller == "an admin":
        mine = host_for_many(tmp_path)
        assert _outcome(mine, route.method, row.ask(belongings), ADAM) == IN
        mine.process.wait(30)
        return
    assert _outcome(host, route.method, row.ask(belongings), CALLERS[caller]) == row.expected(caller)


def test_the_table_and_the_matrix_agree_on_who_needs_which_role() -> None:
    """The route table's roles are what the matrix shows: nobody below a route's role is let in."""
    for route in ROUTES:
        row = MATRIX[route.method, route.path]
        lowest = {Role.ANYONE: row.nobody, Role.USER: row.owner, Role.OPERATOR: row.operator, Role.ADMIN: row.admin}
        assert lowest[route.role] in (IN, HIDDEN), _name(route)
        below = {Role.USER: row.nobody, Role.OPERATOR: row.owner, Role.ADMIN: row.operator}
        assert route.role is Role.ANYONE or below[route.role] in (UNKNOWN, FORBIDDEN), _name(route)


def test_every_verb_of_every_handler_is_in_the_table() -> None:
    """A verb that a handler has and the table has not would be refused with 405: dead code, or a forgotten row."""
    verbs = ("get", "head", "post", "put", "patch", "delete", "options")
    for handler in {route.handler for route in ROUTES}:
        written = {
            verb.upper() for cls in inspect.getmro(handler) if cls.__module__.startswith("hay_say_lab")
            for verb in verbs if verb in vars(cls)
        }  # fmt: skip
        listed = {route.method for route in ROUTES if route.handler is handler}
        assert written == listed, handler.__name__


def test_lists_and_events_show_only_ones_own(host: RunningHost, belongings: Belongings) -> None:
    for token, sees in ((ALICE, True), (BOB, False), (OLGA, False), (ADAM, False)):
        jobs = [job["id"] for job in host.call("GET", "/jobs?limit=500", token=token).json()["jobs"]]
        events = host.call("GET", "/events?after=0", token=token).json()["events"]
        asked = host.call("GET", f"/events?after=0&job={belongings.failed}", token=token).json()["events"]
        assert (belongings.failed in jobs) == sees
        assert (belongings.failed in {event["job"] for event in events}) == sees
        assert bool(asked) == sees


def test_anothers_clip_cannot_be_worked_on(host: RunningHost, belongings: Belongings) -> None:
    from tests.service.running_host import convert

    problems = host.call("POST", "/preflight", convert(belongings.clip), token=BOB).json()["problems"]
    never_sent = host.call("POST", "/preflight", convert("0" * 64), token=BOB).json()["problems"]
    assert [problem["field"] for problem in problems] == ["clip"]
    assert problems[0]["message"].replace(belongings.clip[:12], "") == never_sent[0]["message"].replace("0" * 12, "")
    assert host.call("POST", "/jobs", convert(belongings.clip), token=BOB).status == 422


def test_who_sends_the_same_file_has_it_under_their_own_name(host: RunningHost) -> None:
    """Equal content is kept once, but one person's label is never told to another."""
    from tests.service.sounds import encoded, tone

    content = encoded(tone(0.61))           # of its own: what bob sends is his, too
    hers = host.send_clip(content, label="hers.wav", token=ALICE).json()
    his = host.send_clip(content, label="bobs.wav", token=BOB).json()
    assert his["sha256"] == hers["sha256"]
    assert his["label"] == "bobs.wav"
    assert host.call("GET", f"/clips/{hers['sha256']}", token=ALICE).json()["label"] == "hers.wav"


def test_no_header_names_an_owner(host: RunningHost, belongings: Belongings) -> None:
    claims = {"X-Forwarded-User": "alice", "Remote-User": "alice", "X-Hay-Say-Owner": "alice", "Cookie": "owner=alice"}
    assert host.call("GET", f"/jobs/{belongings.failed}", token=BOB, headers=claims).status == 404
    assert host.call("GET", "/jobs", token=None, headers=claims).status == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "token token-of-alice", "Bearer token-of-alice x"])
def test_half_a_token_is_none(header: str, host: RunningHost) -> None:
    reply = host.call("GET", "/jobs", token=None, headers={"Authorization": header})
    assert reply.status == 401
    assert reply.error["code"] == "unauthorized"
    assert reply.headers["www-authenticate"] == "Bearer"
