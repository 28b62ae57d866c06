"""The array types that every module here speaks of. Axis letters: N samples, T frames, F frequency bins,
B mel bands, C cepstral coefficients, K mixture components."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.integer]
