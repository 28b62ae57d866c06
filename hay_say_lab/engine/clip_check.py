"""What stands between a recording and the contract of the step that takes it."""

from __future__ import annotations

from collections.abc import Iterator

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.manifest import AudioContract
from hay_say_lab.errors import Fix, Problem

LOWEST_PEAK = 1e-4                          # -80 dB: below this a clip counts as silent


def clip_problems(facts: ClipFacts, contract: AudioContract, field: str) -> Iterator[Problem]:
    """What a contract refuses: too short, too long, too quiet. Rate and channels are converted, never refused."""
    if facts.seconds < contract.shortest_seconds:
        yield Problem(
            field,
            f"The clip lasts {facts.seconds:.2f} s; at least {contract.shortest_seconds:g} s are needed.",
            Fix("Choose a longer clip."),
        )
    if facts.seconds > contract.longest_seconds:
        yield Problem(
            field,
            f"The clip lasts {facts.seconds:.0f} s; at most {contract.longest_seconds:g} s are taken at once.",
            Fix("Cut it into parts."),
        )
    if facts.finite and facts.peak >= LOWEST_PEAK and facts.rms < contract.quietest_rms:
        yield Problem(field, "The clip is too quiet to work with.", Fix("Record or amplify it louder."))
