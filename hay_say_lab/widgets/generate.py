"""The generate panel: a text or a recording, a voice or two, settings, and the sound that comes of it."""

from __future__ import annotations

from typing import Any

import traitlets

from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.take import Take
from hay_say_lab.widgets.bridge import Bridge
from hay_say_lab.widgets.bundle import bundle


class Generate(Bridge):
    """Draft, problems, job and player live in the browser; Python gets the takes that were made."""

    _esm = bundle("generate")

    draft = traitlets.Dict().tag(sync=True)             # written by Python: parts of the first request
    jobs = traitlets.List(traitlets.Unicode()).tag(sync=True)   # written by the browser: jobs whose takes have come

    @property
    def takes(self) -> list[Take]:
        """The takes that were made here, oldest first."""
        return [Take(self._api, JobStatus.from_json(self._api.get(f"/jobs/{job}"))) for job in self.jobs]

    @property
    def take(self) -> Take | None:
        """The newest of them."""
        jobs: list[Any] = self.jobs
        return Take(self._api, JobStatus.from_json(self._api.get(f"/jobs/{jobs[-1]}"))) if jobs else None
