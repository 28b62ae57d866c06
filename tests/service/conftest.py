"""One host for all tests of the REST surface, with people of every role on it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine.shelves import brought, brought_asset, open_shelf
from tests.service.running_host import RunningHost, convert, speak, start_host
from tests.service.sounds import encoded, tone

# name -> (token, role); the names are the owners.
PEOPLE = {
    "alice": ("token-of-alice", "user"),
    "bob": ("token-of-bob", "user"),
    "olga": ("token-of-olga", "operator"),
    "adam": ("token-of-adam", "admin"),
}
KEPT = "parrot:kept"
ALICE, BOB, OLGA, ADAM = (token for token, _ in PEOPLE.values())


@dataclass(frozen=True)
class Belongings:
    """What alice has on the host."""

    succeeded: dict[str, Any]
    failed: str
    quarantined: str
    cancelled: str
    batch: str
    clip: str
    upload: str
    taken_back: str
    artifact: str
    recipe: str


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    made = host_for_many(tmp_path_factory.mktemp("service"))
    yield made
    made.end()


@pytest.fixture(scope="session")
def belongings(host: RunningHost) -> Belongings:
    clip = str(host.send_clip(encoded(tone()), token=ALICE).json()["sha256"])
    uploads = [str(host.call("POST", "/uploads", {"bytes": 1000}, token=ALICE).json()["id"]) for _ in range(2)]
    assert host.call("DELETE", f"/uploads/{uploads[1]}", token=ALICE).status == 200
    for name in ("of-alice", "of-alice-too"):
        words = {"entries": [{"word": "LA", "alias": "Los Angeles"}]}
        assert host.call("PUT", f"/dictionaries/{name}", words, token=ALICE).status == 200
        preset = {"task": "speak", "architecture": "parrot", "settings": {"beeps": 2}}
        assert host.call("PUT", f"/presets/{name}", preset, token=ALICE).status == 200
    jobs = {
        name: host.submit(request, token=ALICE)
        for name, request in {
            "succeeded": convert(clip),
            "failed": speak(settings={"crash": "raise"}),
            "quarantined": speak(settings={"crash": "exit"}),
            "cancelled": speak(settings={"seconds_of_work": 600}),
        }.items()
    }
    assert host.call("POST", f"/jobs/{jobs['cancelled']}/cancel", token=ALICE).status == 200
    order = {"name": "of-alice", "requests": [speak(), speak()]}
    assert host.call("POST", "/batches", order, token=ALICE).json()["rows"] == 2
    ended = {name: host.ended(job, token=ALICE) for name, job in jobs.items()}
    assert {name: job["state"] for name, job in ended.items()} == {name: name for name in jobs}
    done = ended["succeeded"]
    return Belongings(
        succeeded=done,
        failed=jobs["failed"],
        quarantined=jobs["quarantined"],
        cancelled=jobs["cancelled"],
        batch="of-alice",
        clip=clip,
        upload=uploads[0],
        taken_back=uploads[1],
        artifact=done["artifact"],
        recipe=done["recipe"],
    )


def host_for_many(folder: Any) -> RunningHost:
    """A host that knows everybody of PEOPLE, with an asset that nobody needs, and a voice that has files."""
    asyncio.run(open_shelf(folder / "home").settle_asset(*brought_asset(folder / "home", kind="for_tests")))
    asyncio.run(open_shelf(folder / "home").settle(*brought(folder / "home", KEPT)))
    file = folder / "tokens.json"
    file.write_text(
        json.dumps(
            {
                hashlib.sha256(token.encode()).hexdigest(): {"owner": name, "role": role}
                for name, (token, role) in PEOPLE.items()
            }
        )
    )
    file.chmod(0o600)
    return start_host(folder / "home", HAY_SAY_TOKENS=str(file))
