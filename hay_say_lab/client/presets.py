"""The presets of a lab: named settings that travel between voices, and as files between people."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hay_say_lab.client.api import Api
from hay_say_lab.errors import InvalidRequest, NotFound, RequestWarning

LARGEST_FILE_BYTES = 1 << 20
Settings = Mapping[str, str | bool | int | float | None]


class PresetShelf(Mapping[str, dict[str, Any]]):
    """`lab.presets["warm"]`, `lab.presets.put("warm", "convert", "world", {"breath": 0.2})`. Asked anew each time.

    `lab.presets["warm@3fa94c"]` is an older version.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def __repr__(self) -> str:
        return f"<{len(self)} presets>"

    def __getitem__(self, reference: str) -> dict[str, Any]:
        """Raises PresetMissing (which is not a KeyError: it says what to do)."""
        return dict(self._api.get(_path(reference)))

    def __iter__(self) -> Iterator[str]:
        return iter([preset["name"] for preset in self.all()])

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> list[dict[str, Any]]:
        return list(self._api.get("/presets")["presets"])

    def put(self, name: str, task: str, architecture: str, settings: Settings, note: str = "") -> dict[str, Any]:
        """Keep settings under a name. Raises InvalidRequest with every problem, Conflict."""
        document = {"task": task, "architecture": architecture, "settings": dict(settings), "note": note}
        return dict(self._api.put(_path(name), document))

    def remove(self, name: str) -> dict[str, Any]:
        """Raises PresetMissing."""
        return dict(self._api.call("DELETE", _path(name), repeat=False).json())

    def apply(self, reference: str, voice: str | None = None, task: str | None = None) -> dict[str, Any]:
        """{'version', 'settings', 'left_out': [{'setting', 'why'}]}: a preset as settings of a voice (None: the default one).

        Raises PresetMissing, VoiceMissing, InvalidRequest.
        """
        return dict(self._api.post(f"{_path(reference)}/apply", {"voice": voice, "task": task}))

    def settings(self, reference: str, voice: str | None = None, task: str | None = None) -> dict[str, Any]:
        """The same as settings alone; what could not be carried over is a RequestWarning each."""
        carried = self.apply(reference, voice, task)
        for left in carried["left_out"]:
            warnings.warn(f"preset '{reference}': '{left['setting']}' is left out. {left['why']}", RequestWarning, stacklevel=2)
        return dict(carried["settings"])

    def export(self, reference: str, path: str | Path) -> Path:
        """Write a preset into a file that can be sent to others. Raises PresetMissing, OSError."""
        target = Path(path).expanduser()
        target.write_text(json.dumps(self[reference]["document"], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return target

    def load(self, name: str, path: str | Path) -> dict[str, Any]:
        """Keep what a file holds under a name. Raises NotFound, InvalidRequest."""
        source = Path(path).expanduser()
        try:
            if source.stat().st_size > LARGEST_FILE_BYTES:
                raise ValueError("too large")
            document = json.loads(source.read_bytes())
        except FileNotFoundError:
            raise NotFound(f"There is no file '{source.name}'.", field="file", fix="Check its name and folder.") from None
        except (ValueError, RecursionError):
            raise InvalidRequest(
                f"'{source.name}' is no preset.", field="file", fix="Use a file that 'hay-say presets export' wrote."
            ) from None
        return dict(self._api.put(_path(name), document))


def _path(reference: str) -> str:
    return f"/presets/{quote(reference, safe='')}"
