"""Imports on a data home of their own, without an engine; what a file is, is told by its name here."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hay_say_lab.domain.finding import Finding, Findings
from hay_say_lab.domain.imports import Import, ImportOrder
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.engine.bringing import Workshop
from hay_say_lab.engine.imports import Imports
from hay_say_lab.engine.librarian import Converted
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.library.addresses import Rules
from hay_say_lab.library.fetch import Fetcher, Limits
from hay_say_lab.library.patience import Patience
from hay_say_lab.library.web import Web
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.store import JobStore
from tests.engine.shelves import open_shelf

QUICK = Limits(patience=Patience(tries=2, first_wait_seconds=0.005, longest_wait_seconds=0.05))


@dataclass
class NameReader:
    """Stands where the librarian does: `NAME.pth` is a voice of the parrot, `NAME.enc` an encoder, `NAME.half` lacks a file."""

    level: Any = "full"
    converted: list[str] = field(default_factory=list)

    async def examine(self, folder: Path, *, least: str = "none") -> Findings:
        found = []
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.suffix in (".pth", ".half"):
                missing = (Problem("source", f"'{path.stem}' lacks its config.", Fix("Put it beside it.")),) if path.suffix == ".half" else ()
                beside = {"config": "config.json"} if (folder / "config.json").is_file() else {}
                found.append(_finding("voice", "parrot", "", path.stem, {"weights": name, **beside}, missing))
            elif path.suffix == ".enc":
                found.append(_finding("asset", "", "content_encoder", path.stem, {"weights": name}, ()))
        return Findings(tuple(found), level=self.level)

    async def convert(self, finding: Finding, folder: Path, out: Path, *, least: str = "none") -> Converted:
        await asyncio.sleep(0.001)
        self.converted.append(finding.title)
        made = {}
        for role, name in finding.files.items():
            made[role] = out / (f"{role}.safetensors" if role == "weights" else Path(name).name)
            shutil.copyfile(folder / name, made[role])
        return Converted(made, self.level, 0.0)


def _finding(what: str, architecture: str, kind: str, title: str, files: dict[str, str], missing: tuple[Problem, ...]) -> Finding:
    return Finding(
        what=what, architecture=architecture, kind=kind, title=title, slug=title.lower(), files=files, facts={},
        missing=missing, warnings=(),
    )  # fmt: skip


@dataclass
class Bench:
    """A workshop at work. `pauses`: whether the lane is stopped; `uploads`: id -> file and name."""

    workshop: Workshop
    imports: Imports
    running: asyncio.Task[None]
    pauses: list[str]
    uploads: dict[str, tuple[Path, str]]
    rung: list[int] = field(default_factory=list)

    @property
    def home(self) -> Home:
        return self.workshop.home

    async def bring(self, source: str | Path, owner: str = "ann", **order: Any) -> Import:
        """To its end."""
        return await self.ended(await self.submit(source, owner, **order))

    async def submit(self, source: str | Path, owner: str = "ann", **order: Any) -> str:
        return (await self.imports.submit(owner, "operator", ImportOrder(str(source), **order))).id

    async def ended(self, name: str, seconds: float = 30) -> Import:
        return await self.until(name, lambda found: found.ended, seconds)

    async def until(self, name: str, condition: Callable[[Import], bool], seconds: float = 30) -> Import:
        deadline = time.monotonic() + seconds
        while not condition(found := self.imports.get(name)):
            assert time.monotonic() < deadline, found
            await asyncio.sleep(0.005)
        while found.ended and self.imports.progress(name) is not None:      # its last cleaning
            await asyncio.sleep(0.005)
        return found

    async def sound(self) -> bool:
        """The shelf agrees with its disk, and no import has left anything."""
        left = list(self.home.imports.iterdir()) if self.home.imports.is_dir() else []
        return (await self.workshop.shelf.examine(deep=True, mend=False)).sound and not left


@contextlib.asynccontextmanager
async def workbench(
    root: Path, trusted: str = "", hub: str = "", allowance: Allowance | None = None, **changes: Any
) -> AsyncIterator[Bench]:
    """As a host has it, from its start to its end."""
    home = Home(root)
    home.prepare()
    engine = open_engine(f"sqlite:///{home.database}")
    migrate(engine, home.database)
    store = JobStore(engine, lambda: None)
    shelf = open_shelf(root, allowance=allowance)
    await shelf.recover()
    uploads: dict[str, tuple[Path, str]] = {}
    web = Web(Rules(trusted=frozenset({trusted} if trusted else ())), silence_seconds=2.0)
    workshop = Workshop(
        home=home,
        store=store,
        shelf=shelf,
        librarian=NameReader(),  # type: ignore[arg-type]
        architectures=Architectures(),
        fetcher=Fetcher(web, QUICK),
        hub_address=hub or "https://hub.example",
        floor_bytes=0,
        uploaded=lambda owner, name: uploads[name],
        taken=lambda owner, name: uploads[name][0].unlink(),
    )
    pauses: list[str] = []
    imports = Imports(replace(workshop, **changes), lambda: bool(pauses), lambda: None)
    await imports.recover()
    bench = Bench(replace(workshop, **changes), imports, asyncio.create_task(imports.run()), pauses, uploads)
    try:
        yield bench
    finally:
        await imports.close()
        bench.running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await bench.running
        await shelf.close()
        store.close()
