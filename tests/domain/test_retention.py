"""What goes, in which order, and what never does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings

from hay_say_lab.domain.retention import (
    DAY_SECONDS,
    MB,
    Budgets,
    Ended,
    Holdings,
    Kind,
    StoredFile,
    owners_use,
    plan,
    use_of,
)

NOW = 1_000 * DAY_SECONDS
NOTHING = Budgets(cache_mb=0, cache_days=0, disk_floor_mb=0)
RESULT: frozenset[Kind] = frozenset({"result"})
CACHE: frozenset[Kind] = frozenset({"cache"})
SOURCE: frozenset[Kind] = frozenset({"source"})


def _file(megabytes: float, days_ago: float = 2) -> StoredFile:
    return StoredFile(int(megabytes * MB), NOW - days_ago * DAY_SECONDS)


def _holdings(
    files: Mapping[str, StoredFile],
    uses: Mapping[str, Mapping[str, frozenset[Kind]]],
    ended: tuple[Ended, ...] = (),
    uploads: Mapping[str, frozenset[str]] | None = None,
    free_mb: int = 100_000,
) -> Holdings:
    return Holdings(files, uses, ended, uploads or {}, {}, free_mb * MB)


def _three_results(pinned: str = "") -> Holdings:
    """Three jobs of ann's, a day apart, 100 MB each, with a stage of 50 MB on the way."""
    files = {f"r{n}": _file(100, 10 - n) for n in range(3)} | {f"c{n}": _file(50, 10 - n) for n in range(3)}
    uses = {f"job{n}": {f"r{n}": RESULT, f"c{n}": CACHE} for n in range(3)}
    ended = tuple(Ended(f"job{n}", "ann", NOW - (10 - n) * DAY_SECONDS, f"job{n}" == pinned) for n in range(3))
    return _holdings(files, uses, ended)


def test_without_a_budget_nothing_goes() -> None:
    assert plan(_three_results(), NOTHING, NOW).removals == ()


def test_the_oldest_results_go_until_the_budget_holds() -> None:
    found = plan(_three_results(), Budgets(objects_mb=150, cache_mb=0, cache_days=0, disk_floor_mb=0), NOW)
    assert [(removal.what, removal.name) for removal in found.removals] == [("result", "job0"), ("result", "job1")]
    assert found.over == ()


def test_a_pinned_result_stays_and_the_plan_says_that_the_budget_does_not_hold() -> None:
    budgets = Budgets(objects_mb=50, cache_mb=0, cache_days=0, disk_floor_mb=0)
    found = plan(_three_results(pinned="job0"), budgets, NOW)
    assert [removal.name for removal in found.removals] == ["job1", "job2"]
    assert found.over == ("objects hold 100 MB; their budget is 50 MB",)


def test_pieces_of_cancelled_jobs_have_a_budget_and_go_first_where_the_disk_is_low() -> None:
    left = {"old": _file(60, 3), "middle": _file(60, 2), "young": _file(60, 1)}
    found = replace(_three_results(), leftovers=left)

    assert use_of(found)["leftovers"] == 180 * MB
    over_budget = plan(found, replace(NOTHING, leftovers_mb=100), NOW).removals
    assert [(removal.what, removal.name) for removal in over_budget] == [("leftover", "old"), ("leftover", "middle")]
    low = plan(replace(found, free_bytes=50 * MB), replace(NOTHING, disk_floor_mb=150), NOW).removals
    assert [removal.name for removal in low] == ["old", "middle"], "and nothing else had to go"


def test_uploads_on_their_way_count_for_their_owner_and_their_class_but_stay() -> None:
    found = replace(_three_results(), incoming={"ann": 20 * MB, "bob": 30 * MB})
    assert use_of(found)["incoming"] == 50 * MB
    assert owners_use(found)["ann"] - owners_use(_three_results())["ann"] == 20 * MB
    assert owners_use(found)["bob"] == 30 * MB
    planned = plan(found, replace(NOTHING, incoming_mb=40), NOW)
    assert planned.removals == ()
    assert planned.over == ("incoming hold 50 MB; their budget is 40 MB",)


def test_the_cache_goes_before_any_result_the_longest_unused_first() -> None:
    found = plan(_three_results(), Budgets(cache_mb=60, cache_days=0, disk_floor_mb=0), NOW)
    assert [(removal.what, removal.name) for removal in found.removals] == [("cache", "c0"), ("cache", "c1")]


def test_what_is_too_old_goes_whatever_the_size() -> None:
    found = plan(_three_results(), Budgets(results_days=9, cache_mb=0, cache_days=9, disk_floor_mb=0), NOW)
    assert [(removal.what, removal.name) for removal in found.removals] == [("cache", "c0"), ("result", "job0")]


def test_what_two_results_share_is_freed_with_the_last_of_them() -> None:
    uses = {"job0": {"same": RESULT}, "job1": {"same": RESULT}}
    ended = (Ended("job0", "ann", NOW - 9 * DAY_SECONDS), Ended("job1", "bob", NOW - 8 * DAY_SECONDS))
    found = plan(_holdings({"same": _file(10)}, uses, ended), Budgets(results_days=1, cache_mb=0, disk_floor_mb=0), NOW)
    assert [removal.frees_bytes for removal in found.removals] == [0, 10 * MB]


