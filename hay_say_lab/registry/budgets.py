"""The budgets that were set: one document."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from tinydb import TinyDB

from hay_say_lab.domain.retention import Budgets
from hay_say_lab.errors import Fix, InvalidRequest, Problem

LARGEST_MB = 1 << 40
LONGEST_DAYS = 36_500


class BudgetBook:
    """Reads once, writes whole."""

    def __init__(self, documents: TinyDB) -> None:
        self._table = documents.table("budgets")
        known = {item.name for item in fields(Budgets)}
        found: dict[str, Any] = dict(next(iter(self._table.all()), {}))
        self.budgets = Budgets(**{name: value for name, value in found.items() if name in known})

    def set(self, budgets: Budgets) -> None:
        """Raises InvalidRequest with every number that cannot be one, StorageFailed."""
        problems = list(_problems(budgets))
        if problems:
            raise InvalidRequest(problems[0].message, problems=problems)
        self._table.upsert(budgets.as_json(), lambda kept: True)      # one write: refused, the old ones stay
        self.budgets = budgets


def _problems(budgets: Budgets) -> list[Problem]:
    found = []
    for name, value in budgets.as_json().items():
        most = LONGEST_DAYS if name.endswith("_days") else LARGEST_MB
        if not 0 <= value <= most:
            way_out = Fix("Use 0 for no limit", ({"op": "replace", "path": f"/{name}", "value": 0},))
            found.append(Problem(name, f"{name} is {value}; it goes from 0 to {most}.", way_out))
    return found
