"""The assets of a lab: files that voices share, such as a content encoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from hay_say_lab.client.api import Api


class AssetShelf(Mapping[str, dict[str, Any]]):
    """`lab.assets["hubert-base"]`, `list(lab.assets)`, `lab.assets.needs()`. Asked anew each time."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def __repr__(self) -> str:
        return f"<{len(self)} assets>"

    def __getitem__(self, asset_id: str) -> dict[str, Any]:
        """Raises AssetMissing (which is not a KeyError: it says what to do)."""
        return dict(self._api.get(self._path(asset_id)))

    def __iter__(self) -> Iterator[str]:
        return iter([asset["id"] for asset in self.all()])

    def __len__(self) -> int:
        return len(self.all())

    def all(self) -> list[dict[str, Any]]:
        return list(self._api.get("/assets")["assets"])

    def needs(self) -> list[dict[str, Any]]:
        """What architectures need: each with the id of the asset that serves, None where it is missing."""
        return list(self._api.get("/assets")["needs"])

    def removal(self, asset_id: str) -> dict[str, Any]:
        """What its removal would free, and which jobs and voices need it. Raises AssetMissing."""
        return dict(self._api.get(f"{self._path(asset_id)}/removal"))

    def remove(self, asset_id: str, *, force: bool = False) -> dict[str, Any]:
        """Into the trash. Raises AssetMissing, Conflict where jobs use it, and, without `force`, where voices need it and no
        other of its kind is there."""
        path = f"{self._path(asset_id)}?force={str(force).lower()}"
        return dict(self._api.call("DELETE", path, repeat=False).json())

    def restore(self, asset_id: str) -> dict[str, Any]:
        """Out of the trash again. Raises AssetMissing, Conflict where another one has its name by now."""
        return dict(self._api.post(f"{self._path(asset_id)}/restore", None, repeat=False))

    @staticmethod
    def _path(asset_id: str) -> str:
        return f"/assets/{quote(asset_id, safe='')}"
