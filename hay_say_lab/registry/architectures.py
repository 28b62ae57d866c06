"""Installed architectures, found by entry point; the core knows none by name."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points

from hay_say_lab.domain.manifest import Manifest, Offer
from hay_say_lab.errors import ArchitectureMissing, Fix, Problem
from hay_say_lab.plugin import ENTRY_POINTS

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry point that gives no manifest, and why: shown by doctor, never in the way of the others."""

    name: str
    reason: str


class Architectures:
    """Manifests by id, read once. Importing a manifest must not import its runtime."""

    def __init__(self, has_environment: Callable[[str], bool] = lambda architecture: False) -> None:
        """has_environment: whether an architecture runs in an interpreter of its own, whose modules are not looked into."""
        self._has_environment = has_environment
        self.broken: list[Broken] = []

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        found: dict[str, Manifest] = {}
        for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda entry: entry.name):
            manifest = self._read(entry)
            if manifest is not None:
                found[manifest.id] = manifest
        return found

    def manifest(self, architecture: str) -> Manifest:
        """Raises ArchitectureMissing."""
        try:
            return self.manifests[architecture]
        except KeyError:
            raise ArchitectureMissing(
                f"The architecture '{architecture}' is not installed.",
                field="voice",
                fix=f"Installed are: {', '.join(self.manifests) or 'none'}.",
            ) from None

    def offering(self, task: str) -> Iterator[tuple[Manifest, Offer]]:
        """Whoever performs a task and can run here, smallest declared memory first, then by id."""
        ranked = sorted(self.manifests.values(), key=lambda manifest: (manifest.resident_mb, manifest.id))
        for manifest in ranked:
            offer = manifest.offer(task)
            if offer is not None and manifest.runtime is not None and not self.missing_modules(manifest):
                yield manifest, offer

    def missing_modules(self, manifest: Manifest) -> list[str]:
        """Modules that the runtime imports and the interpreter that runs it does not have."""
        if self._has_environment(manifest.id):
            return []
        return [name for name in manifest.compatibility.modules if not _is_there(name)]

    def runtime_problem(self, manifest: Manifest, field: str) -> Problem | None:
        """Why an architecture cannot run here, if it cannot."""
        if manifest.runtime is None:
            message = f"Voices of {manifest.title} can be kept here, but not used yet: version {manifest.version} has no runtime."
            return Problem(field, message, Fix("Choose a voice of another architecture, or install a later version of it."))
        missing = self.missing_modules(manifest)
        if not missing:
            return None
        way_out = Fix(f"Install 'hay-say-{manifest.id.replace('_', '-')}[runtime]'.")
        return Problem(field, f"{manifest.title} cannot run: {', '.join(missing)} is not installed.", way_out)

    def _read(self, entry: EntryPoint) -> Manifest | None:
        try:
            manifest = entry.load()
        except (Exception, SystemExit) as error:        # a module may even end the program that imports it
            log.exception("the architecture '%s' cannot be read", entry.name)
            self.broken.append(Broken(entry.name, f"{type(error).__name__}: {error}"))
            return None
        if not isinstance(manifest, Manifest) or manifest.id != entry.name:
            self.broken.append(Broken(entry.name, "its entry point does not give a Manifest of that id"))
            return None
        return manifest


def _is_there(module: str) -> bool:
    """Whether a module could be imported. To find one inside a package, Python imports the package."""
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
