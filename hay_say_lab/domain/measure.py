"""What can be measured of a clip, and of one clip against another: the one table that REST, command line, Python and
`docs/measures.md` read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from hay_say_lab.domain.job import AUDIO_WORKER, MEASURING_WORKER
from hay_say_lab.errors import Fix, InvalidRequest, Problem

Subject = Literal["clip", "pair"]


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table. `gives` a number (None where there is nothing of the kind), or a document."""

    name: str
    title: str
    unit: str               # '' where there is none
    of: Subject             # a clip alone, or a clip against a reference
    gives: Literal["number", "document"]
    method: str
    source: str
    cost: str               # for people, on one core
    by_pitch: bool = False  # whether it depends on the pitch tracker

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Measure.__slots__}


@dataclass(frozen=True, slots=True)
class PitchTracker:
    """One way to find f0, and the worker that has it."""

    name: str
    worker: str
    needs: str              # what must be installed beside the core; '' for nothing
    method: str
    source: str
    cost: str

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in PitchTracker.__slots__ if name != "worker"}


_BS1770 = "ITU-R BS.1770-4"
_TECH3341 = "EBU Tech 3341"

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "lufs", "Loudness", "LUFS", "clip", "number",
            "integrated: K-weighted mean square of 400 ms blocks behind an absolute and a relative gate", _BS1770,
            "0.5 ms for a second of sound",
        ),
        Measure(
            "momentary_max_lufs", "Loudest moment", "LUFS", "clip", "number",
            "the loudest K-weighted window of 400 ms, every 100 ms, without a gate", _TECH3341,
            "0.5 ms for a second of sound",
        ),
        Measure(
            "short_term_max_lufs", "Loudest 3 seconds", "LUFS", "clip", "number",
            "the loudest K-weighted window of 3 s, every 100 ms, without a gate; None of a shorter clip", _TECH3341,
            "0.5 ms for a second of sound",
        ),
        Measure(
            "true_peak_dbtp", "True peak", "dBTP", "clip", "number",
            "the largest magnitude, oversampled to at least 192 kHz", f"{_BS1770}, annex 2",
            "5 ms for a second of sound",
        ),
        Measure(
            "noise_floor_db", "Noise floor", "dBFS", "clip", "number",
            "mean power of the pauses, above 60 Hz; -120 of digital silence, None without pauses", "Hay Say Lab",
            "2 ms for a second of sound",
        ),
        Measure(
            "snr_db", "Signal to noise, estimated", "dB", "clip", "number",
            "mean power of what is active over that of the pauses, less the noise under both; at most 100", "Hay Say Lab",
            "2 ms for a second of sound",
        ),
        Measure(
            "speech_share", "Speech", "share of the duration", "clip", "number",
            "frames that are active and at most 0.25 s from a voiced one (normalised autocorrelation of at least 0.5)",
            "P. Boersma 1993", "2 ms for a second of sound",
        ),
        Measure(
            "f0", "Pitch contour", "Hz", "clip", "document",
            "f0 and confidence, frame by frame, by the pitch tracker that is named; clips of at most an hour",
            "see the pitch trackers", "as the pitch tracker", by_pitch=True,
        ),
        Measure(
            "report", "Input report", "", "clip", "document",
            "duration, loudness, true peak, clipping, noise floor, SNR, speech share, f0 range, dominant octave, DC",
            "the measures above; f0 by harvest in at most 20 s of it", "0.1 s for a second of sound up to 20 s of it, 8 ms beyond",
        ),
        Measure(
            "picture", "Picture", "", "clip", "document",
            "peaks in at most 1200 columns, and a mel spectrogram of 80 bands in at most 600", "D. O'Shaughnessy 1987",
            "0.3 ms for a second of sound",
        ),
        Measure(
            "mel_cepstral_distance_db", "Mel-cepstral distance", "dB", "pair", "number",
            "mean distance of c1 to c24 of 40 mel bands up to 8 kHz, every 10 ms, where the reference is heard",
            "R. Kubichek 1993", "2 ms for a second of sound, of at most 600 s; aligned 10 ms in 10 s, growing with it, of at most 60 s",
        ),
        Measure(
            "spectral_difference_db", "Log-spectral distance", "dB", "pair", "number",
            "root mean square over frequency of the difference in dB, averaged where the reference is heard",
            "A. Gray, J. Markel 1976", "2 ms for a second of sound, of at most 600 s; aligned 10 ms in 10 s, growing with it, of at most 60 s",
        ),
        Measure(
            "f0_error", "Pitch against the reference", "cents", "pair", "document",
            "root mean square, median and gross errors over the frames that both have voiced; voicing errors over all",
            "L. Rabiner et al. 1976", "the pitch tracker on both, and as above", by_pitch=True,
        ),
        Measure(
            "level_difference_lu", "Level difference", "LU", "pair", "number",
            "integrated loudness of the clip less that of the reference", _BS1770, "1 ms for a second of sound",
        ),
    )
}  # fmt: skip

