"""What people say of a voice after it came in: where it is from, and an operator's word that it may serve with gaps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from hay_say_lab.domain.deed import Deed
from hay_say_lab.domain.serving import gaps
from hay_say_lab.domain.voice import Approval, Provenance, Voice
from hay_say_lab.errors import Conflict, InvalidRequest
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.audit import record
from hay_say_lab.storage.rows import now
from hay_say_lab.storage.store import JobStore

LONGEST_REASON = 1000
LONGEST_FIELD = 2000


@dataclass(frozen=True, slots=True)
class ApprovalOrder:
    """Why a voice may serve although its provenance has gaps."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    reason: str


class Approvals:
    """Each change is a document first, and a row of the audit log right after. `by` and `role` are who asks."""

    def __init__(self, voices: Voices, store: JobStore) -> None:
        self._voices = voices
        self._store = store

    async def approve(self, voice_id: str, order: ApprovalOrder, by: str, role: str) -> Voice:
        """Raises VoiceMissing, InvalidRequest without a reason, Conflict where there is nothing to approve or consent was denied."""
        voice = self._voices.get(voice_id)
        reason = order.reason.strip()
        if not reason or len(reason) > LONGEST_REASON:
            raise InvalidRequest(
                f"An approval needs a reason of 1 to {LONGEST_REASON} characters.", field="reason", fix="Say why it may serve."
            )
        if voice.provenance.consent == "denied":
            raise Conflict(
                f"Whoever's voice '{voice_id}' is did not agree: nobody can approve that.",
                field="voice",
                fix="Remove the voice, or correct its provenance.",
            )
        missing = gaps(voice.provenance)
        if not missing:
            raise Conflict(f"The voice '{voice_id}' lacks nothing.", field="voice", fix="It may serve as it is.")
        approved = self._voices.change(replace(voice, approval=Approval(by, now(), reason)))
        await self._tell("approve", voice_id, by, role, {"reason": reason, "missing": list(missing)})
        return approved

    async def withdraw(self, voice_id: str, by: str, role: str) -> Voice:
        """Take an approval back; where there is none, nothing changes. Raises VoiceMissing."""
        voice = self._voices.get(voice_id)
        if voice.approval is None:
            return voice
        withdrawn = self._voices.change(replace(voice, approval=None))
        await self._tell("withdraw", voice_id, by, role, {"approved_by": voice.approval.by})
        return withdrawn

    async def set_provenance(self, voice_id: str, provenance: Provenance, by: str, role: str) -> Voice:
        """Make this all that is known of a voice. An approval was given on other grounds, and falls.

        Raises VoiceMissing, InvalidRequest, Conflict for a voice that comes with its architecture.
        """
        voice = self._voices.get(voice_id)
        known = provenance.as_json()
        for name, text in known.items():
            if len(text) > LONGEST_FIELD:
                raise InvalidRequest(f"'{name}' has more than {LONGEST_FIELD} characters.", field=name, fix="Shorten it.")
        before = voice.provenance.as_json()
        changes = {name: [before[name], known[name]] for name in known if before[name] != known[name]}
        if not changes:
            return voice
        changed = self._voices.change(replace(voice, provenance=provenance, approval=None))
        await self._tell("provenance", voice_id, by, role, changes)
        return changed

    async def _tell(self, action: Any, voice_id: str, by: str, role: str, detail: dict[str, Any]) -> None:
        await self._store.write(record, Deed(action, voice_id, by, role, detail))
