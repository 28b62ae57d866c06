"""Pronunciation dictionaries as files that people edit: JSON, or a table with a word a row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hay_say_lab.domain.pronunciation import FIELDS, FORMAT, Pronunciation, WordList
from hay_say_lab.errors import Fix, InvalidRequest, NotFound, Problem

DELIMITERS = {".csv": ",", ".tsv": "\t"}
ENDINGS = (".json", *DELIMITERS)
LARGEST_BYTES = 16 << 20


def read_words(path: Path) -> WordList:
    """Raises NotFound, InvalidRequest for what is no such file; what the words say, the host judges."""
    ending = _ending(path)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise _unread(path, f"is larger than {LARGEST_BYTES >> 20} MB", "Split it into several dictionaries.")
        content = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise NotFound(f"There is no file '{path.name}'.", field="file", fix="Check its name and folder.") from None
    except UnicodeDecodeError:
        raise _unread(path, "is not UTF-8", "Save it as UTF-8.") from None
    except OSError as error:
        raise NotFound(f"'{path.name}' cannot be read: {error.strerror}.", field="file", fix="Mend its permissions.") from None
    return _read_json(path, content) if ending == ".json" else _read_table(path, content, DELIMITERS[ending])


def write_words(document: Mapping[str, Any], path: Path) -> Path:
    """`document` as the host tells it. Raises InvalidRequest for an ending that is not written, OSError."""
    ending = _ending(path)
    if ending == ".json":
        content = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    else:
        table = io.StringIO()
        writer = csv.DictWriter(table, FIELDS, delimiter=DELIMITERS[ending], lineterminator="\n")
        writer.writeheader()
        writer.writerows(document["entries"])
        content = table.getvalue()
    aside = path.with_name(f".{path.name}.part")
    try:
        aside.write_text(content, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def _read_json(path: Path, content: str) -> WordList:
    try:
        document = json.loads(content)
        if document["format"] != FORMAT:
            raise ValueError(document["format"])
        return WordList.from_json(document)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise _unread(path, f"is no dictionary of the format '{FORMAT}'", "See docs/text.md.") from None


def _read_table(path: Path, content: str, delimiter: str) -> WordList:
    rows = csv.DictReader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip().lower() for name in rows.fieldnames or ()]
        unknown = sorted(set(columns) - set(FIELDS))
        if unknown or "word" not in columns:
            wrong = f"has a column '{unknown[0][:40]}'" if unknown else "has no column 'word'"
            raise _unread(path, wrong, f"Name the columns in the first row: {', '.join(FIELDS)}.")
        rows.fieldnames = columns
        entries = []
        for row in rows:
            if None in row:
                raise _unread(path, f"has a row of too many cells (line {rows.line_num})", "Put quotes around commas.")
            said = {name: cell.strip() for name, cell in row.items() if cell and cell.strip()}
            if said:
                entries.append(Pronunciation(**{"word": "", **said}))  # type: ignore[arg-type]
        return WordList(tuple(entries), path.stem[:100])
    except csv.Error as error:
        raise _unread(path, f"is no table: {error}", "Export it anew.") from None


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise _unread(path, "has another ending", f"Use {', '.join(ENDINGS)}.")
    return ending


def _unread(path: Path, what: str, fix: str) -> InvalidRequest:
    message = f"'{path.name}' {what}."
    return InvalidRequest(message, problems=[Problem("file", message, Fix(fix))])
