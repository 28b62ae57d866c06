"""May this stage start now, and where: a pure function over what is running. No clock, no process, no database.

On each device: budget = total - reserve - foreign use, and the promises of all that is there fit into it. A stage's need is
what the manifest declares, or what was measured if that is more, split in what stays (resident) and what passes (transient).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hay_say_lab.engine.order import CPU
from hay_say_lab.errors import Fix, Problem

KEPT = "it cannot stop for others before it is done, and the last place is kept for interactive stages"


@dataclass(frozen=True, slots=True)
class Amount:
    """Memory that a stage asks of one kind of device, in MB: what stays with the voice loaded, what passes with the stage.

    `host_mb`: of the machine's own memory besides, where the device has its own. `proven`: measured so often that it may
    share a card with other proven ones.
    """

    kind: str
    resident_mb: float
    transient_mb: float = 0.0
    host_mb: float = 0.0
    proven: bool = False

    @property
    def memory_mb(self) -> float:
        return self.resident_mb + self.transient_mb


@dataclass(frozen=True, slots=True)
class Need:
    """What a stage asks for: a worker of one kind, a voice, and memory on any of these kinds of device, best first.

    `alone`: it ran out of memory before, so nothing else may be at work on its device, nobody idle may stay, and it gets
    whatever there is, even where that is less than it seems to need.
    `unbroken`: of a lane that makes room for interactive stages, and for a long time it cannot.
    """

    worker: str
    voice: str | None
    amounts: tuple[Amount, ...]
    alone: bool = False
    unbroken: bool = False


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker that is alive, or about to be.

    `memory_mb` is what it holds or was promised, whichever is more; `live_mb` what of it a framework does not keep for
    itself. Seconds to load it again and uses a minute tell what it is worth; a `young` one has just come.
    """

    id: int
    worker: str
    device: str
    memory_mb: float
    live_mb: float = 0.0
    host_mb: float = 0.0
    voices: frozenset[str] = frozenset()
    busy: bool = False
    ending: bool = False
    alone: bool = False
    unbroken: bool = False
    proven: bool = False
    pinned: bool = False
    young: bool = False
    used_at: float = 0.0            # monotonic seconds
    load_seconds: float = 1.0
    uses_a_minute: float = 1.0

    @property
    def idle(self) -> bool:
        return not (self.busy or self.ending)

    @property
    def worth(self) -> float:
        """GreedyDual-Size: what it would cost to have it back, by the memory that it holds for that."""
        return self.load_seconds * self.uses_a_minute / max(self.memory_mb, 1.0)


@dataclass(frozen=True, slots=True)
class Account:
    """One device: what workers may hold there now, what they could if nobody else used it.

    `exclusive`: it cannot be read, so it holds one worker at a time.
    """

    device: str
    kind: str
    budget_mb: float
    capacity_mb: float
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """All devices, how many stages may be at work at a time, who is there; `alone_waits` on these devices for its turn."""

    accounts: tuple[Account, ...]
    places: int
    seats: tuple[Seat, ...]
    alone_waits: frozenset[str] = frozenset()

    def held_mb(self, device: str) -> float:
        return sum(_on(seat, device) for seat in self.seats)


@dataclass(frozen=True, slots=True)
class Admit:
    """Go: on the worker `seat`, or on a new one (None) on `device`, after `evict` have ended."""

    seat: int | None
    evict: tuple[int, ...] = ()
    device: str = CPU


@dataclass(frozen=True, slots=True)
class Wait:
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    problem: Problem


def admit(need: Need, ledger: Ledger) -> Admit | Wait | Refuse:
    """A warm worker with the voice, else a warm one, else a new one, evicting idle ones where memory is short.

    The first kind of device that could hold the stage is the one it runs on, or waits for.
    """
    for amount in need.amounts:
        large_enough = [
            account
            for account in ledger.accounts
            if account.kind == amount.kind and (account.exclusive or need.alone or amount.memory_mb <= account.capacity_mb)
        ]
        if large_enough:
            return _among(need, amount, large_enough, ledger)
    return Refuse(_too_large(need, ledger))


