"""What can be measured of clips, and what came of it: reports, numbers, pitch contours."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.client.api import Api
from hay_say_lab.client.clips import send_clip
from hay_say_lab.domain.canonical import is_sha256, is_ulid
from hay_say_lab.domain.measure import MeasureOrder
from hay_say_lab.errors import ArtifactMissing

if TYPE_CHECKING:
    import numpy

    from hay_say_lab.client.take import Take

NOTABLE_DC = 0.01           # of full scale: heard as a click where the clip begins


@dataclass(frozen=True, slots=True, eq=False)
class PitchContour:
    """f0 over time; all three arrays are (T,)."""

    method: str
    seconds: numpy.ndarray          # float64: the middle of each frame
    hz: numpy.ndarray               # float32: 0 where unvoiced
    confidence: numpy.ndarray       # float32: 0..1
    voiced_share: float             # frames with a pitch whose confidence is at least 0.5; the three below are of these
    median_hz: float | None
    p5_hz: float | None
    p95_hz: float | None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PitchContour:
        import numpy

        hz, confidence = (
            numpy.frombuffer(base64.b64decode(document[name]), "<f4") for name in ("hz", "confidence")
        )
        return cls(
            method=document["method"],
            seconds=numpy.arange(len(hz)) / document["frames_per_second"],
            hz=hz,
            confidence=confidence,
            voiced_share=document["voiced_share"],
            median_hz=document["median_hz"],
            p5_hz=document["p5_hz"],
            p95_hz=document["p95_hz"],
        )


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured of a clip (and of it against another), by name: numbers, and documents as plain dicts."""

    clip: str                       # sha256
    against: str | None
    f0_method: str
    aligned: bool
    values: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    @property
    def f0(self) -> PitchContour | None:
        """The pitch contour as arrays, where it was measured."""
        return PitchContour.from_json(self.values["f0"]) if "f0" in self.values else None


class Measures:
    """`lab.measures.of(...)`: asks a host, which measures nothing twice."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def table(self) -> dict[str, list[dict[str, Any]]]:
        """What can be measured ('measures') and how pitch can be found ('f0_methods')."""
        return dict(self._api.get("/measures"))

    def of(
        self,
        source: str | Path | Take,
        *measures: str,
        against: str | Path | Take | None = None,
        f0_method: str = "harvest",
        align: bool = True,
    ) -> Measurement:
        """Measure a file, a take, or a clip by its sha256; without names the usual measures.

        `against` is the reference of the paired measures; `align` lays the two upon each other in time first.
        Raises InvalidRequest with every problem at once, ClipMissing, TooLarge, Unavailable for a pitch tracker that
        is not installed.
        """
        reference = self.named(against) if against is not None else None
        order = MeasureOrder(self.named(source), measures, reference, f0_method, align)
        while not (answer := self._api.post("/measure", order.as_json()))["ready"]:
            pass                            # the host answers after a while, however far it is
        return Measurement(order.clip, reference, f0_method, align, answer["values"])

    def report(self, source: str | Path | Take) -> dict[str, Any]:
        """The input report: duration, loudness, peaks, clipping, noise, speech, f0 range, dominant band."""
        sha256 = self.named(source)
        while not (answer := self._api.get(f"/clips/{sha256}/report"))["ready"]:
            pass
        return dict(answer["report"])

    def picture(self, source: str | Path | Take, path: str | Path, f0: str | None = None, title: str = "") -> Path:
        """Draw waveform and spectrogram into an SVG or a PNG, with the pitch that the tracker `f0` finds over it.

        Raises what `of` raises, InvalidRequest for another ending, Unavailable for a PNG without matplotlib, OSError.
        """
        from hay_say_lab.client.pictures import save_picture

        wanted = ("picture", "f0") if f0 is not None else ("picture",)
        measured = self.of(source, *wanted, f0_method=f0 or "harvest")
        return save_picture(path, measured["picture"], title or _title(source), measured.f0)

    def named(self, source: str | Path | Take) -> str:
        """sha256 of what is to be measured: a file (sent where it is new), a take, a clip's or an artifact's sha256, a
        job's id. Raises ClipMissing, JobMissing, ArtifactMissing."""
        if isinstance(source, str) and not Path(source).is_file():
            if is_sha256(source):
                return source
            if is_ulid(source):
                artifact = self._api.get(f"/jobs/{source}")["artifact"]
                if artifact is None:
                    raise ArtifactMissing("That job has made nothing.", field="job", fix="Wait for it, or see why it failed.")
                return str(artifact)
        return send_clip(self._api, source)


def _title(source: str | Path | Take) -> str:
    return Path(source).name if isinstance(source, str | Path) else source.title


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """An input report for people: a line of what matters, then one for each thing that is wrong."""
    clipped, dc = report["clipped_samples"], report["dc_offset"]
    lines = [report_line(report)]
    if clipped:
        lines.append(f"{clipped} samples are clipped ({report['clipped_share']:.2%}): record it again with less gain.")
    if abs(dc) >= NOTABLE_DC:
        lines.append(f"It has a DC offset of {dc:+.3f}: a high-pass in prepare takes it away.")
    return lines


def report_line(report: Mapping[str, Any]) -> str:
    """'3.20 s at 44.1 kHz, -23.4 LUFS, peak -1.2 dBTP, noise -62 dB, speech 81 %, f0 98 to 180 Hz'; silence has less."""
    facts = [f"{report['seconds']:.2f} s at {report['sample_rate'] / 1000:g} kHz"]
    if report["lufs"] is None:
        return ", ".join([*facts, "silent"])
    facts += [f"{report['lufs']:.1f} LUFS", f"peak {report['true_peak_dbtp']:.1f} dBTP"]
    if report["noise_floor_db"] is not None:
        facts.append(f"noise {report['noise_floor_db']:.0f} dB")
    facts.append(f"speech {report['speech_share']:.0%}")
    if report["f0_median_hz"] is not None:
        facts.append(f"f0 {report['f0_p5_hz']:.0f} to {report['f0_p95_hz']:.0f} Hz")
    return ", ".join(facts)
