"""What every store of jobs tells: pages, counts, events, clips, each to its owner alone."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from dataclasses import replace

import pytest

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import Job, State
from hay_say_lab.errors import ClipMissing
from hay_say_lab.storage import edges
from hay_say_lab.storage.durations import SLOTS, Duration, keep_duration
from hay_say_lab.storage.pauses import pause, resume
from hay_say_lab.storage.store import JobStore, keep_clip
from tests.storage.stories import MADE, Stories


class ReadingContract(Stories):
    """Jobs, events and clips as their owners see them."""

    async def test_jobs_come_newest_first_a_page_at_a_time(self, store: JobStore) -> None:
        made = []
        for _ in range(7):
            made.append((await self.queued(store)).id)
            await asyncio.sleep(0.002)          # ids sort by the millisecond
        await self.queued(store, "bob")

        pages, before = [], None
        while page := [job.id for job in store.jobs("ann", before=before, limit=3)]:
            pages.append(page)
            before = page[-1]

        assert [len(page) for page in pages] == [3, 3, 1]
        assert list(itertools.chain(*pages)) == made[::-1]

    async def test_jobs_are_found_by_state_and_by_group(self, store: JobStore) -> None:
        one = await self.queued(store, group="g")
        two = await self.queued(store, group="g")
        await self.queued(store)
        await store.write(edges.cancel, two.id)

        assert {job.id for job in store.jobs("ann", group="g")} == {one.id, two.id}
        assert [job.id for job in store.jobs("ann", states=(State.CANCELLED,))] == [two.id]
        assert [job.id for job in store.jobs("ann", states=(State.QUEUED,), group="g")] == [one.id]

    async def test_a_lane_gives_the_oldest_jobs_of_each_owner_with_the_stage_that_is_next(self, store: JobStore) -> None:
        made: dict[str, list[Job]] = {"ann": [], "bob": [], "cat": []}
        for _ in range(4):
            for owner, queue in made.items():
                queue.append(await self.queued(store, owner, lane="batch"))
            await asyncio.sleep(0.002)
        await self.queued(store, lane="interactive")
        await self.running(store, made["ann"][0])
        job = await self.running(store, made["bob"][0])
        await store.write(edges.stage_done, job, MADE)

        found = store.waiting("batch", 2)

        by_owner = {owner: [entry.job for entry in found if entry.owner == owner] for owner in made}
        assert by_owner["ann"] == [made["ann"][1].id, made["ann"][2].id]
        assert by_owner["bob"] == [made["bob"][0].id, made["bob"][1].id]
        assert by_owner["cat"] == [made["cat"][0].id, made["cat"][1].id]
        stages = {entry.job: (entry.worker, entry.task, entry.voice_hash) for entry in found}
        assert stages[made["bob"][0].id] == ("c", "convert", "e" * 64)
        assert stages[made["bob"][1].id] == ("a", "speak", "f" * 64)
        assert store.owners_waiting("batch") == ["ann", "bob", "cat"]
        assert store.waiting("maintenance", 9) == []
        assert store.owners_waiting("maintenance") == []

    async def test_counts_tell_who_has_what_waiting(self, store: JobStore) -> None:
        first = await self.queued(store)
        await asyncio.sleep(0.002)
        second = await self.queued(store, lane="batch")
        await self.queued(store, "bob")
        await self.running(store, first)

        assert store.count(State.QUEUED) == 2
        assert store.count(State.QUEUED, lane="batch") == 1
        assert store.count(State.SUCCEEDED) == 0
        assert store.queued_of("ann", ("interactive", "batch"), 9) == 1
        assert store.queued_of("ann", ("batch",), 9, before=second.id) == 0
        third = await self.queued(store, lane="batch")
        assert store.queued_of("ann", ("batch",), 9, before=third.id) == 1
        assert store.queued_of("ann", ("batch",), 1) == 1, "it counts no further than asked"
        assert store.unfinished_ids() == {job.id for owner in ("ann", "bob") for job in store.jobs(owner)}

    async def test_events_are_numbered_and_read_in_pages_by_their_owner_alone(self, store: JobStore) -> None:
        for owner in ("ann", "bob", "ann"):
            await store.write(edges.cancel, (await self.queued(store, owner)).id)

        numbers: list[int] = []
        while page := store.events_after("ann", numbers[-1] if numbers else 0, limit=2):
            assert all(event.owner == "ann" for event in page)
            numbers += [event.number for event in page]

        assert numbers == [1, 2, 3, 7, 8, 9]
        assert [event.number for event in store.events_after("bob", 0)] == [4, 5, 6]
        assert store.last_event() == 9

    async def test_a_clip_is_known_to_those_who_sent_it_under_their_own_name_for_it(self, store: JobStore) -> None:
        facts = ClipFacts("9" * 64, "WAV", "PCM_16", 44100, 1, 44100, 0.5, 0.1, True, "mine.wav")
        with pytest.raises(ClipMissing):
            store.clip("ann", facts.sha256)

        await store.write(keep_clip, "ann", facts)
        await store.write(keep_clip, "ann", facts)

        assert store.clip("ann", facts.sha256) == facts
        with pytest.raises(ClipMissing):
            store.clip("bob", facts.sha256)
        await store.write(keep_clip, "bob", ClipFacts(**{**facts.as_json(), "label": "other.wav"}))
        assert store.clip("bob", facts.sha256).label == "other.wav"
        assert store.clip("ann", facts.sha256).label == "mine.wav"

    # Lanes and lessons.

    async def test_a_lane_that_was_paused_stays_so_until_it_is_resumed(self, store: JobStore) -> None:
        first = await store.write(pause, "batch", "olga")
        assert await store.write(pause, "batch", "adam") == first, "it was paused already"
        await store.write(pause, "download", "adam")
        assert [(found.lane, found.by) for found in store.paused()] == [("batch", "olga"), ("download", "adam")]

        await store.write(resume, "batch")
        await store.write(resume, "interactive")

        assert [found.lane for found in store.paused()] == ["download"]

    async def test_how_long_stages_took_is_kept_as_a_bounded_sample(self, store: JobStore) -> None:
        for number in range(3 * SLOTS):
            await store.write(keep_duration, Duration("a", "speak", "cpu", 1.0, float(number)))
        await store.write(keep_duration, Duration("a", "convert", "cpu", 4.0, 2.0))

        kept = store.durations()

        spoken = [took for took in kept if took.task == "speak"]
        assert SLOTS // 2 < len(spoken) <= SLOTS
        assert statistics.median(took.seconds for took in spoken) > SLOTS, "new ones take the places of old ones"
        assert [took for took in kept if took.task == "convert"] == [Duration("a", "convert", "cpu", 4.0, 2.0)]

    async def test_a_stage_that_was_done_is_a_lesson_and_one_from_the_cache_is_none(self, store: JobStore) -> None:
        job = await self.running(store)
        await store.write(edges.stage_done, job, replace(MADE, audio_seconds=2.0, device="cpu"))
        await store.write(edges.reused, await self.queued(store), replace(MADE, audio_seconds=2.0, cached=True), None)
        assert store.durations() == [Duration("a", "speak", "cpu", 2.0, 0.5)]

    # Results that may be used again.

    async def test_a_result_that_was_kept_is_known_by_its_key(self, store: JobStore) -> None:
        assert store.result("k" * 64) is None
        job = await self.running(store)
        await store.write(edges.stage_done, job, replace(MADE, key="k" * 64))

        kept = store.result("k" * 64)

        assert kept is not None
        assert (kept.outputs, kept.code_version, kept.fingerprint) == (MADE.outputs, MADE.code_version, MADE.fingerprint)
        assert kept.cached

    async def test_the_newest_result_under_a_key_is_the_one_that_is_kept(self, store: JobStore) -> None:
        for name in ("3" * 64, "4" * 64):
            job = await self.running(store)
            await store.write(edges.stage_done, job, replace(MADE, key="k" * 64, outputs={"clip": name}))
        kept = store.result("k" * 64)
        assert kept is not None
        assert kept.outputs == {"clip": "4" * 64}

    async def test_a_stage_whose_result_is_kept_goes_the_same_way_without_a_worker(self, store: JobStore) -> None:
        job = await self.queued(store, "bob")

        assert await store.write(edges.reused, job, replace(MADE, key="k" * 64, cached=True), None)

        waiting = store.job(job.id)
        assert (waiting.state, waiting.current, waiting.token) == (State.QUEUED, 1, 1)
        assert (waiting.stages[0].done, waiting.stages[0].cached) == (True, True)
        assert self.kinds(store, job) == ["queued", "started", "stage_done"]
        assert store.holds("bob", MADE.outputs["clip"])

    async def test_a_kept_result_is_nothing_to_a_job_that_moved_on(self, store: JobStore) -> None:
        job = await self.queued(store)
        await store.write(edges.cancel, job.id)
        assert not await store.write(edges.reused, job, replace(MADE, cached=True), None)
        assert self.kinds(store, job) == ["queued", "cancel", "stopped"]
