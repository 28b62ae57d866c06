"""Effects for finished speech: each a declaration and a pure function, put in any order."""

from hay_say_lab.audio.effects.chain import EFFECTS, LONGEST_CHAIN, apply_chain, check_effects
from hay_say_lab.audio.effects.declaration import Effect
from hay_say_lab.audio.effects.presets import PRESETS, Preset

__all__ = ["EFFECTS", "LONGEST_CHAIN", "PRESETS", "Effect", "Preset", "apply_chain", "check_effects"]