def _among(need: Need, amount: Amount, accounts: Sequence[Account], ledger: Ledger) -> Admit | Wait:
    """On whichever of these devices it is cheapest to start; the reason of the first one where it must wait."""
    busy = sum(seat.busy for seat in ledger.seats)
    if busy >= ledger.places:
        return Wait(f"all {ledger.places} places are busy")
    open_to_it = [account for account in accounts if not need.unbroken or _leaves_room(account, ledger)]
    verdicts = [_at(need, amount, account, ledger) for account in open_to_it]
    seats = {seat.id: seat for seat in ledger.seats}

    def cost(verdict: Admit) -> tuple[bool, bool, float]:
        chosen = seats.get(verdict.seat) if verdict.seat is not None else None
        lost = sum(seats[number].load_seconds for number in verdict.evict)
        return chosen is None or need.voice not in chosen.voices, chosen is None, lost

    admitted = [verdict for verdict in verdicts if isinstance(verdict, Admit)]
    if admitted:
        return min(admitted, key=cost)
    if len(open_to_it) < len(accounts):
        return Wait(KEPT)
    return next(verdict for verdict in verdicts if isinstance(verdict, Wait))


def _leaves_room(account: Account, ledger: Ledger) -> bool:
    """Whether, with one more unbroken stage on a device, interactive stages still find a place, and a device of its kind,
    where who is at work makes room within a piece. Where there is only one of them, nothing can be kept."""
    unbroken = [seat for seat in ledger.seats if seat.busy and seat.unbroken]
    kin = {other.device for other in ledger.accounts if other.kind == account.kind}
    place = ledger.places == 1 or len(unbroken) + 1 < ledger.places
    return place and (len(kin) == 1 or bool(kin - {account.device, *(seat.device for seat in unbroken)}))


def _at(need: Need, amount: Amount, account: Account, ledger: Ledger) -> Admit | Wait:
    here = [seat for seat in ledger.seats if seat.device == account.device]
    waiting = _turn(need, amount, account, here, ledger)
    if waiting is not None:
        return waiting
    idle = [seat for seat in here if seat.idle]
    if need.alone:      # in a fresh process, with all that there is: its need is not known, it has just proven to be more
        if any(seat.ending for seat in here):
            return Wait("memory is being freed for it")
        return Admit(None, tuple(seat.id for seat in idle if not seat.pinned), account.device)
    warm = sorted(
        (seat for seat in idle if seat.worker == need.worker),
        key=lambda seat: (need.voice not in seat.voices, -seat.used_at),
    )
    for chosen in (*warm[:1], None):        # a warm one may have grown so much that a new one is what fits
        evict = _evicted(need, amount, chosen, account, ledger)
        if evict is not None:
            return Admit(chosen.id if chosen else None, evict, account.device)
    return Wait(_why(need, amount, account, ledger))


def _turn(need: Need, amount: Amount, account: Account, here: list[Seat], ledger: Ledger) -> Wait | None:
    """Why a stage may not have its turn on a device, whatever memory there is; None where it may."""
    busy = [seat for seat in here if seat.busy]
    if need.alone and busy:
        return Wait("it ran out of memory and is tried again alone, once nothing else is at work there")
    if any(seat.alone for seat in busy):
        return Wait("a stage that ran out of memory is tried again alone")
    if not need.alone and account.device in ledger.alone_waits:
        return Wait("a stage that ran out of memory goes first, alone")
    shares = account.kind == CPU or (amount.proven and all(seat.proven for seat in busy))
    if busy and (account.exclusive or not shares):
        return Wait(f"{account.device} is at work for another stage")
    return None


