"""A recipe as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hay_say_lab.domain.recipe import Recipe


def recipe_card(document: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's id, seed (as digits: browsers round large numbers), text, steps as they ran, and voices.

    A step's settings are those that its stage ran with, defaults included.
    """
    recipe = Recipe(dict(document))
    request = document["request"]
    return {
        "id": recipe.id,
        "artifact": recipe.artifact,
        "seed": str(request["seed"]),
        "text": request["text"]["body"] if request["text"] else None,
        "clip": request["clip"],
        "steps": [
            {"task": stage["task"], "voice": stage["voice"], "settings": dict(stage["settings"])}
            for stage in document["stages"]
            if stage["kind"] == "step"
        ],
        "voices": {voice: dict(provenance) for voice, provenance in document["voices"].items()},
    }
