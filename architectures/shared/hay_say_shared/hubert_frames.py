"""When HuBERT's features come; without torch, for those who only cut sound."""

from __future__ import annotations

SAMPLE_RATE = 16_000
HOP = 320                   # samples from one feature to the next: the product of the strides
REACH = 400                 # samples that one feature hears


def feature_count(samples: int) -> int:
    """Features that so many samples give; 0 below 400 samples."""
    return max(0, (samples - REACH) // HOP + 1)
