"""The shelf: voices and assets come in whole or not at all, go into the trash, come back, and leave no byte behind.

What is there is said by the registry's documents; the disk follows them. Each change writes down what it is about to do,
does it, and lets the disk agree with the documents; a host that was killed in between does the last step when it starts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from hay_say_lab.domain.asset import WEIGHTS, Asset
from hay_say_lab.domain.retention import MB
from hay_say_lab.domain.voice import Voice
from hay_say_lab.engine.allowance import LIBRARY_SETTING, OWNER_SETTING, Allowance
from hay_say_lab.engine.equipment import Equipment
from hay_say_lab.engine.inventory import ASSETS, VOICES, Freed, Inventory, contents
from hay_say_lab.engine.library_check import LibraryFindings, examine, mend
from hay_say_lab.errors import Conflict, InvalidRequest, LabError, TooLarge
from hay_say_lab.registry.assets import Assets
from hay_say_lab.registry.budgets import BudgetBook
from hay_say_lab.registry.installed import Installed, Leaving, Thing, Trashed
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.home import Home
from hay_say_lab.storage.intents import Intent
from hay_say_lab.storage.rows import now

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Thing)
R = TypeVar("R")

MOST_NAMED = 5                  # jobs in a refusal
SECONDS_BETWEEN_LOOKS = 1.0     # at jobs, while a voice waits for them

Tell = Callable[[str, Mapping[str, Any]], Awaitable[None]]      # kind of news, body


@dataclass(frozen=True, slots=True)
class Removed:
    """`waits_for`: jobs that must end first. `until`: when it leaves the trash (UTC, ISO 8601); '' where it has gone for good
    or waits."""

    freed: Freed
    waits_for: tuple[str, ...] = ()
    until: str = ""


class Shelf:
    """One per host. `jobs_of` names the unfinished jobs that use a voice; `removed` is told of each voice that has gone."""

    def __init__(
        self,
        *,
        home: Home,
        voices: Voices,
        assets: Assets,
        book: BudgetBook,
        allowance: Allowance,
        equipment: Equipment,
        jobs_of: Callable[[str], list[str]],
        tell: Tell,
    ) -> None:
        self.voices = voices
        self.assets = assets
        self.inventory = Inventory(home, voices, assets)
        self.allowance = allowance
        self.removed: Callable[[Voice], None] = lambda voice: None
        self.equipment = equipment
        self._book = book
        self._root = home.voices
        self.jobs_of = jobs_of
        self._tell = tell
        self.lock = asyncio.Lock()              # whoever looks at documents and disk together holds it
        self._under_way: set[asyncio.Task[Any]] = set()

    # In.

    async def settle(self, voice: Voice, files: Mapping[str, Path]) -> Voice:
        """Move a voice's files (role -> path, in the scratch folder) in, then write its document.

        The same id with the same hash is the voice that is there, and `files` stay where they are. Raises Conflict where
        another one has the id, InvalidRequest where files and document differ, TooLarge over a quota, StorageFailed.
        """
        return await self._whole(self._settled(self.voices, voice, files))

    async def settle_asset(self, asset: Asset, files: Mapping[str, Path]) -> Asset:
        """The same for an asset."""
        if WEIGHTS not in asset.files:
            raise InvalidRequest("An asset has a file 'weights'.", field="files", fix="Name its main file so.")
        return await self._whole(self._settled(self.assets, asset, files))

    async def _settled(self, register: Installed[T], thing: T, files: Mapping[str, Path]) -> T:
        async with self.lock:
            if register.has(thing.id):
                return self._same(register, thing)
            register.check(thing)
            self._check_files(thing, files)
            self._check_room(thing)
            async with self._intending(register, thing.id, thing):
                await asyncio.to_thread(self.inventory.bring_in, register.noun, thing, files)
                register.add(thing)             # here, not in the thread: the registry has one writer
            await self._told(register, "added", thing.id)
            return thing

    @staticmethod
    def _same(register: Installed[T], thing: T) -> T:
        present = register.get(thing.id)
        if present.hash != thing.hash:
            raise Conflict(
                f"There is a {register.singular} '{thing.id}' already, and it is another one.",
                field="name",
                fix="Give it another name, or remove that one.",
            )
        if thing.id in register.leaving():
            raise Conflict(
                f"'{thing.id}' is being removed.", field="name", fix=f"hay-say {register.noun} restore {thing.id}"
            )
        return present

    def _check_files(self, thing: Thing, files: Mapping[str, Path]) -> None:
        if set(files) != set(thing.files):
            odd = ", ".join(sorted(set(files) ^ set(thing.files)))
            raise InvalidRequest(f"Files and document of '{thing.id}' differ: {odd}.", field="files", fix="Bring just its files.")

    def _check_room(self, thing: Thing) -> None:
        """Quotas hold: nobody else comes in between this look and the document, for the lock is held."""
        held = contents(*self.inventory.documents())
        more = sum(size for sha256, size in contents(thing).items() if sha256 not in held)
        book_bytes = self._book.budgets.voices_mb * MB
        limits = [limit for limit in (self.allowance.library_bytes, book_bytes) if limit]
        if limits and sum(held.values()) + more > min(limits):
            in_trash = sum(held.values()) - sum(contents(*self.voices.all(), *self.assets.all()).values())
            raise _too_large(thing, more, "the library", sum(held.values()), min(limits), in_trash, LIBRARY_SETTING)
        if self.allowance.owner_bytes and thing.imported_by:
            theirs = contents(*(one for one in self.inventory.documents() if one.imported_by == thing.imported_by))
            wanted = sum(size for sha256, size in contents(thing).items() if sha256 not in theirs)
            if sum(theirs.values()) + wanted > self.allowance.owner_bytes:
                limit = self.allowance.owner_bytes
                raise _too_large(thing, wanted, "what you brought", sum(theirs.values()), limit, 0, OWNER_SETTING)

    # Out, and back.

    def preview(self, voice_id: str) -> Freed:
        """What the removal of a voice would free. Raises VoiceMissing, Conflict for one that comes with its architecture."""
        return self.inventory.freed(VOICES, self.voices.removable(voice_id))

    async def remove(self, voice_id: str, by: str, *, after_jobs: bool = False) -> Removed:
        """Into the trash. Raises VoiceMissing, Conflict for a voice that comes with its architecture or that jobs use;
        with `after_jobs` it goes when the last of them has ended, and takes no new ones."""
        self.voices.removable(voice_id)
        return await self._whole(self._removed(self.voices, voice_id, by, after_jobs))

    async def remove_asset(self, asset_id: str, by: str, *, force: bool = False) -> Removed:
        """Into the trash. Raises AssetMissing, Conflict where jobs use it, and, without `force`, where voices need it and
        no other of its kind is there."""
        return await self._whole(self._removed_asset(asset_id, by, force))

    async def _removed_asset(self, asset_id: str, by: str, force: bool) -> Removed:
        voices = self.needing(asset_id)
        if voices and not force:
            more = f" and {len(voices) - MOST_NAMED} more" if len(voices) > MOST_NAMED else ""
            kind = self.assets.get(asset_id).kind
            raise Conflict(
                f"{', '.join(voices[:MOST_NAMED])}{more} cannot be used without '{asset_id}': there is no other {kind}.",
                field="asset",
                fix=f"Bring another one first, or remove it all the same: hay-say assets remove --force {asset_id}",
            )
        return await self._removed(self.assets, asset_id, by, False)

    def preview_asset(self, asset_id: str) -> Freed:
        """What the removal of an asset would free. Raises AssetMissing."""
        return self.inventory.freed(ASSETS, self.assets.get(asset_id))

    def needing(self, asset_id: str) -> list[str]:
        """Installed voices that could not be used without an asset, by id. Raises AssetMissing."""
        asset = self.assets.get(asset_id)
        if len(self.assets.of_kind(asset.kind)) > 1:
            return []
        served = self.equipment.served_by(asset)
        return [voice.id for voice in self.voices.all() if voice.architecture in served]

    def jobs_with(self, asset: Asset) -> list[str]:
        """Unfinished jobs whose voices work with an asset now."""
        served = self.equipment.served_by(asset)
        return sorted({job for voice in self.voices.all() if voice.architecture in served for job in self.jobs_of(voice.id)})

    async def _removed(self, register: Installed[T], name: str, by: str, after_jobs: bool) -> Removed:
        async with self.lock:
            thing = register.get(name)
            freed = self.inventory.freed(register.noun, thing)
            async with self._intending(register, thing.id, thing):
                jobs = self.jobs_with(thing) if isinstance(thing, Asset) else self.jobs_of(name)
                if jobs and after_jobs:
                    register.leave(name, Leaving(by, now()))
                elif jobs:
                    raise _in_use(register, name, jobs)
                else:
                    trashed = register.to_trash(name, by, now())
            if jobs:
                await self._told(register, "leaving", name)
                return Removed(freed, waits_for=tuple(jobs))
            if isinstance(thing, Voice):
                self.removed(thing)
            await self._told(register, "removed", name)
            if self.allowance.trash_seconds <= 0:
                await self._emptied(register, [trashed])
                return Removed(freed)
            return Removed(freed, until=self.until(trashed))

    async def restore(self, voice_id: str) -> Voice:
        """Out of the trash again; one that waits for its jobs stays. Raises VoiceMissing, Conflict, StorageFailed."""
        return await self._whole(self._restored(self.voices, voice_id))

    async def restore_asset(self, asset_id: str) -> Asset:
        """Raises AssetMissing, Conflict, StorageFailed."""
        return await self._whole(self._restored(self.assets, asset_id))

    async def _restored(self, register: Installed[T], name: str) -> T:
        async with self.lock:
            if name in register.leaving():
                register.leave(name, None)
                await self._told(register, "restored", name)
                return register.get(name)
            trashed = register.in_trash(name)
            if register.has(name):              # before a file is touched: those of the other one lie there
                raise Conflict(
                    f"There is a {register.singular} '{name}' again.", field="name", fix="Remove that one first."
                )
            async with self._intending(register, name, trashed.thing):
                await asyncio.to_thread(self.inventory.lay_out, register.noun, trashed.thing)
                register.from_trash(trashed)
            await self._told(register, "restored", name)
            return trashed.thing

    def until(self, trashed: Trashed[Any]) -> str:
        """When it leaves the trash for good (UTC, ISO 8601)."""
        return _iso(_seconds(trashed.at) + self.allowance.trash_seconds)

    def expired(self) -> list[tuple[Installed[Any], Trashed[Any]]]:
        """What lies in the trash longer than it is kept."""
        oldest = datetime.now(UTC).timestamp() - self.allowance.trash_seconds
        return [(register, one) for register in self.inventory.registers for one in register.trash() if _seconds(one.at) <= oldest]

    async def empty(self, *, everything: bool = False) -> int:
        """For good: what has lain in the trash long enough, or all. Returns the bytes that are free because of it."""
        return await self._whole(self._emptied_all(everything))

    async def _emptied_all(self, everything: bool) -> int:
        freed = 0
        async with self.lock:
            for register in self.inventory.registers:
                going = register.trash() if everything else [one for owner, one in self.expired() if owner is register]
                if going:
                    freed += await self._emptied(register, going)
        return freed

    async def _emptied(self, register: Installed[Any], going: list[Trashed[Any]]) -> int:
        before = await asyncio.to_thread(self.inventory.weights.sizes)
        async with self._intending(register, "", *(one.thing for one in going)):
            register.forget(going)
        await self._told(register, "emptied", "")
        after = await asyncio.to_thread(self.inventory.weights.sizes)
        return sum(before.values()) - sum(after.values())

    async def let_leave(self) -> None:
        """Voices whose last job has ended go into the trash."""
        for name, leaving in self.voices.leaving().items():
            if not self.jobs_of(name):
                try:
                    await self.remove(name, leaving.by, after_jobs=True)
                except LabError as error:
                    log.warning("a voice cannot leave: %s", error.message)

    async def tend(self) -> None:
        """For ever: who waits for jobs to end is let go then."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            await self.let_leave()

    async def close(self) -> None:
        """Changes that are under way come to their end."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def examine(self, *, deep: bool, mend: bool) -> LibraryFindings:
        """What was found; with `mend` what can be mended is, then."""
        async with self.lock:
            return await asyncio.to_thread(self._examined, deep, mend)

    def _examined(self, deep: bool, mending: bool) -> LibraryFindings:
        found = examine(self.inventory, self._root, deep=deep)
        if mending:
            mend(self.inventory, self._root, found)
        return found

    def leaving_trash(self) -> list[tuple[str, int]]:
        """What has lain in the trash long enough: each id, and the bytes that are free because it goes."""
        going = [one.thing for _, one in self.expired()]
        needed = contents(*(thing for thing in self.inventory.documents() if thing not in going))
        found = []
        for thing in going:
            own = {sha256: size for sha256, size in contents(thing).items() if sha256 not in needed}
            needed |= own
            found.append((thing.id, sum(own.values())))
        return found

    # The host's start.

    async def recover(self) -> None:
        """As `Inventory.recover`."""
        async with self.lock:
            await asyncio.to_thread(self.inventory.recover)

    def asset_files(self, asset: Asset) -> dict[str, Path]:
        """Where a worker finds an asset's files, by their roles."""
        folder = self.inventory.folder(ASSETS, asset.id)
        return {role: folder / file.name for role, file in asset.files.items()}

    async def _told(self, register: Installed[Any], change: str, name: str) -> None:
        """Every surface hears of it. What is done is done, even where the news cannot be written."""
        try:
            await self._tell(register.noun, {"change": change, "id": name})
        except LabError as error:
            log.warning("news of '%s' could not be told: %s", name, error.message)

    def _intending(self, register: Installed[Any], name: str, *things: Thing) -> _Intending:
        return _Intending(self.inventory, Intent(register.noun, name, tuple(sorted(contents(*things)))))

    async def _whole(self, work: Coroutine[Any, Any, R]) -> R:
        """To its end, even where whoever asked goes away in the middle."""
        task = asyncio.get_running_loop().create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)


