"""What an uploaded file really holds: facts of what can be read, a typed refusal of what cannot."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import numpy
import pytest

from hay_say_lab.audio.inspection import inspect, label_of
from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.errors import InvalidRequest, LabError, TooLarge
from tests.audio.sounds import SAMPLE_RATE, encoded, tone

READ = [
    ("WAV", "PCM_U8", 44_100), ("WAV", "PCM_16", 44_100), ("WAV", "PCM_24", 44_100), ("WAV", "PCM_32", 44_100),
    ("WAV", "FLOAT", 44_100), ("WAV", "DOUBLE", 44_100), ("WAV", "ULAW", 8000), ("WAV", "ALAW", 8000),
    ("WAVEX", "PCM_24", 96_000), ("RF64", "PCM_16", 44_100), ("W64", "FLOAT", 44_100),
    ("FLAC", "PCM_16", 44_100), ("FLAC", "PCM_24", 192_000),
    ("OGG", "VORBIS", 44_100), ("OGG", "OPUS", 48_000), ("MP3", "MPEG_LAYER_III", 44_100),
    ("AIFF", "PCM_16", 44_100), ("AIFF", "PCM_24", 44_100), ("CAF", "PCM_16", 44_100), ("CAF", "ALAC_16", 44_100),
    ("AU", "PCM_16", 44_100),
]  # fmt: skip
LOSSY = {"MP3", "OGG"}


def _inspect(folder: Path, content: bytes) -> ClipFacts:
    (folder / "upload").write_bytes(content)
    return inspect(folder / "upload", "0" * 64, "label")


def _refused(folder: Path, content: bytes) -> LabError:
    with pytest.raises(InvalidRequest) as refusal:
        _inspect(folder, content)
    assert refusal.value.problems, "a field and a fix, always"
    assert all(problem.field == "clip" and problem.fix.label for problem in refusal.value.problems)
    return refusal.value


@pytest.mark.parametrize(("container", "encoding", "sample_rate"), READ)
def test_facts_of_a_readable_file_are_those_of_the_sound(
    container: str, encoding: str, sample_rate: int, tmp_path: Path
) -> None:
    samples = tone(0.5, sample_rate=sample_rate)

    facts = _inspect(tmp_path, encoded(container, encoding, samples, sample_rate))

    assert (facts.container, facts.encoding) == (container, encoding)
    assert (facts.sample_rate, facts.channels, facts.frames) == (sample_rate, 1, len(samples))
    assert facts.finite
    if container not in LOSSY:          # Opus begins with an overshoot to twice the level
        assert facts.peak == pytest.approx(numpy.abs(samples).max(), abs=0.02)
    assert facts.rms == pytest.approx(float(numpy.sqrt((samples**2).mean())), rel=0.05)
    assert (facts.sha256, facts.label) == ("0" * 64, "label")


@pytest.mark.parametrize("channels", [2, 6, 8])
def test_many_channels_are_counted_and_the_level_is_that_of_their_mix(channels: int, tmp_path: Path) -> None:
    one = tone(0.5)
    spread = numpy.zeros((len(one), channels), numpy.float32)
    spread[:, 0] = one

    facts = _inspect(tmp_path, encoded("WAV", "FLOAT", spread))

    assert facts.channels == channels
    assert facts.peak == pytest.approx(float(numpy.abs(one).max()))
    assert facts.rms == pytest.approx(float(numpy.sqrt((one**2).mean())) / channels, rel=1e-4)


def test_nine_channels_are_refused(tmp_path: Path) -> None:
    assert "9 channels" in _refused(tmp_path, encoded("WAV", "PCM_16", numpy.zeros((100, 9)))).message


@pytest.mark.parametrize(("container", "encoding", "sample_rate"), READ)
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.99, -3], ids=["head", "half", "most", "all-but-3-bytes"])
def test_a_file_that_is_cut_off_is_refused_in_every_container(
    container: str, encoding: str, sample_rate: int, kept: float, tmp_path: Path
) -> None:
    content = encoded(container, encoding, tone(1.0, sample_rate=sample_rate), sample_rate)
    length = len(content) + int(kept) if kept < 0 else int(len(content) * kept)

    _refused(tmp_path, content[:length])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"R", "not sound"),
        (b"RIFF", "not sound"),
        (b"<!doctype html><html><body>Not found</body></html>", "not sound"),
        (b"ID3\x04\0\0\0\0\0\0" + bytes(2000), "not sound"),
        (bytes(10_000), "not sound"),
        (numpy.random.default_rng(3).bytes(50_000), "not sound"),
        (b"\x1aE\xdf\xa3" + bytes(1000), "read by the program ffmpeg"),     # Matroska, WebM
        (b"\0\0\0\x20ftypM4A " + bytes(1000), "read by the program ffmpeg"),     # MPEG-4
        (encoded("WAV", "PCM_16", numpy.zeros(0)), "length is zero"),
    ],
    ids=["empty", "1 byte", "magic", "html", "id3", "zeros", "noise", "webm", "m4a", "no frames"],
)
def test_what_is_no_sound_is_refused_with_the_kinds_that_are_read(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=said):
        _inspect(tmp_path, content)


@pytest.mark.parametrize("encoding", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("bad", [numpy.nan, numpy.inf, -numpy.inf])
def test_a_sample_that_is_no_number_is_a_fact_and_spoils_no_other_fact(
    bad: float, encoding: str, tmp_path: Path
) -> None:
    samples = tone().astype(numpy.float64)
    samples[100] = bad

    facts = _inspect(tmp_path, encoded("WAV", encoding, samples))

    assert not facts.finite
    assert 0.4 < facts.peak < 0.6
    assert 0.3 < facts.rms < 0.4


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_channels_so_loud_that_their_mix_overflows_are_not_finite(tmp_path: Path) -> None:
    facts = _inspect(tmp_path, encoded("WAV", "FLOAT", numpy.full((100, 2), 3e38, numpy.float32)))

    assert not facts.finite
    assert numpy.isfinite([facts.peak, facts.rms]).all(), "facts travel as JSON, which has no infinity"


def test_silence_is_a_sound_whose_peak_is_nothing(tmp_path: Path) -> None:
    facts = _inspect(tmp_path, encoded("WAV", "PCM_16", numpy.zeros(1000)))
    assert (facts.peak, facts.rms, facts.frames) == (0.0, 0.0, 1000)


WAV = encoded("WAV", "PCM_16", tone())
DATA = WAV.index(b"data") + 4


def _with(at: int, layout: str, value: int) -> bytes:
    return WAV[:at] + struct.pack(layout, value) + WAV[at + struct.calcsize(layout) :]


@pytest.mark.parametrize(
    "content",
    [
        _with(4, "<I", 1 << 30),            # the file is said to be a gigabyte
        _with(DATA, "<I", 1 << 30),         # its samples are
        _with(DATA, "<I", 0x7FFFFFFF),
        _with(22, "<H", 0),                 # no channel
        _with(22, "<H", 0xFFFF),
        _with(24, "<I", 0),                 # no rate
        _with(24, "<I", 0xFFFFFFFF),
        _with(34, "<H", 0),                 # no bits a sample
        _with(16, "<I", 1 << 30),           # a format chunk without an end
        WAV[:12] + b"junk\0\0\0\0" * 1_000_000 + WAV[12:],
    ],
    ids=[
        "file size", "data size", "data size 2G", "0 channels", "65535 channels", "rate 0", "rate 4G", "0 bits", "format size", "a million chunks",
    ],
)  # fmt: skip
def test_a_header_that_lies_is_refused_quickly(content: bytes, tmp_path: Path) -> None:
    began = time.process_time()
    _refused(tmp_path, content)
    assert time.process_time() - began < 2.0


def test_a_stream_that_left_its_sizes_open_is_read_to_its_end(tmp_path: Path) -> None:
    """Programs that write WAV into a pipe cannot go back to write the sizes."""
    streamed = _with(4, "<I", 0xFFFFFFFF)
    streamed = streamed[:DATA] + b"\xff\xff\xff\xff" + streamed[DATA + 4 :]
    assert _inspect(tmp_path, streamed).frames == round(0.5 * SAMPLE_RATE)


def test_a_missing_padding_byte_at_the_very_end_is_forgiven(tmp_path: Path) -> None:
    """Many programs count it and leave it out."""
    odd = encoded("WAV", "PCM_U8", tone()[:1001])
    assert len(odd) % 2 == 0
    assert _inspect(tmp_path, odd[:-1]).frames == 1001


def test_hours_of_sound_in_a_small_file_are_refused_before_they_are_decoded(tmp_path: Path) -> None:
    """A FLAC header alone can promise days: its 36-bit count of samples is the last part of STREAMINFO's 18 bytes."""
    content = bytearray(encoded("FLAC", "PCM_16"))
    content[21] |= 0x0F
    content[22:26] = b"\xff\xff\xff\xff"

    with pytest.raises(TooLarge, match="hours"):
        _inspect(tmp_path, bytes(content))


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("take one.wav", "take one.wav"),
        ("C:\\Users\\me\\take.wav", "take.wav"),
        ("../../etc/passwd", "passwd"),
        ("/", ""),
        ("a\r\nSet-Cookie: b.wav", "aSet-Cookie: b.wav"),
        ("a\u202egnp.wav", "agnp.wav"),
        ("ä漢🦜.wav", "ä漢🦜.wav"),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_files_name_is_a_label_that_can_do_no_harm(name: str, label: str) -> None:
    assert label_of(name) == label


