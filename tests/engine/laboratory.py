"""An engine in this very process, with real workers, a real database and a data home of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import psutil
import soundfile

from hay_say_lab.audio.inspection import inspect
from hay_say_lab.domain.job import Job
from hay_say_lab.domain.request import Request, RequestText, Step
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.engine.casting import Casting
from hay_say_lab.engine.devices import Device
from hay_say_lab.engine.engine import Engine
from hay_say_lab.engine.equipment import Equipment
from hay_say_lab.engine.errand import Errands
from hay_say_lab.engine.fitting import Fitting
from hay_say_lab.engine.measuring import Measuring
from hay_say_lab.engine.news import News
from hay_say_lab.engine.patience import Patience
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.engine.vocabulary import Vocabulary
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.assets import Assets
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.library import jobs_with_voice, tell_everybody
from hay_say_lab.storage.objects import ObjectStore, hash_file
from hay_say_lab.storage.store import JobStore, keep_clip

POLLY = "parrot:polly"
QUICK = Patience(lease=5.0, start=30.0, stop=0.3, terminate=0.3)


@dataclass
class Laboratory:
    """What a host consists of, without its door."""

    home: Home
    store: JobStore
    objects: ObjectStore
    pool: WorkerPool
    engine: Engine
    voices: Voices
    news: News
    fitting: Fitting
    shelf: Shelf
    measuring: Measuring
    dictionaries: Dictionaries
    ticking: asyncio.Task[None]

    async def submit(self, request: Request, owner: str = "ann", key: str | None = None) -> Job:
        return (await self.engine.submit(owner, request, key))[0]

    async def made(self, request: Request, owner: str = "ann") -> Job:
        """The job of a request, ended."""
        return await self.ended(await self.submit(request, owner))

    async def ended(self, job: Job, seconds: float = 30.0) -> Job:
        await self.until(lambda: self.store.job(job.id).ended and self.engine.owner_of(job.id) is None, seconds)
        return self.store.job(job.id)

    async def until(self, happened: Callable[[], bool], seconds: float = 30.0) -> None:
        """Wait for something, looking whenever there is news."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not happened():
            assert asyncio.get_running_loop().time() < deadline, f"it did not happen; at work: {self.pool.described()}"
            await self.news.wait(0.02)

    async def at_work(self, job: Job) -> Job:
        """Wait until a worker has told progress of the job."""
        await self.until(lambda: job.id in self.news.ticks)
        return self.store.job(job.id)

    def story(self, job: Job) -> list[str]:
        return [event.kind for event in self.store.events_after(job.owner, 0, job=job.id)]

    def workers(self, kind: str = "parrot") -> list[Mapping[str, Any]]:
        return [worker for worker in self.pool.described() if worker["worker"] == kind]

    def left_over(self) -> list[str]:
        """What lies in the scratch folder."""
        return sorted(str(path.relative_to(self.home.scratch)) for path in self.home.scratch.rglob("*") if path.is_file())

    async def clip(self, samples: numpy.ndarray, sample_rate: int = 16_000, owner: str = "ann") -> str:
        """Send a recording, as the service does behind its inspection; its sha256."""
        path = self.home.scratch / "upload-test"
        soundfile.write(path, samples, sample_rate, format="WAV", subtype="PCM_16")
        facts = inspect(path, hash_file(path), "test.wav")
        self.objects.publish(path, facts.sha256)
        await self.store.write(keep_clip, owner, facts)
        return facts.sha256


def say(body: str = "one two", *then: Step, seed: int | None = 7, lane: Any = "interactive", **settings: Any) -> Request:
    """The parrot speaks; nothing is taken from the cache."""
    steps = (Step("speak", POLLY, settings), *then)
    return Request(steps, text=RequestText(body), seed=seed, lane=lane, fresh=True)


@contextlib.asynccontextmanager
async def laboratory(
    root: Path, *, places: int = 2, patience: Patience = QUICK, devices: Sequence[Device] | None = None
) -> AsyncIterator[Laboratory]:
    """An open laboratory; at the end it is closed and no process that it started lives on."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    home = Home(root)
    home.prepare()
    news = News()
    database = open_engine(f"sqlite:///{home.database}")
    migrate(database, home.database)
    store = JobStore(database, news.ring)
    architectures = Architectures(lambda name: (home.environment(name) / "bin" / "python").exists())
    objects = ObjectStore(home.objects)
    voices = Voices(open_documents(home.registry / "voices.json"), architectures)
    dictionaries = Dictionaries(open_documents(home.registry / "dictionaries.json"), home.registry / "dictionaries")
    keys = StageKeys(architectures)
    pool = WorkerPool(home, objects, architectures, places=places, patience=patience, devices=devices)
    assets = Assets(open_documents(home.registry / "assets.json"))
    equipment = Equipment(architectures, assets.all)
    engine = Engine(
        home=home, store=store, objects=objects, pool=pool, preflight=Preflight(casting := Casting(architectures, voices, equipment=equipment)),
        voices=voices, keys=keys, news=news, vocabulary=Vocabulary(casting, dictionaries),
    )  # fmt: skip
    errands = Errands(pool, news)
    shelf = Shelf(
        home=home, voices=voices, assets=assets, equipment=equipment,
        book=BudgetBook(open_documents(home.registry / "budgets.json")), allowance=Allowance(),
        jobs_of=lambda voice: store.read(jobs_with_voice, voice),
        tell=lambda kind, body: store.write(tell_everybody, kind, body),
    )  # fmt: skip
    shelf.removed = engine.upkeep.forget
    fitting = Fitting(
        home=home, objects=objects, architectures=architectures, voices=voices, errands=errands, shelf=shelf
    )
    measuring = Measuring(home=home, store=store, objects=objects, keys=keys, errands=errands)
    await engine.recover()
    ticking = asyncio.create_task(engine.run())
    try:
        yield Laboratory(home, store, objects, pool, engine, voices, news, fitting, shelf, measuring, dictionaries, ticking)
        assert not ticking.done(), f"the engine stopped ticking: {ticking.exception()}"
    finally:
        await engine.close()
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        store.close()
        left = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
        alive = [child for child in left if child.status() != psutil.STATUS_ZOMBIE]
        assert not alive, f"left behind: {[child.cmdline() for child in alive]}"
