"""What a checkpoint may ask to be built, and what we make of it instead: descriptions. Every other name is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hay_say_lab.domain.skeleton import SIZES, Opaque, TensorSpec
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library.refusal import NEW_COPY, SAFETENSORS, refusal

MOST_DIMENSIONS = 16
ASKS = "The file asks to run"
MOST_ELEMENTS = 1 << 40

# Objects that some checkpoints carry along and nobody needs. They are not built here, nor anywhere.
INERT = frozenset({"fairseq.data.dictionary.Dictionary"})
# What one number of numpy's asks for. Ours become numbers; whoever loads the tensors with torch needs none of them.
NUMBERS = frozenset({"numpy.dtype", "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar"})

STORAGES = {
    f"{module}.{name}": dtype
    for module in ("torch", "torch.cuda")
    for name, dtype in {
        "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
        "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
        "BoolStorage": "bool", "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
    }.items()
} | {"torch.storage.UntypedStorage": "uint8"}  # fmt: skip
DTYPES = {f"torch.{name}": name for name in SIZES}
NUMPY_SCALARS = {
    "f8": "<d", "f4": "<f", "f2": "<e", "i8": "<q", "i4": "<i", "i2": "<h", "i1": "<b", "u8": "<Q", "u4": "<I",
    "u2": "<H", "u1": "<B", "b1": "<?",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Storage:
    """Bytes that tensors are views of: the key under which they lie, their element type, how many elements, for which device."""

    key: str
    dtype: str
    elements: int
    location: str = "cpu"


@dataclass(frozen=True, slots=True)
class Global:
    """A name that a pickle asks for and that has a meaning here."""

    name: str


@dataclass(slots=True)
class NumpyType:
    """A numpy dtype by its code, such as 'f8'."""

    code: str


KNOWN_NAMES = frozenset(
    {
        "collections.OrderedDict", "builtins.set", "__builtin__.set", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v3", "torch._utils._rebuild_parameter", "torch.Size",
        "torch.device", "_codecs.encode",
    }
    | INERT
    | NUMBERS
    | STORAGES.keys()
    | DTYPES.keys()
)  # fmt: skip


def asks_for(name: str) -> InvalidRequest:
    return refusal(f"{ASKS} {name[:120]}, and nothing in a file of weights may be run.", SAFETENSORS)


def damaged(what: str) -> InvalidRequest:
    return refusal(f"The file is damaged, or was made to break its reader: {what}.", NEW_COPY)


def zip_storage(told: Any) -> Storage:
    """('storage', type, key, location, elements), as torch writes it since 1.6."""
    if not isinstance(told, tuple) or len(told) != 5 or told[0] != "storage":
        raise damaged("it names weights in a way that torch does not")
    _, kind, key, location, elements = told
    return _storage(kind, key, location, elements)


def legacy_storage(told: Any) -> Storage:
    """('storage', type, key, location, elements, view), as torch wrote it before 1.6; views are of before 0.4 and refused."""
    if not isinstance(told, tuple) or len(told) != 6 or told[0] != "storage":
        raise damaged("it names weights in a way that torch does not")
    _, kind, key, location, elements, view = told
    if view is not None:
        raise refusal("The file was written by a torch of before 2018, in a way that is not read here.", "Save it anew with a newer torch.")
    return _storage(kind, key, location, elements)


def _storage(kind: Any, key: Any, location: Any, elements: Any) -> Storage:
    dtype = STORAGES.get(kind.name) if isinstance(kind, Global) else None
    if dtype is None or not isinstance(key, str) or not key or len(key) > 200:
        raise damaged("it names weights in a way that torch does not")
    if type(elements) is not int or not 0 <= elements <= MOST_ELEMENTS:
        raise damaged("it tells an impossible number of weights")
    return Storage(key, dtype, elements, location if isinstance(location, str) else "")


def made(name: str, arguments: tuple[Any, ...]) -> Any:
    """What a call of a harmless name would give, described."""
    if name in INERT:
        return Opaque(name)
    match name:
        case "collections.OrderedDict":
            return filled({}, [part for pair in (arguments[0] if arguments else ()) for part in _pair(pair)])
        case "builtins.set" | "__builtin__.set":
            return set(plain_keys(arguments[0])) if arguments else set()
        case "torch._utils._rebuild_tensor_v2" | "torch._utils._rebuild_tensor":
            return _tensor(*arguments[:4])
        case "torch._utils._rebuild_tensor_v3":
            return _tensor(*arguments[:4], dtype=arguments[6])
        case "torch._utils._rebuild_parameter" if arguments and isinstance(arguments[0], TensorSpec):
            return arguments[0]
        case "torch.Size":
            return tuple(arguments[0])
        case "torch.device":
            return ":".join(str(part)[:40] for part in arguments)
        case "_codecs.encode":
            return _encoded(*arguments)
        case "numpy.dtype":
            return NumpyType(str(arguments[0])[:20].lstrip("<>|="))
        case "numpy.core.multiarray.scalar" | "numpy._core.multiarray.scalar":
            return _number(*arguments)
    raise asks_for(name)


def filled(target: dict[Any, Any], pairs: list[Any]) -> dict[Any, Any]:
    """A dict with keys and values in turn."""
    if len(pairs) % 2:
        raise ValueError("a key without a value")
    target.update(zip(plain_keys(pairs[::2]), pairs[1::2], strict=True))
    return target


def plain_keys(keys: Iterable[Any]) -> list[Any]:
    """Keys as they came. Text and numbers alone: to hash tuples in tuples in tuples could take for ever."""
    found = list(keys)
    if any(not isinstance(key, str | bytes | int | float | None) for key in found):
        raise damaged("one of its keys is neither text nor a number")
    return found


def _pair(pair: Any) -> tuple[Any, Any]:
    key, value = pair
    return key, value


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *, dtype: Any = None) -> TensorSpec:
    """A view of a storage, whose every element lies inside of it."""
    if not isinstance(storage, Storage):
        raise TypeError("no storage")
    kind, elements = storage.dtype, storage.elements
    if dtype is not None:                   # bytes, and what they are to be taken as
        kind = DTYPES[dtype.name] if isinstance(dtype, Global) else str(dtype)
        elements = storage.elements * SIZES[storage.dtype] // SIZES[kind]
    numbers = (offset, *shape, *stride)
    if len(shape) != len(stride) or len(shape) > MOST_DIMENSIONS or any(type(n) is not int or n < 0 for n in numbers):
        raise damaged("a tensor has an impossible shape")
    spec = TensorSpec(kind, tuple(shape), tuple(stride), storage.key, offset)
    if 0 in shape:
        return spec
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if last >= elements:
        raise damaged("a tensor reaches beyond its weights")
    if spec.elements > max(elements, 1 << 20):
        raise damaged("a tensor is far larger than the weights that it is made of")
    return spec


def _encoded(text: Any, encoding: Any = "utf-8") -> bytes:
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1", "utf-8", "ascii"):
        raise asks_for("_codecs.encode")
    return text.encode(encoding)


def _number(dtype: Any, content: Any) -> float | int | bool:
    """One numpy number, little endian."""
    layout = NUMPY_SCALARS.get(dtype.code) if isinstance(dtype, NumpyType) else None
    if layout is None or not isinstance(content, bytes):
        raise asks_for("numpy's scalar with something that is no number")
    (value,) = struct.unpack(layout, content)
    return value
