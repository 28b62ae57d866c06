"""Files that strangers could send to break or to take over whoever opens them, each with the words of its refusal."""

from __future__ import annotations

import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import py7zr

from tests.library.torch_files import Raw, call, pickled, write_legacy, write_parts, write_zip

Make = Callable[[Path, "Payload"], object]


class Payload:
    """What would be run: it leaves a file, and calls somebody."""

    def __init__(self, canary: Path, port: int) -> None:
        self.command = f"touch {canary}; python3 -c \"import socket; socket.create_connection(('127.0.0.1', {port}))\""

    def __reduce__(self) -> Any:
        import os

        return os.system, (self.command,)

    @property
    def raw(self) -> Raw:
        return call("posix", "system", self.command)


def _tar(path: Path, files: dict[str, bytes], mode: str = "w") -> None:
    with tarfile.open(path, mode, format=tarfile.USTAR_FORMAT) as file:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))


def _many_in_a_zip(path: Path, count: int = 100_000) -> None:
    local = struct.Struct("<4s5H3L2H")
    central = struct.Struct("<4s6H3L5H2L")
    names = [b"%06d" % number for number in range(count)]
    size = local.size + 6
    content = b"".join(local.pack(b"PK\3\4", 20, 0, 0, 0, 0, 0, 0, 0, 6, 0) + name for name in names)
    directory = b"".join(
        central.pack(b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, number * size) + name
        for number, name in enumerate(names)
    )
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), len(content))
    place = struct.pack("<4sLQL", b"PK\6\7", 0, len(content) + len(directory), 1)
    path.write_bytes(content + directory + end + place + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0))


def _many_in_a_tar(path: Path, count: int = 100_000) -> None:
    path.write_bytes(gzip.compress(tarfile.TarInfo("a.pth").tobuf(tarfile.USTAR_FORMAT) * count, 1))


def _bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file, file.open("a.pth", "w") as member:
        for _ in range(200):
            member.write(bytes(1 << 20))


def _packed_zeros(path: Path) -> None:
    info = tarfile.TarInfo("a.pth")
    info.size = 90 << 20
    path.write_bytes(lzma.compress(info.tobuf(tarfile.USTAR_FORMAT) + bytes(info.size), preset=0))


def _objects(path: Path, payload: Payload) -> None:
    with path.open("wb") as file:
        numpy.save(file, numpy.array([payload], dtype=object), allow_pickle=True)


def _link(path: Path) -> None:
    with tarfile.open(path, "w") as file:
        link = tarfile.TarInfo("voice")
        link.type, link.linkname = tarfile.SYMTYPE, "/"
        file.addfile(link)
        info = tarfile.TarInfo("voice/tmp/canary")
        info.size = 1
        file.addfile(info, io.BytesIO(b"x"))


def _safetensors(path: Path, length: int) -> None:
    path.write_bytes(struct.pack("<Q", length) + b"{" + b" " * 100)


def _seven_zip(path: Path, files: dict[str, bytes]) -> None:
    with py7zr.SevenZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(content, name)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def _huge_sizes(path: Path) -> None:
    storage = Raw(b"ctorch\nHalfStorage\n")
    tensor = Raw(b"ctorch._utils\n_rebuild_tensor_v2\n((" + b"".join(
        pickled(part)[2:-1] for part in ("storage", storage, "0", "cpu", 1 << 50)
    ) + b"tQ" + b"".join(pickled(part)[2:-1] for part in (0, (1 << 25, 1 << 25), (1 << 25, 1), False, {})) + b"tR")
    write_zip(path, {"weight": {"a": tensor}})


