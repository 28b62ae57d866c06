"""What the data home may hold, and what goes when it holds more: budgets, use, a plan that can be looked at first.

Everything here is a pure function of what was found on disk and in the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal

Kind = Literal["result", "cache", "source"]     # what a job uses an object for
CLASSES = (
    "objects", "cache", "leftovers", "incoming", "voices", "assets", "trash", "logs", "environments", "database",
)  # fmt: skip
DAY_SECONDS = 86_400.0
ORPHAN_SECONDS = DAY_SECONDS    # an object that nothing names may be a result whose row is still being written
MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Budgets:
    """Most that each class may hold, in MB, and how long unpinned things are kept, in days. 0: without a limit.

    `disk_floor_mb`: below this much free space everything that can be made again goes, whatever the budgets say.
    `owner_mb`: of each owner's results and uploads; where that is full of what may not go, they get no more jobs.
    `leftovers_mb`: finished pieces of cancelled jobs. `incoming_mb`: uploads on their way; they, voices and environments are
    never removed by themselves: where they are over their budget, the plan says so.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    objects_mb: int = 0
    cache_mb: int = 10_240
    leftovers_mb: int = 2_048
    incoming_mb: int = 0
    logs_mb: int = 256
    voices_mb: int = 0
    environments_mb: int = 0
    owner_mb: int = 0
    results_days: int = 0
    cache_days: int = 30
    disk_floor_mb: int = 1_024

    def as_json(self) -> dict[str, int]:
        return {item.name: getattr(self, item.name) for item in fields(self)}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One object on disk: bytes, and when it was last made or used (seconds since the epoch)."""

    size: int
    used_at: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended and whose result is kept: whose, since when (seconds since the epoch), held fast or not."""

    job: str
    owner: str
    at: float
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Holdings:
    """What was found: objects on disk, who uses them, what nobody may touch."""

    files: Mapping[str, StoredFile]
    uses: Mapping[str, Mapping[str, frozenset[Kind]]]       # job -> object -> what for
    ended: tuple[Ended, ...]                                # oldest first
    uploads: Mapping[str, frozenset[str]]                   # object -> the owners who sent it
    other_bytes: Mapping[str, int] = field(default_factory=dict)    # of the classes that are no objects
    free_bytes: int = 0
    remembered: frozenset[str] = frozenset()                # objects of kept results that no job names: measures
    expired: tuple[tuple[str, int], ...] = ()               # what has lain in the trash long enough: id, bytes that it frees
    leftovers: Mapping[str, StoredFile] = field(default_factory=dict)       # folders of pieces of cancelled jobs
    incoming: Mapping[str, int] = field(default_factory=dict)               # owner -> bytes of uploads on their way


