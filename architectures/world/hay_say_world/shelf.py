"""The last few surveys of a warm worker: moving a slider changes the plan, not what was heard."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np

from hay_say_world.analysis import PitchSearch
from hay_say_world.arrays import Floats
from hay_say_world.survey import Survey

_LONGEST_SECONDS = 120.0
_PLACES = 2


class SurveyShelf:
    """Surveys by clip, rate and search; a survey is a pure function of those, so results do not depend on the
    shelf.
    """

    def __init__(self) -> None:
        self._surveys: OrderedDict[str, Survey] = OrderedDict()

    def key(self, samples: Floats, sample_rate: int, search: PitchSearch) -> str:
        return hashlib.sha256(
            f"{sample_rate} {search}".encode() + np.ascontiguousarray(samples).tobytes()
        ).hexdigest()

    def get(self, key: str) -> Survey | None:
        if key in self._surveys:
            self._surveys.move_to_end(key)
        return self._surveys.get(key)

    def put(self, key: str, survey: Survey) -> None:
        """Keep a survey of a clip that is not long, and let the oldest go."""
        if survey.sample_count > _LONGEST_SECONDS * survey.sample_rate:
            return
        self._surveys[key] = survey
        while len(self._surveys) > _PLACES:
            self._surveys.popitem(last=False)
