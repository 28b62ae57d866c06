"""How many jobs a host takes, carries and ends through its REST API when many call at once."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.control_plane import _home, end_host
from benchmarks.figures import Figure

CLIENTS = 8
CACHED_JOBS = 600
MADE_JOBS = 200


def figures() -> Iterator[Figure]:
    """Life cycles (POST /jobs, queued, claimed, finished, each durable): first of jobs whose stages are all kept, so that no
    worker computes; then of jobs whose step does nothing, through real workers."""
    from hay_say_lab.client.api import Api
    from hay_say_lab.client.hosting import Hosting

    with _home() as home:
        api = Api(Hosting(home))
        seeds = itertools.count(1)
        _all_done(api, [_post(api, 0)])             # a worker is warm, and the kept result is there
        kept = _cycle_ms(api, [0] * CACHED_JOBS)
        made = _cycle_ms(api, [next(seeds) for _ in range(MADE_JOBS)])
        end_host(home)
    yield Figure("a job through REST, all of it kept", kept, "ms", None, f"{CACHED_JOBS} of the same request, {CLIENTS} "
                 f"clients: from the first POST to the last end, a job; {1000 / kept:.0f} jobs a second")  # fmt: skip
    yield Figure("a job through REST, made", made, "ms", None, f"{MADE_JOBS} no-op steps with their finish, {CLIENTS} clients: "
                 f"as above; {1000 / made:.0f} jobs a second")  # fmt: skip


def _cycle_ms(api: Any, seeds: list[int]) -> float:
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        jobs = list(clients.map(lambda seed: _post(api, seed), seeds))
    _all_done(api, jobs)
    return 1000 * (time.perf_counter() - began) / len(seeds)


def _post(api: Any, seed: int) -> str:
    body = {
        "steps": [{"task": "speak", "voice": "parrot:polly", "settings": {}}],
        "text": {"body": "polly", "language": None, "markup": "plain"},
        "seed": seed,
    }
    return str(api.post("/jobs", body)["id"])


def _all_done(api: Any, jobs: list[str]) -> None:
    """Raises AssertionError for a job that ended otherwise than well."""
    while api.get("/jobs", state=["queued", "running"], limit=1)["jobs"]:
        time.sleep(0.02)
    for job in jobs[:: max(1, len(jobs) // 20)]:
        state = api.get(f"/jobs/{job}")["state"]
        assert state == "succeeded", (job, state)
