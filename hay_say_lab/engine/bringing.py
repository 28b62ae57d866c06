"""One import, step by step: resolve, fetch, unpack, examine, convert, settle. Killed anywhere, it goes on with what is there."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.deed import Deed
from hay_say_lab.domain.imports import Import, Step
from hay_say_lab.domain.profile import LOCAL, Level, Profile
from hay_say_lab.domain.voice import Provenance
from hay_say_lab.engine.arrivals import Arrival, Arrivals
from hay_say_lab.engine.librarian import Librarian
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.errors import FetchFailed, FetchStopped, InvalidRequest, Problem, StorageFailed, WrongContent
from hay_say_lab.library import local
from hay_say_lab.library.fetch import Fetched, Fetcher, Item
from hay_say_lab.library.passport import is_pack
from hay_say_lab.library.plan import Plan
from hay_say_lab.library.sources import Means, Uploaded, resolve
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage import imports as rows
from hay_say_lab.storage.home import Home, remove, write_atomically
from hay_say_lab.storage.objects import hash_file
from hay_say_lab.storage.store import JobStore

T = TypeVar("T")

SECONDS_BETWEEN_LOOKS = 0.2         # whether somebody has stopped it
FETCHED, SHARED, CONVERTED = "fetched", "shared", "converted"
UNPACKED = ".unpacked"              # where the librarian puts what was in archives


@dataclass(slots=True)
class Progress:
    """How far a running import is: files and bytes of the step that it is at."""

    step: Step = "resolve"
    name: str = ""
    files_done: int = 0
    files: int = 0
    bytes_done: int = 0
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What every import works with. `uploaded` and `taken`: an owner's upload by its id, and that it is not needed any more.

    `profile` says under which confinement strangers' files may be read.
    """

    home: Home
    store: JobStore
    shelf: Shelf
    librarian: Librarian
    architectures: Architectures
    fetcher: Fetcher
    hub_address: str
    floor_bytes: int                    # of the disk, that stay free
    uploaded: Callable[[str, str], tuple[Path, str]]
    taken: Callable[[str, str], None]
    this_machine: bool = True
    profile: Profile = LOCAL
    converting: asyncio.Lock = field(default_factory=asyncio.Lock)      # a conversion holds a whole checkpoint in memory

    def folder(self, name: str) -> Path:
        return self.home.imports / name

    def resolve(self, owner: str, source: str, stop: threading.Event) -> Plan:
        """In any thread. Raises LabError."""
        uploaded: Uploaded = lambda upload: self.uploaded(owner, upload)
        return resolve(source, Means(self.fetcher, uploaded, self.this_machine, self.hub_address, stop))


