"""How much the library of voices may hold, and how long the trash keeps what was removed."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hay_say_lab.domain.retention import DAY_SECONDS, MB
from hay_say_lab.errors import StorageFailed

LIBRARY_SETTING, OWNER_SETTING, TRASH_SETTING = "HAY_SAY_VOICES_MB", "HAY_SAY_VOICES_OWNER_MB", "HAY_SAY_TRASH_SECONDS"


@dataclass(frozen=True, slots=True)
class Allowance:
    """`library_bytes` of all voices and assets, trash included, and `owner_bytes` of what one owner brought; 0: no limit.

    `trash_seconds`: how long a removal can be undone; 0: it cannot.
    """

    library_bytes: int = 0
    owner_bytes: int = 0
    trash_seconds: float = DAY_SECONDS

    @classmethod
    def from_environment(cls) -> Allowance:
        """Raises StorageFailed for a setting that is no number: a limit is never dropped silently."""
        return cls(
            _number(LIBRARY_SETTING, 0) * MB, _number(OWNER_SETTING, 0) * MB, _number(TRASH_SETTING, int(DAY_SECONDS))
        )


def _number(setting: str, default: int) -> int:
    text = os.environ.get(setting) or str(default)
    if not text.isdecimal():
        raise StorageFailed(f"{setting} is '{text}'.", field=setting, fix="Give a whole number.")
    return int(text)
