"""Whose turn it is inside a lane: deficit round robin between users, by measured seconds of a device."""

from __future__ import annotations

import math
from collections.abc import Collection

QUANTUM_SECONDS = 1.0           # what a round gives each user; less than a stage, so that nobody gets two in a row


class Turns:
    """Each user has a balance: rounds fill it, stages draw on it, and who has something left goes first.

    A stage is paid when it starts, by an estimate, and put right when it has ended: what it takes is not known before.
    """

    def __init__(self) -> None:
        self._balances: dict[str, float] = {}       # in the order of the round

    def order(self, waiting: Collection[str]) -> list[str]:
        """Users with something waiting, who is next first. Nobody saves up while having nothing to do."""
        for user in waiting:
            self._balances.setdefault(user, 0.0)
        richest = max((self._balances[user] for user in waiting), default=1.0)
        if richest <= 0:
            self._round(math.floor(-richest / QUANTUM_SECONDS) + 1)
        self._forget(waiting)
        ring = [user for user in self._balances if user in waiting]
        return sorted(ring, key=lambda user: (self._balances[user] <= 0, max(0.0, -self._balances[user])))

    def charge(self, user: str, seconds: float) -> None:
        """`seconds` may be negative: an estimate was too high. Who has used up the balance goes behind the others."""
        balance = self._balances.get(user, 0.0) - seconds
        if balance <= 0:
            self._balances.pop(user, None)
        self._balances[user] = balance

    def _round(self, count: int) -> None:
        for user in self._balances:
            self._balances[user] += count * QUANTUM_SECONDS

    def _forget(self, waiting: Collection[str]) -> None:
        """Who is not waiting keeps debts, and nothing beyond one round."""
        for user in [user for user in self._balances if user not in waiting]:
            if self._balances[user] >= 0:
                del self._balances[user]
