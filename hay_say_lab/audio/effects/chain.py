"""Effects one after the other: checked as a whole, applied in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from hay_say_lab.audio.effects.chorus import CHORUS
from hay_say_lab.audio.effects.compressor import COMPRESSOR
from hay_say_lab.audio.effects.de_esser import DE_ESSER
from hay_say_lab.audio.effects.declaration import Effect, Sound
from hay_say_lab.audio.effects.delay import DELAY
from hay_say_lab.audio.effects.eq import EQ
from hay_say_lab.audio.effects.gain import GAIN
from hay_say_lab.audio.effects.high_pass import HIGH_PASS
from hay_say_lab.audio.effects.low_pass import LOW_PASS
from hay_say_lab.audio.effects.reverb import REVERB
from hay_say_lab.audio.level import Doubles, as_float32
from hay_say_lab.audio.progress import Checkpoint, part, unwatched
from hay_say_lab.audio.scratch import Tape
from hay_say_lab.domain.clip import Clip
from hay_say_lab.domain.control import Control, Number, check_settings, pointer, with_defaults
from hay_say_lab.errors import Fix, InvalidRequest, Problem

if TYPE_CHECKING:
    import numpy

EFFECTS: dict[str, Effect] = {
    effect.name: effect
    for effect in (GAIN, EQ, COMPRESSOR, DE_ESSER, REVERB, DELAY, CHORUS, HIGH_PASS, LOW_PASS)
}
LONGEST_CHAIN = 16
_MOST_PROBLEMS = 100                # a hostile chain gets no answer longer than this
_LINK_KEYS = ("effect", "settings", "mix")


class Declared(Protocol):
    """What a link is checked against, whoever makes the effect."""

    @property
    def controls(self) -> tuple[Control, ...]: ...

    @property
    def mix(self) -> Number: ...


def check_effects(chain: Any, field: str, others: Mapping[str, Declared] = MappingProxyType({})) -> list[Problem]:
    """Every problem of a chain as it comes from outside: a list of {effect, settings?, mix?}.

    `others`: effects by name that somebody else makes.
    """
    known: dict[str, Declared] = {**EFFECTS, **others}
    if not isinstance(chain, list | tuple):
        return [_problem(field, "Effects are a list, in the order in which they are applied.", "Use none", value=[])]
    problems = []
    if len(chain) > LONGEST_CHAIN:
        message = f"There are {len(chain)} effects; at most {LONGEST_CHAIN} are applied."
        problems.append(_problem(field, message, f"Keep the first {LONGEST_CHAIN}", value=list(chain[:LONGEST_CHAIN])))
    for index, link in enumerate(chain[:LONGEST_CHAIN]):
        problems += _check_link(link, f"{field}.{index}", known)
        if len(problems) >= _MOST_PROBLEMS:
            break
    return problems[:_MOST_PROBLEMS]


def apply_chain(
    clip: Clip, chain: Sequence[Mapping[str, Any]], seed: int, checkpoint: Checkpoint = unwatched, first: int = 0
) -> Clip:
    """The clip through every effect in order. An empty chain, or mix 0 throughout, gives the same clip back.

    What an effect draws comes from the seed and its place in the chain; `first` links of it come before these. Reverb and
    delay make the clip longer by what still rings. Raises InvalidRequest with all problems of the chain.
    """
    import numpy

    if problems := check_effects(chain, "effects"):
        raise InvalidRequest("The effects cannot be applied as they stand.", problems=problems)
    samples = clip.samples
    for index, link in enumerate(chain):
        effect = EFFECTS[link["effect"]]
        mix = float(link.get("mix", effect.default_mix))
        if mix == 0.0 or not len(samples):
            continue
        sound = Sound(
            Doubles(samples),
            clip.sample_rate,
            numpy.random.default_rng([seed, first + index]),
            part(checkpoint, index / len(chain), (index + 1) / len(chain)),
        )
        tape, at = Tape(), 0
        for wet in effect.apply(sound, with_defaults(effect.controls, link.get("settings", {}))):
            tape.append(as_float32(_mixed(sound.samples.between(at, at + len(wet)), wet, mix)))
            at += len(wet)
        samples = tape.samples()
    return clip if samples is clip.samples else Clip(samples, clip.sample_rate)


def _mixed(dry: numpy.ndarray, wet: numpy.ndarray, mix: float) -> numpy.ndarray:
    """(n,) (1 - mix) of the dry sound and mix of the wet one."""
    return wet if mix == 1.0 else mix * wet + (1.0 - mix) * dry


def _check_link(link: Any, field: str, known: Mapping[str, Declared]) -> list[Problem]:
    if not isinstance(link, Mapping):
        return [_problem(field, "An effect is an object with 'effect', 'settings' and 'mix'.", "Leave it out")]
    name = link.get("effect")
    effect = known.get(name) if isinstance(name, str) else None
    if effect is None:
        shown = repr(name) if len(repr(name)) <= 60 else repr(name)[:57] + "..."
        message = f"There is no effect {shown}; known are: {', '.join(sorted(known))}."
        return [_problem(f"{field}.effect", message, "Leave it out", path=pointer(field))]
    problems = []
    for key in link:
        if key not in _LINK_KEYS:
            path = pointer(f"{field}.x")[:-1] + str(key).replace("~", "~0").replace("/", "~1")
            message = f"There is no '{key}' in an effect; known are: {', '.join(_LINK_KEYS)}."
            problems.append(_problem(f"{field}.{key}", message, "Leave it out", path=path))
    settings = link.get("settings", {})
    if isinstance(settings, Mapping):
        problems += check_settings(effect.controls, settings, f"{field}.settings")
    else:
        problems.append(_problem(f"{field}.settings", "Settings are an object.", "Use the defaults", value={}))
    if "mix" in link:
        problems += effect.mix.check(link["mix"], f"{field}.mix")
    return problems


def _problem(field: str, message: str, label: str, *, path: str | None = None, value: Any = None) -> Problem:
    """A problem whose fix removes what lies at `path` (else `field`), or puts `value` there."""
    where = path or pointer(field)
    step = {"op": "remove", "path": where} if value is None else {"op": "add", "path": where, "value": value}
    return Problem(field, message, Fix(label, (step,)))
