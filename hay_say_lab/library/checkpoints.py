"""Torch's own containers, old and new: what their pickles describe, and whether the weights that they speak of are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hay_say_lab.domain.skeleton import SIZES
from hay_say_lab.library.pickles import Pickled, read_pickle
from hay_say_lab.library.rebuilding import Storage, damaged, legacy_storage, zip_storage
from hay_say_lab.library.refusal import NEW_COPY, SAFETENSORS, refusal
from hay_say_lab.library.window import Window
from hay_say_lab.library.zip_directory import Entry, open_zip

LARGEST_PICKLE = 64 << 20       # bytes; of a training checkpoint with its optimizer it is about 1 MB
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001
LEGACY_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_SMALL = ("version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id")


def is_checkpoint(names: Iterable[str]) -> bool:
    """Whether a zip with these entries is one that torch.save wrote: exactly one data.pkl, at most one folder deep."""
    return sum(name.count("/") <= 1 and name.rpartition("/")[2] == "data.pkl" for name in names) == 1


def read_zip(path: Path) -> Pickled:
    """A checkpoint as torch writes it since 1.6. Raises InvalidRequest."""
    with open_zip(path) as (_, entries):
        by_name = {entry.name: entry for entry in entries}
        root = next(name for name in by_name if name.rpartition("/")[2] == "data.pkl")[: -len("data.pkl")]
        _check_entries(root, by_name)
        with path.open("rb") as file:
            order = by_name.get(f"{root}byteorder")
            if order is not None and Window(file, order.first, order.bytes).read(order.bytes).strip() != b"little":
                raise refusal("The file was written on a machine with another byte order.", "Save it on a common one (x86, ARM).")
            data = by_name[f"{root}data.pkl"]
            pickled = read_pickle(Window(file, data.first, data.bytes), zip_storage)
        _check_storages(root, by_name, pickled.storages)
        return pickled


def _check_entries(root: str, by_name: Mapping[str, Entry]) -> None:
    for name, entry in by_name.items():
        inside = name.removeprefix(root)
        if inside.startswith("code/") or inside == "constants.pkl":
            raise refusal("The file is a TorchScript program: it holds code beside its weights.", SAFETENSORS)
        known = inside in _SMALL or inside == "data.pkl" or inside.startswith(("data/", ".data/"))
        if not name.startswith(root) or not known:
            raise refusal(f"The file holds '{name[:80]}', which no checkpoint has.", SAFETENSORS)
        if not entry.stored or entry.info.compress_size != entry.bytes:
            raise refusal("The weights are compressed, as torch never writes them.", "Save it anew with torch.save.")
        if entry.bytes > (64 if inside in _SMALL else 1 << 50):
            raise damaged(f"'{name[:80]}' is too large")
    if by_name[f"{root}data.pkl"].bytes > LARGEST_PICKLE:
        raise refusal("The list of the file's weights is larger than any voice's.", SAFETENSORS)


def _check_storages(root: str, by_name: Mapping[str, Entry], storages: Mapping[str, Storage]) -> None:
    for storage in storages.values():
        entry = by_name.get(f"{root}data/{storage.key}")
        needed = storage.elements * SIZES[storage.dtype]
        if entry is None:
            raise refusal(f"Weights are missing from the file ('data/{storage.key[:40]}').", NEW_COPY)
        if entry.bytes != needed:
            message = f"Weights of the file have another size than it tells ({entry.bytes} bytes, {needed} are announced)."
            raise refusal(message, NEW_COPY)


def read_legacy(path: Path) -> Pickled:
    """A checkpoint as torch wrote it before 1.6: five pickles in a row, then the weights. Raises InvalidRequest."""
    with path.open("rb") as file:
        window = Window(file, 0, path.stat().st_size)
        if read_pickle(window).value != LEGACY_MAGIC or read_pickle(window).value != LEGACY_PROTOCOL:
            raise damaged("it begins as a torch file of before 1.6 and goes on as none")
        system = read_pickle(window).value
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise refusal("The file was written on a machine with another byte order.", "Save it on a common one (x86, ARM).")
        pickled = read_pickle(window, legacy_storage)
        keys = read_pickle(window).value
        if not isinstance(keys, list) or set(map(str, keys)) != set(pickled.storages) or len(keys) != len(pickled.storages):
            raise damaged("it lists other weights than it uses")
        for key in keys:
            storage = pickled.storages[key]
            if int.from_bytes(window.read(8), "little") != storage.elements:
                raise damaged("it tells two sizes for the same weights")
            window.skip(storage.elements * SIZES[storage.dtype])
        if window.left:
            raise damaged("something is left over behind its weights")
        return pickled


def read_bare(path: Path) -> Any:
    """A pickle by itself, with no weights beside it. Raises InvalidRequest."""
    size = path.stat().st_size
    if size > LARGEST_PICKLE:
        raise refusal("The file is a pickle by itself, and larger than any that is read.", SAFETENSORS)
    with path.open("rb") as file:
        return read_pickle(Window(file, 0, size)).value
