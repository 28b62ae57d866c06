"""Who has filled their quota with what nothing may remove gets no more jobs; whoever else does."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy
import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.request import Request, Step
from hay_say_lab.domain.retention import DAY_SECONDS
from hay_say_lab.engine.owner_quota import OwnerQuota
from hay_say_lab.errors import QuotaFull
from hay_say_lab.storage import uses
from tests.engine.laboratory import POLLY, Laboratory, laboratory, say

MEGABYTE_AND_MORE = 0.3 * numpy.sin(numpy.arange(600_000) / 20).astype(numpy.float32)       # 1.2 million bytes in 16 bits


def _with_quota(lab: Laboratory, quota_mb: int) -> None:
    lab.engine.intake.quota = OwnerQuota(lab.store, lab.objects, lambda: quota_mb).check


async def test_a_job_is_refused_where_the_quota_is_full_of_recordings_of_today(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(MEGABYTE_AND_MORE)
        _with_quota(lab, 1)

        with pytest.raises(QuotaFull, match="1.1 MB; your quota is 1 MB") as refused:
            await lab.submit(say())
        assert (refused.value.code, refused.value.status, refused.value.retry) == ("quota_full", 507, "after_fix")
        (problem,) = await lab.engine.intake.quota_problems("ann")
        assert "hay-say jobs unpin" in problem.fix.label
        assert lab.store.jobs("ann") == []
        assert (await lab.made(say(), "bob")).state is State.SUCCEEDED, "it is not his"

        then = time.time() - 2 * DAY_SECONDS
        os.utime(lab.objects.path(clip), (then, then))
        _with_quota(lab, 1)
        assert (await lab.made(say())).state is State.SUCCEEDED, "retention can take it now"


async def test_pinned_results_and_what_they_were_made_from_count_and_others_do_not(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(MEGABYTE_AND_MORE[:48_000])
        job = await lab.made(Request((Step("convert", POLLY),), clip=clip))
        assert lab.store.read(uses.held_fast, "ann") == set()

        await lab.store.write(uses.pin, job.id)

        held = lab.store.read(uses.held_fast, "ann")
        assert {clip, job.artifact} <= held
        assert lab.store.read(uses.held_fast, "bob") == set()


async def test_what_an_unfinished_job_waits_for_counts(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        clip = await lab.clip(MEGABYTE_AND_MORE[:48_000])
        await lab.engine.pause_lane("batch", "test")
        await lab.submit(Request((Step("convert", POLLY),), clip=clip, lane="batch"))
        assert clip in lab.store.read(uses.held_fast, "ann")


async def test_an_answer_holds_for_a_moment_so_that_a_flood_of_jobs_costs_no_flood_of_looks(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        await lab.clip(MEGABYTE_AND_MORE)
        quota = OwnerQuota(lab.store, lab.objects, lambda: 1)
        with pytest.raises(QuotaFull):
            await quota.check("ann")
        for name, _ in list(lab.objects.files()):
            os.unlink(lab.objects.path(name))
        with pytest.raises(QuotaFull):
            await quota.check("ann")
