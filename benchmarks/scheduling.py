"""One real-time run of what the virtual clock promises: previews beside renders that want everything."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator

from benchmarks.control_plane import _home, end_host
from benchmarks.figures import Figure, percentile, spread_of

SECONDS = 75.0
WORDS, RENDER_SECONDS = 8, 20.0         # of a render: a piece a word
YIELD_SECONDS = RENDER_SECONDS / WORDS


def figures() -> Iterator[Figure]:
    from hay_say_lab.client.api import Api
    from hay_say_lab.client.hosting import Hosting

    draw = random.Random(7)
    with _home() as home:
        api = Api(Hosting(home))
        api.post("/jobs", _body("warm", "interactive", 0.0))
        for number in range(24):
            api.post("/jobs", _body(" ".join(f"word{number}x{word}" for word in range(WORDS)), "batch", RENDER_SECONDS))
        began, previews = time.monotonic(), []
        while time.monotonic() - began < SECONDS:
            time.sleep(min(draw.expovariate(1 / 4.0), 12.0))
            previews.append(api.post("/jobs", _body(f"preview {len(previews)}", "interactive", 1.0))["id"])
        waits, worked = _story(api, previews)
        for job in api.get("/jobs", limit=100)["jobs"]:
            if job["state"] in ("queued", "running"):
                with contextlib.suppress(Exception):
                    api.post(f"/jobs/{job['id']}/cancel", {})
        end_host(home)
    yield Figure(
        "a preview's wait beside renders, real time", percentile(waits, 0.95), "s", 2 * YIELD_SECONDS,
        f"p95, one piece is {YIELD_SECONDS:g} s, all places taken by renders; goal: two pieces", spread_of(waits),
    )  # fmt: skip
    yield Figure("previews of that run", float(len(worked)), "done", None, "each one second of computing")


def _story(api: object, jobs: list[str]) -> tuple[list[float], list[float]]:
    """Seconds that each preview's step waited, and took."""
    waits, worked = [], []
    for job in jobs:
        deadline = time.monotonic() + 60
        while api.get(f"/jobs/{job}")["state"] != "succeeded" and time.monotonic() < deadline:  # type: ignore[attr-defined]
            time.sleep(0.1)
        events = api.get("/events", job=job, after=0)["events"]  # type: ignore[attr-defined]
        done = next(event["body"] for event in events if event["kind"] == "stage_done")
        waits.append(float(done["waited_seconds"]))
        worked.append(float(done["seconds"]))
    return waits, worked


def _body(text: str, lane: str, seconds: float) -> dict[str, object]:
    return {
        "steps": [{"task": "speak", "voice": "parrot:polly", "settings": {"seconds_of_work": seconds}}],
        "text": {"body": text, "language": None, "markup": "plain"},
        "lane": lane,
        "seed": 7,
        "fresh": True,
    }
