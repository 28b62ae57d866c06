"""Which assets serve a voice: for each need of its architecture the first one of that kind, by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hay_say_lab.domain.asset import WEIGHTS, Asset, model_hash
from hay_say_lab.domain.manifest import AssetNeed, Manifest
from hay_say_lab.domain.voice import Voice
from hay_say_lab.errors import Fix, Problem
from hay_say_lab.registry.architectures import Architectures


class Equipment:
    """Looked at anew each time: `installed` tells the assets that are there now, by id."""

    def __init__(self, architectures: Architectures, installed: Callable[[], Sequence[Asset]] = list) -> None:
        self._architectures = architectures
        self._installed = installed

    def of(self, architecture: str) -> dict[str, Asset]:
        """By role; a need that nothing serves is left out."""
        manifest = self._architectures.manifests.get(architecture)
        assets = self._installed() if manifest is not None and manifest.assets else ()
        found = {}
        for need in manifest.assets if manifest is not None else ():
            serving = next((asset for asset in assets if asset.kind == need.kind), None)
            if serving is not None:
                found[need.role] = serving
        return found

    def hashes(self, voice: Voice) -> dict[str, str]:
        """Of the assets that a voice works with, by role."""
        return {role: asset.hash for role, asset in self.of(voice.architecture).items()}

    def model_hash(self, voice: Voice) -> str:
        """The hash of all that is loaded for a voice: of its files, and of the assets that it works with."""
        return model_hash(voice.hash, self.hashes(voice))

    def files(self, voice: Voice, folder_of: Callable[[str], Path]) -> dict[str, Path]:
        """What a worker gets: under a need's role its main file, under 'role/file role' each of the others."""
        found = {}
        for role, asset in self.of(voice.architecture).items():
            for part, file in asset.files.items():
                found[role if part == WEIGHTS else f"{role}/{part}"] = folder_of(asset.id) / file.name
        return found

    def missing(self, manifest: Manifest) -> list[AssetNeed]:
        """What an architecture needs and is not there."""
        there = self.of(manifest.id)
        return [need for need in manifest.assets if need.role not in there]

    def problems(self, manifest: Manifest, field: str) -> Iterator[Problem]:
        """One for each asset that is missing, with how to add it."""
        for need in self.missing(manifest):
            message = f"{manifest.title} needs an asset that is not installed: {need.title}."
            yield Problem(field, message, Fix(need.how_to_add))

    def needs(self) -> Iterator[tuple[Manifest, AssetNeed, Asset | None]]:
        """What every architecture needs, and what serves it."""
        for manifest in self._architectures.manifests.values():
            serving = self.of(manifest.id)
            for need in manifest.assets:
                yield manifest, need, serving.get(need.role)

    def served_by(self, asset: Asset) -> set[str]:
        """Architectures that work with it now."""
        return {manifest.id for manifest, _, serving in self.needs() if serving is not None and serving.id == asset.id}
