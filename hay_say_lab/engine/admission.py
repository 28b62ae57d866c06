"""May this stage start now, and where: a pure function over what is running. No clock, no process, no database.

budget = total - reserve - foreign use; need = what the manifest declares, or what was measured if that is more.
"""

from __future__ import annotations

from dataclasses import dataclass

from hay_say_lab.errors import Fix, Problem


@dataclass(frozen=True, slots=True)
class Need:
    """What a stage asks for: a worker of one kind, a voice, and memory with that voice at work."""

    worker: str
    voice: str | None
    memory_mb: float


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker that is alive: its kind, its memory, what it has loaded, whether it works, when it last did."""

    id: int
    worker: str
    memory_mb: float
    voices: frozenset[str]
    busy: bool
    used_at: float              # monotonic seconds


@dataclass(frozen=True, slots=True)
class Ledger:
    """One device: the memory that workers may take together, how many may work at a time, and who is there."""

    budget_mb: float
    places: int
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class Admit:
    """Go: on the worker `seat`, or on a new one (None), after `evict` have ended."""

    seat: int | None
    evict: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    problem: Problem


def admit(need: Need, ledger: Ledger) -> Admit | Wait | Refuse:
    """A warm worker with the voice, else a warm one, else a new one, evicting idle ones where memory is short."""
    if need.memory_mb > ledger.budget_mb:
        return Refuse(
            Problem(
                "steps",
                f"The stage needs {need.memory_mb:.0f} MB of memory; this machine can give {ledger.budget_mb:.0f} MB.",
                Fix("Use a shorter clip, a smaller voice, or a machine with more memory."),
            )
        )
    busy = sum(seat.busy for seat in ledger.seats)
    if busy >= ledger.places:
        return Wait(f"all {ledger.places} places are busy")
    idle = [seat for seat in ledger.seats if not seat.busy]
    warm = sorted(
        (seat for seat in idle if seat.worker == need.worker),
        key=lambda seat: (need.voice not in seat.voices, -seat.used_at),
    )
    for chosen in (*warm[:1], None):        # a warm one may have grown so much that a new one is what fits
        evict = _evicted(need, chosen, ledger)
        if evict is not None:
            return Admit(chosen.id if chosen else None, evict)
    return Wait("memory is taken by stages at work")


def _evicted(need: Need, chosen: Seat | None, ledger: Ledger) -> tuple[int, ...] | None:
    """The idle seats that must end, longest unused first, so that all fit together; None where that is not enough."""
    taken_mb = max(need.memory_mb, chosen.memory_mb) if chosen else need.memory_mb
    others = [seat for seat in ledger.seats if seat is not chosen]
    missing_mb = sum(seat.memory_mb for seat in others) + taken_mb - ledger.budget_mb
    evict: list[int] = []
    for seat in sorted((seat for seat in others if not seat.busy), key=lambda seat: seat.used_at):
        if missing_mb <= 0:
            break
        evict.append(seat.id)
        missing_mb -= seat.memory_mb
    return tuple(evict) if missing_mb <= 0 else None
