"""One call of the command line: how it answers, and whom it asks."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from hay_say_lab.errors import LabError, RequestWarning

if TYPE_CHECKING:
    from hay_say_lab.client.lab import Lab

WIDEST_CELL = 60


class Interrupted(Exception):
    """A person pressed Ctrl-C while jobs were on their way; they go on. `note`: what else is left."""

    def __init__(self, jobs: Sequence[str] = (), note: str = "") -> None:
        super().__init__()
        self.jobs = tuple(jobs)
        self.note = note


class Session:
    """Answers go to standard output (with `as_json`: one document, errors too), everything else to standard error."""

    def __init__(self, as_json: bool = False) -> None:
        self.home: Path | None = None           # None: the default data home
        self.as_json = as_json

    @cached_property
    def lab(self) -> Lab:
        from hay_say_lab.client.lab import Lab

        return Lab(self.home)

    def answer(self, document: Any, text: str) -> None:
        """The one answer of a command: `document` for programs, `text` for people."""
        written = json.dumps(document, indent=1, ensure_ascii=False) if self.as_json else text
        sys.stdout.write(written + "\n")

    def tell(self, sentence: str) -> None:
        sys.stderr.write(f"hay-say: {sentence}\n")

    @contextmanager
    def telling_warnings(self) -> Iterator[None]:
        """What the client warns of is told as it comes: each in one line, and again where it comes again."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", RequestWarning)
            elsewhere = warnings.showwarning

            def tell(
                message: Warning | str,
                category: type[Warning],
                filename: str,
                lineno: int,
                file: TextIO | None = None,
                line: str | None = None,
            ) -> None:
                if issubclass(category, RequestWarning):
                    self.tell(f"warning: {message}")
                else:
                    elsewhere(message, category, filename, lineno, file, line)

            warnings.showwarning = tell
            yield

    def complain(self, error: LabError) -> None:
        """All of an error's problems with their fixes; with `as_json` also the one error shape as the answer."""
        self.tell(str(error))
        if self.as_json:
            self.answer(error.as_json(), "")

    def told_interrupt(self, interrupted: Interrupted) -> None:
        """What goes on without us, and how to find it again."""
        ids = " ".join(interrupted.jobs)
        message = "Interrupted; the job goes on." if ids else f"Interrupted. {interrupted.note}".rstrip()
        fix = f"hay-say jobs wait {ids}" if ids else ""
        self.tell(f"{message} Wait for it: {fix}" if ids else message)
        if self.as_json:
            problems = [{"field": "job", "message": message, "fix": {"label": fix, "patch": []}}] if ids else []
            document = {"code": "interrupted", "message": message, "problems": problems}
            self.answer({**document, "error_id": "", "retry": "safe", "retry_after_seconds": None}, "")


def table(rows: Sequence[Sequence[object]], heads: Sequence[str]) -> str:
    """Columns as wide as their widest cell, two spaces between them."""
    cells = [[_cell(value) for value in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _cell(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= WIDEST_CELL else text[: WIDEST_CELL - 3] + "..."
