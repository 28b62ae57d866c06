"""The data home's disk: what is held, what would go, what goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from hay_say_lab.client.api import Api


class StorageRoom:
    """`lab.storage`. Sizes are bytes, budgets MB and days; all but `use` and `remove_clip` is for operators."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __repr__(self) -> str:
        return "<Storage>"

    def use(self) -> dict[str, Any]:
        """{'classes': {class: bytes}, 'yours_bytes', 'owners', 'free_bytes', 'budgets'}."""
        return dict(self._api.get("/storage"))

    def plan(self, budgets: Mapping[str, int] | None = None) -> dict[str, Any]:
        """What a prune would remove now, under the set budgets or these. Changes nothing."""
        return self._post("/storage/plan", budgets)

    def prune(self, budgets: Mapping[str, int] | None = None) -> dict[str, Any]:
        """Remove what the plan says. Pinned results stay."""
        return self._post("/storage/prune", budgets)

    def remove_clip(self, sha256: str) -> dict[str, Any]:
        """Take back a recording that you sent; what it counted on your quota is free again.

        Raises ClipMissing, and Conflict while a job of yours or a result that is kept needs it.
        """
        return dict(self._api.call("DELETE", f"/clips/{quote(sha256, safe='')}", repeat=False).json())

    def set_budgets(self, **changes: int) -> dict[str, int]:
        """Change some budgets; the others stay. Raises InvalidRequest."""
        import json

        body = json.dumps({**self.use()["budgets"], **changes}).encode()
        headers = {"Content-Type": "application/json"}
        return dict(self._api.call("PUT", "/storage/budgets", body=body, headers=headers).json())

    def fsck(self, *, deep: bool = False, mend: bool = False) -> dict[str, Any]:
        """Hold the store and the disk against each other."""
        return self._post("/storage/fsck", {"deep": deep, "mend": mend})

    def back_up(self, name: str = "") -> dict[str, Any]:
        """Copy the database and the registry into `backups/NAME` of the data home. Raises InvalidRequest."""
        return self._post("/storage/backup", {"name": name})

    def _post(self, path: str, document: Mapping[str, Any] | None) -> dict[str, Any]:
        return dict(self._api.post(path, None if document is None else dict(document)))
