"""How registry documents of an older schema become those of today: one step from each schema to the next.

A step takes the tables of one file (voices, assets, presets, dictionaries, budgets: each file holds its own) and changes
them in place. It leaves alone what it does not recognise: whoever reads a damaged entry names it. To change the documents,
append a step; steps that are there never change, and no step looks at anything but the tables.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

Tables = dict[str, dict[str, Any]]

_NO_CONSENT = frozenset(("", "-", "?", "n/a", "no", "none", "unknown", "not given", "denied", "refused"))


def _consent_in_words(tables: Tables) -> None:
    """1 -> 2: consent was a sentence. It becomes the evidence of a consent that was given, unless it says that none was."""
    for document in tables.get("voices", {}).values():
        provenance = document.get("provenance") if isinstance(document, dict) else None
        if isinstance(provenance, dict) and isinstance(provenance.get("consent"), str):
            sentence = provenance["consent"].strip()
            provenance["consent"] = "" if sentence.lower().rstrip(".!") in _NO_CONSENT else "given"
            provenance["evidence"] = sentence


def _voices_by_id(tables: Tables) -> None:
    """2 -> 3: voices stood under the numbers of their rows. They stand under their ids, so that files of two homes merge."""
    kept = tables.get("voices", {})
    for number in list(kept):
        name = kept[number].get("id") if isinstance(kept[number], dict) else None
        if isinstance(name, str) and name not in kept:
            kept[name] = kept.pop(number)


_STEPS: tuple[Callable[[Tables], None], ...] = (_consent_in_words, _voices_by_id)

SCHEMA = len(_STEPS) + 1        # of the documents that this program writes


def migrated(tables: Tables, schema: int) -> Tables:
    """Tables of an older schema (1 or more) as tables of SCHEMA; those that were given stay as they are."""
    tables = copy.deepcopy(tables)
    for step in _STEPS[schema - 1 :]:
        step(tables)
    return tables
