"""What blind listening says: preferences, scores and whether somebody hears a difference, with how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the result. `value` is a share (A/B: preferred; ABX: right) or a mean score of 0..100 (MUSHRA).

    `low` and `high` are its 95 % confidence interval: Wilson's for shares, Student's t for means (None of one answer).
    `p` is the chance of so many right answers by guessing (ABX), one-sided; else None.
    """

    test: str
    take: str
    answers: int
    value: float
    low: float | None
    high: float | None
    p: float | None = None

    def cells(self) -> tuple[Any, ...]:
        return self.test, self.take, self.answers, self.value, self.low, self.high, self.p


COLUMNS = ("test", "take", "answers", "value", "low", "high", "p")


@dataclass(frozen=True, slots=True)
class Listening:
    """The answers, as the panel tells them: kind, order, hidden, choice, scores, seconds."""

    trials: Sequence[Mapping[str, Any]]

    def lines(self) -> list[Line]:
        """All results, those of one kind of test together."""
        return [*self._preferences(), *self._differences(), *self._scores()]

    def frame(self) -> Any:
        """A DataFrame of pandas, if it is installed. Raises ModuleNotFoundError."""
        import pandas  # type: ignore[import-untyped]

        return pandas.DataFrame([line.cells() for line in self.lines()], columns=list(COLUMNS))

    def _of(self, kind: str) -> list[Mapping[str, Any]]:
        return [trial for trial in self.trials if trial["kind"] == kind]

    def _preferences(self) -> Iterator[Line]:
        trials = self._of("ab")
        for take in sorted({take for trial in trials for take in trial["order"]}):
            heard = [trial for trial in trials if take in trial["order"]]
            hits = sum(trial["choice"] == take for trial in heard)
            yield Line("ab", take, len(heard), hits / len(heard), *wilson(hits, len(heard)))

    def _differences(self) -> Iterator[Line]:
        """One line for each pair that was compared."""
        trials = self._of("abx")
        for pair in sorted({tuple(sorted(trial["order"])) for trial in trials}):
            heard = [trial for trial in trials if tuple(sorted(trial["order"])) == pair]
            hits = sum(trial["choice"] == trial["hidden"] for trial in heard)
            p = guessing(hits, len(heard))
            yield Line("abx", " | ".join(pair), len(heard), hits / len(heard), *wilson(hits, len(heard)), p)

    def _scores(self) -> Iterator[Line]:
        trials = self._of("mushra")
        for take in sorted({take for trial in trials for take in trial["scores"]}):
            scores = [float(trial["scores"][take]) for trial in trials if take in trial["scores"]]
            yield Line("mushra", take, len(scores), sum(scores) / len(scores), *student(scores))


def guessing(hits: int, answers: int) -> float:
    """The chance of at least so many right answers of a coin: a one-sided binomial test with p = 1/2."""
    return sum(math.comb(answers, count) for count in range(hits, answers + 1)) / 2**answers


def wilson(hits: int, answers: int) -> tuple[float, float]:
    """Wilson's score interval of a share at 95 % (E. B. Wilson, 1927)."""
    z = 1.959963984540054
    share, middle = hits / answers, 1 + z * z / answers
    centre = (share + z * z / (2 * answers)) / middle
    reach = z * math.sqrt(share * (1 - share) / answers + z * z / (4 * answers * answers)) / middle
    return max(0.0, centre - reach), min(1.0, centre + reach)


def student(values: Sequence[float]) -> tuple[float | None, float | None]:
    """The t interval of a mean at 95 %; (None, None) of one value."""
    from scipy.stats import t

    count = len(values)
    if count < 2:
        return None, None
    mean = sum(values) / count
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1))
    reach = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / math.sqrt(count)
    return mean - reach, mean + reach
