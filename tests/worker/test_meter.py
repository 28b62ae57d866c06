"""What a stage takes, as its worker measures it; what it says when there is no more."""

from __future__ import annotations

import numpy
import pytest

from hay_say_lab.worker.meter import Meter, ran_out, wanted_mb


def test_what_passes_is_in_the_peak_and_what_stays_in_the_rest() -> None:
    meter = Meter("cpu")
    before = meter.usage()
    passing = numpy.ones(100 << 17)         # 100 MB
    del passing
    staying = numpy.ones(50 << 17)
    usage = meter.usage()
    assert 45 < usage["resident_mb"] - before["resident_mb"] < 70
    assert usage["peak_mb"] - before["resident_mb"] > 90
    assert usage["live_mb"] == usage["resident_mb"]
    assert len(staying)


def test_a_peak_is_forgotten_where_the_next_stage_begins() -> None:
    Meter("cpu")
    numpy.ones(200 << 17)
    usage = Meter("cpu").usage()
    assert usage["peak_mb"] - usage["resident_mb"] < 50


@pytest.mark.parametrize(
    ("message", "megabytes"),
    [
        ("Unable to allocate 10.0 GiB for an array with shape (1,) and data type float64", 10240),
        ("CUDA out of memory. Tried to allocate 210.50 MiB. GPU 0 has a total capacity of 139.81 GiB", 210.5),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1048576 bytes.", 1),
        ("CUDA error: out of memory", 0),
    ],
)
def test_what_was_asked_for_is_read_from_what_libraries_say(message: str, megabytes: float) -> None:
    assert wanted_mb(RuntimeError(message)) == megabytes
    assert ran_out(MemoryError(message))
    assert ran_out(RuntimeError(message)) == ("array" not in message)


def test_another_error_is_no_want_of_memory() -> None:
    assert not ran_out(RuntimeError("the sizes of tensors must match"))
    assert not ran_out(ValueError("out of memory"))
