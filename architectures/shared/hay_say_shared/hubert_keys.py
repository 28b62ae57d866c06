"""The three spellings of HuBERT's weights (fairseq's, transformers', torchaudio's) under our own keys."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from hay_say_shared.weights import folded

# Nobody needs them for features.
UNNEEDED = re.compile(r"^(label_embs_concat|mask_emb|masked_spec_embed)$")

# Official key -> ours. Prefixes that stand before all keys of a file ('w2v_model.', 'hubert.', 'model.') are taken off first.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), ours)
    for pattern, ours in (
        (r"^feature_extractor\.conv_layers\.(\d+)\.(?:0|conv)\.(weight|bias)$", r"convolutions.\1.\2"),
        (r"^feature_extractor\.conv_layers\.0\.(?:2|layer_norm)\.(weight|bias)$", r"group_norm.\1"),
        (r"^(?:layer_norm|(?:encoder\.)?feature_projection\.layer_norm)\.(weight|bias)$", r"front_norm.\1"),
        (r"^(?:post_extract_proj|(?:encoder\.)?feature_projection\.projection)\.(weight|bias)$", r"project.\1"),
        (r"^encoder\.(?:transformer\.)?(?:pos_conv\.0|pos_conv_embed\.conv)\.(weight|bias)$", r"position.\1"),
        (r"^encoder\.(?:transformer\.)?layer_norm\.(weight|bias)$", r"entry_norm.\1"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:self_attn|attention)\.q_proj\.(\w+)$", r"layers.\1.query.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:self_attn|attention)\.k_proj\.(\w+)$", r"layers.\1.key.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:self_attn|attention)\.v_proj\.(\w+)$", r"layers.\1.value.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:self_attn|attention)\.out_proj\.(\w+)$", r"layers.\1.out.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:self_attn_layer_norm|layer_norm)\.(\w+)$",
         r"layers.\1.attention_norm.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:fc1|feed_forward\.intermediate_dense)\.(\w+)$",
         r"layers.\1.inner.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.(?:fc2|feed_forward\.output_dense)\.(\w+)$", r"layers.\1.outer.\2"),
        (r"^encoder\.(?:transformer\.)?layers\.(\d+)\.final_layer_norm\.(\w+)$", r"layers.\1.final_norm.\2"),
        (r"^final_proj\.(weight|bias)$", r"final.\1"),
    )
)  # fmt: skip
_PREFIX = re.compile(r"^(?:model\.|hubert\.|w2v_model\.)+(?=feature_extractor|encoder|layer_norm|post_extract|feature_proj)")


def hubert_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A HuBERT file's weights, in any of the spellings, under the keys of `hubert.Hubert`; norms folded, float32.

    A key that no rule knows stays as it is, so that loading names it.
    """
    return {_ours(_PREFIX.sub("", key)): value for key, value in folded(state).items() if not UNNEEDED.match(key)}


def _ours(key: str) -> str:
    for pattern, ours in _RULES:
        if pattern.match(key):
            return pattern.sub(ours, key)
    return key
