"""What `rvc` says of itself. It has no runtime yet: its voices can be recognised, converted and kept, and not used."""

from __future__ import annotations

from hay_say_lab.plugin import AssetNeed, Compatibility, Manifest, Upstream

CONTENT_ENCODER = "content_encoder"
F0_NETWORK = "f0_network"

MANIFEST = Manifest(
    id="rvc",
    title="RVC",
    summary="Keeps voices of retrieval-based voice conversion; converting with them comes with a later version.",
    version="0.1.0",
    licence="BSD-3-Clause",
    runtime=None,
    offers=(),
    upstream=Upstream(
        name="Retrieval-based Voice Conversion (RVC-Project), Applio (IAHispano)",
        licence="MIT",
        status="alive; the files of its release of June 2024 are what most people share",
    ),
    compatibility=Compatibility(
        pythons=("3.11", "3.12", "3.13"),
        platforms=("linux",),
        devices=("cpu",),
    ),
    recogniser="hay_say_rvc.recognition:recognise",
    resident_mb=0.0,        # nothing of it runs
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