TRACKERS: dict[str, PitchTracker] = {
    tracker.name: tracker
    for tracker in (
        PitchTracker(
            "harvest", AUDIO_WORKER, "", "exact; confidence is the normalised autocorrelation at the period found",
            "M. Morise, Interspeech 2017", "0.1 s for a second of sound",
        ),
        PitchTracker(
            "dio", AUDIO_WORKER, "", "fast, deaf to a third of the voiced frames; refined by StoneMask",
            "M. Morise et al., AES 35th Conference 2009", "0.01 s for a second of sound",
        ),
        PitchTracker(
            "pyin", AUDIO_WORKER, "librosa", "off by up to 15 cents; confidence as for harvest",
            "M. Mauch, S. Dixon, ICASSP 2014", "0.5 s for a second of sound",
        ),
        PitchTracker(
            "crepe", MEASURING_WORKER, "hay-say-lab[crepe]",
            "a convolutional network over 1024 samples, Viterbi over 360 bins of 20 cents; confidence is its own",
            "J. Kim et al., ICASSP 2018", "8 s for a second of sound, of at most 600 s",
        ),
        PitchTracker(
            "crepe-tiny", MEASURING_WORKER, "hay-say-lab[crepe]", "the small network: a little less sure in noise",
            "J. Kim et al., ICASSP 2018", "0.2 s for a second of sound, of at most 600 s",
        ),
    )
}  # fmt: skip

# What is measured where nothing is named.
USUAL = tuple(name for name, measure in MEASURES.items() if measure.gives == "number" or measure.by_pitch)


@dataclass(frozen=True, slots=True)
class MeasureOrder:
    """Which measures of which clip; nothing named: the usual ones. `against`: the reference of the paired ones.

    `align` lays the two upon each other in time before they are compared.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    clip: str
    measures: tuple[str, ...] = ()
    against: str | None = None
    f0_method: str = "harvest"
    align: bool = True

    def as_json(self) -> dict[str, Any]:
        return {
            "clip": self.clip,
            "measures": list(self.measures),
            "against": self.against,
            "f0_method": self.f0_method,
            "align": self.align,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The measures that are asked for, each once."""
        usual = (name for name in USUAL if self.against is not None or MEASURES[name].of == "clip")
        return tuple(dict.fromkeys(self.measures or usual))

    def problems(self) -> list[Problem]:
        """All that stands in the way of measuring."""
        found = []
        for index, name in enumerate(self.measures):
            if name not in MEASURES:
                known = Fix(f"Known are: {', '.join(MEASURES)}.")
                found.append(Problem(f"measures.{index}", f"There is no measure '{name[:80]}'.", known))
            elif MEASURES[name].of == "pair" and self.against is None:
                way_out = Fix("Name the clip to hold it against.")
                found.append(Problem("against", f"'{name}' compares two clips, and only one is named.", way_out))
        if self.f0_method not in TRACKERS:
            known = Fix(f"Known are: {', '.join(TRACKERS)}.", ({"op": "remove", "path": "/f0_method"},))
            found.append(Problem("f0_method", f"There is no pitch tracker '{self.f0_method[:80]}'.", known))
        return found

    def check(self) -> None:
        """Raises InvalidRequest with all problems at once."""
        problems = self.problems()
        if problems:
            raise InvalidRequest(problems[0].message, problems=problems)

    def worker_of(self, name: str) -> str:
        """Which worker takes a measure."""
        return TRACKERS[self.f0_method].worker if MEASURES[name].by_pitch else AUDIO_WORKER

    def shaping(self, name: str) -> dict[str, Any]:
        """What of this order shapes the value of one measure, beside the clips: nothing else may be in its key."""
        measure = MEASURES[name]
        return {
            **({"f0_method": self.f0_method} if measure.by_pitch else {}),
            **({"align": self.align} if measure.of == "pair" else {}),
        }
