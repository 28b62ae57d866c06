"""Files of weights and facts that hold no pickle: safetensors, numpy arrays, faiss indexes, JSON and YAML, each bounded."""

from __future__ import annotations

import ast
import json
import struct
from pathlib import Path
from typing import Any

from hay_say_lab.domain.skeleton import SIZES, TensorSpec
from hay_say_lab.library.refusal import NEW_COPY, SAFETENSORS, refusal
from hay_say_lab.library.window import Window

LARGEST_HEADER = 8 << 20        # bytes; the 1,500 tensors of a large voice take 200 kB
LARGEST_DOCUMENT = 4 << 20
MOST_TENSORS = 50_000
MOST_LISTS = 1 << 24            # of an index
_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32", "I16": "int16",
    "I8": "int8", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "BOOL": "bool",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2", "C64": "complex64",
}  # fmt: skip


def read_safetensors(path: Path) -> tuple[dict[str, TensorSpec], dict[str, str]]:
    """The tensors of a file by name, and its metadata. Raises InvalidRequest where they do not fill the file exactly."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(Window(file, 0, size).read(8), "little")
        if length > LARGEST_HEADER:
            raise refusal(f"The file announces a header of {length} bytes, more than any voice has.", NEW_COPY)
        header = _object(Window(file, 8, size - 8).read(length), "The header of the file")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or any(not isinstance(value, str) for value in metadata.values()):
        raise refusal("The metadata of the file is not text.", SAFETENSORS)
    if len(header) > MOST_TENSORS:
        raise refusal(f"The file announces {len(header)} tensors, more than any voice has.", SAFETENSORS)
    found: dict[str, TensorSpec] = {}
    spans: list[tuple[int, int]] = []
    for name, told in header.items():
        found[name], span = _announced(name, told)
        spans.append(span)
    at = 0
    for first, last in sorted(spans):
        if first != at:
            raise refusal("Tensors of the file overlap, or leave holes between them.", SAFETENSORS)
        at = last
    if 8 + length + at != size:
        raise refusal("The file is longer or shorter than its tensors.", NEW_COPY)
    return found, metadata


def _announced(name: str, told: Any) -> tuple[TensorSpec, tuple[int, int]]:
    """A tensor and its bytes, as the header tells them."""
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        raise refusal(f"The header of the file does not say what '{name[:80]}' is.", SAFETENSORS)
    dtype, shape, offsets = _DTYPES.get(str(told["dtype"])), told["shape"], told["data_offsets"]
    numbers = [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) else [-1]
    if dtype is None or len(offsets) != 2 or len(shape) > 16 or any(type(n) is not int or n < 0 for n in numbers):
        raise refusal(f"The header of the file tells an impossible shape of '{name[:80]}'.", SAFETENSORS)
    spec = TensorSpec(dtype, tuple(shape))
    if offsets[1] - offsets[0] != spec.bytes:
        raise refusal(f"The header of the file tells two sizes of '{name[:80]}'.", SAFETENSORS)
    return spec, (offsets[0], offsets[1])


def read_array(path: Path) -> TensorSpec:
    """The one array of a .npy file. Raises InvalidRequest for arrays of objects, which are pickles."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = Window(file, 0, size)
        version = head.read(8)[6]
        length = int.from_bytes(head.read(2 if version == 1 else 4), "little")
        if length > 1 << 16:
            raise refusal("The array's header is longer than any.", NEW_COPY)
        text, left = head.read(length), head.left
    try:
        told = ast.literal_eval(text.decode("latin-1").strip())
        descr, shape = str(told["descr"]), tuple(told["shape"])
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError):
        raise refusal("The array's header cannot be read.", NEW_COPY) from None
    kinds = {"f": "float", "i": "int", "u": "uint", "b": "bool", "c": "complex"}
    dtype = kinds.get(descr.lstrip("<>|=")[:1], "") + (str(8 * int(descr[2:])) if descr[1:2] in "fiuc" and descr[2:].isdigit() else "")
    if dtype.removesuffix("8") == "bool" or descr[1:] == "b1":
        dtype = "bool"
    if dtype not in SIZES or descr.startswith(">") or any(type(n) is not int or not 0 <= n < 1 << 40 for n in shape):
        raise refusal(f"The array holds elements of the kind '{descr[:20]}', and only plain numbers are read.", SAFETENSORS)
    spec = TensorSpec(dtype, shape)
    if spec.bytes != left:
        raise refusal("The array is longer or shorter than it tells.", NEW_COPY)
    return spec


