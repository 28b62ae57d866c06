"""`python -m hay_say_lab.worker.convert`: checkpoints become safetensors, in a child without a network, by an interpreter with torch.

What needs no tensor is refused before torch is imported: the file is read once more by our own machine. Then it is
`torch.load(weights_only=True)`, and nothing else where that refuses. Types stay as they are, and what was written is read back
and held against what was loaded, bit by bit.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hay_say_lab.domain.canonical import canonical_json
from hay_say_lab.domain.finding import Weights
from hay_say_lab.domain.skeleton import Skeleton, TensorSpec
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library import containers
from hay_say_lab.library.rebuilding import INERT, NUMBERS
from hay_say_lab.library.refusal import NEW_COPY, SAFETENSORS, refusal
from hay_say_lab.worker.cell import serve

if TYPE_CHECKING:
    import torch

CONVERTER = "1"                 # goes up when the same file would become other bytes
METADATA_KEY = "hay_say_lab"    # one key alone: safetensors writes several in any order


class Stub:
    """What stands for an inert object: it takes whatever it is given, and keeps nothing."""

    def __new__(cls, *arguments: Any) -> Self:
        return object.__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


def main() -> int:
    def work(order: dict[str, Any]) -> Mapping[str, Any]:
        return convert(Path(order["folder"]), Path(order["out"]), order["files"], order["weights"], order["config"])

    return serve(work)


def convert(
    folder: Path, out: Path, files: Mapping[str, str], weights: Mapping[str, Any], config: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Write the files of one finding into `out`; role -> name. Raises InvalidRequest."""
    made: dict[str, str] = {}
    for role, document in weights.items():
        made[role] = f"{role}.safetensors"
        _write(folder, Weights.from_json(document), out / made[role])
    for role, name in files.items():
        if role not in made:
            source = folder / name
            made[role] = f"{role}{source.suffix.lower()}"
            shutil.copyfile(source, out / made[role])
    if config is not None:
        made["config"] = "config.json"
        (out / made["config"]).write_bytes(canonical_json(dict(config)))
    return {"files": made}


def _write(folder: Path, weights: Weights, target: Path) -> None:
    source = folder / weights.source
    wanted = _wanted(containers.skeleton(source, weights.source), weights)
    from safetensors.torch import save_file  # and with it torch

    tensors = {}
    loaded = _loaded(source)
    for name, spec in wanted.items():
        tensors[name] = _checked(_at(loaded, weights.tensors[name]), name, spec)
    told = {"source_sha256": _sha256(source), "converter": CONVERTER}
    save_file(_untied(tensors), target, {METADATA_KEY: canonical_json(told).decode()})
    with target.open("rb") as file:
        os.fsync(file.fileno())
    _check_written(target, tensors)


def _wanted(skeleton: Skeleton, weights: Weights) -> dict[str, TensorSpec]:
    """What our own machine says of each tensor that is asked for."""
    found = {}
    for name, path in weights.tensors.items():
        spec = skeleton.inside(*path)
        if not isinstance(spec, TensorSpec):
            raise refusal(f"'{'.'.join(path)[:120]}' is no tensor of the file.", NEW_COPY)
        found[name] = spec
    return found


def _loaded(source: Path) -> Any:
    import torch
    from safetensors.torch import load_file

    kind = containers.kind_of(source)
    if kind == containers.SAFETENSORS_FILE:
        return load_file(source)
    if kind not in containers.CHECKPOINTS:
        raise refusal("The file is no checkpoint that torch reads.", SAFETENSORS)
    # Numbers of numpy (a learning rate) are as little needed as inert objects. Each name gets a class of its own: torch tells classes that stand for names apart by identity.
    stubs = [(type(name.rpartition(".")[2], (Stub,), {}), name) for name in sorted(INERT | NUMBERS)]
    with torch.serialization.safe_globals(stubs), warnings.catch_warnings():
        warnings.simplefilter("ignore")             # of storages that newer ways have replaced
        try:
            return torch.load(source, map_location="cpu", weights_only=True, mmap=kind == containers.TORCH)
        except Exception as error:  # noqa: BLE001 - whatever a stranger's file makes torch raise is a refusal
            raise _torch_refused(error) from None


def _torch_refused(error: Exception) -> InvalidRequest:
    return refusal(f"torch does not load the file as plain weights ({type(error).__name__}).", SAFETENSORS)


def _at(loaded: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        loaded = loaded[key]
    return loaded


def _checked(tensor: Any, name: str, spec: TensorSpec) -> torch.Tensor:
    """A tensor as announced, with numbers in it alone, its elements in a row."""
    import torch

    if not isinstance(tensor, torch.Tensor) or tuple(tensor.shape) != spec.shape or str(tensor.dtype) != f"torch.{spec.dtype}":
        raise refusal(f"torch finds another tensor '{name[:120]}' in the file than was announced.", NEW_COPY)
    tensor = tensor.detach().contiguous()
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        message = f"The weights '{name[:120]}' hold values that are not finite numbers: its training broke, or the file did."
        raise refusal(message, "Ask its author for an earlier checkpoint.")
    return tensor


def _untied(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors that share their bytes get bytes of their own; so do parts of larger ones."""
    seen: set[int] = set()
    apart = {}
    for name, tensor in tensors.items():
        storage = tensor.untyped_storage()
        shared = storage.data_ptr() in seen or storage.nbytes() != tensor.numel() * tensor.element_size()
        seen.add(storage.data_ptr())
        apart[name] = tensor.clone() if shared else tensor
    return apart


def _check_written(target: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    from safetensors import safe_open

    with safe_open(target, "pt") as written:
        if set(written.keys()) != set(tensors):
            raise refusal("What was written is not what was loaded.", "Check the disk, and try again.")
        for name, tensor in tensors.items():
            again = written.get_tensor(name)
            if again.dtype != tensor.dtype or again.shape != tensor.shape or not _same_bits(again, tensor):
                raise refusal(f"What was written of '{name[:120]}' is not what was loaded.", "Check the disk, and try again.")


def _same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    import torch

    return torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for part in _parts(path):
        digest.update(part)
    return digest.hexdigest()


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            yield part


if __name__ == "__main__":
    sys.exit(main())
