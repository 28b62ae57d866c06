"""From content, pitch and noise to sound, chunk by chunk. The phase of the source goes on from one chunk to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy
import torch
from torch import Tensor

from hay_say_rvc import pitch_curve
from hay_say_rvc.chunks import CONTEXT, Chunk
from hay_say_rvc.noise import noise
from hay_say_rvc.synthesizer import NOISE_SCALE, Synthesizer, stretched
from hay_say_shared.excitation import phase_after
from hay_say_shared.hifigan import Decoder
from hay_say_shared.hifigan_blocks import BlockDecoder

CARD_FRAMES = (100_000,)        # a card takes a chunk at once
PART = 800                      # frames: about four seconds of computing on a processor
FIRST_PART = 120                # frames of a chunk's first part, which somebody may wait for

Tell = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a voice is to sound, of all its chunks alike."""

    seed: int
    speaker: int
    variation: float
    formant_semitones: float


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """A chunk before the decoder: z (1, C, F), excitation (1, 1, N), condition (1, H, 1).

    `start` and `stop` are the frames of z that are to be decoded; played at `played` / F of their pace where a formant
    shift has made F of `played` frames.
    """

    z: Tensor
    excitation: Tensor | None
    condition: Tensor
    start: int
    stop: int
    played: int

    def parts(self) -> list[tuple[int, int]]:
        """Frames [first, last) of z that are decoded at once."""
        begin = min(self.start + FIRST_PART, self.stop)
        later = [(first, min(first + PART, self.stop)) for first in range(begin, self.stop, PART)]
        return [(self.start, begin), *later]


class Renderer:
    """One voice in one precision, on one device."""

    def __init__(self, network: Synthesizer, decoder: Decoder) -> None:
        self._network = network
        weight = decoder.conv_pre.weight
        self._device, self._dtype = weight.device, weight.dtype
        self._blocks = BlockDecoder(decoder, *(() if self._device.type == "cpu" else (CARD_FRAMES,)))

    @torch.inference_mode()
    def latent(
        self, chunk: Chunk, first: int, last: int, features: numpy.ndarray, f0_hz: numpy.ndarray, manner: Manner
    ) -> Latent:
        """features (T, D) at 100 a second for the chunk and its context; f0 (F,) of the whole clip with its context,
        shifted -> what gives the frames [first, last) of the clip, which may lie in the context."""
        network, sizes = self._network, self._network.sizes
        begin, frames = chunk.first, chunk.frames + 2 * CONTEXT         # in frames of the padded clip
        ratio = 2.0 ** (manner.formant_semitones / 12.0)
        pitch = None
        if sizes.has_pitch:
            coarse = pitch_curve.coarse(f0_hz[begin : begin + frames] / ratio)
            pitch = torch.from_numpy(coarse)[None].to(self._device)
        lengths = torch.tensor([frames], device=self._device)
        prior = network.enc_p(torch.from_numpy(features)[None].to(self._device), pitch, lengths)
        condition = network.speaker(torch.tensor([manner.speaker], device=self._device))
        drawn = noise(manner.seed, "latent", begin, begin + frames, sizes.shape.latent).T[None].to(self._device)
        z = network.latent(prior, drawn, condition, NOISE_SCALE * manner.variation)
        excitation = self._excitation(f0_hz, begin, frames, manner.seed)
        start, stop = first - begin + CONTEXT, last - begin + CONTEXT
        if manner.formant_semitones:
            longer = round(frames * ratio)
            z = stretched(z, longer)
            excitation = excitation if excitation is None else stretched(excitation, longer * sizes.samples_per_frame)
            start, stop = 0, longer
        heard = None if excitation is None else excitation.to(self._dtype)
        return Latent(z.to(self._dtype), heard, condition.to(self._dtype), start, stop, frames)

    def _excitation(self, f0_hz: numpy.ndarray, begin: int, frames: int, seed: int) -> Tensor | None:
        network, samples = self._network, self._network.sizes.samples_per_frame
        if network.source is None:
            return None
        before = torch.from_numpy(f0_hz[:begin])[None].to(self._device)
        curve = torch.from_numpy(f0_hz[begin : begin + frames])[None].to(self._device)
        phase = phase_after(before, samples, network.sizes.sample_rate)
        drawn = noise(seed, "source", begin, begin + frames, samples).reshape(1, -1).to(self._device)
        return network.excitation(curve, drawn, first_phase=phase)

    @torch.inference_mode()
    def decode(self, latent: Latent, first: int, last: int, tell: Tell) -> numpy.ndarray:
        """The sound (M,) float32 of the frames [first, last) of z. tell: called with the share done."""
        sound = self._blocks.decode(
            latent.z, latent.excitation, latent.condition, first, last, lambda done: tell(done / (last - first))
        )
        return sound[0, 0].cpu().numpy()

    def played(self, latent: Latent, sound: numpy.ndarray, first: int, last: int) -> numpy.ndarray:
        """All decoded parts in a row -> frames [first, last) of the chunk with its context, at their own pace."""
        import soxr

        frames = latent.z.shape[2]
        if (latent.start, latent.stop) == (first, last):
            return sound
        samples = self._network.sizes.samples_per_frame
        whole = numpy.zeros(latent.played * samples, dtype=numpy.float32)
        slower = soxr.resample(sound, frames, latent.played)[: len(whole)]
        whole[: len(slower)] = slower
        return whole[first * samples : last * samples]
