"""What is added to a source's envelopes so that they follow a target's statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from hay_say_world.arrays import Floats
from hay_say_world.melbands import BANDS, cepstra, cosine_basis, filterbank, lift
from hay_say_world.portrait import Portrait
from hay_say_world.transport import Affine, transport

SMOOTHING_REACH = 4             # frames on each side that a frame's correction depends on
_SMOOTHING_FRAMES = 1.0
_MOST_LOG_GAIN = 45.0 / 10 * np.log(10)     # 45 dB up or down, per band: beyond it one side had nothing there


@dataclass(frozen=True, slots=True)
class Correction:
    """Maps of both classes below one top, and how far each frame (T,) takes part.

    `voiced_share` mixes the maps; `strength` scales the result: likeness, less in pauses with a noise guard.
    """

    top_hz: int
    voiced: Affine
    unvoiced: Affine
    voiced_share: Floats
    strength: Floats

    def log_gain(self, envelope: Floats, sample_rate: int, first: int, last: int) -> Floats:
        """Natural log power gains (T', F) of frames first..last, from their (warped) envelopes (T', F).

        Within SMOOTHING_REACH of an end of the range frames are right only where the clip ends there too.
        """
        bins = envelope.shape[1]
        points = cepstra(envelope, filterbank(self.top_hz, sample_rate, bins))[:, 1:]
        share = self.voiced_share[first:last, None]
        moved = share * self.voiced.displacement(points) + (1.0 - share) * self.unvoiced.displacement(points)
        smooth = gaussian_filter1d(
            moved, _SMOOTHING_FRAMES, axis=0, mode="nearest", radius=SMOOTHING_REACH
        )
        bands = smooth @ cosine_basis(BANDS)[:, 1:].T
        held = np.clip(bands, -_MOST_LOG_GAIN, _MOST_LOG_GAIN) * self.strength[first:last, None]
        return held @ lift(self.top_hz, sample_rate, bins)


def correction(
    top_hz: int, source: Portrait, target: Portrait, voiced_share: Floats, strength: Floats
) -> Correction:
    """The correction from one speaker to another below a top that both fill."""
    return Correction(
        top_hz,
        transport(source.voiced, target.voiced),
        transport(source.unvoiced, target.unvoiced),
        voiced_share,
        strength,
    )
