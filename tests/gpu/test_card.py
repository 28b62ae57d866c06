"""Admission, workers and the ladder on a real card: what a simulated one cannot tell.

Nothing here is close to a limit of the card but where that is the point: sizes are shares of what it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hay_say_lab.engine.devices import Device, Reading
from hay_say_lab.engine.needs import PROVEN_STAGES, Subject
from hay_say_lab.engine.nvml import found_devices
from hay_say_lab.errors import OutOfMemory
from hay_say_lab.worker.meter import CUDA_CONTEXT_MB
from tests.gpu.conftest import Tell
from tests.gpu.hoarder import install
from tests.gpu.house import house

pytestmark = pytest.mark.gpu

FOREIGN = """
import sys, torch
held = torch.empty(int(sys.argv[1]) << 20, dtype=torch.uint8, device="cuda").fill_(1)
torch.cuda.synchronize()
print("ready", flush=True)
sys.stdin.read()
"""


def _card() -> Device:
    return next(device for device in found_devices() if device.kind == "cuda")


@contextlib.contextmanager
def _foreign(megabytes: int) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody else's process that holds so much of the card."""
    command = [sys.executable, "-c", FOREIGN, str(megabytes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def _until(card: Device, ours: list[int], happened: object, seconds: float = 30.0) -> float:
    """Look again and again; seconds until `happened(reading)`."""
    began = time.monotonic()
    while not happened(card.read(ours)):  # type: ignore[operator]
        assert time.monotonic() - began < seconds
        time.sleep(0.002)
    return time.monotonic() - began


def test_the_card_is_read_and_what_others_hold_is_not_ours_to_give(tell: Tell) -> None:
    """Twenty gigabytes of somebody else's count as foreign while they are held, and come back after a kill -9."""
    card = _card()
    before = card.read([])
    assert before.readable
    megabytes = int(min(20_000, before.budget_mb / 4))
    began = time.monotonic()
    with _foreign(megabytes) as process:
        seconds_to_hold = time.monotonic() - began
        held = card.read([])
        ours = card.read([process.pid])
        process.kill()
        process.wait()
        died = time.monotonic()
        _until(card, [], lambda r: r.foreign_mb - before.foreign_mb <= 0.1 * megabytes)
        seconds_back = time.monotonic() - died
    context_mb = held.foreign_mb - before.foreign_mb - megabytes
    assert 0 <= context_mb < 2000
    assert held.budget_mb < before.budget_mb - megabytes
    assert ours.readable, "the driver names processes"
    assert abs(ours.ours_mb[process.pid] - megabytes) < 2000
    assert ours.foreign_mb < before.foreign_mb + 200, "known as ours, it is not foreign"
    tell(
        "ledger", device=card.title, total_mb=round(before.total_mb), foreign_before_mb=round(before.foreign_mb),
        held_mb=megabytes, context_mb=round(context_mb), by_process_mb=round(ours.ours_mb[process.pid]),
        seconds_to_hold=round(seconds_to_hold, 2), seconds_back_after_kill=round(seconds_back, 3),
    )  # fmt: skip


def test_a_worker_computes_where_it_was_told_and_says_what_it_took(site: Path, tmp_path: Path, tell: Tell) -> None:
    install(site, "honest", 3000 + CUDA_CONTEXT_MB, 2000)

    async def check() -> None:
        async with house(tmp_path / "home") as home:
            first = await home.stage("honest", 3000, mb=2000, seconds=0.5)
            attendant = next(iter(home.pool.attendants.values()))
            usage = attendant.usage
            assert usage is not None
            shown = home.held_mb()
            subject = Subject.of("honest-3000", "cuda", 1.0)
            again = await home.stage("honest", 3000, mb=2000)
            measured = home.pool.needs.known(subject)
            need = home.pool.needs.amount(subject, 3000 + CUDA_CONTEXT_MB, 2000)
            chair = home.pool.seats.chairs[attendant.number]
            assert first.device == "cuda:0"
            assert first.report["context"] == first.report["voice"] == first.report["passing"] == "cuda:0"
            assert first.report["threads"] == home.pool.threads
            assert attendant.fingerprint["device"] == _card().title
            assert measured is not None
            assert measured.clean == 2
            assert abs(shown - usage.resident_mb) < 400, "what it told is what the card shows"
            assert again.seconds < first.seconds / 3, "the second stage found the voice loaded"
            tell(
                "worker", start_seconds=round(chair.start_seconds, 2), first_seconds=round(first.seconds, 2),
                load_seconds=round(attendant.load_seconds, 2), warm_seconds=round(again.seconds, 3),
                told_mb=round(usage.resident_mb), card_shows_mb=round(shown), peak_mb=round(usage.peak_mb),
                host_mb=round(usage.host_mb), declared_mb=round(3000 + CUDA_CONTEXT_MB + 2000),
                need_mb=round(need.memory_mb), context_mb=round(shown - usage.resident_mb + CUDA_CONTEXT_MB),
            )  # fmt: skip

    asyncio.run(check())


def test_a_torch_workers_cold_start(site: Path, tmp_path: Path, tell: Tell) -> None:
    install(site, "small", 200 + CUDA_CONTEXT_MB)

    async def check() -> None:
        starts, whole = [], []
        for turn in range(4):
            async with house(tmp_path / f"home{turn}") as home:
                told = await home.stage("small", 200)
                starts += [chair.start_seconds for chair in home.pool.seats.chairs.values()]
                whole.append(told.seconds)
        tell(
            "cold start", import_torch_seconds=[round(value, 2) for value in starts],
            until_done_with_card_seconds=[round(value, 2) for value in whole],
        )  # fmt: skip

    asyncio.run(check())


def test_an_idle_worker_ends_for_another_and_its_memory_is_seen_free_first(
    site: Path, tmp_path: Path, tell: Tell
) -> None:
    """Two voices of 60 % each: the second starts once the first has left, and the budget is never passed."""
    card = _card()
    budget_mb = card.read([]).budget_mb
    size_mb = int(0.6 * budget_mb / 1.1 - CUDA_CONTEXT_MB)
    install(site, "wide", size_mb + CUDA_CONTEXT_MB)

    async def check() -> None:
        most = 0.0
        stop = asyncio.Event()

        async with house(tmp_path / "home") as home:
            others = card.read([]).foreign_mb

            async def sample() -> None:
                nonlocal most
                while not stop.is_set():
                    reading = await asyncio.to_thread(card.read, [])
                    most = max(most, reading.foreign_mb - others)
                    await asyncio.sleep(0.01)

            sampling = asyncio.create_task(sample())
            first = await home.stage("wide", size_mb)
            (old,) = home.workers()
            began = time.monotonic()
            second = await home.stage("wide", size_mb + 1)
            changed = time.monotonic() - began
            (new,) = home.workers()
            stop.set()
            await sampling
            assert new != old
            assert first.device == second.device == "cuda:0"
            assert most <= 1.05 * budget_mb, "never above the budget"
            assert home.pool.leaked_mb["cuda:0"] == 0
            assert not os.path.exists(f"/proc/{old}")
            tell(
                "eviction", size_mb=size_mb, budget_mb=round(budget_mb), most_held_mb=round(most),
                seconds_from_ask_to_done=round(changed, 2), leaked_mb=0,
            )  # fmt: skip

    asyncio.run(check())


def test_a_card_serves_one_stage_at_a_time_until_they_are_known_well(site: Path, tmp_path: Path, tell: Tell) -> None:
    install(site, "left", 500 + CUDA_CONTEXT_MB)
    install(site, "right", 500 + CUDA_CONTEXT_MB)

    async def check() -> None:
        async with house(tmp_path / "home") as home:
            one, two = await asyncio.gather(home.stage("left", 500, seconds=0.5), home.stage("right", 500, seconds=0.5))
            assert one.ended <= two.began or two.ended <= one.began, "strangers do not share a card"
            assert "cuda:0 is at work for another stage" in one.waits | two.waits
            for _ in range(PROVEN_STAGES):
                for name in ("left", "right"):
                    await home.stage(name, 500)
            began = time.monotonic()
            one, two = await asyncio.gather(home.stage("left", 500, seconds=1.0), home.stage("right", 500, seconds=1.0))
            assert max(one.began, two.began) < min(one.ended, two.ended), "known ones do"
            tell("sharing", stages_before=PROVEN_STAGES + 1, two_together_seconds=round(time.monotonic() - began, 2))

    asyncio.run(check())


def test_what_runs_out_is_tried_once_more_alone_and_is_known_from_then_on(
    site: Path, tmp_path: Path, tell: Tell
) -> None:
    """It declares 2 GB and takes 60 % of the card, as much of which another one keeps warm."""
    budget_mb = _card().read([]).budget_mb
    large = int(0.6 * budget_mb)
    install(site, "warm", large + CUDA_CONTEXT_MB)
    install(site, "liar", 2000)

    async def check() -> None:
        async with house(tmp_path / "home") as home:
            await home.stage("warm", large)
            told = await home.stage("liar", 500, mb=large)
            assert told.device == "cuda:0"
            assert told.report["passing"] == "cuda:0"
            assert len(told.losses) == 1, told.losses
            assert "alone" in told.losses[0]
            assert [a.worker for a in home.pool.attendants.values() if a.alive] == ["liar"], "the warm one had to go"
            again = await home.stage("liar", 500, mb=large)
            await home.stage("warm", large)
            third = await home.stage("liar", 500, mb=large)
            assert again.losses == third.losses == []
            measured = home.pool.needs.known(Subject.of("liar-500", "cuda", 1.0))
            assert measured is not None
            tell(
                "out of memory", declared_mb=2000, took_mb=large + 500, first=told.losses[0],
                seconds_with_the_retry=round(told.seconds, 2), warm_seconds=round(again.seconds, 2),
                measured_mb=round(sum(measured.typical)),
            )  # fmt: skip

    asyncio.run(check())


def test_what_no_card_can_hold_goes_to_the_processor_where_that_is_allowed(
    site: Path, tmp_path: Path, tell: Tell
) -> None:
    too_much = int(1.5 * _card().read([]).total_mb)
    install(site, "giant", 1000)
    install(site, "proud", 1000, cpu=False)

    async def check() -> None:
        async with house(tmp_path / "home") as home:
            refused = await home.stage("giant", 100, mb=too_much)
            assert isinstance(refused.failure, OutOfMemory)
            assert refused.failure.problems[0].fix.patch[0]["path"] == "/cpu_fallback"
            assert len(refused.losses) == 1, "once more, alone, and then no more"
            allowed = await home.stage("giant", 101, mb=too_much, cpu_mb=50, cpu_fallback=True)
            assert allowed.device == "cpu"
            assert allowed.report["passing"] == allowed.report["voice"] == allowed.report["context"] == "cpu"
            assert len(allowed.losses) == 2
            unable = await home.stage("proud", 102, mb=too_much, cpu_fallback=True)
            assert isinstance(unable.failure, OutOfMemory), "it does not run on a processor at all"
            tell("fallback", refused=refused.failure.message, steps=allowed.losses, device=allowed.device)

    asyncio.run(check())


def test_a_worker_that_is_killed_leaves_nothing_on_the_card(site: Path, tmp_path: Path, tell: Tell) -> None:
    install(site, "doomed", 10_000 + CUDA_CONTEXT_MB)

    async def check() -> None:
        card = _card()
        async with house(tmp_path / "home") as home:
            before = card.read([])
            running = asyncio.create_task(home.stage("doomed", 10_000, seconds=60))
            while not (home.workers() and home.held_mb() > 9000):
                await asyncio.sleep(0.05)
            (pid,) = home.workers()
            os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            told = await running
            seconds = time.monotonic() - killed
            assert told.losses == ["it was killed by SIGKILL"]
            back: Reading = card.read([])
            lag = await asyncio.to_thread(_until, card, [], lambda r: r.foreign_mb - before.foreign_mb < 1000)
            assert not os.path.exists(f"/proc/{pid}")
            tell(
                "killed worker", seconds_until_known=round(seconds, 3), seconds_more_until_free=round(lag, 3),
                still_held_when_known_mb=round(back.foreign_mb - before.foreign_mb),
            )  # fmt: skip

    asyncio.run(check())
