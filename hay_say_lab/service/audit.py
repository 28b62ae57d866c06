"""The audit log over HTTP: who did what to the library, and whether anybody changed the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.deed import ACTIONS
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.service.handler import LARGEST_LIMIT, LabHandler
from hay_say_lab.storage.audit import as_json, entries


@dataclass(frozen=True, slots=True)
class AuditEntryView:
    """One row: who (owner, role) did what to which subject, and the hashes that chain it to the row before it."""

    number: int
    at: str
    actor: str
    role: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditView:
    """Rows, newest first; `cursor` asks for the next page, None at the end."""

    entries: list[AuditEntryView]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class AuditFindingView:
    """What is wrong with a row."""

    number: int
    what: str


@dataclass(frozen=True, slots=True)
class AuditVerdictView:
    """Whether every row is as it was written; if not, which are not."""

    sound: bool
    rows: int
    findings: list[AuditFindingView]


class AuditHandler(LabHandler):
    async def get(self) -> None:
        limit = self.whole_number("limit", 50, 1, LARGEST_LIMIT)
        before = self.whole_number("cursor", 0, 0, 10**17) or None
        action, subject = self.get_query_argument("action", ""), self.get_query_argument("subject", "")
        if action and action not in ACTIONS:
            raise InvalidRequest("There is no such action.", field="action", fix=f"Known are: {', '.join(ACTIONS)}.")
        found = self.surface.engine.store.read(
            lambda connection: entries(connection, before=before, limit=limit + 1, action=action, subject=subject)
        )
        page = [AuditEntryView(**as_json(entry)) for entry in found[:limit]]
        self.reply(AuditView(page, str(page[-1].number) if len(found) > limit else None))


class AuditVerifyHandler(LabHandler):
    async def get(self) -> None:
        verdict = await self.surface.witness.verify()
        findings = [AuditFindingView(finding.number, finding.what) for finding in verdict.findings]
        self.reply(AuditVerdictView(verdict.sound, verdict.rows, findings))
