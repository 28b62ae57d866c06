"""What Jupyter loads. It starts no host: the first call does."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp

from hay_say_lab.client.hosting import Address, Hosting
from hay_say_lab.server.finder import HostFinder
from hay_say_lab.server.forwarder import ROUTE, Forwarder
from hay_say_lab.server.supervision import Supervisor


class HaySayLabApp(ExtensionApp):
    """Speech and voice conversion in Jupyter: forwards to the host of this person's data home, and looks after it."""

    name = "hay_say_lab"
    description = "Speech and voice conversion: forwards to the host of the data home, and looks after it."
    load_other_extensions = True

    def initialize_settings(self) -> None:
        hosting = Hosting()
        self.finder = HostFinder(hosting, self._found)
        self.supervisor = Supervisor(hosting, self.finder.resumed)

    def initialize_handlers(self) -> None:
        self.handlers.append((ROUTE, Forwarder, {"finder": self.finder}))

    async def stop_extension(self) -> None:
        """Jupyter ends; the host goes on for as long as somebody needs it."""
        await self.supervisor.stop()

    def _found(self, address: Address) -> None:
        """A host that somebody else runs (HAY_SAY_URL) is theirs to look after."""
        if address.host_id:
            self.supervisor.watch()
