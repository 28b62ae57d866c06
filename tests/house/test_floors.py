"""Imports run one way: a room stands on the floors below it (DESIGN: docs/architecture.md)."""

from __future__ import annotations

from tests.house.source import CORE, VERSION, Import, Module, core, modules

# From the ground up. A room imports rooms of lower floors only.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("domain",),
    ("text", "audio", "storage", "client", "plugin"),
    ("registry", "library", "worker", "widgets", "architectures"),
    ("engine",),
    ("service",),
    ("host",),
    ("cli",),
)
FLOOR_OF = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}

# Rooms that stand on less than their floor would allow.
NARROW: dict[str, set[str]] = {
    "server": {"errors", "client"},             # the extension is a client with Jupyter's login in front
    "architectures": {"plugin", "domain", "errors"},    # authors get our nouns, and nothing that works on them
    "cli": {"errors", "domain", "client"},      # a client; `hay-say serve` executes hay_say_lab.host
}

# Rooms of one floor that know each other all the same: (who, whom) -> where the import may stand, and why.
NEIGHBOURS: dict[tuple[str, str], tuple[set[str], str]] = {
    ("worker", "library"): ({"top"}, "strangers' files are read in confined children; what reading means is told there"),
    ("client", "audio"): ({"function", "typing"}, "a script reads the samples of its result; audio needs numpy"),
}

# What `engine` knows of workers: how to talk to them, not how they run. Each with its reason.
ENGINE_KNOWS_OF_WORKER = {
    "confinement": "how far a child was shut in, as a word that travels with what it made",
    "protocol": "the frames on the line",
    "platform": "sessions, signals and socket pairs of this system",
    "code_version": "a kept result is named by the code that a worker would run; it is read from files, none is run",
}

# Modules that rooms on the ground may import only when something is called, because importing them must cost nothing.
LATE_ROOMS = ("errors", "domain", "client")
LATE_MODULES = ("numpy", "soundfile")


def _ours(module: Module) -> list[tuple[Import, str]]:
    """Imports of the core by a module, with the room they reach ('' is the package root)."""
    return [
        (found, (found.target.split(".") + [""])[1])
        for found in module.imports()
        if found.target.split(".")[0] == CORE
    ]


def _complaint(module: Module, found: Import, room: str) -> str | None:
    mine = module.room
    if mine == "":
        return None     # the package root stands above all floors
    if found.target == VERSION or (room == mine and module.package == CORE):
        return None
    if room == "":
        return "imports the package root, which stands above all floors"
    if mine in NARROW:
        return None if room in NARROW[mine] else f"'{mine}' stands on {sorted(NARROW[mine])} only, not on '{room}'"
    if (mine, room) in NEIGHBOURS:
        allowed, _ = NEIGHBOURS[mine, room]
        return None if found.where in allowed else f"'{room}' may be imported inside functions only"
    if mine not in FLOOR_OF or room not in FLOOR_OF:
        return f"'{mine}' or '{room}' has no floor; give it one in this test and in docs/architecture.md"
    if FLOOR_OF[room] >= FLOOR_OF[mine]:
        return f"'{mine}' may not stand on '{room}'"
    return None


def test_imports_run_down_the_floors() -> None:
    complaints = [
        f"{module.place}:{found.line}: {complaint}"
        for module in modules()
        for found, room in _ours(module)
        if (complaint := _complaint(module, found, room))
    ]
    assert not complaints, "\n".join(complaints)


SHARED = "hay_say_shared"       # networks that several architectures have: a package of its own, and no architecture


def test_an_architecture_never_imports_another() -> None:
    packages = {module.package for module in modules()} - {CORE, SHARED}
    complaints = [
        f"{module.place}:{found.line}: imports {found.target}"
        for module in modules()
        for found in module.imports()
        if found.target.split(".")[0] in packages - {module.package}
    ]
    assert not complaints, "\n".join(complaints)


def test_what_architectures_share_imports_none_of_them() -> None:
    packages = {module.package for module in modules()} - {CORE, SHARED}
    complaints = [
        f"{module.place}:{found.line}: imports {found.target}"
        for module in modules()
        if module.package == SHARED
        for found in module.imports()
        if found.target.split(".")[0] in packages
    ]
    assert not complaints, "\n".join(complaints)


def test_engine_knows_only_the_protocol_of_workers() -> None:
    complaints = [
        f"{module.place}:{found.line}: {found.target}"
        for module in core()
        if module.room == "engine"
        for found, room in _ours(module)
        if room == "worker" and (found.target.split(".") + [""])[2] not in ENGINE_KNOWS_OF_WORKER
    ]
    assert not complaints, "\n".join(complaints)


def test_the_ground_imports_numpy_and_soundfile_inside_functions_only() -> None:
    complaints = [
        f"{module.place}:{found.line}: {found.target} at import"
        for module in core()
        if module.room in LATE_ROOMS
        for found in module.imports()
        if found.where == "top" and found.target.split(".")[0] in LATE_MODULES
    ]
    assert not complaints, "\n".join(complaints)


def test_every_exception_to_the_floors_is_still_needed() -> None:
    used = {(module.room, room) for module in core() for _, room in _ours(module)}
    assert set(NEIGHBOURS) <= used, f"no longer needed: {sorted(set(NEIGHBOURS) - used)}"
