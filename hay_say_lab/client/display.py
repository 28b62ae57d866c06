"""Where results and progress are shown: a notebook with a front end, a notebook run headless, a terminal, a script.

`client` draws nothing itself in notebooks: the package root hands in the functions that do (`use_widgets`).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from hay_say_lab.client.answers import JobStatus
from hay_say_lab.errors import LabError, Problem, RequestWarning


class ProgressView(Protocol):
    """Shows one job on its way."""

    def update(self, status: JobStatus) -> None: ...

    def close(self) -> None: ...


MimeBundle = dict[str, Any]
Show = Callable[[Any, bool], MimeBundle]                    # (take, headless) -> what a notebook displays
WatchInNotebook = Callable[[str, Callable[[], None]], ProgressView]     # (title, cancel) -> a view
OpenPanel = Callable[[str, Any, Any, dict[str, Any]], Any]      # (panel, api, follower, traits) -> a widget

_show: Show | None = None
_watch: WatchInNotebook | None = None
_open: OpenPanel | None = None


def use_widgets(show: Show, watch: WatchInNotebook, open_panel: OpenPanel) -> None:
    """The package root calls this once, with functions that import the widgets when they are called."""
    global _show, _watch, _open
    _show, _watch, _open = show, watch, open_panel


def open_panel(panel: str, api: Any, follower: Any, traits: dict[str, Any]) -> Any:
    """A panel's widget. Raises LabError where there are no widgets."""
    try:
        if _open is not None:
            return _open(panel, api, follower, traits)
    except ModuleNotFoundError as missing:
        if missing.name not in ("anywidget", "ipywidgets"):
            raise
    raise LabError("The panels are not installed.", field="widgets", fix="Install 'hay-say-lab[lab]'.")


def mimebundle(take: Any) -> MimeBundle | None:
    """What a notebook displays of a take; None where nothing can."""
    return _show(take, headless()) if _show is not None else None


def kernel() -> Any | None:
    """The kernel that we run in, if we run in one."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)


def headless() -> bool:
    """Whether nobody watches: papermill and nbclient allow no input, every live front end does."""
    present = kernel()
    return present is None or not getattr(present, "_allow_stdin", False)


def progress_view(title: str, cancel: Callable[[], None]) -> ProgressView:
    """A widget in a live notebook, a bar in a terminal, a line now and then in a headless notebook, else nothing."""
    if kernel() is not None:
        return _watch(title, cancel) if _watch is not None and not headless() else Lines(title)
    if sys.stderr.isatty():
        return Bar(title)
    return Silence()


def warn(problems: Iterable[Problem]) -> None:
    """A RequestWarning for each, at the line of whoever called the client."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("hay_say_lab."):
        level, frame = level + 1, frame.f_back
    for problem in problems:
        warnings.warn(problem.in_words(), RequestWarning, stacklevel=level)


class Silence:
    """A script that asked for nothing gets nothing."""

    def update(self, status: JobStatus) -> None:
        pass

    def close(self) -> None:
        pass


class Lines:
    """One printed line when a stage begins: what a log of a headless run should hold."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._told: tuple[str, int] | None = None

    def update(self, status: JobStatus) -> None:
        now = (status.state, status.current)
        between_stages = status.state == "queued" and status.current > 0 and not status.waiting
        if now != self._told and not between_stages:
            self._told = now
            sys.stderr.write(f"{self._title}: {describe(status)}\n")

    def close(self) -> None:
        pass


class Bar:
    """tqdm over all stages; without tqdm a line."""

    def __init__(self, title: str) -> None:
        from tqdm import tqdm

        self._title = title
        self._bar = tqdm(total=1.0, desc=title, bar_format="{desc} |{bar}| {percentage:3.0f}%", leave=False)

    def update(self, status: JobStatus) -> None:
        self._bar.n = fraction_done(status)
        self._bar.set_description_str(f"{self._title}: {describe(status)}")

    def close(self) -> None:
        self._bar.close()


class CountView(Protocol):
    """Shows how many of many are done."""

    def update(self, done: int, told: str) -> None: ...

    def close(self) -> None: ...


def count_view(title: str, total: int, unit: str = "row") -> CountView:
    """A bar where somebody watches, a line each tenth in a headless notebook, else nothing."""
    if kernel() is not None and headless():
        return Tenths(title, total)
    if kernel() is not None or sys.stderr.isatty():
        return CountBar(title, total, unit)
    return NoCount()


class NoCount:
    """A script that asked for nothing gets nothing."""

    def update(self, done: int, told: str) -> None:
        pass

    def close(self) -> None:
        pass


class Tenths:
    """One printed line for each tenth."""

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total = title, total
        self._told = -1

    def update(self, done: int, told: str) -> None:
        tenth = 10 * done // max(1, self._total)
        if tenth != self._told:
            self._told = tenth
            sys.stderr.write(f"{self._title}: {told}\n")

    def close(self) -> None:
        pass


class CountBar:
    """tqdm, which tells the rate and what is left."""

    def __init__(self, title: str, total: int, unit: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(total=total, desc=title, unit=unit, leave=False)

    def update(self, done: int, told: str) -> None:
        self._bar.n = done
        self._bar.set_postfix_str(told)

    def close(self) -> None:
        self._bar.close()


def fraction_done(status: JobStatus) -> float:
    """0..1 over all stages, each weighing the same."""
    if status.ended:
        return 1.0
    inside = status.progress.fraction if status.progress and status.progress.stage == status.current else 0.0
    return (status.current + inside) / max(1, status.stages)


def describe(status: JobStatus) -> str:
    """The state in a few words."""
    if status.state == "queued" and status.waiting:
        return f"waits: {status.waiting}"
    if status.state == "running":
        stage = status.document["stages"][status.current]
        return f"{stage['task']} ({status.current + 1} of {status.stages})"
    return status.state
