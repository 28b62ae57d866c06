"""Sending recordings: what broke off goes on where it stood, what is known is not sent, each under its newest name."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path

import numpy
import pytest
import soundfile

from hay_say_lab import Lab
from hay_say_lab.client.api import Api
from hay_say_lab.client.clips import PIECE_BYTES, WHOLE_BYTES
from hay_say_lab.client.hosting import Hosting
from hay_say_lab.domain.host import read_record
from hay_say_lab.errors import InvalidRequest
from tests.client.relay import Relay

RATE = 48_000


def _recording(path: Path, seconds: float, seed: int = 1) -> Path:
    """Noise, 288 kB a second: it does not compress."""
    rng = numpy.random.default_rng(seed)
    soundfile.write(path, (rng.random((round(seconds * RATE), 2), dtype=numpy.float32) - 0.5) * 0.2, RATE, subtype="PCM_24")
    return path


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_recording_goes_in_pieces_and_a_small_one_in_one_call(far: Lab, relay: Relay, tmp_path: Path) -> None:
    large = _recording(tmp_path / "large.wav", 60.0)
    assert large.stat().st_size > 2 * PIECE_BYTES
    assert far.clip(large) == _sha256(large)
    assert [call.method for call in relay.calls if "/uploads" in call.path] == ["POST", "PATCH", "PATCH", "PATCH"]
    small = _recording(tmp_path / "small.wav", 1.0)
    assert small.stat().st_size < WHOLE_BYTES
    assert far.clip(small) == _sha256(small)


def test_after_a_host_died_the_upload_goes_on_where_it_stood(home: Path, tmp_path: Path) -> None:
    """given a piece on a host that is killed, when the recording is sent again, then only the rest is sent"""
    path = _recording(tmp_path / "long.wav", 60.0, seed=2)
    log = home / "logs" / "host.log"
    content = path.read_bytes()
    api = Api(Hosting(home))
    begun = api.post("/uploads", {"bytes": len(content), "label": "long.wav", "sha256": _sha256(path)})
    headers = {"Content-Type": "application/octet-stream", "Upload-Offset": "0"}
    api.call("PATCH", f"/uploads/{begun['id']}", body=content[:PIECE_BYTES], headers=headers)
    before = log.read_text().count("PATCH UploadHandler 200")
    record = read_record(home)
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)

    assert Lab(home).clip(path) == _sha256(path)

    rest = -(-(len(content) - PIECE_BYTES) // PIECE_BYTES)
    assert log.read_text().count("PATCH UploadHandler 200") == before + rest
    assert api.get(f"/clips/{_sha256(path)}")["label"] == "long.wav"


def test_what_is_known_is_not_sent_again_and_takes_the_newer_name(far: Lab, relay: Relay, tmp_path: Path) -> None:
    path = _recording(tmp_path / "first name.wav", 1.0, seed=3)
    sha256 = far.clip(path)
    renamed = path.rename(tmp_path / "second name.wav")
    before = len(relay.calls)
    assert far.clip(renamed) == sha256
    assert {call.method for call in relay.calls[before:]} == {"GET", "POST"}
    assert not [call for call in relay.calls[before:] if call.path.startswith("/hay-say/v1/clips?")]
    assert Api(Hosting()).get(f"/clips/{sha256}")["label"] == "second name.wav"


def test_a_large_file_that_is_no_sound_is_refused_with_the_hosts_words(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "large.wav").write_bytes(b"This is not sound. " * 400_000)
    with pytest.raises(InvalidRequest, match="not sound"):
        lab.clip(tmp_path / "large.wav")
