"""The voices that are installed: built-in ones from the manifests, the others as documents with their files."""

from __future__ import annotations

from typing import Any

from tinydb import TinyDB, where

from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.manifest import BuiltinVoice, Manifest
from hay_say_lab.domain.voice import Provenance, Voice
from hay_say_lab.errors import Conflict, StorageFailed, VoiceMissing
from hay_say_lab.registry.architectures import Architectures


class Voices:
    """One index in memory over manifests and documents; a listing reads no file."""

    def __init__(self, documents: TinyDB, architectures: Architectures) -> None:
        self._table = documents.table("voices")
        self._voices: dict[str, Voice] = {}
        for manifest in architectures.manifests.values():
            for builtin in manifest.voices:
                voice = _builtin(manifest, builtin)
                self._voices[voice.id] = voice
        for document in self._table.all():
            voice = _read(dict(document))
            self._voices[voice.id] = voice

    def all(self) -> list[Voice]:
        return [self._voices[name] for name in sorted(self._voices)]

    def get(self, voice_id: str, field: str = "voice") -> Voice:
        """Raises VoiceMissing."""
        try:
            return self._voices[voice_id]
        except KeyError:
            raise VoiceMissing(
                f"The voice '{voice_id}' is not installed.", field=field, fix="See 'hay-say voices' for those that are."
            ) from None

    def has(self, voice_id: str) -> bool:
        return voice_id in self._voices

    def add(self, voice: Voice) -> None:
        """Raises Conflict where the id is taken."""
        if voice.id in self._voices:
            raise Conflict(
                f"There is a voice '{voice.id}' already.", field="name", fix="Give it another name, or remove that one."
            )
        self._table.insert(voice.as_json())
        self._voices[voice.id] = voice

    def change(self, voice: Voice) -> Voice:
        """Put what is known of a voice in the place of what was. Raises VoiceMissing, or Conflict for a built-in one."""
        if self.get(voice.id).builtin:
            raise Conflict(
                f"The voice '{voice.id}' comes with its architecture, which says where it is from.",
                field="voice",
                fix="Only voices that were made or imported here can be changed.",
            )
        self._table.update(voice.as_json(), where("id") == voice.id)
        self._voices[voice.id] = voice
        return voice

    def remove(self, voice_id: str) -> Voice:
        """Raises VoiceMissing, or Conflict for a voice that comes with its architecture."""
        voice = self.get(voice_id)
        if voice.builtin:
            raise Conflict(
                f"The voice '{voice_id}' comes with its architecture.", field="voice", fix="Uninstall the architecture."
            )
        self._table.remove(where("id") == voice_id)
        del self._voices[voice_id]
        return voice


def voice_hash(architecture: str, files: dict[str, Any]) -> str:
    """The hash of a voice made of files: its architecture and each file's content by role."""
    return content_id({"architecture": architecture, "files": files})


def _read(document: dict[str, Any]) -> Voice:
    try:
        return Voice.from_json(document)
    except (KeyError, TypeError, AttributeError):
        raise StorageFailed(
            f"The registry's entry of the voice '{document.get('id')}' is damaged.",
            field="registry",
            fix="Put voices.previous.json in the place of voices.json.",
        ) from None


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
