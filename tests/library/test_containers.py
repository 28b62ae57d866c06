"""What a file is, told by what is in it; and what it holds, without its weights and without torch."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import save_file

from hay_say_lab.domain.skeleton import TensorSpec
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library import containers
from hay_say_lab.library.containers import kind_of, skeleton
from tests.library.torch_files import Raw, call, instructions, name, pickled, write_legacy, write_parts, write_zip

SMALL = {"weight": {"a": numpy.arange(6, dtype=numpy.float16).reshape(2, 3), "b": numpy.ones(4, numpy.float32)}, "sr": "40k"}


def _written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _tar(path: Path, names: list[str], mode: str = "w") -> Path:
    with tarfile.open(path, mode, format=tarfile.USTAR_FORMAT) as file:  # type: ignore[call-overload]
        for member in names:
            file.addfile(tarfile.TarInfo(member), io.BytesIO())
    return path


def _zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("voice/a.pth", "x")
    return path


def _index(dimension: int = 4, lists: int = 2, sizes: tuple[int, ...] = (3, 0), told: int = 3, sparse: bool = False) -> bytes:
    head = struct.pack("<iqqqBi", dimension, told, 0, 0, 1, 1)
    content = b"IwFl" + head + struct.pack("<QQ", lists, 1) + b"IxF2" + struct.pack("<iqqqBi", dimension, lists, 0, 0, 1, 1)
    content += struct.pack("<Q", lists * dimension) + bytes(4 * lists * dimension) + b"\0" + struct.pack("<Q", 0)
    content += b"ilar" + struct.pack("<QQ", lists, 4 * dimension)
    filled = [(number, size) for number, size in enumerate(sizes) if size]
    content += b"sprs" + struct.pack("<Q", 2 * len(filled)) if sparse else b"full" + struct.pack("<Q", lists)
    content += b"".join(struct.pack("<QQ", *pair) for pair in filled) if sparse else struct.pack(f"<{len(sizes)}Q", *sizes)
    return content + bytes(min(sum(sizes), 1000) * (4 * dimension + 8))


MADE: dict[str, Callable[[Path], Path]] = {
    containers.TORCH: lambda folder: write_zip(folder / "a.jpg", SMALL),
    containers.TORCH_LEGACY: lambda folder: write_legacy(folder / "a.txt", SMALL),
    containers.TORCH_TAR: lambda folder: _tar(folder / "a.pth", ["sys_info", "pickle", "storages", "tensors"]),
    containers.PICKLE: lambda folder: _written(folder / "a.zip", pickled({"a": 1})),
    containers.SAFETENSORS_FILE: lambda folder: (save_file({"a": numpy.ones(3)}, folder / "a.bin"), folder / "a.bin")[1],
    containers.ARRAY: lambda folder: (numpy.save(folder / "a.npy", numpy.ones((2, 3), numpy.float32)), folder / "a.npy")[1],
    containers.ARRAYS: lambda folder: (numpy.savez(folder / "a.npz", x=numpy.ones(2)), folder / "a.npz")[1],
    containers.INDEX: lambda folder: _written(folder / "a.pth", _index()),
    containers.JSON: lambda folder: _written(folder / "a.json", '{"model": {"gin_channels": 256}}'),
    containers.YAML: lambda folder: _written(folder / "a.yml", "{model_params: {multispeaker: true}}"),
    containers.TEXT: lambda folder: _written(folder / "a.md", "A voice, trained with care."),
    containers.ONNX: lambda folder: _written(folder / "a.onnx", b"\x08\x07\x12\x07pytorch\0\0"),
    containers.ZIP: lambda folder: _zip(folder / "a.pth"),
    containers.TAR: lambda folder: _tar(folder / "a.tar.gz", ["a.pth"], "w:gz"),
    containers.SEVEN_ZIP: lambda folder: _written(folder / "a.rar", b"7z\xbc\xaf\x27\x1c\0\4" + bytes(64)),
    containers.HTML: lambda folder: _written(folder / "a.pth", "\n <!DOCTYPE html><html><title>Sign in</title>"),
    containers.LFS_POINTER: lambda folder: _written(folder / "a.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"),
    containers.SOUND: lambda folder: _written(folder / "a.pth", b"RIFF\x24\0\0\0WAVEfmt "),
    containers.EMPTY: lambda folder: _written(folder / "a.pth", b""),
    containers.UNKNOWN: lambda folder: _written(folder / "a.dat", bytes(range(200, 256)) * 8 + b"\0"),
}


@pytest.mark.parametrize("kind", MADE)
def test_a_file_is_what_its_content_says_whatever_its_name(kind: str, tmp_path: Path) -> None:
    assert kind_of(MADE[kind](tmp_path)) == kind


def test_an_old_tar_without_its_magic_word_is_one_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(_tar(tmp_path / "a.tar", ["a.pth"]).read_bytes())
    content[257:265] = bytes(8)
    checksum = sum(content[:148]) + 8 * 32 + sum(content[156:512])
    content[148:156] = b"%06o\0 " % checksum
    assert kind_of(_written(tmp_path / "b", bytes(content))) == containers.TAR


@pytest.mark.parametrize("write", [write_zip, write_legacy])
def test_a_checkpoint_old_or_new_is_its_tree_with_types_and_shapes(write: Any, tmp_path: Path) -> None:
    found = skeleton(write(tmp_path / "a.pth", SMALL), "a.pth")
    assert {key: (spec.dtype, spec.shape) for key, spec in found.tensors("weight").items()} == {
        "a": ("float16", (2, 3)), "b": ("float32", (4,)),
    }  # fmt: skip
    assert found.inside("sr") == "40k"
    assert list(found.keys()) == ["weight", "sr"]


def test_a_safetensors_file_is_its_header(tmp_path: Path) -> None:
    save_file({"a": numpy.ones((2, 2), numpy.float16), "b": numpy.zeros((), numpy.int64)}, tmp_path / "a", {"made": "here"})
    found = skeleton(tmp_path / "a", "a")
    assert found.tensors() == {"a": TensorSpec("float16", (2, 2)), "b": TensorSpec("int64", ())}
    assert found.facts == {"metadata": {"made": "here"}}


def test_an_array_tells_its_type_and_shape(tmp_path: Path) -> None:
    numpy.save(tmp_path / "a.npy", numpy.ones((256,), numpy.float32))
    assert skeleton(tmp_path / "a.npy", "a.npy").content == TensorSpec("float32", (256,))


@pytest.mark.parametrize("sparse", [False, True])
def test_an_index_tells_how_many_vectors_it_has_and_keeps(sparse: bool, tmp_path: Path) -> None:
    facts = skeleton(_written(tmp_path / "a", _index(sparse=sparse)), "a").facts
    assert facts == {"kind": "IwFl", "dimension": 4, "metric": "l2", "trained": True, "lists": 2, "vectors": 3, "kept": 3}


def _safetensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _spec(shape: list[int], first: int, last: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


TENSOR = instructions("storage")
REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "an empty file": (lambda f: _written(f / "a.pth", b""), "empty"),
    "an error page": (lambda f: _written(f / "a.pth", "<html>404"), "web page"),
    "a pointer": (lambda f: _written(f / "a.pth", "version https://git-lfs.github.com/spec/v1\n"), "pointer of Git LFS"),
    "the oldest torch": (lambda f: _tar(f / "a.pth", ["pickle", "storages"]), "torch of before 2018"),
    "text with the name of weights": (lambda f: _written(f / "a.pth", "hello"), "calls itself weights"),
    "a pickle of text that runs something": (lambda f: _written(f / "a.pth", b"cposix\nsystem\n(S'true'\ntR."), "posix.system"),
    "a pickle that runs something": (lambda f: _written(f / "a.pkl", pickled({"a": call("posix", "system", "true")})), "posix.system"),
    "a checkpoint that runs something": (lambda f: write_zip(f / "a", {"a": call("posix", "system", "true")}), "posix.system"),
    "an old checkpoint that does": (lambda f: write_legacy(f / "a", {"a": call("posix", "system", "true")}), "posix.system"),
    "TorchScript": (lambda f: write_zip(f / "a", {}, more={"archive/code/a.py": b""}), "TorchScript"),
    "constants of TorchScript": (lambda f: write_zip(f / "a", {}, more={"archive/constants.pkl": b"\x80\x02)."}), "TorchScript"),
    "a second pickle": (lambda f: write_zip(f / "a", {}, more={"archive/more.pkl": b""}), "no checkpoint has"),
    "big endian": (lambda f: write_parts(f / "a", {"a/data.pkl": pickled({}), "a/byteorder": b"big"}), "byte order"),
    "compressed weights": (lambda f: _deflated(f / "a"), "compressed"),
    "missing weights": (lambda f: write_parts(f / "a", {"a/data.pkl": _one_tensor()}), "Weights are missing"),
    "too few weights": (lambda f: write_parts(f / "a", {"a/data.pkl": _one_tensor(), "a/data/0": bytes(6)}), "another size"),
    "a truncated zip": (lambda f: _cut(write_zip(f / "a.pth", SMALL), 40), "end is missing"),
    "truncated old weights": (lambda f: _cut(write_legacy(f / "a", SMALL), 3), "ends in the middle"),
    "old weights and more": (lambda f: _written(f / "b", write_legacy(f / "a", SMALL).read_bytes() + b"x"), "left over"),
    "a header of exabytes": (lambda f: _written(f / "a", _safetensors({}, length=1 << 47)), "header of"),
    "a header beyond the end": (lambda f: _written(f / "a", _safetensors({}, length=4096)), "ends in the middle"),
    "a header that is no JSON": (lambda f: _written(f / "a", _safetensors(b"{" + b"[" * 5000)), "cannot be read as JSON"),
    "tensors that overlap": (
        lambda f: _written(f / "a", _safetensors({"a": _spec([2], 0, 8), "b": _spec([2], 4, 12)}, bytes(12))), "overlap",
    ),
    "tensors with a hole": (lambda f: _written(f / "a", _safetensors({"a": _spec([2], 4, 12)}, bytes(12))), "holes"),
    "tensors that end early": (lambda f: _written(f / "a", _safetensors({"a": _spec([2], 0, 8)}, bytes(9))), "longer or shorter"),
    "a shape that is not its bytes": (lambda f: _written(f / "a", _safetensors({"a": _spec([3], 0, 8)}, bytes(8))), "two sizes"),
    "a shape below zero": (lambda f: _written(f / "a", _safetensors({"a": _spec([-2], 0, 8)}, bytes(8))), "impossible shape"),
    "an unknown type": (lambda f: _written(f / "a", _safetensors({"a": _spec([2], 0, 8, "F3")}, bytes(8))), "impossible shape"),
    "an array of objects": (lambda f: _objects(f / "a.npy"), "plain numbers"),
    "an array that ends early": (lambda f: _cut(_ones(f / "a.npy"), 4), "longer or shorter"),
    "an array whose header is code": (lambda f: _written(f / "a.npy", _array_head("__import__('os')")), "cannot be read"),
    "an array with a deep header": (lambda f: _written(f / "a.npy", _array_head("(" * 9000)), "cannot be read"),
    "an index that lies about its lists": (lambda f: _written(f / "a", _index(lists=2, sizes=(3, 1 << 40))[:400]), "ends in the middle"),
    "an index that ends early": (lambda f: _cut(_written(f / "a", _index()), 5), "ends in the middle"),
    "an index with something behind it": (lambda f: _written(f / "a", _index() + b"x"), "damaged"),
    "deep JSON": (lambda f: _written(f / "a.json", "[" * 200_000), "cannot be read as JSON"),
    "YAML that builds something": (
        lambda f: _written(f / "a.yml", "a: !!python/object/apply:os.system ['true']"), "cannot be read as YAML",
    ),
    "YAML that multiplies itself": (lambda f: _written(f / "a.yml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"), "by reference"),
    "a document of megabytes": (lambda f: _written(f / "a.json", "[" + "1," * 3_000_000 + "1]"), "larger than any"),
}  # fmt: skip


def _one_tensor() -> bytes:
    storage = b"(" + TENSOR + name("torch", "HalfStorage") + instructions("0") + instructions("cpu") + instructions(4) + b"tQ"
    arguments = b"(" + storage + b"".join(map(instructions, (0, (4,), (1,), False, {}))) + b"t"
    return pickled({"a": Raw(name("torch._utils", "_rebuild_tensor_v2") + arguments + b"R")})


def _deflated(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/data.pkl", pickled({}) + bytes(200))
    return path


def _cut(path: Path, count: int) -> Path:
    path.write_bytes(path.read_bytes()[:-count])
    return path


def _ones(path: Path) -> Path:
    numpy.save(path, numpy.ones(4))
    return path


def _objects(path: Path) -> Path:
    numpy.save(path, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    return path


def _array_head(text: str) -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_taken_is_refused_in_one_sentence_with_the_way_out(what: str, tmp_path: Path) -> None:
    make, words = REFUSED[what]
    path = make(tmp_path)
    with pytest.raises(InvalidRequest) as refused:
        skeleton(path, path.name)
    assert words in refused.value.message
    assert refused.value.message.endswith(".")
    assert refused.value.problems[0].fix.label


def test_a_directory_of_a_hundred_thousand_entries_is_not_read(tmp_path: Path) -> None:
    content = bytearray(_zip(tmp_path / "a.zip").read_bytes())
    at = content.rfind(b"PK\5\6")
    struct.pack_into("<HH", content, at + 8, 50_000, 50_000)
    path = _written(tmp_path / "b.zip", bytes(content))
    assert kind_of(path) == containers.ZIP
    with pytest.raises(InvalidRequest, match="50000 entries"), containers.open_zip(path):
        pass


def test_a_zip_whose_files_overlap_is_refused(tmp_path: Path) -> None:
    """The directory names the same bytes twice, under two names."""
    path = _zip(tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as file:
        twin = file.infolist()[0]
        file.filelist.append(_twin(twin, "voice/b.pth"))
        file.NameToInfo["voice/b.pth"] = file.filelist[-1]
        file._didModify = True              # type: ignore[attr-defined]
    with pytest.raises(InvalidRequest, match="overlap"), containers.open_zip(path):
        pass


def _twin(info: zipfile.ZipInfo, filename: str) -> zipfile.ZipInfo:
    twin = zipfile.ZipInfo(filename)
    for slot in ("header_offset", "compress_size", "file_size", "CRC", "compress_type", "flag_bits"):
        setattr(twin, slot, getattr(info, slot))
    return twin


def test_reading_leaves_every_file_as_it_was(tmp_path: Path) -> None:
    before = {kind: make(tmp_path / kind).read_bytes() for kind, make in MADE.items() if not (tmp_path / kind).mkdir()}
    for kind in MADE:
        path = next((tmp_path / kind).iterdir())
        with contextlib.suppress(InvalidRequest):
            skeleton(path, path.name)
        assert path.read_bytes() == before[kind]
