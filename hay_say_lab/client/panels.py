"""`lab.panels`: the panels of a notebook, opened with what they shall begin with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.client import display
from hay_say_lab.client.api import Api
from hay_say_lab.client.clips import send_clip
from hay_say_lab.client.follower import Follower

if TYPE_CHECKING:
    from hay_say_lab.client.handle import Handle
    from hay_say_lab.client.take import Take

Settings = Mapping[str, str | bool | int | float | None]


class PanelDesk:
    """Each method gives a widget; the last line of a cell shows it. They need `hay-say-lab[lab]`."""

    def __init__(self, api: Api, follower: Follower) -> None:
        self._api = api
        self._follower = follower

    def generate(
        self,
        text: str | None = None,
        *,
        clip: str | Path | Take | None = None,
        voice: str | None = None,
        then: str | None = None,
        settings: Settings | None = None,
        seed: int | None = None,
    ) -> Any:
        """A form that speaks a text or converts a recording (a file, a Take); `then`: a voice that converts what was
        spoken. `panel.take` is the newest take made there, `panel.takes` are all of them.

        Raises ClipMissing, or LabError where the widgets are not installed.
        """
        task = "convert" if clip is not None else "speak"
        steps: list[dict[str, Any]] = [{"task": task, "voice": voice, "settings": dict(settings or {})}]
        if then is not None:
            steps.append({"task": "convert", "voice": then, "settings": {}})
        draft: dict[str, Any] = {"steps": steps}
        if text is not None:
            draft["text"] = {"body": text, "language": None, "markup": "plain"}
        if clip is not None:
            draft["clip"] = send_clip(self._api, clip)
        if seed is not None:
            draft["seed"] = seed
        return self._open("generate", {"draft": draft})

    def compare(self, *takes: Take | Handle | str) -> Any:
        """Takes (or handles or ids of their jobs) side by side: switched without a gap at the same instant, as loud as the
        quietest, blind where that is fairer. `panel.results` says what the blind tests gave, `panel.favourite_takes`
        are those with a star.

        Raises LabError where the widgets are not installed.
        """
        jobs = [take if isinstance(take, str) else take.job if hasattr(take, "job") else take.id for take in takes]
        return self._open("compare", {"jobs": jobs})

    def queue(self) -> Any:
        """Jobs, lanes, warm models and storage of the host, as they stand and as they change. Raises LabError where the
        widgets are not installed."""
        return self._open("queue", {})

    def _open(self, panel: str, traits: dict[str, Any]) -> Any:
        return display.open_panel(panel, self._api, self._follower, traits)
