"""Where the npm build leaves each panel's module."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.errors import LabError

STATIC = Path(__file__).parent / "static"


def bundle(panel: str, static: Path = STATIC) -> Path:
    """The ES module of a panel; raises LabError with the command that builds it where it is missing."""
    module = static / f"{panel}.js"
    if not module.is_file():
        raise LabError(
            f"The '{panel}' panel has not been built: {module.name} is missing.",
            field="widgets",
            fix="Run 'make', or 'npm ci' and then 'npm run build', in the checkout; a wheel brings it built.",
        )
    return module
