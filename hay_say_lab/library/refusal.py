"""A stranger's file that is not taken: one sentence, and the way out."""

from __future__ import annotations

from hay_say_lab.errors import InvalidRequest

NEW_COPY = "Fetch the file again from its source; what came is not whole."
SAFETENSORS = "Ask its author for a safetensors file, or for one that torch.save made of plain weights."


def refusal(message: str, fix: str, field: str = "file") -> InvalidRequest:
    return InvalidRequest(message, field=field, fix=fix)
