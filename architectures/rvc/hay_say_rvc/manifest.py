"""What `rvc` says of itself."""

from __future__ import annotations

from hay_say_lab.plugin import AssetNeed, AudioContract, Compatibility, Manifest, Offer, Upstream
from hay_say_rvc.controls import CONTROLS

CONTENT_ENCODER = "content_encoder"
F0_NETWORK = "f0_network"

MANIFEST = Manifest(
    id="rvc",
    title="RVC",
    summary="Converts speech and singing into the voices that people share for retrieval-based voice conversion.",
    version="0.1.0",
    licence="BSD-3-Clause",
    runtime="hay_say_rvc.runtime:RvcRuntime",
    offers=(
        Offer(
            task="convert",
            controls=CONTROLS,
            audio=AudioContract(
                lowest_rate=8000,
                highest_rate=96_000,
                shortest_seconds=0.1,
                longest_seconds=3600.0,
                quietest_rms=1e-5,
            ),
            gives_rate=40_000,      # of most voices; others give 32 or 48 kHz
            seconds_per_second=0.8,
            atomic_seconds=2.0,
            pieces=False,           # it hears the pitch of the whole, and cuts by itself
        ),
    ),
    upstream=Upstream(
        name="Retrieval-based Voice Conversion (RVC-Project), Applio (IAHispano)",
        licence="MIT",
        status="alive; the files of its release of June 2024 are what most people share",
    ),
    compatibility=Compatibility(
        pythons=("3.11", "3.12", "3.13"),
        platforms=("linux",),
        devices=("cpu",),
        modules=("torch", "safetensors", "scipy", "soxr", "hay_say_shared"),
    ),
    recogniser="hay_say_rvc.recognition:recognise",
    resident_mb=2000.0,                 # with the content encoder, the pitch network and a chunk in work
    transient_mb_per_second=0.2,        # pitch and what the pitch network reads; the sound lies in files
    assets=(
        AssetNeed(
            role="content_encoder",
            kind=CONTENT_ENCODER,
            title="Content encoder (HuBERT base, ContentVec)",
            how_to_add="Import hubert_base.pt, or a folder with config.json and pytorch_model.bin of it.",
        ),
        AssetNeed(
            role="f0_network",
            kind=F0_NETWORK,
            title="Pitch network (RMVPE)",
            how_to_add="Import rmvpe.pt, 181 184 272 bytes.",
        ),
    ),
)
