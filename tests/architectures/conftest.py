from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab import Lab
from tests.hosts import end_host


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of its own for each test process."""
    home = tmp_path_factory.mktemp("conformance") / "home"
    yield Lab(home)
    end_host(home)


@pytest.fixture(scope="session")
def spoken(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """About two seconds of real speech, 22.05 kHz mono."""
    return lab.say("A clear voice says a few words.", seed=1).result().save(tmp_path_factory.mktemp("speech") / "a.wav")


@pytest.fixture(scope="session")
def odd_files(spoken: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same speech in shapes that people have, and files that are no good."""
    folder = tmp_path_factory.mktemp("odd")
    samples, rate = soundfile.read(spoken, dtype="float32")
    stereo = numpy.stack([samples, samples], axis=1)

    def written(name: str, data: numpy.ndarray, sample_rate: int, **how: str) -> Path:
        soundfile.write(folder / name, data, sample_rate, **how)
        return folder / name

    files = {
        "8 kHz": written("low.wav", samples[::3], rate // 3),
        "96 kHz": written("high.wav", numpy.repeat(samples, 4), 4 * rate),
        "stereo": written("stereo.wav", stereo, rate),
        "8 bit": written("bits.wav", samples, rate, subtype="PCM_U8"),
        "clipped": written("clipped.wav", numpy.clip(samples * 40, -1, 1), rate),
        "mp3": written("speech.mp3", samples, rate),
        "too short": written("short.wav", samples[: rate // 100], rate),
        "silent": written("silent.wav", numpy.zeros(rate, numpy.float32), rate),
        "NaN": written("nan.wav", numpy.where(numpy.arange(rate) == 9, numpy.nan, samples[:rate]), rate, subtype="FLOAT"),
        "too long": written("long.flac", numpy.zeros(1, numpy.float32), 8000),
        "empty": folder / "empty.wav",
        "not audio": folder / "page.wav",
        "truncated": folder / "cut.wav",
    }
    with soundfile.SoundFile(files["too long"], "w", samplerate=8000, channels=1, format="FLAC") as file:
        for _ in range(5):
            file.write(numpy.zeros(8000 * 3600, numpy.int16))
    files["empty"].write_bytes(b"")
    files["not audio"].write_text("<html><body>No such file</body></html>")
    files["truncated"].write_bytes(spoken.read_bytes()[:5000])
    return files


