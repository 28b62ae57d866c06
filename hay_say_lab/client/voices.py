"""The voices of a lab: looked at like a mapping from id to what is known of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from hay_say_lab.client.api import Api
from hay_say_lab.client.imports import ImportDesk, ImportHandle, source_for
from hay_say_lab.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from hay_say_lab.client.take import Take

SECONDS_TO_WAIT = 60.0          # for a sample


class VoiceShelf(Mapping[str, dict[str, Any]]):
    """`lab.voices["world:demo"]`, `list(lab.voices)`, `lab.voices.add(...)`. Asked anew each time."""

    def __init__(self, api: Api, send: Callable[[str | Path | Take], str], imports: ImportDesk) -> None:
        self._api = api
        self._send = send
        self._imports = imports

    def __repr__(self) -> str:
        return f"<{len(self)} voices>"

    def __getitem__(self, voice_id: str) -> dict[str, Any]:
        """Raises VoiceMissing (which is not a KeyError: it says what to do)."""
        return dict(self._api.get(f"/voices/{quote(voice_id, safe='')}"))

    def __iter__(self) -> Iterator[str]:
        return iter([voice["id"] for voice in self.all()])

    def __len__(self) -> int:
        return len(self.all())

    def __contains__(self, voice_id: object) -> bool:
        return voice_id in list(self)

    def all(
        self,
        words: str = "",
        *,
        task: str = "",
        language: str = "",
        tag: str = "",
        favourite: bool | None = None,
        commercial_use: Literal["", "yes", "no", "unknown"] = "",
    ) -> list[dict[str, Any]]:
        """All voices, or those that are looked for: every one of `words` is in what is said of them.

        `commercial_use`: only voices whose licence says this of it, as far as its name tells.
        """
        named = {"q": words, "task": task, "language": language, "tag": tag, "commercial_use": commercial_use}
        wishes = {name: wish for name, wish in named.items() if wish}
        if favourite is not None:
            wishes["favourite"] = "true" if favourite else "false"
        return list(self._api.get("/voices", **wishes)["voices"])

    def mark(self, voice_id: str, *tags: str, favourite: bool = False) -> dict[str, Any]:
        """Make these your tags on a voice, and it a favourite of yours or not. Raises VoiceMissing, InvalidRequest."""
        document = {"tags": list(tags), "favourite": favourite}
        return dict(self._api.put(f"/voices/{quote(voice_id, safe='')}/marks", document))

    def sample(self, voice_id: str, path: str | Path) -> Path:
        """Write a sentence in this voice into a FLAC file; it is made where there is none yet.

        Raises VoiceMissing, VoiceNotServed, NotFound where none can be made, Unavailable where it takes a minute.
        """
        deadline = time.monotonic() + SECONDS_TO_WAIT
        while True:
            try:
                content = self._api.call("GET", f"/voices/{quote(voice_id, safe='')}/sample").content
            except Unavailable as coming:
                if coming.retry_after_seconds is None or time.monotonic() > deadline:
                    raise
                time.sleep(min(0.2, coming.retry_after_seconds))
            else:
                target = Path(path).expanduser()
                target.write_bytes(content)
                return target

    def add(
        self,
        architecture: str,
        name: str,
        reference: str | Path | Take,
        *,
        title: str = "",
        languages: tuple[str, ...] = (),
        source: str = "",
        author: str = "",
        licence: str = "",
        intended_use: str = "",
        training_data: str = "",
        consent: str = "",
        evidence: str = "",
        prepare: Mapping[str, str | bool | int | float | None] | None = None,
    ) -> dict[str, Any]:
        """Make a voice from a recording of somebody who agreed to it. Raises InvalidRequest, Conflict.

        `consent` is "given", "not_needed" or "denied", `evidence` how it was given; what is "" is unknown.
        `prepare` is done to the recording first, such as cutting out the part in which they speak.
        """
        provenance = {
            "source": source,
            "author": author,
            "licence": licence,
            "intended_use": intended_use,
            "training_data": training_data,
            "consent": consent,
            "evidence": evidence,
        }
        order = {
            "architecture": architecture,
            "name": name,
            "reference": self._send(reference),
            "title": title,
            "languages": list(languages),
            "provenance": provenance,
            "prepare": dict(prepare or {}),
        }
        return dict(self._api.post("/voices", order, repeat=False))

    def fetch(
        self,
        source: str | Path,
        *,
        name: str = "",
        title: str = "",
        architecture: str = "",
        languages: tuple[str, ...] = (),
        sha256: str = "",
        override_reason: str = "",
        source_note: str = "",
        author: str = "",
        licence: str = "",
        intended_use: str = "",
        training_data: str = "",
        consent: str = "",
        evidence: str = "",
    ) -> ImportHandle:
        """Bring a voice in: from a folder or file, an https address, 'hf:owner/repository', 'haysay:catalogue#name', another
        data home. `.result()` waits for its id. `plan` tells beforehand what would be fetched.

        What the source says of its origin stands; what is given here goes over it. Raises InvalidRequest, Forbidden, Full.
        """
        order = {
            "source": source_for(self._api, source),
            "name": name,
            "title": title,
            "architecture": architecture,
            "languages": list(languages),
            "sha256": sha256,
            "override_reason": override_reason,
            "provenance": {
                "source": source_note,
                "author": author,
                "licence": licence,
                "intended_use": intended_use,
                "training_data": training_data,
                "consent": consent,
                "evidence": evidence,
            },
        }
        return self._imports.begin(order)

    def plan(self, source: str | Path) -> dict[str, Any]:
        """What `fetch` would bring: files with their sizes, licence, version. Raises what stands in the way."""
        return self._imports.plan({"source": source_for(self._api, source)})

    def set_provenance(self, voice_id: str, **changes: str) -> dict[str, Any]:
        """Correct what is known of a voice; fields that are not named stay. An approval falls. For operators.

        Raises VoiceMissing, InvalidRequest, Conflict for a voice that comes with its architecture.
        """
        known = {**self[voice_id]["provenance"], **changes}
        return dict(self._api.put(f"/voices/{quote(voice_id, safe='')}/provenance", known))

    def export(self, voice_id: str, path: str | Path) -> Path:
        """Write a voice with its signed passport into one file. For operators. Raises VoiceMissing, Conflict, NotFound."""
        target = Path(path).expanduser()
        if not target.parent.is_dir():
            raise NotFound(f"There is no folder '{target.parent}'.", field="path", fix="Make it, or choose another.")
        aside = target.with_name(f".{target.name}.part")
        try:
            self._api.call("GET", f"/voices/{quote(voice_id, safe='')}/pack", into=aside)
            os.replace(aside, target)
        finally:
            aside.unlink(missing_ok=True)
        return target

    def approve(self, voice_id: str, reason: str) -> dict[str, Any]:
        """Let a voice serve although its provenance has gaps. For operators. Raises VoiceMissing, InvalidRequest, Conflict."""
        return dict(self._api.post(f"/voices/{quote(voice_id, safe='')}/approve", {"reason": reason}))

    def withdraw(self, voice_id: str) -> dict[str, Any]:
        """Take an approval back. For operators. Raises VoiceMissing."""
        return dict(self._api.post(f"/voices/{quote(voice_id, safe='')}/withdraw", {}))

    def removal(self, voice_id: str) -> dict[str, Any]:
        """What its removal would free, and which jobs use it: {'bytes', 'files', 'kept_because', 'jobs', 'removable'}."""
        return dict(self._api.get(f"/voices/{quote(voice_id, safe='')}/removal"))

    def remove(self, voice_id: str, *, after_jobs: bool = False) -> dict[str, Any]:
        """Into the trash: {'state', 'frees_bytes', 'until', ...}. Raises VoiceMissing, Conflict for a voice that comes with
        its architecture, or that jobs use, unless it may go when the last of them has ended."""
        path = f"/voices/{quote(voice_id, safe='')}?after_jobs={str(after_jobs).lower()}"
        return dict(self._api.call("DELETE", path, repeat=False).json())

    def restore(self, voice_id: str) -> dict[str, Any]:
        """Out of the trash again. Raises VoiceMissing, Conflict where another one has its name by now."""
        return dict(self._api.post(f"/voices/{quote(voice_id, safe='')}/restore", None, repeat=False))

    def trash(self) -> dict[str, Any]:
        """What was removed and can be restored, and the bytes that emptying it frees."""
        return dict(self._api.get("/trash"))

    def empty_trash(self) -> dict[str, Any]:
        """For good: {'freed_bytes'}."""
        return dict(self._api.call("DELETE", "/trash", repeat=False).json())
