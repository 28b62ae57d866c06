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
    """Surveys by clip, rate and search: they depend on nothing else, so no result depends on the shelf."""

    def __init__(self) -> None:
        self._surveys: OrderedDict[str, Survey] = OrderedDict()

    def key(self, samples: Floats, sample_rate: int, search: PitchSearch) -> str | None:
        """The name of a survey; None for clips that are too long to be kept."""
        if len(samples) > _LONGEST_SECONDS * sample_rate:
            return None
        return hashlib.sha256(
            f"{sample_rate} {search}".encode() + np.ascontiguousarray(samples).tobytes()
        ).hexdigest()

    def get(self, key: str | None) -> Survey | None:
        if key is None or key not in self._surveys:
            return None
        self._surveys.move_to_end(key)
        return self._surveys[key]

    def put(self, key: str | None, survey: Survey) -> None:
        """Keep a survey, and let the oldest go."""
        if key is None:
            return
        self._surveys[key] = survey
        while len(self._surveys) > _PLACES:
            self._surveys.popitem(last=False)
