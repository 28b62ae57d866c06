"""WORLD's three questions to a stretch of sound: what is its pitch, its spectral envelope, its breath?

This file and `synthesis` alone call pyworld. It works on float64 and keeps no state.

M. Morise: Harvest (Interspeech 2017), CheapTrick (Speech Communication 67, 2015), D4C (ibid. 84, 2016);
M. Morise, H. Kawahara, H. Katayose: DIO (AES 35th Conference, 2009).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyworld

from hay_say_world.aperiodicity import Aperiodicity, condense
from hay_say_world.arrays import Floats
from hay_say_world.frames import FRAME_PERIOD_MS, FRAMES_PER_SECOND, Stretch, thinned

# Power: CheapTrick adds noise of 2e-16, which must not speak where the sound is digitally empty.
ENVELOPE_FLOOR = 1e-13
_SERVED_HZ = 71.0           # down to this pitch the usual FFT serves; deeper voices get twice the length


@dataclass(frozen=True, slots=True)
class PitchSearch:
    """How pitch is looked for: harvest (exact, slow) or dio (fast, loses voiced frames), between two bounds
    in Hz.
    """

    method: Literal["harvest", "dio"] = "harvest"
    floor_hz: float = 60.0
    ceiling_hz: float = 500.0


def pitch_of(stretch: Stretch, search: PitchSearch) -> Floats:
    """f0 (T,) in Hz of the stretch's frames, 0 where unvoiced. Half a second of margin is needed."""
    sound, rate, floor, ceiling = stretch.samples, stretch.sample_rate, search.floor_hz, search.ceiling_hz
    if search.method == "harvest":
        f0_hz, _ = pyworld.harvest(sound, rate, f0_floor=floor, f0_ceil=ceiling, frame_period=FRAME_PERIOD_MS)
    else:
        rough, times = pyworld.dio(sound, rate, f0_floor=floor, f0_ceil=ceiling, frame_period=FRAME_PERIOD_MS)
        f0_hz = pyworld.stonemask(sound, rough, times, rate)
    before = stretch.first - round(stretch.start * FRAMES_PER_SECOND / stretch.sample_rate)
    return f0_hz[before : before + stretch.last - stretch.first]


def fft_size_for(f0_hz: Floats, sample_rate: int) -> int:
    """FFT size of the envelope: that for 71 Hz, or twice that where one voiced frame in twenty lies too low.

    Frames below what an FFT serves are analysed as if they were unvoiced.
    """
    size = int(pyworld.get_cheaptrick_fft_size(sample_rate, _SERVED_HZ))
    voiced = thinned(f0_hz)
    voiced = voiced[voiced > 0]
    lowest = pyworld.get_cheaptrick_f0_floor(sample_rate, size)
    if len(voiced) and np.percentile(voiced, 5) < lowest:
        return size * 2
    return size


def envelope_of(stretch: Stretch, f0_hz: Floats, fft_size: int) -> Floats:
    """Power envelope (T, F), F = fft_size / 2 + 1, of the stretch's frames."""
    envelope = pyworld.cheaptrick(
        stretch.samples,
        np.ascontiguousarray(f0_hz, dtype=np.float64),
        stretch.times_seconds,
        stretch.sample_rate,
        fft_size=fft_size,
    )
    return np.maximum(envelope, ENVELOPE_FLOOR)


def aperiodicity_of(stretch: Stretch, f0_hz: Floats, fft_size: int) -> Aperiodicity:
    """How much of each frame is breath."""
    amplitude = pyworld.d4c(
        stretch.samples,
        np.ascontiguousarray(f0_hz, dtype=np.float64),
        stretch.times_seconds,
        stretch.sample_rate,
        fft_size=fft_size,
    )
    return condense(amplitude, stretch.sample_rate)
