"""The assets that are installed, as documents with their files."""

from __future__ import annotations

from typing import Any

from tinydb import TinyDB

from hay_say_lab.domain.asset import Asset
from hay_say_lab.domain.canonical import content_id
from hay_say_lab.domain.voice import is_slug
from hay_say_lab.errors import AssetMissing
from hay_say_lab.registry.installed import Installed, checked_files


class Assets(Installed[Asset]):
    """One index in memory over documents."""

    def __init__(self, documents: TinyDB) -> None:
        super().__init__(documents, "assets", _read, AssetMissing)

    def of_kind(self, kind: str) -> list[Asset]:
        """The first by id is the one that serves."""
        return [asset for asset in self.all() if asset.kind == kind]


def asset_hash(kind: str, files: dict[str, str]) -> str:
    """The hash of an asset: its kind and each file's content by role."""
    return content_id({"kind": kind, "files": files})


def _read(document: dict[str, Any]) -> Asset:
    asset = Asset.from_json(document)
    checked_files(asset.files)
    if not is_slug(asset.id):
        raise ValueError(asset.id)
    return asset
