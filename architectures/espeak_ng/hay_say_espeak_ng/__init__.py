"""espeak-ng for Hay Say Lab: speech and phonemes in many languages, with nothing to download."""
