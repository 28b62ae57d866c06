"""The audit log of a lab: who did what to its library, and whether anybody changed the log."""

from __future__ import annotations

from typing import Any

from hay_say_lab.client.api import Api


class AuditLog:
    """`lab.audit.entries(subject="world:demo")`, `lab.audit.verify()`. Operators only; verifying is for admins."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def entries(self, limit: int = 50, action: str = "", subject: str = "") -> list[dict[str, Any]]:
        """The newest rows, those of one action or subject where it is given. Raises Forbidden, InvalidRequest."""
        wishes = {name: value for name, value in (("action", action), ("subject", subject)) if value}
        return list(self._api.get("/audit", limit=limit, **wishes)["entries"])

    def verify(self) -> dict[str, Any]:
        """{'sound', 'rows', 'findings': [{'number', 'what'}]}. Raises Forbidden."""
        return dict(self._api.get("/audit/verify"))
