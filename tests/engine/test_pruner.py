"""Retention in a real data home: what goes is gone from store and disk alike, whatever happens in the middle."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy
import pytest

from hay_say_lab.domain.request import Request, Step
from hay_say_lab.domain.retention import DAY_SECONDS, Budgets
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.engine.pruner import Pruner
from hay_say_lab.errors import ClipMissing
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.storage import uses
from hay_say_lab.storage.schema import results
from tests.engine.laboratory import POLLY, Laboratory, laboratory, say
from tests.engine.shelves import ANN, brought

EVERYTHING = Budgets(objects_mb=0, cache_mb=0, results_days=1, cache_days=1, disk_floor_mb=0)


def _pruner(lab: Laboratory, root: Path) -> Pruner:
    book = BudgetBook(open_documents(root / "registry" / "budgets.json"))
    return Pruner(
        home=lab.home, store=lab.store, objects=lab.objects, book=book, shelf=lab.shelf, idle=lambda: lab.engine.idle
    )


def _age(lab: Laboratory, days: float = 3) -> None:
    """Days go by: for files by their times, for rows by their dates, for the store by what it remembers of today."""
    then = time.time() - days * DAY_SECONDS
    for name, _ in lab.objects.files():
        os.utime(lab.objects.path(name), (then, then))
    lab.objects._fresh.clear()


async def _age_rows(lab: Laboratory) -> None:
    from hay_say_lab.storage.schema import jobs

    await lab.store.write(lambda connection: connection.execute(jobs.update().values(updated_at="2020-01-01T00:00:00.000Z")))


def _on_disk(lab: Laboratory) -> set[str]:
    return {name for name, _ in lab.objects.files()}


def _named(lab: Laboratory) -> set[str]:
    from hay_say_lab.storage.survey import survey

    found = lab.store.read(survey, lab.home, lab.objects)
    return {name for per_job in found.uses.values() for name in per_job} | set(found.uploads) | found.remembered & set(found.files)


async def test_what_the_plan_shows_is_what_goes_and_the_rest_is_sound(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        old, pinned = await lab.made(say("one")), await lab.made(say("one two"))
        await lab.store.write(uses.pin, pinned.id)
        await _age_rows(lab)
        _age(lab)
        new = await lab.made(say("one two three"))
        before = _on_disk(lab)

        plan = await pruner.plan(EVERYTHING)
        assert _on_disk(lab) == before, "a plan changes nothing"
        done = await pruner.prune(EVERYTHING)

        assert [(r.what, r.name) for r in done.removals] == [(r.what, r.name) for r in plan.removals]
        assert done.frees_bytes == plan.frees_bytes > 0
        assert lab.store.job(old.id).removed_at is not None
        for kept in (pinned, new):
            assert lab.store.job(kept.id).removed_at is None
            assert lab.objects.holds(str(kept.artifact))
        assert not lab.objects.holds(str(old.artifact))
        assert _on_disk(lab) == _named(lab)
        assert (await pruner.fsck(deep=True)).sound


async def test_a_result_that_was_removed_is_made_again_and_is_the_same(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        request = say("one two").evolve(fresh=False)
        first = await lab.made(request)
        lab.objects._fresh.clear()
        assert await pruner.remove_result(first.id) > 0
        assert not lab.objects.holds(str(first.artifact))
        again = await lab.made(request)
        assert again.artifact == first.artifact
        assert lab.objects.holds(str(again.artifact))
        assert _on_disk(lab) == _named(lab)


async def test_a_recording_stays_with_the_result_that_was_made_of_it(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        clip = await lab.clip(0.3 * numpy.sin(numpy.arange(8000) / 9.0).astype(numpy.float32))
        job = await lab.made(Request((Step("convert", POLLY),), clip=clip, seed=1))
        await lab.store.write(uses.pin, job.id)
        await _age_rows(lab)
        _age(lab)
        await pruner.prune(EVERYTHING)
        assert lab.objects.holds(clip)

        await lab.store.write(uses.unpin, job.id)
        await pruner.prune(EVERYTHING)
        assert _on_disk(lab) == set()
        with pytest.raises(ClipMissing):
            lab.store.clip("ann", clip)


async def test_a_recording_that_is_taken_back_goes_at_once_or_with_the_next_prune(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        old, fresh = [await lab.clip(numpy.full(8000, level, numpy.float32)) for level in (0.1, 0.2)]
        lab.objects._fresh.pop(old)
        assert await pruner.take_back("ann", old) > 0
        assert await pruner.take_back("ann", fresh) == 0
        assert _on_disk(lab) == {fresh}
        for clip in (old, fresh):
            with pytest.raises(ClipMissing):
                await pruner.take_back("ann", clip)
        _age(lab)
        await pruner.prune(Budgets(disk_floor_mb=0))
        assert _on_disk(lab) == set()
        assert (await pruner.fsck()).sound


async def test_kept_stages_that_are_gone_are_not_looked_up_any_more(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        await lab.made(say("one", Step("convert", POLLY, {"gain_db": -6.0})))
        _age(lab)
        done = await pruner.prune(Budgets(cache_days=1, disk_floor_mb=0))
        assert {removal.what for removal in done.removals} == {"cache"}
        counted = lab.store.read(lambda connection: len(connection.execute(results.select()).all()))
        again = await lab.made(say("one", Step("convert", POLLY, {"gain_db": -6.0})).evolve(fresh=False))
        assert counted < len(again.stages)
        assert again.stages[-1].cached, "the last stage's result was kept"


async def test_a_removal_that_was_cut_short_is_finished_by_the_next_host(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        job = await lab.made(say("one"))
        names = await lab.store.write(uses.let_result_go, job.id)
        assert names
    async with laboratory(tmp_path) as lab:         # the rows went, the files did not
        pruner = _pruner(lab, tmp_path)
        assert set(names) <= _on_disk(lab)
        await pruner.finish_removals()
        assert _on_disk(lab) == _named(lab) == set()


async def test_a_stage_that_is_on_its_way_out_is_made_again_and_stays(tmp_path: Path) -> None:
    """Between the rows and the file somebody asks for the very same: the new result is whole, the file is there."""
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        request = say("one").evolve(fresh=False)
        first = await lab.made(request)
        await lab.store.write(uses.let_result_go, first.id)
        again = await lab.made(request)
        await pruner.finish_removals()
        assert not any(stage.cached for stage in again.stages)
        assert lab.objects.holds(str(again.artifact))
        assert (await pruner.fsck()).sound


async def test_fsck_finds_what_is_missing_damaged_or_alone_and_mends_what_can_be(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        lost, hurt = await lab.made(say("one")), await lab.made(say("one two"))
        lab.objects.path(str(lost.artifact)).unlink()
        path = lab.objects.path(str(hurt.artifact))
        path.write_bytes(path.read_bytes()[:-1] + b"\x01")
        alone = lab.home.scratch / "alone"
        alone.write_bytes(b"nobody's")
        orphan = lab.objects.publish(alone)
        _age(lab)

        found = await pruner.fsck(deep=True)
        assert (found.missing, found.damaged, found.orphans) == ((lost.artifact,), (hurt.artifact,), (orphan,))
        await pruner.fsck(mend=True)

        assert not lab.objects.holds(orphan)
        assert lab.store.job(lost.id).removed_at is not None
        after = await pruner.fsck()
        assert after.sound


async def test_logs_are_cut_at_a_lines_end_when_they_pass_their_budget(tmp_path: Path) -> None:
    from hay_say_lab.storage.logs import trim_logs

    log = tmp_path / "worker.log"
    log.write_text("".join(f"line {number}\n" for number in range(10_000)))
    size = log.stat().st_size
    freed = trim_logs(tmp_path, size // 2)
    assert log.stat().st_size == size - freed <= size // 2
    assert log.read_text().splitlines()[-1] == "line 9999"
    assert log.read_text().splitlines()[0].startswith("line ")
    assert trim_logs(tmp_path, size) == 0


async def test_leftovers_go_by_their_budget_and_those_that_a_job_took_back_are_its_own(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        for age, name in enumerate(("young", "middle", "old")):
            folder = lab.home.leftovers / name
            folder.mkdir(parents=True)
            (folder / "000000.npz").write_bytes(bytes(700_000))
            os.utime(folder, (time.time() - age - 1,) * 2)
        (lab.home.uploads / "up.json").write_text('{"id": "up", "owner": "ann", "bytes": 10, "label": ""}')
        (lab.home.uploads / "up.part").write_bytes(bytes(5))

        use = await pruner.use()
        planned = await pruner.plan(Budgets(leftovers_mb=1))
        (lab.home.leftovers / "old").rename(lab.home.scratch / "taken")
        done = await pruner.prune(Budgets(leftovers_mb=1))

        assert (use.classes["leftovers"], use.classes["incoming"], use.owners["ann"]) == (2_100_000, 5, 5)
        assert [removal.name for removal in planned.removals] == ["old", "middle"]
        assert [(removal.what, removal.name, removal.frees_bytes) for removal in done.removals] == [("leftover", "middle", 700_000)]
        assert [path.name for path in lab.home.leftovers.iterdir()] == ["young"]
        assert (lab.home.scratch / "taken" / "000000.npz").is_file()


async def test_what_lay_in_the_trash_long_enough_goes_with_a_prune_and_the_plan_says_so(tmp_path: Path) -> None:
    async with laboratory(tmp_path) as lab:
        pruner = _pruner(lab, tmp_path)
        for name in (ANN, "parrot:bob"):
            await lab.shelf.settle(*brought(tmp_path, name, {"model": name.encode(), "encoder": b"shared" * 100}))
            await lab.shelf.remove(name, "olga")
        both = len(ANN) + len("parrot:bob") + 600       # what two of them share counts once
        held = (await pruner.use()).classes
        assert (held["trash"], held["voices"]) == (both, 0)
        assert not (await pruner.plan()).removals, "it can still be undone"

        lab.shelf.allowance = Allowance(trash_seconds=0.0)
        plan = await pruner.plan()
        assert [(removal.what, removal.name) for removal in plan.removals] == [("trash", ANN), ("trash", "parrot:bob")]
        assert plan.frees_bytes == both
        assert (await pruner.prune()).frees_bytes == both
        assert (await pruner.use()).classes["trash"] == 0
        assert pruner.removed_bytes == both
        assert (await lab.shelf.examine(deep=True, mend=False)).sound
