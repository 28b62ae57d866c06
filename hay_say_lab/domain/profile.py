"""What a host allows, by where it stands: on somebody's own machine, among colleagues, in front of everybody.

`HAY_SAY_PROFILE` chooses; this table is the only place that tells them apart.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any, Literal

from hay_say_lab.errors import Fix, Problem, StorageFailed

SETTING = "HAY_SAY_PROFILE"

Name = Literal["local", "shared", "public"]
Level = Literal["full", "limits", "none"]       # how well the reader of strangers' files is confined
_BETTER = {"none": 0, "limits": 1, "full": 2}


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of place.

    library_changes: whether operators may add, remove and approve voices here; False: nobody may, over any surface.
    provenance_needed: a voice without source, licence and consent serves nobody, unless an operator approved it.
    least_confinement: strangers' files are not read under less, unless an operator overrides it with a reason.
    listed_hosts: downloads go to a list of hosts only, and by https only.
    changes_per_minute: calls of one owner that change something; None: as many as they like.
    """

    name: Name
    summary: str
    library_changes: bool
    provenance_needed: bool
    least_confinement: Level
    listed_hosts: bool
    changes_per_minute: int | None

    def confinement_problem(self, level: Level, field: str = "confinement", override: str = "") -> Problem | None:
        """What speaks against reading a stranger's file under this confinement; `override`: an operator's reason."""
        if _BETTER[level] >= _BETTER[self.least_confinement] or override.strip():
            return None
        return Problem(
            field,
            f"Voice files from elsewhere are read here under '{self.least_confinement}' confinement only; "
            f"this system gives '{level}'.",
            Fix("Use a kernel with Landlock that lets users make namespaces, or override it with a reason."),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


PROFILES: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "local", "one person on their own machine",
            library_changes=True, provenance_needed=False, least_confinement="none", listed_hosts=False,
            changes_per_minute=None,
        ),
        Profile(
            "shared", "people who know each other: a Hub; operators look after the voices",
            library_changes=True, provenance_needed=True, least_confinement="full", listed_hosts=True,
            changes_per_minute=3000,
        ),
        Profile(
            "public", "strangers: the voices stay as they are",
            library_changes=False, provenance_needed=True, least_confinement="full", listed_hosts=True,
            changes_per_minute=120,
        ),
    )
}  # fmt: skip
LOCAL = PROFILES["local"]


def profile_of_environment() -> Profile:
    """Raises StorageFailed for a name that is none: a host that cannot know what it may do does not start."""
    wanted = os.environ.get(SETTING, "").strip().lower() or LOCAL.name
    if wanted not in PROFILES:
        raise StorageFailed(
            f"'{wanted[:40]}' is no profile.", field=SETTING, fix=f"Known are: {', '.join(PROFILES)}."
        )
    return PROFILES[wanted]