RUNS = "asks to run"
# name of the file -> how it is made, and words of its refusal
CORPUS: dict[str, tuple[Make, str]] = {
    **{
        f"protocol{protocol}.pkl": (lambda p, x, n=protocol: p.write_bytes(pickle.dumps({"weight": x}, n)), RUNS)
        for protocol in range(6)
    },
    "new.pth": (lambda p, x: write_zip(p, {"weight": {"a": x.raw}}), RUNS),
    "new_key.pth": (lambda p, x: write_zip(p, {"config": [1, x.raw], "weight": {}}), RUNS),
    "old.pth": (lambda p, x: write_legacy(p, {"weight": x.raw}), RUNS),
    "older.pth": (lambda p, x: _tar(p, {"sys_info": b"", "pickle": pickle.dumps(x, 2), "storages": b"", "tensors": b""}), "torch of before 2018"),
    "text.pth": (lambda p, x: p.write_bytes(b"cposix\nsystem\n(S'" + x.command.replace("'", '"').encode() + b"'\ntR."), RUNS),
    "inst.pth": (lambda p, x: p.write_bytes(b"(S'true'\nios\nsystem\n."), RUNS),
    "global_then_corrupt.pth": (lambda p, x: write_parts(p, {"a/data.pkl": b"\x80\x02cos\nsystem\n\xff\xff", "a/version": b"3"}), RUNS),
    "stack_global.pth": (lambda p, x: p.write_bytes(b"\x80\x04\x8c\x05posix\x8c\x06system\x93."), RUNS),
    "load_from_bytes.pth": (lambda p, x: write_zip(p, {"a": call("torch.storage", "_load_from_bytes", "x")}), RUNS),
    "builtin.pth": (lambda p, x: write_zip(p, {"a": call("__builtin__", "eval", "1")}), RUNS),
    "state.pth": (lambda p, x: write_zip(p, {"a": Raw(b"]}X\1\0\0\0aK\1sb")}), RUNS),
    "script.pt": (lambda p, x: write_zip(p, {}, more={"archive/code/__torch__.py": b"import os"}), "TorchScript"),
    "second.pth": (lambda p, x: write_zip(p, {}, more={"archive/extra.pkl": pickle.dumps(x)}), "no checkpoint has"),
    "cut.pth": (lambda p, x: (write_zip(p, {"a": numpy.ones(9)}), _cut(p)), "end is missing"),
    "huge.pth": (lambda p, x: _huge_sizes(p), "damaged"),
    "objects.npy": (lambda p, x: _objects(p, x), "plain numbers"),
    "header.safetensors": (lambda p, x: _safetensors(p, 1 << 40), "announces a header"),
    "header_beyond.safetensors": (lambda p, x: _safetensors(p, 1 << 20), "ends in the middle"),
    "tags.yml": (lambda p, x: p.write_text(f"a: !!python/object/apply:os.system [{x.command!r}]"), "cannot be read as YAML"),
    "laughs.yaml": (lambda p, x: p.write_text("a: &a [x, x]\nb: [*a, *a]\n"), "by reference"),
    "deep.json": (lambda p, x: p.write_text("[" * 100_000), "cannot be read as JSON"),
    "link.tar": (lambda p, x: _link(p), "a link"),
    "bomb.zip": (lambda p, x: _bomb(p), "times its size"),
    "bomb.tar.xz": (lambda p, x: _packed_zeros(p), "times its size"),
    "many.zip": (lambda p, x: _many_in_a_zip(p), "100000 entries"),
    "many.tar.gz": (lambda p, x: _many_in_a_tar(p), "more than 2000 entries"),
    "cut.7z": (lambda p, x: (_seven_zip(p, {"a.pth": b"a" * 999}), _cut(p)), "damaged"),
    "page.pth": (lambda p, x: p.write_text("<!doctype html><title>Sign in</title>"), "web page"),
    "inside.zip": (lambda p, x: _zipped(p, {"a.pth": pickle.dumps(x)}), RUNS),
    "inside.tar": (lambda p, x: _tar(p, {"a.pth": pickle.dumps(x)}), RUNS),
    "inside.7z": (lambda p, x: _seven_zip(p, {"a.pth": pickle.dumps(x)}), RUNS),
    "outside.zip": (lambda p, x: _zipped(p, {"../../../canary.pth": pickle.dumps(x)}), RUNS),
}  # fmt: skip


def _zipped(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)


def write_corpus(folder: Path, payload: Payload) -> dict[str, str]:
    """Every file, in `folder`; its name -> words of its refusal."""
    folder.mkdir()
    words = {}
    for name, (make, told) in CORPUS.items():
        make(folder / name, payload)
        words[name] = told
    return words
