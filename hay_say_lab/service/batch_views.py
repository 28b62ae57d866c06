"""What the host answers of batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.job import State


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch: how many rows it has, and how many of them are in which state."""

    name: str
    rows: int
    states: dict[str, int]
    done: bool


@dataclass(frozen=True, slots=True)
class BatchesView:
    """A page of batches, newest first; `cursor` asks for the next one, None at the end."""

    batches: list[BatchView]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class RowView:
    """One row of a batch. `seconds`: of the sound that was made."""

    job: str
    state: State
    voices: list[str]
    seed: int | None
    said: str | None
    clip: str | None
    artifact: str | None
    recipe: str | None
    seconds: float | None
    error: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class RowsView:
    """A page of rows in their order; `cursor` asks for the next one, None at the end."""

    rows: list[RowView]
    cursor: str | None
