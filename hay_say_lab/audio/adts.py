"""AAC in ADTS (ISO/IEC 13818-7): frames one after the other, each with its own head, and nothing that says how many."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SAMPLES_PER_FRAME = 1024
HEAD_BYTES = 7
RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350)


@dataclass(frozen=True, slots=True)
class Frames:
    """How long they sound, and where the last one ends by its own length, in bytes from the file's start (0: something
    else follows them)."""

    seconds: float
    end: int


def frames_of(path: Path) -> Frames:
    """Walks from head to head; decodes nothing."""
    seconds = 0.0
    with path.open("rb") as file:
        at = behind_id3(file.read(10))
        while True:
            file.seek(at)
            head = file.read(HEAD_BYTES)
            if not is_frame(head):
                return Frames(seconds, 0 if head else at)
            seconds += SAMPLES_PER_FRAME / RATES[head[2] >> 2 & 15]
            at += (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5


def is_frame(head: bytes) -> bool:
    """Whether a frame begins here: twelve bits of sync, layer 0 (MPEG audio has another), a rate, a length that holds its head."""
    return (
        len(head) >= HEAD_BYTES
        and head[0] == 0xFF
        and head[1] & 0xF6 == 0xF0
        and head[2] >> 2 & 15 < len(RATES)
        and ((head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5) >= HEAD_BYTES
    )


def behind_id3(head: bytes) -> int:
    """Where the content begins behind an ID3v2 tag, in bytes; 0 where there is none."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    size = 0
    for part in head[6:10]:                                 # four bytes of seven bits each
        size = size << 7 | part & 0x7F
    return 10 + size