class _Intending:
    """Written down before what is inside, and ended behind it once the disk agrees with the documents, whatever they say."""

    def __init__(self, inventory: Inventory, intent: Intent) -> None:
        self._inventory, self._intent = inventory, intent
        self._key = ""

    async def __aenter__(self) -> None:
        self._key = await asyncio.to_thread(self._inventory.intents.begin, self._intent)

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        """Raises LabError where the disk refuses now; where it has refused inside already, that is what is told."""
        try:
            await asyncio.to_thread(self._inventory.agree, self._intent)
            await asyncio.to_thread(self._inventory.intents.end, self._key)
        except LabError as refused:
            if error is None:
                raise
            log.warning("'%s' waits for the next host: %s", self._intent.name, refused.message)


def _in_use(register: Installed[Any], name: str, jobs: list[str]) -> Conflict:
    more = f" and {len(jobs) - MOST_NAMED} more" if len(jobs) > MOST_NAMED else ""
    return Conflict(
        f"'{name}' is used by {'jobs' if len(jobs) > 1 else 'job'} {', '.join(jobs[:MOST_NAMED])}{more}.",
        field=register.singular,
        fix=f"Remove it when they have ended: hay-say voices remove --after-jobs {name}"
        if register.noun == VOICES
        else "Remove it when they have ended.",
    )


def _too_large(thing: Thing, more: int, what: str, held: int, limit: int, in_trash: int, setting: str) -> TooLarge:
    trash = f" ({in_trash / MB:.1f} MB of it in the trash)" if in_trash else ""
    empty = "empty the trash with 'hay-say voices trash --empty', " if in_trash else ""
    return TooLarge(
        f"'{thing.id}' needs {more / MB:.1f} MB more; {what} holds {held / MB:.1f} MB{trash} of {limit / MB:.0f} MB.",
        field="storage",
        fix=f"Remove voices that nobody needs, {empty}or have {setting} raised.",
    )


def _seconds(at: str) -> float:
    """Since the epoch; a time that cannot be read is long ago."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
