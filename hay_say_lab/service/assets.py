"""Assets over HTTP: what voices share, which architectures need it, and how it goes and comes back."""

from __future__ import annotations

from hay_say_lab.service.handler import LabHandler
from hay_say_lab.service.library_views import AssetsView, freed_view, removed_view


class AssetsHandler(LabHandler):
    async def get(self) -> None:
        shelf = self.surface.shelf
        needs = [
            {"architecture": manifest.id, **need.as_json(), "asset": serving.id if serving is not None else None}
            for manifest, need, serving in shelf.equipment.needs()
        ]
        self.reply(AssetsView([asset.as_json() for asset in shelf.assets.all()], needs))


class AssetHandler(LabHandler):
    async def get(self, asset_id: str) -> None:
        self.reply(self.surface.shelf.assets.get(asset_id).as_json())

    async def delete(self, asset_id: str) -> None:
        shelf = self.surface.shelf
        force = self.flag("force")
        asset, left_alone = shelf.assets.get(asset_id), shelf.needing(asset_id)
        removed = await shelf.remove_asset(asset_id, self.owner, force=force)
        await self.tell("remove", asset_id, hash=asset.hash, until=removed.until, needed_by=left_alone)
        self.reply(removed_view(asset_id, removed, left_alone))


class RemovalHandler(LabHandler):
    async def get(self, asset_id: str) -> None:
        shelf = self.surface.shelf
        needing, jobs = shelf.needing(asset_id), shelf.jobs_with(shelf.assets.get(asset_id))
        removable = not needing and not jobs
        self.reply(freed_view(asset_id, shelf.preview_asset(asset_id), jobs, needing, removable=removable))


class RestoreHandler(LabHandler):
    async def post(self, asset_id: str) -> None:
        asset = await self.surface.shelf.restore_asset(asset_id)
        await self.tell("restore", asset_id, hash=asset.hash)
        self.reply(asset.as_json())
