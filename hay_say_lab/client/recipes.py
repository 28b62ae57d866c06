"""Recipes by what people have in hand: a file that was exported, the id of a recipe, the hash of an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hay_say_lab.client.api import Api
from hay_say_lab.domain.canonical import content_id, is_sha256
from hay_say_lab.domain.recipe import FORMAT
from hay_say_lab.errors import ArtifactMissing, InvalidRequest, RecipeMissing


def find_recipe(api: Api, source: str | Path) -> dict[str, Any]:
    """`{"id", "recipe"}` of a WAV or FLAC that was exported, or of an id in the store (64 hex digits).

    Raises RecipeMissing where there is neither such a file nor such an id, InvalidRequest for a file without a
    recipe, with one that was changed, or with one of a newer format; OSError.
    """
    if Path(source).is_file():
        return _of_file(Path(source))
    name = str(source)
    if is_sha256(name):
        try:
            return dict(api.get(f"/recipes/{name}"))
        except RecipeMissing:
            return _of_artifact(api, name)
    raise RecipeMissing(
        f"'{name}' is no file here, and no id of a recipe or an artifact (64 hex digits).",
        field="recipe",
        fix="Name a WAV or FLAC that was exported, or copy an id from 'hay-say jobs show'.",
    )


def _of_file(path: Path) -> dict[str, Any]:
    from hay_say_lab.audio.tags import read_recipe

    document = read_recipe(path.read_bytes())
    recipe = document.get("recipe")
    if not isinstance(recipe, dict) or content_id(recipe) != document.get("id"):
        raise InvalidRequest(
            f"The recipe inside '{path.name}' was changed: it does not fit its own id.",
            field="recipe",
            fix="Give the file as it was exported.",
        )
    if recipe.get("format") != FORMAT:
        raise InvalidRequest(
            f"The recipe inside '{path.name}' has format {recipe.get('format')}; this program reads {FORMAT}.",
            field="recipe",
            fix="Update hay-say-lab.",
        )
    return document


def _of_artifact(api: Api, sha256: str) -> dict[str, Any]:
    """An export carries the recipe of its artifact."""
    from hay_say_lab.audio.tags import read_recipe

    try:
        content = api.call("GET", f"/artifacts/{sha256}/export", query={"format": "flac"}).content
    except ArtifactMissing:
        raise RecipeMissing(
            f"Neither a recipe nor an artifact of yours is named {sha256[:12]}...",
            field="recipe",
            fix="Copy an id from 'hay-say jobs show'.",
        ) from None
    return read_recipe(content)
