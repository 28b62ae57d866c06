"""One table of a batch: each row with its state, its sound, and what went wrong."""

from __future__ import annotations

import csv
import html
import io
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "batch.csv"
COLUMNS = ("row", "name", "state", "file", "seconds", "voices", "seed", "said", "problem", "job", "artifact", "recipe")
LONGEST_SLUG = 40
MOST_SHOWN = 200        # rows of the table in a notebook; the file holds all
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Row:
    """`number` counts from 0; `seconds` of sound, None where there is none; `problem`: the sentence of a failed row."""

    number: int
    name: str
    job: str
    state: str
    voices: tuple[str, ...]
    seed: int
    said: str
    seconds: float | None
    artifact: str | None
    recipe: str | None
    problem: str

    @classmethod
    def from_json(cls, number: int, document: Mapping[str, Any], name: str = "") -> Row:
        error = document["error"]
        return cls(
            number=number,
            name=name,
            job=document["job"],
            state=document["state"],
            voices=tuple(document["voices"]),
            seed=document["seed"],
            said=document["said"] or f"clip {str(document['clip'])[:12]}",
            seconds=document["seconds"],
            artifact=document["artifact"],
            recipe=document["recipe"],
            problem=str(error["message"]) if error else "",
        )

    @property
    def slug(self) -> str:
        """Its name as the end of a file's name, '' where it has none; no folder, no odd letter."""
        plain = _NOT_IN_NAMES.sub("-", self.name).strip("-.")[:LONGEST_SLUG]
        return f"-{plain}" if plain else ""

    def cells(self, file: str = "") -> dict[str, Any]:
        """By COLUMNS; rows are counted from 1 for people."""
        return {
            "row": self.number + 1,
            "name": self.name,
            "state": self.state,
            "file": file,
            "seconds": None if self.seconds is None else round(self.seconds, 3),
            "voices": " + ".join(self.voices),
            "seed": self.seed,
            "said": self.said,
            "problem": self.problem,
            "job": self.job,
            "artifact": self.artifact,
            "recipe": self.recipe,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """All rows of a batch as they stood."""

    name: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return f"{self.name}: {len(self.rows)} rows, {states}, {self.seconds:.1f} s of sound"

    __repr__ = __str__

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def states(self) -> Mapping[str, int]:
        return Counter(row.state for row in self.rows)

    @property
    def seconds(self) -> float:
        """Of sound, all rows together."""
        return sum(row.seconds or 0.0 for row in self.rows)

    @property
    def failed(self) -> tuple[Row, ...]:
        """The rows that ended without a sound."""
        return tuple(row for row in self.rows if row.state in ("failed", "cancelled", "quarantined"))

    def as_json(self) -> dict[str, Any]:
        rows = [row.cells() for row in self.rows]
        return {"name": self.name, "states": dict(self.states), "seconds": self.seconds, "rows": rows}

    def to_frame(self) -> Any:
        """A DataFrame of pandas, if it is installed. Raises ModuleNotFoundError."""
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame([row.cells() for row in self.rows], columns=list(COLUMNS))

    def save(self, folder: Path, files: Mapping[int, str]) -> Path:
        """Write FILE, whole or not at all; `files` by a row's number."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _harmless(value) for name, value in row.cells(files.get(row.number, "")).items()} for row in self.rows)
        aside = folder / f".{FILE}.part"
        aside.write_text(text.getvalue(), encoding="utf-8")
        return aside.replace(folder / FILE)

    @staticmethod
    def files_in(folder: Path) -> dict[str, str]:
        """File -> the artifact that it holds, as the FILE of an earlier call says; nothing where there is none."""
        if not (folder / FILE).is_file():
            return {}
        with (folder / FILE).open(encoding="utf-8", newline="") as file:
            return {line["file"]: line["artifact"] for line in csv.DictReader(file) if line.get("file")}

    def _repr_html_(self) -> str:
        shown = ("row", "name", "state", "seconds", "voices", "said", "problem")
        head = "".join(f'<th scope="col">{name}</th>' for name in shown)
        body = "".join(_html_row(row, shown) for row in self.rows[:MOST_SHOWN])
        more = len(self.rows) - MOST_SHOWN
        rest = f"<p>{more} more rows</p>" if more > 0 else ""
        caption = html.escape(str(self))
        return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def _html_row(row: Row, shown: tuple[str, ...]) -> str:
    cells = row.cells()
    return "<tr>" + "".join(f"<td>{html.escape(_plain(cells[name]))}</td>" for name in shown) + "</tr>"


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _harmless(value: Any) -> Any:
    """A cell that a spreadsheet will not take for a formula (OWASP: CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
