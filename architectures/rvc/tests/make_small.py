"""Run in the environment that has torch: write the files of the small voice and its content encoder into a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import small
from safetensors.torch import save_file

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    small.files(folder, small.network())
    save_file(small.fairseq_state(), folder / "content_encoder.safetensors")
