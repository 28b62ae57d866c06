"""Hay Say Lab: speech and voice conversion over many architectures, through one surface.

    from hay_say_lab import Lab
    Lab().say("Hello from the lab.").result()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__version__ = "0.1.0"
__all__ = ["Lab", "__version__"]


def __getattr__(name: str) -> Any:
    """Importing the package costs nothing; a name is fetched when it is used."""
    if name == "Lab":
        from hay_say_lab.client import display
        from hay_say_lab.client.lab import Lab

        display.use_widgets(_show, _watch, _open_panel)
        return Lab
    raise AttributeError(f"module 'hay_say_lab' has no attribute '{name}'")


def _show(take: Any, headless: bool) -> dict[str, Any]:
    """What a notebook displays of a take: `client` stands below `widgets`, so it gets this from here."""
    from hay_say_lab.widgets.show import mimebundle

    return mimebundle(take, headless=headless)


def _watch(title: str, cancel: Callable[[], None]) -> Any:
    """A progress widget in a live notebook."""
    from hay_say_lab.widgets.watch import watch

    return watch(title, cancel)


def _open_panel(panel: str, api: Any, follower: Any, traits: dict[str, Any]) -> Any:
    """A panel's widget."""
    from hay_say_lab.widgets.desk import open_panel

    return open_panel(panel, api, follower, traits)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """What Jupyter asks a package that jupyter_server_config.d enables."""
    from hay_say_lab.server.extension import HaySayLabApp

    return [{"module": "hay_say_lab.server.extension", "app": HaySayLabApp}]
