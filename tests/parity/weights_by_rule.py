"""Weights by rule: rebuild a full-size state dict from key names alone (rule version 1).

A parity case stores `keys.json` (ordered [key, shape, dtype]), a `salt` and `gains`; no
weights.  Same bits on every numpy version: only PCG64's raw 64-bit stream is used.

Rules, first match wins (x = uniform noise, mean 0, variance 1, range +-1.732):
  integer or bool dtype            zeros           (num_batches_tracked, masks, ids)
  running_var                      1 + 0.2 x       always positive
  running_mean, bias*, beta        0.1 x
  weight_g / original0 / alpha     1 + 0.1 x       weight-norm gain, Snake alpha
  1-D weight_u / weight_v          1/sqrt(n)       spectral-norm vectors (constant)
  0-D or 1-D (norm weight, gamma)  1 + 0.1 x
  weight_orig (spectral norm)      x/sqrt(fan_in) + 1.5/sqrt(numel), so sigma is about 1.5
  fan_in == 1                      sign(x) (0.5 + |x|/1.732), never near zero
  any other >= 2-D                 x/sqrt(fan_in), fan_in = prod(shape[1:])
A gain is [regex, factor]: each one found in the key (re.search) multiplies the values.
Computed in float64, rounded once to the requested dtype.  Names mean the last key part.
"""
import re
import zlib

import numpy as np


def noise(key, shape, salt):
    """Uniform noise with mean 0 and variance 1, from PCG64 seeded by crc32('salt/key')."""
    n = int(np.prod(shape, dtype=np.int64))
    raw = np.random.PCG64(zlib.crc32(f"{salt}/{key}".encode())).random_raw(n)
    u = (np.asarray(raw, dtype=np.uint64) >> np.uint64(11)) * 2.0**-53
    return ((2.0 * u - 1.0) * np.sqrt(3.0)).reshape(shape)

def fill(key, shape, dtype="float32", salt="", gains=()):
    """Deterministic array for one state-dict key. dtype: numpy name ('float32', 'int64')."""
    dtype = np.dtype(str(dtype).replace("torch.", "").replace("bfloat16", "float32"))
    if dtype.kind in "iub":
        return np.zeros(tuple(shape), dtype)
    last, size = key.rsplit(".", 1)[-1], int(np.prod(shape, dtype=np.int64))
    fan_in = max(1, int(np.prod(shape[1:], dtype=np.int64)))
    x = noise(key, shape, salt)
    if last == "running_var":
        w = 1.0 + 0.2 * x
    elif last == "running_mean" or last.startswith("bias") or last == "beta":
        w = 0.1 * x
    elif last in ("weight_g", "original0") or re.search(r"alpha\d*(\.\d+)?$", key):
        w = 1.0 + 0.1 * x
    elif len(shape) == 1 and last in ("weight_u", "weight_v"):
        w = np.full(shape, size**-0.5)
    elif len(shape) < 2:
        w = 1.0 + 0.1 * x
    elif last == "weight_orig":
        w = x / np.sqrt(fan_in) + 1.5 / np.sqrt(size)
    elif fan_in == 1:
        w = np.sign(x) * (0.5 + np.abs(x) / np.sqrt(3.0))
    else:
        w = x / np.sqrt(fan_in)
    for factor in (f for pattern, f in gains if re.search(pattern, key)):
        w = w * factor
    return w.astype(dtype)

def fill_all(keys, salt, gains=()):
    """keys: [[key, shape, dtype], ...] as in keys.json -> dict of numpy arrays, same order."""
    return {k: fill(k, s, d, salt, gains) for k, s, d in keys}