def test_nothing_that_an_unfinished_job_needs_goes() -> None:
    """job0 has ended and shares its stage with job9, which is still on its way; so is the recording that job9 converts."""
    uses = {"job0": {"stage": CACHE, "r0": RESULT}, "job9": {"stage": CACHE, "upload": SOURCE}}
    files = {"stage": _file(10, 90), "r0": _file(10, 90), "upload": _file(10, 90)}
    ended = (Ended("job0", "ann", NOW - 90 * DAY_SECONDS),)
    found = _holdings(files, uses, ended, {"upload": frozenset({"ann"})}, free_mb=0)
    strict = Budgets(objects_mb=1, cache_mb=1, results_days=1, cache_days=1, disk_floor_mb=10_000)
    assert {removal.name for removal in plan(found, strict, NOW).removals} == {"job0"}


def test_a_recording_goes_only_when_no_kept_result_was_made_of_it() -> None:
    uses = {"job0": {"upload": SOURCE, "r0": RESULT}}
    files = {"upload": _file(10, 90), "r0": _file(1, 90), "alone": _file(10, 90)}
    uploads = {"upload": frozenset({"ann"}), "alone": frozenset({"ann"})}
    kept = _holdings(files, uses, (Ended("job0", "ann", NOW - 90 * DAY_SECONDS, pinned=True),), uploads)
    found = plan(kept, Budgets(results_days=1, cache_mb=0, disk_floor_mb=0), NOW)
    assert [(removal.what, removal.name) for removal in found.removals] == [("upload", "alone")]


def test_an_owner_over_the_quota_loses_their_own_oldest_and_nobody_elses() -> None:
    uses = {"job0": {"r0": RESULT}, "job1": {"r1": RESULT}, "job2": {"r2": RESULT}}
    ended = (Ended("job0", "bob", NOW - 9e5), Ended("job1", "ann", NOW - 8e5), Ended("job2", "ann", NOW - 7e5))
    found = _holdings({"r0": _file(5), "r1": _file(60), "r2": _file(60)}, uses, ended)
    quota = Budgets(owner_mb=100, cache_mb=0, cache_days=0, disk_floor_mb=0)
    assert [removal.name for removal in plan(found, quota, NOW).removals] == ["job1"]
    assert owners_use(found) == {"bob": 5 * MB, "ann": 120 * MB}


def test_a_nearly_full_disk_takes_the_cache_first_and_then_the_oldest_results() -> None:
    found = _three_results()
    low = Holdings(found.files, found.uses, found.ended, {}, {}, 900 * MB)
    emergency = plan(low, Budgets(cache_mb=0, cache_days=0, disk_floor_mb=1_100), NOW)
    assert [removal.name for removal in emergency.removals] == ["c0", "c1", "c2", "job0"]
    assert {removal.reason for removal in emergency.removals} == {"the disk is nearly full"}


def test_a_file_that_nothing_names_goes_after_a_day() -> None:
    found = _holdings({"old": _file(1, 2), "new": _file(1, 0.5)}, {})
    assert [(removal.what, removal.name) for removal in plan(found, NOTHING, NOW).removals] == [("orphan", "old")]


@st.composite
def _homes(draw: st.DrawFn) -> Holdings:
    names = [f"o{n}" for n in range(8)]
    files = {name: _file(draw(st.integers(0, 50)), draw(st.integers(0, 40))) for name in names}
    jobs = [f"job{n}" for n in range(6)]
    kinds = st.sampled_from([RESULT, CACHE, SOURCE])
    uses = {job: {name: draw(kinds) for name in draw(st.sets(st.sampled_from(names), max_size=4))} for job in jobs}
    over = draw(st.sets(st.sampled_from(jobs)))
    ended = tuple(
        Ended(job, draw(st.sampled_from(["ann", "bob"])), NOW - draw(st.integers(0, 40)) * DAY_SECONDS, draw(st.booleans()))
        for job in sorted(over)
    )
    uploads = {name: frozenset({"ann"}) for name in draw(st.sets(st.sampled_from(names), max_size=3))}
    return _holdings(files, uses, tuple(sorted(ended, key=lambda e: e.at)), uploads, free_mb=draw(st.integers(0, 300)))


_BUDGETS = st.builds(
    Budgets,
    objects_mb=st.integers(0, 200), cache_mb=st.integers(0, 200), owner_mb=st.integers(0, 200),
    results_days=st.integers(0, 40), cache_days=st.integers(0, 40), disk_floor_mb=st.integers(0, 400),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(_homes(), _BUDGETS)
def test_whatever_goes_nothing_that_is_left_misses_anything(found: Holdings, budgets: Budgets) -> None:
    """Applied to a model of the home: what pinned and unfinished jobs need is there, and the bytes are as promised."""
    done = plan(found, budgets, NOW)
    let_go = {removal.name for removal in done.removals if removal.what == "result"}
    files = dict(found.files)
    freed = 0
    for removal in done.removals:
        if removal.what != "result":
            freed += files.pop(removal.name).size
            continue
        for name in found.uses[removal.name]:
            others = [job for job, objects in found.uses.items() if job not in let_go and name in objects]
            if not others and name not in found.uploads and name in files:
                freed += files.pop(name).size
    assert freed == done.frees_bytes
    pinned = {entry.job for entry in found.ended if entry.pinned}
    ended = {entry.job for entry in found.ended}
    assert not let_go & pinned
    for job, objects in found.uses.items():
        for name, kinds in objects.items():
            needed = job not in ended or (job not in let_go and bool(kinds - {"cache"}))
            assert not needed or name in files, f"{job} needs {name}"
    assert sum(use_of(found).values()) == sum(file.size for file in found.files.values())