@dataclass(frozen=True, slots=True)
class Removal:
    """One thing that goes: 'result' (a job's), 'cache', 'upload', 'orphan', 'leftover' or 'trash' (a voice or an asset), why,
    and the bytes that it frees."""

    what: Literal["result", "cache", "upload", "orphan", "leftover", "trash"]
    name: str                   # a job's id, an object's sha256, a folder of pieces, a voice's or an asset's id
    reason: str
    frees_bytes: int
    owner: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Removal.__slots__}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a prune would do, in its order; `over` names classes that stay over their budget all the same."""

    removals: tuple[Removal, ...]
    over: tuple[str, ...] = ()

    @property
    def frees_bytes(self) -> int:
        return sum(removal.frees_bytes for removal in self.removals)

    def as_json(self) -> dict[str, Any]:
        removals = [removal.as_json() for removal in self.removals]
        return {"removals": removals, "frees_bytes": self.frees_bytes, "over": list(self.over)}


def use_of(found: Holdings) -> dict[str, int]:
    """Bytes by class."""
    needed = _Needs(found)
    bytes_by_class = Counter({name: int(found.other_bytes.get(name, 0)) for name in CLASSES})
    for name, file in found.files.items():
        bytes_by_class["objects" if needed.is_object(name) else "cache"] += file.size
    bytes_by_class["leftovers"] += sum(folder.size for folder in found.leftovers.values())
    bytes_by_class["incoming"] += sum(found.incoming.values())
    return dict(bytes_by_class)


def owners_use(found: Holdings) -> dict[str, int]:
    """Bytes of results and uploads by owner, those on their way, too; what two share counts for both."""
    held: dict[str, set[str]] = {}
    for entry in found.ended:
        objects = {name for name, kinds in found.uses.get(entry.job, {}).items() if kinds - {"cache"}}
        held.setdefault(entry.owner, set()).update(objects)
    for name, owners in found.uploads.items():
        for owner in owners:
            held.setdefault(owner, set()).add(name)
    use = {owner: sum(found.files[name].size for name in names if name in found.files) for owner, names in held.items()}
    return {owner: use.get(owner, 0) + found.incoming.get(owner, 0) for owner in use.keys() | found.incoming.keys()}


def plan(found: Holdings, budgets: Budgets, now: float) -> Plan:
    """What must go for the budgets to hold, at `now` (seconds since the epoch).

    What has lain in the trash long enough, orphans, then what is too old, then leftovers and the cache by longest unused, then
    results by oldest with what only they need, then uploads that no kept result needs. Nothing pinned goes, and nothing that a
    kept result or an unfinished job needs.
    """
    planner = _Planner(found, budgets, now)
    planner.trash()
    planner.orphans()
    planner.leftovers()
    planner.cache()
    planner.results()
    planner.uploads()
    return Plan(tuple(planner.removals), tuple(planner.over()))


class _Needs:
    """How many jobs need each object, and for what; an object goes when nobody is left."""

    def __init__(self, found: Holdings) -> None:
        self._found = found
        self.kept: Counter[str] = Counter()         # by results and unfinished jobs
        self.cached: Counter[str] = Counter()       # as a stage on somebody's way
        ended = {entry.job for entry in found.ended}
        self.cached.update(found.remembered)
        for job, objects in found.uses.items():
            for name, kinds in objects.items():
                fast = bool(kinds - {"cache"}) or job not in ended
                (self.kept if fast else self.cached)[name] += 1

    def is_object(self, name: str) -> bool:
        return self.kept[name] > 0 or name in self._found.uploads

    def class_of(self, name: str) -> str | None:
        """'objects' or 'cache'; None where nobody needs it."""
        if self.is_object(name):
            return "objects"
        return "cache" if self.cached[name] > 0 else None

    def leave(self, job: str, name: str) -> None:
        """A job needs an object no more."""
        kinds = self._found.uses[job][name]
        (self.kept if kinds - {"cache"} else self.cached)[name] -= 1


class _Planner:
    """Collects removals and keeps count of what would be left."""

    def __init__(self, found: Holdings, budgets: Budgets, now: float) -> None:
        self._found = found
        self._budgets = budgets
        self._now = now
        self._needs = _Needs(found)
        self._left = use_of(found)
        self._owners = owners_use(found)
        self._free = found.free_bytes
        self._gone: set[str] = set()
        self.removals: list[Removal] = []

    def trash(self) -> None:
        for name, size in self._found.expired:
            self.removals.append(Removal("trash", name, "it lay in the trash long enough", size))
            self._left["trash"] -= size
            self._free += size

    def orphans(self) -> None:
        known = {name for objects in self._found.uses.values() for name in objects} | set(self._found.uploads)
        known |= self._found.remembered
        for name, file in self._found.files.items():
            if name not in known and self._now - file.used_at > ORPHAN_SECONDS:
                self._take("orphan", name, "nothing names it", "cache")

    def leftovers(self) -> None:
        """Pieces of cancelled jobs, the oldest first."""
        for name, folder in sorted(self._found.leftovers.items(), key=lambda entry: entry[1].used_at):
            if self._is_over("leftovers", self._budgets.leftovers_mb) or self._disk_is_low():
                reason = "the disk is nearly full" if self._disk_is_low() else "leftovers are over their budget"
                self._left["leftovers"] -= folder.size
                self._free += folder.size
                self.removals.append(Removal("leftover", name, reason, folder.size))

    def cache(self) -> None:
        """Objects that are only on the way to a result: too old, or the longest unused where they are too many."""
        oldest = self._now - self._budgets.cache_days * DAY_SECONDS
        for name in sorted(self._cached_alone(), key=lambda name: self._found.files[name].used_at):
            if self._budgets.cache_days and self._found.files[name].used_at < oldest:
                self._take("cache", name, f"unused for {self._budgets.cache_days} days", "cache")
            elif self._is_over("cache", self._budgets.cache_mb):
                self._take("cache", name, "the cache is over its budget", "cache")
            elif self._disk_is_low():
                self._take("cache", name, "the disk is nearly full", "cache")

    def results(self) -> None:
        oldest = self._now - self._budgets.results_days * DAY_SECONDS
        for entry in self._found.ended:
            reason = ""
            if entry.pinned:
                continue
            if self._budgets.results_days and entry.at < oldest:
                reason = f"older than {self._budgets.results_days} days"
            elif self._owner_is_over(entry.owner):
                reason = "its owner is over the quota"
            elif self._is_over("objects", self._budgets.objects_mb):
                reason = "results are over their budget"
            elif self._disk_is_low():
                reason = "the disk is nearly full"
            if reason:
                self._let_result_go(entry, reason)

    def _let_result_go(self, entry: Ended, reason: str) -> None:
        """An object goes with the last result that needs it; one that is still a stage of others becomes cache."""
        freed = 0
        for name in self._found.uses.get(entry.job, {}):
            before = self._needs.class_of(name)
            self._needs.leave(entry.job, name)
            after = self._needs.class_of(name)
            if name not in self._found.files or name in self._gone or before is None or before == after:
                continue
            size = self._found.files[name].size
            self._left[before] -= size
            if after is not None:
                self._left[after] += size
            else:
                self._gone.add(name)
                freed += size
        self._free += freed
        self._owners[entry.owner] = self._owners.get(entry.owner, 0) - freed
        self.removals.append(Removal("result", entry.job, reason, freed, entry.owner))

    def uploads(self) -> None:
        """Recordings that no kept result and no unfinished job needs, the longest unused first."""
        oldest = self._now - self._budgets.results_days * DAY_SECONDS
        files = self._found.files
        for name in sorted(set(self._found.uploads) & set(files), key=lambda name: files[name].used_at):
            if self._needs.kept[name] or self._now - files[name].used_at < ORPHAN_SECONDS:
                continue
            owners = self._found.uploads[name]
            reason = ""
            if self._budgets.results_days and files[name].used_at < oldest:
                reason = f"unused for {self._budgets.results_days} days"
            elif any(self._owner_is_over(owner) for owner in owners):
                reason = "its owner is over the quota"
            elif self._is_over("objects", self._budgets.objects_mb):
                reason = "results are over their budget"
            elif self._disk_is_low():
                reason = "the disk is nearly full"
            if reason:
                self._take("upload", name, reason, "objects", *sorted(owners))

    def over(self) -> Iterator[str]:
        budgets = self._budgets
        limits = {
            "objects": budgets.objects_mb, "cache": budgets.cache_mb, "incoming": budgets.incoming_mb,
            "voices": budgets.voices_mb, "environments": budgets.environments_mb,
        }  # fmt: skip
        for name, limit_mb in limits.items():
            if self._is_over(name, limit_mb):
                yield f"{name} hold {self._left[name] // MB} MB; their budget is {limit_mb} MB"
        if self._disk_is_low():
            yield f"the disk has {self._free // MB} MB left; {budgets.disk_floor_mb} MB are to stay free"

    def _cached_alone(self) -> Iterator[str]:
        for name in self._needs.cached:
            if name in self._found.files and name not in self._gone and not self._needs.is_object(name):
                yield name

    def _is_over(self, name: str, limit_mb: int) -> bool:
        return limit_mb > 0 and self._left[name] > limit_mb * MB

    def _owner_is_over(self, owner: str) -> bool:
        return 0 < self._budgets.owner_mb * MB < self._owners.get(owner, 0)

    def _disk_is_low(self) -> bool:
        return self._free < self._budgets.disk_floor_mb * MB

    def _take(self, what: Any, name: str, reason: str, of_class: str, *owners: str) -> None:
        """One object goes."""
        self._gone.add(name)
        freed = self._found.files[name].size
        self._left[of_class] -= freed
        self._free += freed
        for owner in owners:
            self._owners[owner] = self._owners.get(owner, 0) - freed
        self.removals.append(Removal(what, name, reason, freed, owners[0] if owners else ""))