class Bringing:
    """One import under way. `stop` ends it within a second or so."""

    def __init__(self, workshop: Workshop, found: Import, stop: threading.Event, progress: Progress) -> None:
        self._workshop = workshop
        self._found = found
        self._order = found.order
        self._stop = stop
        self._progress = progress
        self._folder = workshop.folder(found.id)
        self._warnings: list[Problem] = []

    async def run(self) -> None:
        """Raises LabError, OSError; FetchStopped where somebody stopped it."""
        plan = await self._planned()
        fetched = await asyncio.to_thread(self._fetch, plan)
        await self._pin(fetched)
        await self._at("unpack")
        await asyncio.to_thread(self._lay_out, plan)
        arrivals = Arrivals(self._found, plan, self._provenance(plan), fetched)
        if plan.kind == "home":
            things = await asyncio.to_thread(arrivals.of_home, self._folder / FETCHED, self._workshop.architectures)
        elif len(fetched) == 1 and await asyncio.to_thread(is_pack, fetched[0].path):
            things = await asyncio.to_thread(self._unpacked, arrivals, fetched[0].path)
        else:
            things = await self._examined(arrivals)
        await self._at("settle")
        await self._settle(things, plan, fetched)

    # Resolve.

    async def _planned(self) -> Plan:
        """By the row, where an earlier run got so far: a moving branch is looked up once."""
        if self._found.plan is not None:
            plan = Plan.from_json(self._found.plan)
        else:
            await self._at("resolve")
            plan = await asyncio.to_thread(self._workshop.resolve, self._found.owner, self._order.source, self._stop)
        self._warnings += plan.warnings
        await self._at("fetch", plan.as_json())
        return plan

    def _provenance(self, plan: Plan) -> Provenance:
        """What the source says of itself, and over it what whoever imports says."""
        said = {name: text for name, text in self._order.provenance.as_json().items() if text}
        return Provenance(**{**plan.provenance.as_json(), **said})  # type: ignore[arg-type]

    # Fetch.

    def _fetch(self, plan: Plan) -> list[Fetched]:
        """In a thread. Everything that the plan names lies in the import's folder then."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if plan.place:
            return self._copied(plan)
        items = [(item, self._folder / FETCHED / item.name) for item in self._known(plan.items)]
        items += [(item, self._folder / SHARED / item.name) for item in self._known(plan.shared)]
        self._progress.files, self._progress.bytes = len(items), plan.bytes
        self._check_room(plan.bytes or 0)
        found: list[Fetched] = []
        done = 0
        for item, into in items:
            self._progress.name = item.name
            into.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                fetched = self._workshop.fetcher.fetch(item, into, self._noting(done), self._stop)
            except FetchStopped:
                raise
            except FetchFailed as failure:
                if not item.optional:
                    raise
                self._warnings.append(Problem("source", f"'{item.name}' did not come: {failure.message}", failure.problems[0].fix))
                continue
            found.append(replace(fetched, url=item.url))
            done += fetched.bytes
            self._progress.files_done += 1
            self._progress.bytes_done = done
        self._check_asked(found)
        return found

    def _known(self, items: Iterable[Item]) -> list[Item]:
        """With the hash that each must have: by the order, by the source, or by what its address gave before."""
        listed = list(items)
        if self._order.sha256 and len(listed) == 1:
            return [replace(listed[0], sha256=self._order.sha256)]
        before = self._workshop.store.read(rows.pinned, [item.url for item in listed if not item.sha256 and not item.optional])
        return [replace(item, sha256=before.get(item.url, item.sha256)) for item in listed]

    def _noting(self, before: int) -> Callable[[int, int | None], None]:
        def note(done: int, total: int | None) -> None:
            self._progress.bytes_done = before + done

        return note

    def _copied(self, plan: Plan) -> list[Fetched]:
        """From this machine: an upload is ours and is linked; what belongs to somebody is copied."""
        if plan.kind == "home":
            return Arrivals.copy_home(plan, self._folder / FETCHED, self._stop)
        files = [(Path(plan.place), plan.pinned["name"])] if plan.kind == "upload" else local.files_of(Path(plan.place))
        files = [(path, Path(name).name if plan.kind == "upload" else name) for path, name in files]
        self._progress.files, self._progress.bytes = len(files), sum(path.stat().st_size for path, _ in files)
        self._check_room(self._progress.bytes)
        bring = local.link_or_copy if plan.kind == "upload" else local.copy
        found = []
        for path, name in files:
            self._progress.name = name
            into = self._folder / FETCHED / name
            if not into.is_file():
                bring(path, into, self._stop)
            found.append(Fetched(into, hash_file(into), into.stat().st_size))
            self._progress.files_done += 1
            self._progress.bytes_done += found[-1].bytes
        self._check_asked(found)
        return found

    def _check_asked(self, found: list[Fetched]) -> None:
        if self._order.sha256 and self._order.sha256 not in {one.sha256 for one in found}:
            remove(self._folder)
            raise WrongContent(
                "No file of this source has the sha256 that was asked for.", field="sha256", fix="Check it, or leave it out."
            )

    def _check_room(self, more: int) -> None:
        free = shutil.disk_usage(self._workshop.home.root).free
        if free - more < self._workshop.floor_bytes:
            raise StorageFailed(
                f"The voice needs {more / 1e6:.0f} MB, and the disk has {free / 1e6:.0f} MB free.",
                field="storage", fix="Free some disk space and try again.",
            )  # fmt: skip

    async def _pin(self, fetched: Iterable[Fetched]) -> None:
        """What came from an address without a known hash is what must come from it from now on."""
        for one in fetched:
            if one.url:
                if self._order.sha256 == one.sha256:
                    await self._workshop.store.write(rows.unpin, [one.url])
                await self._workshop.store.write(rows.pin, one.url, one.sha256)

    # Unpack, examine, convert.

    def _lay_out(self, plan: Plan) -> None:
        """The files of a shared model beside those of the voice: the linked ones, or all where one of those is packed."""
        fetched, shared = self._folder / FETCHED, self._folder / SHARED
        for name, document in plan.documents.items():
            write_atomically(fetched / name, canonical_json(document))
        if not shared.is_dir():
            return
        links = [(shared / link.target, fetched / link.name) for link in plan.links]
        if not links or not all(target.is_file() for target, _ in links):
            links = [(path, fetched / path.relative_to(shared)) for path in sorted(shared.rglob("*")) if path.is_file()]
        for target, into in links:
            if not target.name.endswith((".part", ".part.json")):
                local.link_or_copy(target, into, self._stop)

    def _unpacked(self, arrivals: Arrivals, pack: Path) -> list[Arrival]:
        """In a thread: a voice pack needs no converting."""
        out = self._folder / CONVERTED
        _emptied(out)
        return arrivals.of_pack(pack, out, self._workshop.architectures)

    async def _examined(self, arrivals: Arrivals) -> list[Arrival]:
        await self._at("examine")
        await asyncio.to_thread(remove, self._folder / FETCHED / UNPACKED)      # of an earlier run
        findings = await self._unless_stopped(self._workshop.librarian.examine(self._folder / FETCHED, least=self._least()))
        self._check_level(cast(Level, findings.level))
        chosen = arrivals.chosen(findings, self._warnings)
        await self._at("convert")
        things = []
        for number, finding in enumerate(chosen):
            self._progress.name, self._progress.files_done, self._progress.files = finding.title, number, len(chosen)
            out = self._folder / CONVERTED / str(number)
            await asyncio.to_thread(_emptied, out)
            async with self._workshop.converting:
                self._check_stopped()
                converting = self._workshop.librarian.convert(finding, self._folder / FETCHED, out, least=self._least())
                made = await self._unless_stopped(converting)
            self._check_level(made.level)
            things.append(await asyncio.to_thread(arrivals.converted, finding, made))
        return things

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """A child at work is ended when somebody stops the import. Raises FetchStopped."""
        task = asyncio.get_running_loop().create_task(work)
        try:
            while not (await asyncio.wait({task}, timeout=SECONDS_BETWEEN_LOOKS))[0]:
                self._check_stopped()
            return await task
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})

    def _least(self) -> Level:
        """The confinement below which a child opens nothing."""
        return "none" if self._order.override_reason.strip() else self._workshop.profile.least_confinement

    def _check_level(self, level: Level) -> None:
        problem = self._workshop.profile.confinement_problem(level, "override_reason", self._order.override_reason)
        if problem is not None:
            raise InvalidRequest(problem.message, problems=[problem])

    # Settle.

    async def _settle(self, things: list[Arrival], plan: Plan, fetched: list[Fetched]) -> None:
        voices: list[str] = []
        assets: list[str] = []
        already: list[str] = []
        deeds: list[Deed] = []
        for thing in things:
            settled, new = await thing.settle(self._workshop.shelf)
            (voices if thing.is_voice else assets).append(settled.id)
            if new:
                deeds += self._deeds(settled.id, settled.hash, thing.level)
            else:
                already.append(settled.id)
        outcome: Mapping[str, Any] = {
            "voices": voices,
            "assets": assets,
            "already": already,
            "files": [{"name": str(one.path.relative_to(self._folder)).partition("/")[2], "sha256": one.sha256, "bytes": one.bytes}
                      for one in fetched],
            "warnings": [warning.as_json() for warning in self._warnings],
        }  # fmt: skip
        await self._workshop.store.write(rows.finished, self._found.id, outcome, deeds)
        if plan.kind == "upload":
            self._workshop.taken(self._found.owner, self._order.source.strip().removeprefix("upload:"))

    def _deeds(self, subject: str, content: str, level: Level | Literal["not_needed"]) -> list[Deed]:
        who = (self._found.owner, self._found.role)
        detail = {"import": self._found.id, "source": self._order.shown, "hash": content, "confinement": level}
        deeds = [Deed("add", subject, *who, detail)]
        if level != "not_needed" and self._workshop.profile.confinement_problem(level) is not None:
            deeds.append(Deed("override", subject, *who, {"reason": self._order.override_reason, "confinement": level}))
        return deeds

    async def _at(self, step: Step, plan: Mapping[str, Any] | None = None) -> None:
        self._check_stopped()
        self._progress.step, self._progress.name = step, ""
        if not await self._workshop.store.write(rows.at_step, self._found.id, step, plan):
            raise FetchStopped("The import was stopped.")

    def _check_stopped(self) -> None:
        if self._stop.is_set():
            raise FetchStopped("The import was stopped.")


def _emptied(folder: Path) -> None:
    remove(folder)
    folder.mkdir(parents=True, mode=0o700)
