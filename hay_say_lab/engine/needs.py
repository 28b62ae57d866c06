"""How much memory stages need: what manifests declare, corrected by what was measured.

Measured needs are kept for (voice, kind of device, class of length); those of other code are dropped at the first stage
that the new code measures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hay_say_lab.engine.admission import Amount
from hay_say_lab.engine.order import Usage

MARGIN = 1.1
NEWEST = 32                     # stages that a measured need rests on
PROVEN_STAGES = 20              # clean measured ones, before a stage may share a card
CUDA_HOST_MB = 600.0            # of the machine's memory, beside the card's, for every torch worker (measured: 324)
WORTH_KEEPING_MB = 1.0          # a change of less is not written


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose need: a voice by its hash (or a worker without one), on a kind of device, with so many seconds of audio."""

    name: str
    kind: str
    length_class: int

    @classmethod
    def of(cls, name: str, kind: str, seconds: float) -> Subject:
        return cls(name, kind, length_class(seconds))


@dataclass(frozen=True, slots=True)
class Measured:
    """What stages of one subject took, newest last, in MB; `clean` counts those since the last that ran out of memory."""

    subject: Subject
    code_version: str
    resident_mb: tuple[float, ...] = ()
    transient_mb: tuple[float, ...] = ()
    host_mb: float = 0.0
    clean: int = 0

    def as_row(self) -> dict[str, Any]:
        """For the table of needs."""
        return {
            "subject": self.subject.name,
            "kind": self.subject.kind,
            "length_class": self.subject.length_class,
            "code_version": self.code_version,
            "resident_mb": list(self.resident_mb),
            "transient_mb": list(self.transient_mb),
            "host_mb": self.host_mb,
            "clean": self.clean,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Measured:
        return cls(
            Subject(row["subject"], row["kind"], row["length_class"]),
            row["code_version"],
            tuple(row["resident_mb"]),
            tuple(row["transient_mb"]),
            row["host_mb"],
            row["clean"],
        )

    def ran_out(self) -> Measured:
        """What it held when there was no more is not what it needs: only a stage that ends tells that."""
        return replace(self, clean=0)

    def with_usage(self, usage: Usage) -> Measured:
        passing = max(0.0, usage.peak_mb - usage.live_mb)
        return replace(
            self,
            resident_mb=(*self.resident_mb, usage.live_mb)[-NEWEST:],
            transient_mb=(*self.transient_mb, passing)[-NEWEST:],
            host_mb=max(self.host_mb, usage.host_mb),
            clean=self.clean + 1,
        )

    @property
    def typical(self) -> tuple[float, float]:
        """p95 of what stayed and of what passed."""
        return p95(self.resident_mb), p95(self.transient_mb)


class Needs:
    """`amount` asks, `record` learns. Kept in memory; whoever makes it may load and write rows."""

    def __init__(self, rows: Iterable[Measured] = ()) -> None:
        self._known = {row.subject: row for row in rows}
        self._suspects: set[tuple[str, str]] = set()        # ran out, and nothing of them has ended well since

    def load(self, rows: Iterable[Measured]) -> None:
        self._known |= {row.subject: row for row in rows}

    def amount(self, subject: Subject, resident_mb: float, transient_mb: float) -> Amount:
        """max(declared, p95 measured) x 1.1, for what stays and for what passes."""
        known = self._known.get(subject)
        seen_resident, seen_transient = self._seen(subject)
        host_mb = 0.0 if subject.kind == "cpu" else max(CUDA_HOST_MB, known.host_mb if known else 0.0)
        return Amount(
            subject.kind,
            MARGIN * max(resident_mb, seen_resident),
            MARGIN * max(transient_mb, seen_transient),
            host_mb,
            proven=known is not None and known.clean >= PROVEN_STAGES,
        )

    def _seen(self, subject: Subject) -> tuple[float, float]:
        """Resident: the most of any length, since a voice is as large for all. Transient: of this length, or from the
        nearest one measured, by as much as it is longer or shorter."""
        kin = [row for known, row in self._known.items() if (known.name, known.kind) == (subject.name, subject.kind)]
        if not kin:
            return 0.0, 0.0
        nearest = min(kin, key=lambda row: abs(row.subject.length_class - subject.length_class))
        longer = 2.0 ** (subject.length_class - nearest.subject.length_class)
        return max(row.typical[0] for row in kin), nearest.typical[1] * longer

    def record(self, subject: Subject, code_version: str, usage: Usage, *, ran_out: bool = False) -> Measured | None:
        """What a stage took. Returns the row where it is worth writing: where the next stage would ask for something else."""
        before = self._known.get(subject)
        if before is None or before.code_version != code_version:
            before = Measured(subject, code_version)
        (self._suspects.add if ran_out else self._suspects.discard)((subject.name, subject.kind))
        after = self._known[subject] = before.ran_out() if ran_out else before.with_usage(usage)
        moved = max(abs(a - b) for a, b in zip(after.typical, before.typical, strict=True))
        return after if moved >= WORTH_KEEPING_MB or ran_out or after.clean == PROVEN_STAGES else None

    def suspect(self, subject: Subject) -> bool:
        """Whether it has just proven to need more than anybody knows: until one of it ends well it runs alone."""
        return (subject.name, subject.kind) in self._suspects

    def known(self, subject: Subject) -> Measured | None:
        return self._known.get(subject)


def length_class(seconds: float) -> int:
    """0 up to one second of audio, then one class for each doubling: 1 up to 2 s, 2 up to 4 s, ..."""
    return max(0, math.ceil(math.log2(seconds))) if seconds > 0 else 0


def p95(values: tuple[float, ...]) -> float:
    """Nearest rank; 0 of none."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1] if values else 0.0
