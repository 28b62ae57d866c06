"""The compare panel: takes side by side, blind where one wants to be fair, and what the answers say."""

from __future__ import annotations

from typing import Any

import traitlets

from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.listening import Listening
from hay_say_lab.client.take import Take
from hay_say_lab.widgets.bridge import Bridge
from hay_say_lab.widgets.bundle import bundle


class Compare(Bridge):
    """Sounds and pictures come by calls; the answers of blind tests and the favourites are kept here."""

    _esm = bundle("compare")

    jobs = traitlets.List(traitlets.Unicode()).tag(sync=True)           # written by Python: whose takes are compared
    favourites = traitlets.List(traitlets.Unicode()).tag(sync=True)     # written by the browser: jobs with a star
    trials = traitlets.List(traitlets.Dict()).tag(sync=True)            # written by the browser: answers of blind tests

    @property
    def takes(self) -> list[Take]:
        """What is compared, in its order."""
        jobs: list[Any] = self.jobs
        return [self._take(job) for job in jobs]

    @property
    def favourite_takes(self) -> list[Take]:
        """Those with a star."""
        favourites: list[Any] = self.favourites
        return [self._take(job) for job in favourites]

    @property
    def results(self) -> Listening:
        """What the blind tests gave so far: counts, means with confidence intervals, the binomial test of ABX."""
        return Listening(tuple(self.trials))

    def _take(self, job: str) -> Take:
        return Take(self._api, JobStatus.from_json(self._api.get(f"/jobs/{job}")))
