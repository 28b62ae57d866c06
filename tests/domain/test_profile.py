"""The profiles: one table says what each allows."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.profile import LOCAL, PROFILES, SETTING, profile_of_environment
from hay_say_lab.errors import StorageFailed

LEVELS = ("none", "limits", "full")


def test_no_profile_is_looser_than_the_one_before_it() -> None:
    local, shared, public = (PROFILES[name] for name in ("local", "shared", "public"))
    for looser, stricter in ((local, shared), (shared, public)):
        assert looser.library_changes >= stricter.library_changes
        assert looser.provenance_needed <= stricter.provenance_needed
        assert LEVELS.index(looser.least_confinement) <= LEVELS.index(stricter.least_confinement)
        assert looser.listed_hosts <= stricter.listed_hosts
        assert (looser.changes_per_minute or 10**9) >= (stricter.changes_per_minute or 10**9)


@pytest.mark.parametrize(("said", "name"), [("", "local"), ("shared", "shared"), (" PUBLIC ", "public")])
def test_the_environment_chooses(said: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, said)
    assert profile_of_environment().name == name


def test_a_misspelt_profile_is_refused_and_not_taken_for_the_loosest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTING, "pubic")
    with pytest.raises(StorageFailed, match="no profile"):
        profile_of_environment()


@pytest.mark.parametrize(
    ("profile", "level", "reason", "refused"),
    [
        ("local", "none", "", False),
        ("shared", "full", "", False),
        ("shared", "limits", "", True),
        ("shared", "none", "  ", True),                         # blanks are no reason
        ("shared", "limits", "made by ourselves", False),
        ("public", "limits", "", True),
    ],
)
def test_strangers_files_are_read_under_the_confinement_that_a_profile_asks_for(
    profile: str, level: str, reason: str, refused: bool
) -> None:
    found = PROFILES[profile].confinement_problem(level, override=reason)   # type: ignore[arg-type]
    assert (found is not None) == refused


def test_the_local_profile_is_the_default() -> None:
    assert LOCAL is PROFILES["local"]
