"""How a take shows itself: the package root hands this to the client."""

from __future__ import annotations

from typing import Any

from hay_say_lab.widgets.preview import Look, preview_html
from hay_say_lab.widgets.source import Source


def mimebundle(source: Source, headless: bool) -> dict[str, object]:
    """The display data of a take.

    Live: the player, and a silent picture for viewers without widgets. Headless (papermill, nbclient): no widget,
    which nobody could answer later, but static HTML with a short preview of the sound. Raises LabError where the
    take's documents cannot be read, or the panel is not built.
    """
    look = Look.at(source)
    if headless:
        return {"text/plain": look.as_text(), "text/html": preview_html(source)}
    from hay_say_lab.widgets.player import Player

    player: Any = Player(source)
    data, _metadata = player._repr_mimebundle_()
    return {**data, "text/plain": look.as_text(), "text/html": look.as_html()}
