"""What an effect is: a name, how it sounds, its controls, and a pure function.

Effects work block by block and hold no whole clip: what comes out of one is an iterator of consecutive blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hay_say_lab.audio.level import Doubles
from hay_say_lab.audio.progress import Checkpoint
from hay_say_lab.domain.control import Control, Number

if TYPE_CHECKING:
    import numpy

LONGEST_TAIL_SECONDS = 10.0         # what an echo may add to a clip
HIGHEST_SHARE = 0.45                # of the sample rate: the highest frequency that a filter is asked for
BLOCK_SAMPLES = 1 << 16


@dataclass(frozen=True, slots=True)
class Sound:
    """What an effect works on: samples (N,), and how it says where it is."""

    samples: Doubles
    sample_rate: int                # per second
    generator: numpy.random.Generator
    checkpoint: Checkpoint

    def blocks(
        self, most_samples: int = BLOCK_SAMPLES, extra_samples: int = 0, done: float = 0.0, doing: float = 1.0
    ) -> Iterator[tuple[int, int]]:
        """(start, end) of consecutive blocks of the samples and `extra_samples` behind them, telling the checkpoint.

        An effect that walks over the sound twice says what share is `done` before a walk, and which it is `doing`.
        """
        total = len(self.samples) + extra_samples
        told = -BLOCK_SAMPLES
        for start in range(0, total, most_samples):
            if start - told >= BLOCK_SAMPLES:
                self.checkpoint(done + doing * start / total, "applying effects")
                told = start
            yield start, min(start + most_samples, total)

    def unchanged(self) -> Iterator[numpy.ndarray]:
        """What an effect gives that has nothing to do."""
        return (self.samples[start:end] for start, end in self.blocks())

    def below_nyquist(self, hertz: float) -> float:
        """The frequency, or the highest that filters at this sample rate reach."""
        return min(hertz, HIGHEST_SHARE * self.sample_rate)

    def tail_samples(self, seconds: float) -> int:
        return round(min(seconds, LONGEST_TAIL_SECONDS) * self.sample_rate)


Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect. `apply` takes a sound and complete, checked settings, and gives the wet sound: consecutive blocks (n,)
    float64, M >= N samples in all."""

    name: str
    sounds_like: str
    controls: tuple[Control, ...]
    apply: Callable[[Sound, Settings], Iterator[numpy.ndarray]]
    default_mix: float = 1.0

    @property
    def mix(self) -> Number:
        """The dry/wet control that every effect has."""
        return Number(
            "mix", "share", 0.0, 1.0, self.default_mix, 0.01, help="How much of the effect: 0 is the sound as it was."
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "effect": self.name,
            "sounds_like": self.sounds_like,
            "mix": self.mix.as_json(),
            "controls": [control.as_json() for control in self.controls],
        }
