"""A file of weights without its weights: what it is, and what its tensors are called, as read without executing anything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1, "complex64": 8,
    "complex128": 16, "int64": 8, "int32": 4, "int16": 2, "int8": 1, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8,
    "bool": 1,
}  # fmt: skip
# dtype -> bytes of one element


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor: its element type (a name of `SIZES`) and its shape; `storage` names the bytes that it is a view of."""

    dtype: str
    shape: tuple[int, ...]
    stride: tuple[int, ...] = ()
    storage: str = ""
    offset: int = 0                 # elements

    @property
    def elements(self) -> int:
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        return self.elements * SIZES[self.dtype]


@dataclass(frozen=True, slots=True)
class Opaque:
    """An object of a class on the fixed list of harmless ones: its name, and nothing of what is in it."""

    name: str


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One file. `name` is where it lies below the folder in question, `label` what its sender called it.

    `container` is a word of `library.containers`. `content` is its tree of dicts, lists, numbers, strings and `TensorSpec`s;
    of an index or an array it is a dict of facts; None where a container has nothing to tell.
    """

    name: str
    container: str
    bytes: int
    content: Any = None
    label: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people know the file as."""
        return self.label or self.name

    def inside(self, *path: str) -> Any:
        """What lies under these keys; None where nothing does."""
        found = self.content
        for key in path:
            if not isinstance(found, Mapping) or key not in found:
                return None
            found = found[key]
        return found

    def tensors(self, *path: str) -> dict[str, TensorSpec]:
        """The tensors of a state dict under these keys, by name, in their order; empty where there is none."""
        found = self.inside(*path)
        if not isinstance(found, Mapping):
            return {}
        return {key: value for key, value in found.items() if isinstance(key, str) and isinstance(value, TensorSpec)}

    def keys(self) -> Iterator[str]:
        """The keys at its top, as far as they are text."""
        if isinstance(self.content, Mapping):
            yield from (key for key in self.content if isinstance(key, str))
