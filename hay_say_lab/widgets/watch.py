"""A job's progress in a live notebook: the client tells a status, the panel gets traits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hay_say_lab.widgets.progress import Progress


class Watch:
    """Implements the client's view of a job over the progress panel; it is gone when the job has ended."""

    def __init__(self, title: str, cancel: Callable[[], None]) -> None:
        from IPython.display import display

        self._panel = Progress(cancel, title=title)
        display(self._panel)

    def update(self, status: Any) -> None:
        """`status`: id, state, current, stages, progress, position, waiting, warnings, and the whole answer as `document`."""
        stage = status.document["stages"][status.current]
        progress = status.progress if status.progress and status.progress.stage == status.current else None
        self._panel.update(
            job=status.id,
            state=status.state,
            stage=f"{stage['task']} ({status.current + 1} of {status.stages})",
            fraction=progress.fraction if progress else None,
            message=progress.message if progress else "",
            lane=status.document["lane"],
            position=(status.position or 0) + 1 if status.state == "queued" else 0,
            waiting=status.waiting or "",
            warnings=[warning.in_words() for warning in status.warnings],
        )

    def close(self) -> None:
        """Ended: the panel leaves, the player takes its place. Interrupted: it goes, the job goes on."""
        self._panel.close()


def watch(title: str, cancel: Callable[[], None]) -> Watch:
    return Watch(title, cancel)
