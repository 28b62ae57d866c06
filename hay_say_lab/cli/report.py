"""The input report of a recording, asked for while something else is being made of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from hay_say_lab.errors import LabError

if TYPE_CHECKING:
    from hay_say_lab.client.lab import Lab


class ReportBeside:
    """Asks on a thread of its own; `lines` and `document` wait for it.

    A report that cannot be made is no failure of what is made beside it: the answer holds the error instead.
    """

    def __init__(self, lab: Lab, sha256: str) -> None:
        self._lab = lab
        self._sha256 = sha256
        self._report: dict[str, Any] | None = None
        self._error: LabError | None = None
        self._asking = threading.Thread(target=self._ask, name="report", daemon=True)
        self._asking.start()

    @property
    def document(self) -> dict[str, Any]:
        """For programs: 'source_report', None where there is none."""
        self._asking.join()
        return {"source_report": self._report}

    @property
    def lines(self) -> list[str]:
        """For people."""
        from hay_say_lab.client.measures import report_lines

        self._asking.join()
        if self._report is None:
            return [f"source: not measured: {self._error}"]
        return [f"source: {line}" for line in report_lines(self._report)]

    def _ask(self) -> None:
        try:
            self._report = self._lab.clip_report(self._sha256)
        except LabError as error:
            self._error = error
