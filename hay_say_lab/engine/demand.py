"""What a stage asks of the devices: on which kinds it may run, and how much memory it needs there."""

from __future__ import annotations

from collections.abc import Sequence

from hay_say_lab.engine.admission import Need
from hay_say_lab.engine.needs import Needs, Subject
from hay_say_lab.engine.order import CPU
from hay_say_lab.engine.work import BUILT_IN, Work
from hay_say_lab.registry.architectures import Architectures


class Demand:
    """`kinds`: those of the devices that are there, the best first."""

    def __init__(self, architectures: Architectures, kinds: Sequence[str], needs: Needs) -> None:
        self._architectures = architectures
        self._present = tuple(dict.fromkeys(kinds))
        self._needs = needs

    def need(self, work: Work) -> Need:
        """As declared, or as measured where that is more. Raises ArchitectureMissing."""
        kinds = self._kinds(work)
        amounts = tuple(self._needs.amount(self.subject(work, kind), *self._declared(work)) for kind in kinds)
        alone = work.ooms == 1 or self._needs.suspect(self.subject(work, kinds[0]))
        return Need(work.worker, work.voice, amounts, alone, work.unbroken)

    def able(self, worker: str) -> tuple[str, ...]:
        """Kinds of device that a worker can run on, as declared. Raises ArchitectureMissing."""
        return (CPU,) if worker in BUILT_IN else self._architectures.manifest(worker).compatibility.devices

    def _kinds(self, work: Work) -> list[str]:
        """On which kinds of device a stage may run, best first: a card where there is one, the processor where there is
        none or a person allowed it; only the processor once a card has been too small twice."""
        able = self.able(work.worker)
        cards = [kind for kind in self._present if kind != CPU and kind in able]
        if CPU in able and (not cards or (work.cpu_fallback and work.ooms >= 2)):
            return [CPU]
        if CPU in able and work.cpu_fallback and CPU in self._present:
            return [*cards, CPU]
        return cards or list(able)

    def _declared(self, work: Work) -> tuple[float, float]:
        if work.worker in BUILT_IN:
            return BUILT_IN[work.worker].resident_mb, BUILT_IN[work.worker].mb_a_second * work.seconds
        manifest = self._architectures.manifest(work.worker)
        return manifest.resident_mb, manifest.transient_mb_per_second * work.seconds

    @staticmethod
    def subject(work: Work, kind: str) -> Subject:
        return Subject.of(work.voice or work.worker, kind, work.seconds)
