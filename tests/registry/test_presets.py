"""Presets by owner and name, version by version."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hay_say_lab.domain.preset import Preset
from hay_say_lab.errors import InvalidRequest, PresetMissing, StorageFailed
from hay_say_lab.registry.documents import open_documents
from hay_say_lab.registry.presets import MOST_VERSIONS, Presets


def _preset(number: int) -> Preset:
    return Preset("speak", "parrot", {"beeps": number})


def test_a_preset_is_there_for_its_owner_alone_and_for_the_next_host(tmp_path: Path) -> None:
    with open_documents(tmp_path / "presets.json") as documents:
        presets = Presets(documents)
        presets.put("ann", "fast", _preset(1), "t1")
        presets.put("bob", "fast", _preset(2), "t2")
        again = Presets(documents)
    assert again.get("ann", "fast").newest.preset == _preset(1)
    assert [kept.name for kept in again.all("bob")] == ["fast"]
    with pytest.raises(PresetMissing):
        again.get("eve", "fast")


def test_each_change_is_a_version_and_the_same_again_is_none(tmp_path: Path) -> None:
    presets = Presets(open_documents(tmp_path / "presets.json"))
    for number in (1, 2, 2, 1):
        kept = presets.put("ann", "fast", _preset(number), f"t{number}")
    assert [version.preset for version in kept.versions] == [_preset(2), _preset(1)]
    assert presets.find("ann", f"fast@{_preset(2).id[:8]}")[1].preset == _preset(2)
    for wrong in ("fast@", "fast@00", f"fast@{'0' * 12}"):
        with pytest.raises(PresetMissing):
            presets.find("ann", wrong)


def test_old_versions_go_and_new_ones_stay(tmp_path: Path) -> None:
    presets = Presets(open_documents(tmp_path / "presets.json"))
    for number in range(MOST_VERSIONS + 5):
        kept = presets.put("ann", "fast", _preset(number), "t")
    assert [version.preset.settings["beeps"] for version in kept.versions] == list(range(5, MOST_VERSIONS + 5))


@pytest.mark.parametrize("name", ["", "../x", "A B", "x" * 65, "a\n"])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="no name"):
        Presets(open_documents(tmp_path / "presets.json")).put("ann", name, _preset(1), "t")


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "presets.json"
    for versions in ([], [{"at": "t"}], None):
        entry = {"owner": "ann", "name": "fast", "versions": versions}
        path.write_text(json.dumps({"schema": 2, "tables": {"presets": {"1": entry}}}))
        with open_documents(path) as documents, pytest.raises(StorageFailed, match="fast"):
            Presets(documents)
