"""How often one owner may change something in a minute, where the profile says so."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from hay_say_lab.domain.profile import Profile
from hay_say_lab.errors import Full

MOST_OWNERS = 10_000            # whose pace is kept; the oldest go first


@dataclass(slots=True)
class Pace:
    """A bucket for each owner: it holds a minute's calls and fills up evenly. Only the host's loop touches it."""

    profile: Profile
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)        # owner -> calls left, as of when

    def check(self, owner: str, now: float | None = None) -> None:
        """Count a call at `now` (monotonic seconds). Raises Full, which counts no call."""
        most = self.profile.changes_per_minute
        if most is None:
            return
        now = time.monotonic() if now is None else now
        left, since = self._left.pop(owner, (float(most), now))
        left = min(most, left + (now - since) * most / 60.0)
        if left < 1.0:
            self._left[owner] = left, now
            raise Full(
                f"That is more than {most} changes in a minute.",
                field="owner",
                fix="Come again a little later.",
                retry_after_seconds=(1.0 - left) * 60.0 / most,
            )
        if len(self._left) >= MOST_OWNERS:
            self._left.pop(next(iter(self._left)))
        self._left[owner] = left - 1.0, now