def read_index(path: Path) -> dict[str, Any]:
    """What a faiss index is: its kind, dimension, vectors told and vectors kept. Raises InvalidRequest where a count lies.

    Only inverted lists of plain vectors (`IwFl`) are read further; of any other kind its name alone is told.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        window = Window(file, 0, size)
        kind = window.read(4).decode("latin-1")
        if kind != "IwFl":
            return {"kind": kind}
        dimension, told, trained, metric = _index_head(window)
        lists, _ = struct.unpack("<QQ", window.read(16))
        quantizer = window.read(4)
        inner_dimension, centres, _, _ = _index_head(window)
        (count,) = struct.unpack("<Q", window.read(8))
        if quantizer not in (b"IxF2", b"IxFI") or inner_dimension != dimension or centres != lists or count != lists * dimension:
            raise _broken_index()
        window.skip(4 * count)
        _skip_direct_map(window)
        kept = _lists(window, dimension, lists)
        if window.left:
            raise _broken_index()
    return {
        "kind": kind, "dimension": dimension, "metric": "l2" if metric == 1 else str(metric), "trained": bool(trained),
        "lists": lists, "vectors": told, "kept": kept,
    }  # fmt: skip


def _index_head(window: Window) -> tuple[int, int, int, int]:
    dimension, told, _, _, trained, metric = struct.unpack("<iqqqBi", window.read(33))
    if metric > 1:
        window.read(4)
    if not 0 < dimension <= 1 << 16 or not 0 <= told <= 1 << 32:
        raise _broken_index()
    return dimension, told, trained, metric


def _skip_direct_map(window: Window) -> None:
    kind = window.read(1)[0]
    (count,) = struct.unpack("<Q", window.read(8))
    window.skip(8 * count)
    if kind == 2:
        (count,) = struct.unpack("<Q", window.read(8))
        window.skip(16 * count)


def _lists(window: Window, dimension: int, lists: int) -> int:
    """How many vectors the inverted lists hold; their bytes are counted, too."""
    if window.read(4) != b"ilar":
        raise _broken_index()
    count, code_bytes = struct.unpack("<QQ", window.read(16))
    if count != lists or code_bytes != 4 * dimension or lists > MOST_LISTS:
        raise _broken_index()
    form = window.read(4)
    (told,) = struct.unpack("<Q", window.read(8))
    if form == b"full" and told == lists:
        sizes = struct.unpack(f"<{lists}Q", window.read(8 * lists))
    elif form == b"sprs" and told % 2 == 0 and told <= 2 * lists:
        sizes = struct.unpack(f"<{told}Q", window.read(8 * told))[1::2]
    else:
        raise _broken_index()
    kept = sum(sizes)
    window.skip(kept * (code_bytes + 8))
    return kept


def _broken_index() -> Exception:
    return refusal("The index is damaged: its counts do not fit each other.", NEW_COPY)


def read_json(path: Path) -> Any:
    """A document of plain values."""
    return _parsed(_document(path), "The document")


def read_yaml(path: Path) -> Any:
    """A document of plain values. Tags that would build something, and references that would multiply it, are refused."""
    import yaml

    class Plain(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise refusal("The document repeats parts of itself by reference, which is not read.", "Write them out.")
            return super().compose_node(parent, index)

    try:
        return yaml.load(_document(path), Plain)
    except (yaml.YAMLError, ValueError, RecursionError, UnicodeDecodeError) as error:
        raise refusal(f"The document cannot be read as YAML ({type(error).__name__}).", NEW_COPY) from None


def _document(path: Path) -> bytes:
    if path.stat().st_size > LARGEST_DOCUMENT:
        raise refusal("The document is larger than any voice's.", "Bring the voice's own configuration.")
    return path.read_bytes()


def _object(text: bytes, what: str) -> dict[str, Any]:
    found = _parsed(text, what)
    if not isinstance(found, dict):
        raise refusal(f"{what} is no JSON object.", NEW_COPY)
    return found


def _parsed(text: bytes, what: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise refusal(f"{what} cannot be read as JSON.", NEW_COPY) from None
