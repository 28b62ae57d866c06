"""The voices that are installed: built-in ones from the manifests, the others as documents with their files."""

from __future__ import annotations

from typing import Any

from tinydb import TinyDB

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.manifest import BuiltinVoice, Manifest
from hay_say_lab.domain.voice import Provenance, Voice, is_slug
from hay_say_lab.errors import Conflict, VoiceMissing
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.registry.installed import Installed, checked_files


class Voices(Installed[Voice]):
    """One index in memory over manifests and documents; a listing reads no file."""

    def __init__(self, documents: TinyDB, architectures: Architectures) -> None:
        super().__init__(documents, "voices", _read, VoiceMissing)
        for manifest in architectures.manifests.values():
            for builtin in manifest.voices:
                voice = _builtin(manifest, builtin)
                self._kept.setdefault(voice.id, voice)

    def change(self, voice: Voice) -> Voice:
        """Put what is known of a voice in the place of what was. Raises VoiceMissing, or Conflict for a built-in one."""
        if self.get(voice.id).builtin:
            raise Conflict(
                f"The voice '{voice.id}' comes with its architecture, which says where it is from.",
                field="voice",
                fix="Only voices that were made or imported here can be changed.",
            )
        self.put(voice)
        return voice

    def removable(self, voice_id: str) -> Voice:
        """Raises VoiceMissing, or Conflict for a voice that comes with its architecture."""
        voice = self.get(voice_id)
        if voice.builtin:
            raise Conflict(
                f"The voice '{voice_id}' comes with its architecture.", field="voice", fix="Uninstall the architecture."
            )
        return voice


def voice_hash(architecture: str, files: dict[str, Any]) -> str:
    """The hash of a voice made of files: its architecture and each file's content by role."""
    return content_id({"architecture": architecture, "files": files})


def _read(document: dict[str, Any]) -> Voice:
    voice = Voice.from_json(document)
    checked_files(voice.files)
    architecture, _, slug = voice.id.partition(":")
    if architecture != voice.architecture or not is_slug(architecture) or not is_slug(slug):
        raise ValueError(voice.id)
    return voice


def _builtin(manifest: Manifest, builtin: BuiltinVoice) -> Voice:
    return Voice(
        id=f"{manifest.id}:{builtin.slug}",
        architecture=manifest.id,
        title=builtin.title,
        hash=content_id({"architecture": manifest.id, "version": manifest.version, "builtin": builtin.slug}),
        builtin=True,
        languages=builtin.languages,
        provenance=Provenance(
            source=f"comes with {manifest.upstream.name}",
            author=manifest.upstream.name,
            licence=manifest.upstream.licence,
            intended_use="any",
            consent="not_needed",
            evidence="not a person's voice",
        ),
    )