def _evicted(
    need: Need, amount: Amount, chosen: Seat | None, account: Account, ledger: Ledger
) -> tuple[int, ...] | None:
    """The idle seats that must end so that all fit together, the least worth first; None where that is not enough."""
    gone: list[Seat] = []
    candidates = sorted(
        (seat for seat in ledger.seats if seat.idle and not seat.pinned and seat is not chosen and _helps(seat, account)),
        key=lambda seat: (seat.young, seat.worth, seat.used_at),
    )
    remaining = iter(candidates)
    while not _fits(need, amount, chosen, account, ledger, {seat.id for seat in gone}):
        seat = next(remaining, None)
        if seat is None:
            return None
        gone.append(seat)
    for seat in sorted(gone, key=lambda seat: (not seat.young, -seat.worth)):      # nobody is sent away in vain
        fewer = {other.id for other in gone if other is not seat}
        if seat in gone and _fits(need, amount, chosen, account, ledger, fewer):
            gone.remove(seat)
    return tuple(seat.id for seat in gone)


def _helps(seat: Seat, account: Account) -> bool:
    return _on(seat, account.device) > 0 or _on(seat, CPU) > 0 or account.exclusive


def _fits(
    need: Need, amount: Amount, chosen: Seat | None, account: Account, ledger: Ledger, gone: set[int]
) -> bool:
    """Whether the stage fits on its device, and what it takes of the machine's own memory fits there."""
    others = [seat for seat in ledger.seats if seat is not chosen and seat.id not in gone]
    if account.exclusive and any(seat.device == account.device for seat in others):
        return False
    taken_mb = _taken(need, amount, chosen)
    if not account.exclusive and _sum(others, account.device) + taken_mb > account.budget_mb:
        return False
    host = next((other for other in ledger.accounts if other.device == CPU), None)
    if host is None or account.device == CPU or amount.host_mb == 0 or host.exclusive:
        return True
    host_mb = max(amount.host_mb, chosen.host_mb if chosen else 0.0)
    return _sum(others, CPU) + host_mb <= host.budget_mb


def _taken(need: Need, amount: Amount, chosen: Seat | None) -> float:
    """What a stage will hold at its peak: on a worker that has the voice, what passes comes on top of what is live."""
    if chosen is None:
        return amount.memory_mb
    if need.voice is None or need.voice in chosen.voices:
        return max(amount.memory_mb, chosen.memory_mb, chosen.live_mb + amount.transient_mb)
    return max(chosen.memory_mb, chosen.live_mb + amount.memory_mb)


def taken_mb(need: Need, amount: Amount, seat: Seat | None) -> float:
    """What a seat counts for, once `admit` has given it to a need."""
    return _taken(need, amount, seat)


def _on(seat: Seat, device: str) -> float:
    """What a seat holds of a device's memory: of its own, and of the machine's besides."""
    own = seat.memory_mb if seat.device == device else 0.0
    return own + (seat.host_mb if device == CPU else 0.0)


def _sum(seats: Iterable[Seat], device: str) -> float:
    return sum(_on(seat, device) for seat in seats)


def _why(need: Need, amount: Amount, account: Account, ledger: Ledger) -> str:
    """What stands in the way of a stage that would fit into an empty device."""
    if account.budget_mb < amount.memory_mb:
        foreign_mb = account.capacity_mb - account.budget_mb
        return f"other programs use {foreign_mb:.0f} MB of {account.device}"
    if any(seat.pinned and seat.idle and _helps(seat, account) for seat in ledger.seats) and not any(
        seat.busy for seat in ledger.seats
    ):
        return "memory is kept by pinned workers"
    return "memory is taken by stages at work"


def _too_large(need: Need, ledger: Ledger) -> Problem:
    amount = need.amounts[0]
    sizes = [account.capacity_mb for account in ledger.accounts if account.kind == amount.kind]
    if not sizes:
        return Problem(
            "steps",
            f"The stage runs on {amount.kind}, and this machine has none.",
            Fix("Use a voice that runs on the CPU, or a machine that has it."),
        )
    where = "this machine" if amount.kind == CPU else "its graphics card"
    message = f"The stage needs {amount.memory_mb:.0f} MB of memory; {where} can give {max(sizes):.0f} MB."
    if amount.kind == CPU:
        return Problem("steps", message, Fix("Use a shorter clip, a smaller voice, or a machine with more memory."))
    patch = ({"op": "add", "path": "/cpu_fallback", "value": True},)
    return Problem("steps", message, Fix("Let it run on the CPU, which takes longer.", patch))
