"""Runs in a process of its own: a change of the shelf in a child that kills itself in the middle, then the next host.

`python -m tests.faults.shelf_child ROOT CHANGE SEED MOST` prints one JSON line for each kill: the step at which it died,
whether documents and disk agree behind the next start, and which voices are there.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.survey import folder_bytes
from tests.engine.shelves import ANN, brought, brought_asset, open_shelf

BOB = "parrot:bob"
SHARED = b"shared by two" * 100
STEPS = frozenset({"os.rename", "os.link", "os.mkdir", "os.remove", "os.rmdir", "os.chmod"})     # and files opened to be written


def _two(root: Path) -> dict[str, Any]:
    return {ANN: brought(root, ANN, {"model": b"ann's", "encoder": SHARED}), BOB: brought(root, BOB, {"encoder": SHARED})}


async def _nothing(root: Path) -> None:
    pass


async def _with_bob(root: Path) -> None:
    await open_shelf(root).settle(*_two(root)[BOB])


async def _with_both(root: Path) -> None:
    for voice, files in _two(root).values():
        await open_shelf(root).settle(voice, files)


async def _ann_in_trash(root: Path) -> None:
    await _with_both(root)
    await open_shelf(root).remove(ANN, "ann")


async def _as_before(root: Path) -> None:
    """Voices as an earlier version left them: the files in their folders, no content, documents of schema 2."""
    shelf = open_shelf(root)
    for name, (voice, files) in _two(root).items():
        shelf.voices.add(voice)
        folder = root / "voices" / name.replace(":", "/")
        folder.mkdir(parents=True)
        for role, path in files.items():
            path.rename(folder / voice.files[role].name)
    registry = root / "registry" / "voices.json"
    document = json.loads(registry.read_bytes())
    document["schema"] = 2
    voices = document["tables"]["voices"]
    document["tables"]["voices"] = {str(number): voices[name] for number, name in enumerate(voices, 1)}
    registry.write_text(json.dumps(document))
    for other in ("assets", "budgets"):
        (root / "registry" / f"{other}.json").unlink(missing_ok=True)


async def _settle(root: Path) -> None:
    await open_shelf(root).settle(*_two(root)[ANN])


async def _settle_asset(root: Path) -> None:
    await open_shelf(root).settle_asset(*brought_asset(root, config=SHARED))


async def _remove(root: Path) -> None:
    await open_shelf(root).remove(ANN, "ann")


async def _restore(root: Path) -> None:
    await open_shelf(root).restore(ANN)


async def _empty(root: Path) -> None:
    await open_shelf(root).empty(everything=True)


async def _start(root: Path) -> None:
    await open_shelf(root).recover()


async def _mend(root: Path) -> None:
    await open_shelf(root).examine(deep=True, mend=True)


Work = Callable[[Path], Awaitable[None]]
CHANGES: dict[str, tuple[Work, Work]] = {
    "settle": (_with_bob, _settle),
    "settle_asset": (_with_bob, _settle_asset),
    "remove": (_with_both, _remove),
    "restore": (_ann_in_trash, _restore),
    "empty": (_ann_in_trash, _empty),
    "migrate": (_as_before, _start),
    "mend": (_as_before, _mend),
}


def main(root: Path, change: str, seed: int, most: int) -> None:
    assert Architectures().manifests        # imported once, for all children
    prepare, perform = CHANGES[change]
    template = root / "template"
    _in_child(lambda: asyncio.run(_prepared(prepare, template)))
    steps = _count(root, perform, template)
    chosen = sorted(random.Random(seed).sample(range(steps), min(most, steps)))
    report = root / "report.json"
    for step in chosen:
        home = root / f"{change}-{step}"
        shutil.copytree(template, home, symlinks=True, copy_function=_linked)
        died = _in_child(lambda home=home, step=step: _killed_at(home, perform, step))  # type: ignore[misc]
        _in_child(lambda home=home: report.write_text(json.dumps(asyncio.run(_next_host(home)))))  # type: ignore[misc]
        line = {"step": step, "of": steps, "killed": died == -signal.SIGKILL, **json.loads(report.read_text())}
        sys.stdout.write(json.dumps(line) + "\n")
        shutil.rmtree(home)


async def _prepared(prepare: Work, template: Path) -> None:
    await prepare(template)


def _linked(source: str, target: str) -> str:
    """Documents as they are; files of voices keep sharing what they share."""
    if "/voices/" in source:
        known = _links.setdefault(os.stat(source).st_ino, target)
        if known != target and known.startswith(_home_of(target)):
            os.link(known, target)
            return target
        _links[os.stat(source).st_ino] = target
    return str(shutil.copy2(source, target))


_links: dict[int, str] = {}


def _home_of(path: str) -> str:
    return path[: path.index("/voices/") + 1]


def _in_child(work: Callable[[], Any]) -> int:
    """Do it in a forked child. Returns its exit status, negative where a signal ended it."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:      # noqa: BLE001 - the parent reads the status
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _counting(home: Path, at: Callable[[int], None]) -> None:
    """Call `at` with the number of each step on the disk below `home`, before it is taken."""
    done = [0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                return
        elif event in STEPS:
            path = arguments[0]
        else:
            return
        if str(path).startswith(str(home)):
            done[0] += 1
            at(done[0] - 1)

    sys.addaudithook(hook)


def _count(root: Path, perform: Work, template: Path) -> int:
    home, report = root / "counted", root / "steps.txt"
    shutil.copytree(template, home, symlinks=True, copy_function=_linked)

    def work() -> None:
        last = [0]
        _counting(home, lambda step: last.__setitem__(0, step + 1))
        asyncio.run(perform(home))          # type: ignore[arg-type]
        report.write_text(str(last[0]))

    assert _in_child(work) == 0
    shutil.rmtree(home)
    return int(report.read_text())


def _killed_at(home: Path, perform: Work, wanted: int) -> None:
    def at(step: int) -> None:
        if step == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    _counting(home, at)
    asyncio.run(perform(home))              # type: ignore[arg-type]


async def _next_host(home: Path) -> dict[str, Any]:
    """It starts as any host does: `recover`, then what a deep check says, and whether a voice can still be used and moved."""
    shelf = open_shelf(home)
    await shelf.recover()
    found = await shelf.examine(deep=True, mend=False)
    needed = {file.sha256: file.bytes for thing in shelf.inventory.documents() for file in thing.files.values()}
    return {
        "sound": found.sound,
        "found": found.as_json(),
        "voices": [voice.id for voice in shelf.voices.all() if not voice.builtin],
        "trash": [trashed.thing.id for trashed in shelf.voices.trash()],
        "assets": [asset.id for asset in shelf.assets.all()],
        "extra_bytes": folder_bytes(home / "voices") - sum(needed.values()),
        "works": await _works(shelf, home),
    }


async def _works(shelf: Shelf, home: Path) -> bool:
    """Whatever was left, ann can be brought, removed and brought again."""
    voice, files = _two(home)[ANN]
    await shelf.settle(voice, files)
    await shelf.remove(ANN, "ann")
    await shelf.empty(everything=True)
    return (await shelf.settle(*_two(home)[ANN])) == shelf.voices.get(ANN)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
