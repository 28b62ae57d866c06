"""A parity case as a plugin's `parity.py` sees it; `tests/parity` makes them and compares what comes of them.

A plugin's module `parity` has `KINDS`: the kind of a case -> a function that gives our arrays by their official names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy

Arrays = Mapping[str, numpy.ndarray]
Performer = Callable[["Case"], Arrays]


class Case(Protocol):
    """One folder: what was run, on what; its weights come from a rule."""

    @property
    def folder(self) -> Path:
        """Where it lies, for files that belong to it."""

    @property
    def document(self) -> Mapping[str, Any]:
        """case.json"""

    @property
    def inputs(self) -> Arrays:
        """inputs.npz"""

    @property
    def device(self) -> str:
        """Where networks are to run: 'cpu' or 'cuda:0'."""

    def state(self) -> dict[str, numpy.ndarray]:
        """The official state dict, made by the rule, with the constant buffers that the case stores."""
