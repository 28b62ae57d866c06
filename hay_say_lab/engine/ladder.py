"""What to do when a stage loses its worker: tried again; out of memory once more alone, then on the processor by consent,
then a failure that says what it needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from hay_say_lab.engine.order import CPU, WorkerLost
from hay_say_lab.errors import Fix, OutOfMemory
from hay_say_lab.storage.loss import Loss


class Rung(Enum):
    ALONE = "it is tried again, alone"
    ON_CPU = "it goes on on the processor"
    FAIL = "it fails, and says what it needs"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stage was: the device, its kind, and the kinds that its architecture runs on."""

    device: str
    kind: str
    able: Collection[str]


def judge(lost: WorkerLost, place: Place, ooms: int, cpu_fallback: bool) -> OutOfMemory | tuple[str, Loss]:
    """The failure that a stage ends with, or the reason and more for the edge by which it is tried again.

    `ooms`: how often it had run out of memory before.
    """
    told = {"stderr": lost.told} if lost.told else {}
    if not lost.out_of_memory:
        return lost.reason, Loss(device=place.device, notes=told)
    rung = next_rung(ooms + 1, place, cpu_fallback)
    if rung is Rung.FAIL:
        return _failure(place, lost.measured_mb, cpu_fallback)
    reason = f"it ran out of memory on {place.device} with {lost.measured_mb:.0f} MB; {rung.value}"
    return reason, Loss(out_of_memory=True, device=place.device, notes={"measured_mb": round(lost.measured_mb, 1), **told})


def next_rung(ooms: int, place: Place, cpu_fallback: bool) -> Rung:
    """After the `ooms`-th time: 1, 2, ..."""
    if ooms <= 1:
        return Rung.ALONE
    if place.kind != CPU and CPU in place.able and cpu_fallback:
        return Rung.ON_CPU
    return Rung.FAIL


def _failure(place: Place, measured_mb: float, cpu_fallback: bool) -> OutOfMemory:
    """What a person is told, with the need as measured, and with one click to the processor where that is left."""
    message = f"The stage needs more memory than {place.device} has: it had or asked for {measured_mb:.0f} MB when there was no more."
    if place.kind != CPU and CPU in place.able and not cpu_fallback:
        patch = ({"op": "add", "path": "/cpu_fallback", "value": True},)
        return OutOfMemory(message, field="steps", fix=Fix("Let it run on the CPU, which takes longer.", patch))
    return OutOfMemory(message, field="steps", fix="Use a shorter clip or text, or a smaller voice.")
