"""docs/presets.md lists the vocabulary as it is, and where the built-in architectures use it."""

from __future__ import annotations

from hay_say_espeak_ng.manifest import MANIFEST as ESPEAK
from hay_say_lab.domain.control import Number
from hay_say_lab.domain.meaning import MEANINGS
from hay_say_world.manifest import MANIFEST as WORLD
from tools.generate_docs import DOCS


def test_the_page_holds_every_meaning_with_its_words_and_its_controls() -> None:
    used: dict[str, list[str]] = {}
    for manifest in (ESPEAK, WORLD):
        for control in (control for offer in manifest.offers for control in offer.controls if control.means):
            unit = f" ({control.unit})" if isinstance(control, Number) else ""
            used.setdefault(control.means, []).append(f"{manifest.id} `{control.name}`{unit}")
    text = (DOCS / "presets.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    expected = [f"| `{name}` | {what} | {', '.join(used.get(name, []))} |".replace("|  |", "| |") for name, what in MEANINGS.items()]
    assert rows == expected
