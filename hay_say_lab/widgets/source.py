"""What a panel needs to know of a take; the client's takes are such sources, and tests make their own."""

from __future__ import annotations

from typing import Any, Literal, Protocol

Format = Literal["flac", "wav"]

FORMATS: tuple[Format, ...] = ("flac", "wav")     # best first


class Source(Protocol):
    """One take. Each method may take its time (HTTP) and raises LabError where it has no answer."""

    @property
    def artifact(self) -> str:
        """sha256 of the take's clip, 64 hex digits."""

    @property
    def title(self) -> str:
        """A line for people: the text, or the clip's name."""

    def picture(self) -> dict[str, Any]:
        """Peaks and spectrogram as the audio worker made them: seconds, sample_rate, peak, peaks, spectrogram."""

    def timings(self) -> dict[str, Any] | None:
        """`domain.timings.Timings.as_json`, or None where no step knew them."""

    def recipe(self) -> dict[str, Any]:
        """`domain.recipe.Recipe.document`."""

    def export(self, format: Format) -> bytes:
        """The whole take as a file for people, with its tags: FLAC, or WAV with 16-bit PCM."""

    def report(self) -> dict[str, Any]:
        """`audio.report.InputReport.as_json` of the take."""

    def source_report(self) -> dict[str, Any] | None:
        """The same of the recording that it was made of; None where it was made of text."""

    def f0(self) -> Any:
        """`client.measures.PitchContour` of the take."""
