"""A host's life: open the store, serve, end when nobody needs it; leave nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tinydb import TinyDB
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from hay_say_lab import __version__
from hay_say_lab.domain.canonical import new_id
from hay_say_lab.domain.code import core_version
from hay_say_lab.domain.host import API, HostRecord, read_record, record_path
from hay_say_lab.domain.profile import LOCAL, Profile, profile_of_environment
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.engine.approval import Approvals
from hay_say_lab.engine.batches import Batches
from hay_say_lab.engine.bringing import Workshop
from hay_say_lab.engine.casting import Casting
from hay_say_lab.engine.discovery import Discovery
from hay_say_lab.engine.engine import Engine
from hay_say_lab.engine.equipment import Equipment
from hay_say_lab.engine.errand import Errands
from hay_say_lab.engine.fitting import Fitting
from hay_say_lab.engine.imports import LANE, Imports
from hay_say_lab.engine.librarian import Librarian
from hay_say_lab.engine.measuring import Measuring
from hay_say_lab.engine.news import News
from hay_say_lab.engine.owner_quota import OwnerQuota
from hay_say_lab.engine.pool import WorkerPool
from hay_say_lab.engine.preflight import Preflight
from hay_say_lab.engine.preset_desk import PresetDesk
from hay_say_lab.engine.pruner import Pruner
from hay_say_lab.engine.samples import Samples
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.engine.stage_key import StageKeys
from hay_say_lab.engine.vocabulary import Vocabulary
from hay_say_lab.engine.witness import Witness
from hay_say_lab.library import hub
from hay_say_lab.library.sources import fetcher_of
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.assets import Assets
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.dictionaries import Dictionaries
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.marks import Marks
from hay_say_lab.registry.presets import Presets
from hay_say_lab.registry.voices import Voices
from hay_say_lab.service.application import LARGEST_READ_BYTES, application
from hay_say_lab.service.door import Door
from hay_say_lab.service.handler import Access
from hay_say_lab.service.identity import Identity, local_owner
from hay_say_lab.service.metrics import Metrics
from hay_say_lab.service.pace import Pace
from hay_say_lab.service.quota import Bounds
from hay_say_lab.service.surface import Surface
from hay_say_lab.service.traces import traced
from hay_say_lab.storage.database import HEAD, Lease, migrate, open_engine
from hay_say_lab.storage.home import Home, keep_private, remove, write_atomically
from hay_say_lab.storage.library import jobs_with_voice, tell_everybody
from hay_say_lab.storage.objects import ObjectStore
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.store import JobStore

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LAGS = 0.5
IDLE_SECONDS = 600.0
SECONDS_BETWEEN_SWEEPS = 900.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What a host is started with. `resume`: end at once where no job is unfinished."""

    home: Path
    port: int = 0                       # 0: any free one
    idle_seconds: float = IDLE_SECONDS
    resume: bool = False
    database: str = ""                  # an address (URL) of PostgreSQL; '': SQLite in the data home
    profile: Profile = LOCAL

    @classmethod
    def from_environment(cls, home: Path, port: int, resume: bool) -> Settings:
        seconds = float(os.environ.get("HAY_SAY_IDLE_SECONDS") or IDLE_SECONDS)
        return cls(home, port, seconds, resume, os.environ.get("HAY_SAY_DATABASE", ""), profile_of_environment())


@dataclass(frozen=True, slots=True)
class Registry:
    """What is installed, and the small documents beside it."""

    architectures: Architectures
    voices: Voices
    assets: Assets
    dictionaries: Dictionaries
    presets: Presets
    marks: Marks
    book: BudgetBook

    @classmethod
    def of(cls, home: Home, documents: Callable[[str], TinyDB]) -> Registry:
        """`documents` opens a registry file by its name. Raises StorageFailed where one is damaged."""
        architectures = Architectures(lambda name: (home.environment(name) / "bin" / "python").exists())
        dictionaries = Dictionaries(documents("dictionaries"), home.registry / "dictionaries")
        voices, assets = Voices(documents("voices"), architectures), Assets(documents("assets"))
        presets, book = Presets(documents("presets")), BudgetBook(documents("budgets"))
        return cls(architectures, voices, assets, dictionaries, presets, Marks(documents("marks")), book)


