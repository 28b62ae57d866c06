"""One result: its samples, its recipe, files of it, and how a notebook shows it."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hay_say_lab.client import display
from hay_say_lab.client.answers import JobStatus
from hay_say_lab.client.api import Api
from hay_say_lab.client.measures import Measurement, Measures, PitchContour
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.timings import Timings
from hay_say_lab.errors import InvalidRequest, Problem

if TYPE_CHECKING:
    import numpy

FORMATS = ("flac", "wav", "ogg", "mp3")
LONGEST_TITLE = 100         # characters


class Take:
    """Everything is fetched when it is first asked for, and then kept."""

    def __init__(self, api: Api, status: JobStatus) -> None:
        self._api = api
        self._measures = Measures(api)
        self._status = status
        self._documents: dict[str, dict[str, Any] | None] = {}

    def __repr__(self) -> str:
        return f"<Take {self.artifact[:12]} by {self.made_by}, seed {self.seed}, {self.seconds:.2f} s>"

    @property
    def artifact(self) -> str:
        """sha256 of the canonical clip."""
        return str(self._status.artifact)

    @property
    def recipe_id(self) -> str:
        return str(self._status.recipe)

    @property
    def job(self) -> str:
        return self._status.id

    @property
    def seed(self) -> int:
        return self._status.seed

    @property
    def voices(self) -> tuple[str, ...]:
        """The voice of each step."""
        return self._status.voices

    @property
    def device(self) -> str | None:
        """Where its steps were really made; None where all of them were taken from earlier jobs."""
        return self._status.device

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is other than the request may have meant."""
        return self._status.warnings

    @property
    def title(self) -> str:
        """What was said, as far as a line holds it; of a recording that was sent, its voice and hash."""
        request = self._status.document["request"]
        if request["text"] is None:
            return f"{self.made_by} of clip {str(request['clip'])[:12]}"
        line = " ".join(request["text"]["body"].split())
        return line if len(line) <= LONGEST_TITLE else line[: LONGEST_TITLE - 3] + "..."

    @property
    def made_by(self) -> str:
        """The voices in order, as one word for people."""
        return " + ".join(self.voices)

    @property
    def samples(self) -> numpy.ndarray:
        """Mono float32 (N,), exactly as in the store."""
        return self.clip.samples

    @property
    def sample_rate(self) -> int:
        """Per second."""
        return int(self.picture()["sample_rate"])

    @property
    def seconds(self) -> float:
        return float(self.picture()["seconds"])

    @cached_property
    def clip(self) -> Clip:
        """The canonical clip."""
        return self.stored_clip(self.artifact)

    def stored_clip(self, artifact: str) -> Clip:
        """The canonical clip of any artifact of yours. Raises ArtifactMissing."""
        import io

        import soundfile

        content = self._api.call("GET", f"/artifacts/{artifact}").content
        samples, sample_rate = soundfile.read(io.BytesIO(content), dtype="float32")
        return Clip(samples, sample_rate)

    @cached_property
    def path(self) -> Path:
        """A WAV of the take in the data home's folder for exports, for scripts that want a file."""
        folder = self._api.hosting.home / "exports"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.save(folder / f"{self.artifact[:16]}-{self.recipe_id[:8]}.wav")

    def recipe(self) -> dict[str, Any]:
        """How it was made: enough to make it again."""
        return self._recipe

    def timings(self) -> dict[str, Any] | None:
        """When each word and phoneme is heard (`Timings.as_json`), where the voice knows."""
        return self._document("timings")

    def words(self) -> Timings | None:
        """`timings` as nouns."""
        document = self.timings()
        return Timings.from_json(document) if document else None

    def picture(self) -> dict[str, Any]:
        """Peaks and spectrogram, small."""
        return self._document("picture") or {}

    def measure(
        self, *measures: str, against: str | Path | Take | None = None, f0_method: str = "harvest", align: bool = True
    ) -> Measurement:
        """Measure it, alone or against another take or a clip: see `Measures.of` and docs/measures.md."""
        return self._measures.of(self, *measures, against=against, f0_method=f0_method, align=align)

    def report(self) -> dict[str, Any]:
        """Its input report, as of any clip."""
        return self._measures.report(self.artifact)

    def source_report(self) -> dict[str, Any] | None:
        """The input report of the recording that it was made of; None where it was made of text."""
        clip = self._status.document["request"]["clip"]
        return self._measures.report(str(clip)) if clip is not None else None

    def f0(self, method: str = "harvest") -> PitchContour:
        """Its pitch over time, as arrays. Raises InvalidRequest, Unavailable for a tracker that is not installed."""
        contour = self.measure("f0", f0_method=method).f0
        assert contour is not None      # it was asked for
        return contour

    def save_picture(self, path: str | Path, f0: str | None = None) -> Path:
        """Draw it into an SVG or a PNG, with its pitch by the tracker `f0` over it: see `Measures.picture`."""
        return self._measures.picture(self, path, f0)

    def draw(self, axes: Any) -> None:
        """Draw the spectrogram, as the player shows it, on axes of matplotlib."""
        from hay_say_lab.client.drawing import draw_spectrogram

        draw_spectrogram(axes, self.picture(), self.made_by)

    def export(self, file_format: str = "flac", bit_depth: int | None = None) -> bytes:
        """A file with the recipe inside: one of FORMATS; `bit_depth` 16 (the usual one), 24, or 32 (float, WAV alone).

        Raises InvalidRequest for what is not made.
        """
        query = {"format": file_format, "bit_depth": bit_depth, "recipe": self.recipe_id}
        return self._api.call("GET", f"/artifacts/{self.artifact}/export", query=query).content

    def save(self, path: str | Path, bit_depth: int | None = None) -> Path:
        """Write an export; the name's ending chooses the format. Raises InvalidRequest, OSError."""
        path = Path(path)
        file_format = path.suffix.lstrip(".").lower()
        if file_format not in FORMATS:
            raise InvalidRequest(
                f"'{path.name}' does not end in a format that is written.",
                field="out",
                fix=f"End the name in one of: {', '.join(f'.{name}' for name in FORMATS)}.",
            )
        content = self.export(file_format, bit_depth)
        aside = path.with_name(f".{path.name}.part")
        try:
            aside.write_bytes(content)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return display.mimebundle(self) or {"text/plain": repr(self)}

    @cached_property
    def _recipe(self) -> dict[str, Any]:
        return self._api.get(f"/recipes/{self.recipe_id}")["recipe"]

    def _document(self, role: str) -> dict[str, Any] | None:
        if role not in self._documents:
            name = self._status.outputs.get(role)
            self._documents[role] = json.loads(self._api.call("GET", f"/artifacts/{name}").content) if name else None
        return self._documents[role]
