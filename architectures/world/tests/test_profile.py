"""A profile is written the same way every time, read back as it was, and refused where it is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hay_say_lab.plugin import InvalidRequest
from hay_say_world.profile import FORMAT, load, save

Fitted = Callable[[str], Path]


def test_a_profile_comes_back_as_it_was_and_is_small(fitted: Fitted, tmp_path: Path) -> None:
    profile = load(fitted("machine"))
    save(profile, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == fitted("machine").read_bytes()
    assert fitted("machine").stat().st_size < 100_000
    assert list(profile.portraits) == [8000, 11025]     # all that 22 050 Hz can fill


def test_two_speakers_meet_at_the_highest_top_that_both_fill(fitted: Fitted) -> None:
    profile = load(fitted("machine"))
    assert profile.shared_top_hz((8000,)) == 8000
    assert profile.shared_top_hz((8000, 11025, 12000, 16000, 22050)) == 11025


@pytest.mark.parametrize(
    ("name", "change", "word"),
    [
        ("pitch", lambda old: old[:2], "shape"),
        ("pitch", lambda old: old * np.nan, "finite"),
        ("pitch", lambda old: old + 10, "pitch"),                               # a median of half a megahertz
        ("pitch", lambda old: old.astype(np.float32), "finite numbers"),        # another type
        ("pitch", lambda _: None, "missing"),
        ("8000.voiced.mean", lambda _: None, "8000 Hz"),
        ("8000.voiced.mean", lambda old: old * 1e6, "range"),
        ("8000.voiced.count", lambda old: old * -1, "range"),
        ("8000.unvoiced.covariance", lambda old: -old, "no covariance"),
        ("8000.unvoiced.covariance", lambda old: old + np.triu(np.ones_like(old), 1), "no covariance"),
        ("8000.unvoiced.covariance", lambda old: old[:5, :5], "shape"),
        ("tract.weights", lambda old: np.zeros_like(old), "no mixture"),
        ("tract.weights", lambda old: np.full(1000, 1e-3), "shape"),
        ("tract.variances", lambda old: -old, "no mixture"),
        ("tract.means", lambda old: old[:-1], "shape"),
        ("more", lambda _: np.zeros(3), "unknown part"),
    ],
)  # fmt: skip
def test_a_broken_profile_is_refused_with_a_reason(
    fitted: Fitted,
    tmp_path: Path,
    name: str,
    change: Callable[[np.ndarray | None], np.ndarray | None],
    word: str,
) -> None:
    tensors = load_file(fitted("machine"))
    changed = change(tensors.pop(name, None))
    if changed is not None:
        tensors[name] = np.ascontiguousarray(changed)
    save_file(tensors, tmp_path / "broken.safetensors", {"format": FORMAT})
    with pytest.raises(InvalidRequest, match=word) as caught:
        load(tmp_path / "broken.safetensors")
    assert caught.value.problems[0].field == "voice"
    assert caught.value.problems[0].fix.label


def test_files_that_are_no_profile_are_refused(fitted: Fitted, tmp_path: Path) -> None:
    whole = fitted("machine").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text").write_text("no profile at all")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "huge").write_bytes(b"\0" * 5_000_000)
    save_file(load_file(fitted("machine")), tmp_path / "unnamed")
    save_file(load_file(fitted("machine")), tmp_path / "newer", {"format": "hay-say-world-profile/2"})
    for name in ("cut", "text", "empty", "huge", "unnamed", "newer", "missing"):
        with pytest.raises(InvalidRequest, match="profile of this voice is broken"):
            load(tmp_path / name)
