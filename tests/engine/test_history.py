"""What is learnt from stages that were done."""

from __future__ import annotations

import pytest

from hay_say_lab.domain.job import AUDIO_WORKER, Stage
from hay_say_lab.engine.forecast import AUDIO_SECONDS_PER_SECOND, forecast
from hay_say_lab.engine.history import UNKNOWN_SECONDS, History
from hay_say_lab.registry.architectures import Architectures
from hay_say_lab.storage.durations import SLOTS, Duration


def took(seconds: float, audio_seconds: float = 10.0, device: str = "cpu") -> Duration:
    return Duration("parrot", "speak", device, audio_seconds, seconds)


def test_the_median_of_seconds_per_second_of_audio_decides() -> None:
    history = History([took(1.0), took(2.0), took(90.0)])
    assert history.seconds("parrot", "speak", 30.0) == pytest.approx(6.0)


def test_each_kind_of_stage_and_device_is_its_own() -> None:
    history = History([took(1.0, device="cpu"), took(3.0, device="gpu"), took(3.2, device="gpu")])
    assert history.seconds("parrot", "speak", 10.0, "cpu") == pytest.approx(1.0)
    assert history.seconds("parrot", "speak", 10.0, "gpu") == pytest.approx(3.1)
    assert history.seconds("parrot", "speak", 10.0) == pytest.approx(3.0)
    assert history.seconds("parrot", "convert", 10.0) is None


def test_new_stages_count_and_old_ones_fade() -> None:
    history = History(took(1.0) for _ in range(SLOTS))
    for _ in range(SLOTS):
        history.add(took(5.0))
    assert history.usual_seconds("parrot", "speak") == 5.0
    assert history.usual_seconds("parrot", "convert") == UNKNOWN_SECONDS


def test_of_hardly_any_audio_no_ratio_is_made() -> None:
    history = History([took(0.1, audio_seconds=0.001)])
    assert history.seconds("parrot", "speak", 10.0) == pytest.approx(2.0)


def test_a_forecast_adds_up_seconds_and_takes_the_widest_memory() -> None:
    stages = (Stage(0, "step", "speak", "parrot"), Stage(1, "finish", "finish", AUDIO_WORKER))
    architectures = Architectures()
    offer = architectures.manifest("parrot").offer("speak")
    assert offer is not None

    def memory_mb(stage: Stage, seconds: float) -> float:
        return (500.0 if stage.worker == "parrot" else 100.0) + seconds

    declared = forecast(stages, 10.0, History(), architectures, memory_mb)
    assert declared.seconds == pytest.approx(10.0 * (offer.seconds_per_second + AUDIO_SECONDS_PER_SECOND))
    assert (declared.memory_mb, declared.learnt) == (510.0, False)
    half = forecast(stages, 10.0, History([took(1.0)]), architectures, memory_mb)
    assert (half.seconds, half.learnt) == (1.5, False)
    both = History([took(1.0), Duration(AUDIO_WORKER, "finish", "cpu", 10.0, 0.2)])
    assert forecast(stages, 10.0, both, architectures, memory_mb).learnt
