"""Speech for the tests, by the espeak-ng library: run as a script, one fresh process for each clip.

    python spoken.py VOICE < TEXT > CLIP.npy

Only a fresh process that seeds the library's noise gives the same samples every time; see `conftest.spoken`.
"""

from __future__ import annotations

import ctypes
import sys

import espeakng_loader
import numpy as np

SAMPLE_RATE = 22_050
_SYNCHRONOUS, _UTF8, _VOLUME = 2, 1, 2
_SEED = 20_240_229


def speak(text: str, voice: str) -> np.ndarray:
    """Text -> mono float32 (N,) at 22 050 Hz."""
    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    samples_type = ctypes.POINTER(ctypes.c_short)
    callback_type = ctypes.CFUNCTYPE(ctypes.c_int, samples_type, ctypes.c_int, ctypes.c_void_p)
    parts: list[np.ndarray] = []

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
        if samples and count:
            parts.append(np.ctypeslib.as_array(samples, (count,)).astype(np.float32) / 32768.0)
        return 0

    callback = callback_type(collect)
    if espeak.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0) != SAMPLE_RATE:
        raise SystemExit("espeak-ng speaks at another rate than expected")
    espeak.espeak_SetSynthCallback(callback)
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice {voice}")
    espeak.espeak_SetParameter(_VOLUME, 80, 0)
    espeak.espeak_ng_SetRandSeed(_SEED)
    body = text.encode()
    espeak.espeak_Synth(body, len(body) + 1, 0, 1, 0, _UTF8, None, None)
    return np.concatenate(parts)


if __name__ == "__main__":
    np.save(sys.stdout.buffer, speak(sys.stdin.read(), sys.argv[1]))
