"""Rows from files that people have: a table (CSV, TSV), one JSON object a line, one text a line."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hay_say_lab.errors import Fix, InvalidRequest, NotFound, Problem

ENDINGS = (".csv", ".tsv", ".jsonl", ".txt")
LARGEST_FILE_BYTES = 64 << 20
LONGEST_CELL = 1 << 20          # characters; Python's csv stops at 131,072 otherwise


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, by its ending. Empty lines are none. Raises NotFound, InvalidRequest with every bad line."""
    if not path.is_file():
        raise NotFound(f"There is no file '{path.name}'.", field="rows", fix="Check its name and folder.")
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        offered = ", ".join(ENDINGS)
        raise InvalidRequest(f"'{path.name}' is no table of rows.", field="rows", fix=f"End its name in one of: {offered}.")
    if path.stat().st_size > LARGEST_FILE_BYTES:
        raise InvalidRequest(
            f"'{path.name}' is larger than {LARGEST_FILE_BYTES >> 20} MB.", field="rows", fix="Split it into several."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequest(
            f"'{path.name}' is not UTF-8.", field="rows", fix="Save it as UTF-8, or convert it with iconv."
        ) from None
    if ending == ".txt":
        return [{"text": line.strip()} for line in text.splitlines() if line.strip()]
    return list(_objects(text)) if ending == ".jsonl" else list(_table(text, "\t" if ending == ".tsv" else ","))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, str):
            yield {"text": row}
        elif isinstance(row, dict):
            yield row
        else:
            problems.append(Problem("rows", f"Line {number} is no JSON object.", Fix('Write {"text": "..."}.')))
    _refuse(problems)


def _table(text: str, delimiter: str) -> Iterator[dict[str, Any]]:
    """The first line names the columns; an empty cell says nothing, so that the template holds."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=True)
    problems: list[Problem] = []
    heads: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if not heads:
                heads = [cell.strip() for cell in cells]
                problems += _head_problems(heads)
            elif len(cells) > len(heads):
                message = f"Line {reader.line_num} has {len(cells)} cells; the table has {len(heads)} columns."
                problems.append(Problem("rows", message, Fix('Put cells that hold a comma into quotes: "a, b".')))
            else:
                yield {head: cell for head, cell in zip(heads, cells, strict=False) if head and cell != ""}
    except csv.Error as error:
        problems.append(Problem("rows", f"Line {reader.line_num} cannot be read: {error}.", Fix("Mend its quotes.")))
    _refuse(problems)


def _head_problems(heads: list[str]) -> Iterator[Problem]:
    for head in sorted({head for head in heads if head and heads.count(head) > 1}):
        yield Problem("rows", f"The column '{head}' is there twice.", Fix("Name each column once."))


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise InvalidRequest(problems[0].message, problems=problems)