async def live(settings: Settings) -> None:
    """Host the data home until nobody needs it, a signal ends it, or a client asks it to drain."""
    home = Home(settings.home)
    news = News()
    engine_db = open_engine(settings.database or f"sqlite:///{home.database}")
    migrate(engine_db, None if settings.database else home.database)
    if not settings.database:
        keep_private(home.database)
    lease = Lease(engine_db)
    store = JobStore(engine_db, news.ring)
    async with contextlib.AsyncExitStack() as opened:
        registry = Registry.of(home, lambda name: opened.enter_context(open_documents(home.registry / f"{name}.json")))
        await opened.enter_async_context(traced(store, news, home.logs))
        surface = _surface(home, store, news, registry, settings.profile)
        await surface.shelf.recover()
        await surface.engine.recover()
        await surface.imports.recover()
        await surface.pruner.finish_removals()
        await surface.witness.begin()
        surface.uploads.sweep()
        if settings.resume and surface.engine.idle and surface.imports.idle:
            remove(record_path(home.root))                      # of a host that crashed; nobody else holds the lock
            log.info("nothing is unfinished")
        else:
            await _serve(settings, home, surface)
        await surface.witness.close()
    lease.close()
    store.close()


def _surface(home: Home, store: JobStore, news: News, registry: Registry, profile: Profile) -> Surface:
    architectures, voices, objects = registry.architectures, registry.voices, ObjectStore(home.objects)
    pool = WorkerPool(home, objects, architectures, places=max(1, len(os.sched_getaffinity(0))))
    equipment = Equipment(architectures, registry.assets.all)
    preflight = Preflight(Casting(architectures, voices, profile, equipment))
    keys = StageKeys(architectures)
    engine = Engine(
        home=home,
        store=store,
        objects=objects,
        pool=pool,
        preflight=preflight,
        voices=voices,
        keys=keys,
        news=news,
        vocabulary=Vocabulary(preflight.casting, registry.dictionaries),
    )
    errands = Errands(pool, news)
    shelf = Shelf(
        home=home,
        voices=voices,
        assets=registry.assets,
        book=registry.book,
        allowance=Allowance.from_environment(),
        equipment=equipment,
        jobs_of=lambda voice: store.read(jobs_with_voice, voice),
        tell=lambda kind, body: store.write(tell_everybody, kind, body),
    )
    shelf.removed = engine.upkeep.forget
    fitting = Fitting(
        home=home, objects=objects, architectures=architectures, voices=voices, errands=errands, shelf=shelf
    )
    measuring = Measuring(home=home, store=store, objects=objects, keys=keys, errands=errands)
    pruner = Pruner(home=home, store=store, objects=objects, book=registry.book, shelf=shelf, idle=lambda: engine.idle)
    engine.intake.quota = OwnerQuota(store, objects, lambda: registry.book.budgets.owner_mb).check
    metrics, bounds = Metrics(store), Bounds.from_environment()
    store.observe(metrics.committed)
    pool.noted = metrics.noted
    workshop = Workshop(
        home=home,
        store=store,
        shelf=shelf,
        librarian=Librarian(home=home, pool=pool, architectures=architectures, news=news),
        architectures=architectures,
        fetcher=fetcher_of(os.environ, listed=profile.listed_hosts),
        hub_address=hub.endpoint(os.environ),
        floor_bytes=bounds.floor_bytes,
        uploaded=lambda owner, name: surface.uploads.voice(owner, name),
        taken=lambda owner, name: surface.uploads.taken(owner, name),
        profile=profile,
    )
    imports = Imports(workshop, lambda: LANE in engine.dispatch.pauses, news.ring)
    surface = Surface(
        home, engine, architectures, voices, fitting, shelf, imports, Batches(engine), measuring, pruner, registry.book,
        metrics, registry.dictionaries, Witness(store, home.audit_head), Approvals(voices, store),
        PresetDesk(registry.presets, preflight.casting, voices), Discovery(voices, registry.marks, architectures),
        Samples(engine, voices), new_id(), __version__, bounds,
    )  # fmt: skip
    return surface


