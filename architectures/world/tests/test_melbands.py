"""Mel bands and cepstra: the same speech gives the same numbers, whatever the rate and the FFT."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct

from hay_say_world import melbands
from hay_say_world.warp import warp_envelope


def smooth_envelope(bins: int, sample_rate: int) -> np.ndarray:
    """Three formants and a slope, as power, over 0..sample_rate/2."""
    hz = np.linspace(0, sample_rate / 2, bins)
    resonances = sum(np.exp(-(((hz - centre) / 150.0) ** 2)) for centre in (500, 1500, 2500))
    return ((0.01 + resonances) * 10 ** (-hz / 4000))[None, :]


def test_mel_and_hertz_are_inverse() -> None:
    hz = np.array([0.0, 60.0, 1000.0, 24000.0])
    assert melbands.hz_of_mel(melbands.mel(hz)) == pytest.approx(hz, abs=1e-6)
    assert melbands.mel(np.array(1000.0)) == pytest.approx(1000.0, rel=1e-3)    # by definition of the scale


def test_the_cosine_basis_is_the_orthonormal_dct() -> None:
    rows = np.random.default_rng(0).standard_normal((3, melbands.BANDS))
    ours = rows @ melbands.cosine_basis()
    assert ours == pytest.approx(dct(rows, type=2, norm="ortho", axis=1)[:, : melbands.COEFFICIENTS])


def test_all_coefficients_give_the_bands_back_and_thirty_give_their_smooth_part() -> None:
    bands = np.log(smooth_envelope(513, 16_000)) @ melbands.filterbank(8000, 16_000, 513)
    full, short = melbands.cosine_basis(coefficients=melbands.BANDS), melbands.cosine_basis()
    assert bands @ full @ full.T == pytest.approx(bands)
    assert np.abs(bands @ short @ short.T - bands).max() < 0.1 * np.ptp(bands)


@pytest.mark.parametrize("alpha", [0.78, 1.0, 1.28])
@pytest.mark.parametrize(
    ("sample_rate", "bins"), [(16_000, 513), (22_050, 513), (44_100, 1025), (48_000, 1025)]
)
def test_no_band_is_empty_and_each_is_a_mean(sample_rate: int, bins: int, alpha: float) -> None:
    bank = melbands.filterbank(8000, sample_rate, bins, alpha)
    assert bank.shape == (bins, melbands.BANDS)
    assert bank.min() >= 0
    assert bank.sum(axis=0) == pytest.approx(1.0)


def test_one_envelope_has_the_same_cepstra_at_every_rate() -> None:
    at_16k, at_44k = (
        melbands.cepstra(smooth_envelope(bins, rate), melbands.filterbank(8000, rate, bins))
        for bins, rate in ((513, 16_000), (1025, 44_100))
    )
    assert np.abs(at_16k - at_44k).max() < 0.02


def test_a_warped_filterbank_sees_the_warped_envelope() -> None:
    envelope = smooth_envelope(1025, 16_000)
    warped = warp_envelope(envelope, 1.15, 16_000)
    direct = melbands.log_bands(warped, melbands.filterbank(8000, 16_000, 1025))
    by_bank = melbands.log_bands(envelope, melbands.filterbank(8000, 16_000, 1025, 1.15))
    assert np.abs(direct - by_bank).max() < 0.02


def test_digital_silence_is_finite() -> None:
    assert np.isfinite(melbands.cepstra(np.zeros((2, 513)), melbands.filterbank(8000, 16_000, 513))).all()


def test_lifting_a_constant_gives_a_constant() -> None:
    for top, rate, bins in ((8000, 16_000, 513), (8000, 44_100, 1025), (22_050, 44_100, 1025)):
        assert np.ones(melbands.BANDS) @ melbands.lift(top, rate, bins) == pytest.approx(1.0)


def test_above_the_known_bands_a_correction_holds_and_its_last_roll_off_does_not_reach_on() -> None:
    # given a correction that is 1 everywhere but drops steeply in the last twentieth of the known range
    centres = melbands.band_centres_hz(8000)
    bands = np.where(centres > 7600, -20.0, 1.0)
    # when it is spread over the bins of a recording at 44.1 kHz
    spread = bands @ melbands.lift(8000, 44_100, 1025)
    # then what lies above is 1 again
    bins_hz = np.linspace(0, 22_050, 1025)
    assert spread[bins_hz > 8000] == pytest.approx(1.0)
    assert spread[bins_hz < 6000] == pytest.approx(1.0)
