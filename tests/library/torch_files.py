"""Files as torch writes them, put together by hand: no torch is needed, and anything can be wrong with them on purpose."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy

KINDS = {
    "float64": "DoubleStorage", "float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage",
    "int32": "IntStorage", "uint8": "ByteStorage", "bool": "BoolStorage",
}  # fmt: skip
LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."


class Raw(bytes):
    """Instructions that go into a pickle as they are."""


class Weights:
    """Arrays that a pickle points at, by key."""

    def __init__(self, *, legacy: bool = False) -> None:
        self.arrays: dict[str, numpy.ndarray] = {}
        self._legacy = legacy

    def pickled(self, array: numpy.ndarray) -> bytes:
        """The instructions that rebuild one tensor."""
        key = str(len(self.arrays))
        self.arrays[key] = array
        storage = b"(" + instructions("storage") + name("torch", KINDS[array.dtype.name]) + instructions(key) + instructions("cpu")
        storage += instructions(array.size) + (b"N" if self._legacy else b"") + b"tQ"
        stride = [s // array.itemsize for s in array.strides]
        shape = instructions(tuple(array.shape)) + instructions(tuple(stride))
        arguments = b"(" + storage + instructions(0) + shape + b"\x89" + name("collections", "OrderedDict") + b")Rt"
        return name("torch._utils", "_rebuild_tensor_v2") + arguments + b"R"


def name(module: str, attribute: str) -> bytes:
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def call(module: str, attribute: str, *arguments: Any) -> Raw:
    """Instructions that call something: what a hostile file is made of."""
    return Raw(name(module, attribute) + b"(" + b"".join(instructions(a) for a in arguments) + b"tR")


def instructions(value: Any, weights: Weights | None = None) -> bytes:
    """Protocol 2, as torch uses it, without a memo."""
    match value:
        case Raw():
            return bytes(value)
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            raw = value.to_bytes((value.bit_length() // 8) + 1, "little", signed=True)
            return b"\x8a" + bytes([len(raw)]) + raw
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case numpy.ndarray():
            assert weights is not None
            return weights.pickled(value)
        case tuple():
            return b"(" + b"".join(instructions(item, weights) for item in value) + b"t"
        case list():
            return b"](" + b"".join(instructions(item, weights) for item in value) + b"e"
        case Mapping():
            pairs = b"".join(instructions(k) + instructions(v, weights) for k, v in value.items())
            return b"}(" + pairs + b"u"
    raise TypeError(type(value))


def pickled(value: Any, weights: Weights | None = None) -> bytes:
    return b"\x80\x02" + instructions(value, weights) + b"."


def write_zip(path: Path, value: Any, *, root: str = "archive", more: Mapping[str, bytes] | None = None) -> Path:
    """As torch.save has written since 1.6. `value` may hold arrays, and `Raw` instructions."""
    weights = Weights()
    content = pickled(value, weights)
    return write_parts(path, {f"{root}/data.pkl": content, f"{root}/byteorder": b"little", **(more or {})}, (
        (f"{root}/data/{key}", array.tobytes()) for key, array in weights.arrays.items()
    ), version=f"{root}/version")


def write_parts(path: Path, parts: Mapping[str, bytes], weights: Iterable[tuple[str, bytes]] = (), version: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for part, content in [*parts.items(), *weights, *([(version, b"3\n")] if version else [])]:
            file.writestr(part, content)
    return path


def write_legacy(path: Path, value: Any) -> Path:
    """As torch.save wrote before 1.6."""
    weights = Weights(legacy=True)
    content = pickled(value, weights)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    with path.open("wb") as file:
        file.write(LEGACY_START + pickled(1001) + pickled(system) + content + pickled(list(weights.arrays)))
        for array in weights.arrays.values():
            file.write(struct.pack("<q", array.size) + array.tobytes())
    return path