async def _serve(settings: Settings, home: Home, surface: Surface) -> None:
    door = Door()
    secret = secrets.token_urlsafe(32)
    tokens = os.environ.get("HAY_SAY_TOKENS")
    sockets = bind_sockets(settings.port, "127.0.0.1", family=socket.AF_INET)
    port = sockets[0].getsockname()[1]
    identity = Identity(secret, local_owner(), Path(tokens) if tokens else None)
    hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
    server = HTTPServer(application(surface, Access(door, identity, hosts, Pace(surface.profile))), max_body_size=LARGEST_READ_BYTES)
    server.add_sockets(sockets)
    record = HostRecord(
        host_id=surface.host_id,
        pid=os.getpid(),
        url=f"http://127.0.0.1:{port}",
        secret=secret,
        api=API,
        schema=HEAD,
        version=__version__,
        interpreter=sys.executable,
        code_version=core_version(),
        started_at=now(),
    )
    write_atomically(record_path(home.root), record.as_json())
    log.info("host %s serves port %d", surface.host_id, port)
    ticking = asyncio.create_task(surface.engine.run())
    importing = asyncio.create_task(surface.imports.run())
    pruning = asyncio.create_task(surface.pruner.run())
    sweeping = asyncio.create_task(_sweep(surface))
    lagging = asyncio.create_task(_watch_lag(surface.metrics))
    witnessing = asyncio.create_task(surface.witness.tend())
    letting_leave = asyncio.create_task(surface.shelf.tend())
    sampling = asyncio.create_task(surface.samples.tend())
    try:
        await _until_needless(settings, surface, door)
    finally:
        door.open = False
        surface.engine.news.ring()          # polls and streams end
        await surface.imports.close()
        await surface.engine.close()
        for task in (ticking, importing, pruning, sweeping, lagging, witnessing, letting_leave, sampling):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await surface.shelf.close()
        server.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.close_all_connections(), 2.0)
        if (present := read_record(home.root)) is not None and present.host_id == surface.host_id:
            remove(record_path(home.root))
        log.info("host %s ends", surface.host_id)


async def _sweep(surface: Surface) -> None:
    """Uploads that nobody goes on with."""
    while True:
        await asyncio.sleep(SECONDS_BETWEEN_SWEEPS)
        surface.uploads.sweep()


async def _watch_lag(metrics: Metrics) -> None:
    """How late the event loop runs: what every call waits besides its own work."""
    while True:
        asked = time.monotonic()
        await asyncio.sleep(SECONDS_BETWEEN_LAGS)
        metrics.loop_lag_seconds = max(0.0, time.monotonic() - asked - SECONDS_BETWEEN_LAGS)


async def _until_needless(settings: Settings, surface: Surface, door: Door) -> None:
    """Until a signal, a drain, or `idle_seconds` without a client and without work."""
    ended = surface.draining
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    pause = max(0.05, min(1.0, settings.idle_seconds / 10))
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), pause)
        if not ended.is_set() and _needless(settings, surface, door):
            door.open = False               # close the door, then look again: a call may have slipped in
            await asyncio.sleep(0)
            if _needless(settings, surface, door):
                return
            door.open = True


def _needless(settings: Settings, surface: Surface, door: Door) -> bool:
    return door.idle_seconds() >= settings.idle_seconds and surface.engine.idle and surface.imports.idle