def test_an_offset_clipping_and_a_voice_are_heard_while_the_file_is_decoded(tmp_path: Path) -> None:
    hum = tone(1.0)
    hiss = 0.2 * numpy.random.default_rng(1).standard_normal(SAMPLE_RATE).astype(numpy.float32)

    plain = _inspect(tmp_path, encoded("WAV", "FLOAT", hum))
    assert abs(plain.dc_offset) < 1e-4
    assert (plain.clipped_share, plain.voiced) == (0.0, True)

    assert _inspect(tmp_path, encoded("WAV", "FLOAT", hiss)).voiced is False
    assert _inspect(tmp_path, encoded("WAV", "FLOAT", numpy.concatenate([hiss] * 3 + [hum]))).voiced is True
    assert _inspect(tmp_path, encoded("WAV", "PCM_16", numpy.zeros(SAMPLE_RATE))).voiced is False
    assert _inspect(tmp_path, encoded("WAV", "FLOAT", hiss + 0.1)).dc_offset == pytest.approx(0.1, abs=0.01)

    cut_off = _inspect(tmp_path, encoded("WAV", "PCM_16", numpy.clip(20 * hum, -1, 1)))
    assert cut_off.clipped_share > 0.5
    assert _inspect(tmp_path, encoded("WAV", "FLOAT", 20 * hum)).clipped_share == 0.0, "a float file has room above"
