"""Hay Say Lab: speech and voice conversion over many architectures, through one surface.

    from hay_say_lab import Lab
    Lab().say("Hello from the lab.").result()
"""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"
__all__ = ["Lab", "__version__"]


def __getattr__(name: str) -> Any:
    """Importing the package costs nothing; a name is fetched when it is used."""
    if name == "Lab":
        from hay_say_lab.client.lab import Lab

        return Lab
    raise AttributeError(f"module 'hay_say_lab' has no attribute '{name}'")
