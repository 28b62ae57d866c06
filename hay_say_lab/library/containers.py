"""What a file is, told by its first bytes and its structure, never by its name; and what it holds, as a skeleton."""

from __future__ import annotations

from pathlib import Path

from hay_say_lab.domain.skeleton import Skeleton
from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library import checkpoints, plain_files
from hay_say_lab.library.rebuilding import ASKS
from hay_say_lab.library.refusal import NEW_COPY, SAFETENSORS, refusal
from hay_say_lab.library.zip_directory import open_zip

# Words for what a file is.
TORCH, TORCH_LEGACY, TORCH_TAR, PICKLE = "torch", "torch_legacy", "torch_tar", "pickle"
SAFETENSORS_FILE, ARRAY, ARRAYS, INDEX = "safetensors", "array", "arrays", "faiss"
JSON, YAML, TEXT, ONNX = "json", "yaml", "text", "onnx"
ZIP, TAR, SEVEN_ZIP = "zip", "tar", "7z"
HTML, LFS_POINTER, SOUND, EMPTY, UNKNOWN = "html", "lfs_pointer", "sound", "empty", "unknown"

CHECKPOINTS = frozenset({TORCH, TORCH_LEGACY})
ARCHIVES = frozenset({ZIP, TAR, SEVEN_ZIP})
DOCUMENTS = frozenset({JSON, YAML})

WEIGHTS = frozenset({".pth", ".pt", ".ckpt", ".bin", ".pkl", ".safetensors", ".onnx", ".t7", ".model"})     # as people name them
_HEAD = 1024                    # bytes that are looked at
_COMPRESSED = {b"\x1f\x8b": TAR, b"BZh": TAR, b"\xfd7zXZ\0": TAR}
_SOUNDS = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"FORM", b"riff\x2e\x91")
_INDEXES = (b"IwFl", b"IxF2", b"IxFI", b"IwPQ", b"IwSq", b"IxPT", b"IHNf", b"IxHL", b"IxMp", b"IxM2", b"IwFI")


def kind_of(path: Path) -> str:
    """One of the words above. Reads a kilobyte, and the directory of a zip."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    size = path.stat().st_size
    if not head:
        return EMPTY
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return _kind_of_zip(path)
    if head.startswith(checkpoints.LEGACY_START):
        return TORCH_LEGACY
    if head[257:262] == b"ustar" or _is_old_tar(head):
        return TORCH_TAR if _is_torch_tar(path) else TAR
    for start, kind in _COMPRESSED.items():
        if head.startswith(start):
            return kind
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return SEVEN_ZIP
    if head.startswith(b"\x93NUMPY"):
        return ARRAY
    if head[:4] in _INDEXES:
        return INDEX
    if size > 8 and int.from_bytes(head[:8], "little") < 1 << 48 and head[8:9] == b"{":
        return SAFETENSORS_FILE
    if head[0] == 0x80 and len(head) > 1 and head[1] <= 5:
        return PICKLE
    if head.startswith(_SOUNDS):
        return SOUND
    return _kind_of_text(head, path)


def _kind_of_zip(path: Path) -> str:
    try:
        with open_zip(path) as (_, entries):
            names = [entry.name for entry in entries]
    except InvalidRequest:
        return ZIP                      # whoever unpacks it tells what is wrong
    if checkpoints.is_checkpoint(names):
        return TORCH
    return ARRAYS if names and all(name.endswith(".npy") for name in names) else ZIP


def _is_old_tar(head: bytes) -> bool:
    """A tar header without the word ustar: its checksum is right."""
    if len(head) < 512:
        return False
    block = head[:148] + b" " * 8 + head[156:512]
    told = head[148:156].rstrip(b"\0 ").lstrip(b" ")
    return told.isdigit() and all(digit in b"01234567" for digit in told) and int(told, 8) == sum(block)


def _is_torch_tar(path: Path) -> bool:
    """The oldest files of torch are tars of these four; the first header tells which one comes first."""
    with path.open("rb") as file:
        first = file.read(100).rstrip(b"\0").removeprefix(b"./")
    return first in (b"sys_info", b"pickle", b"storages", b"tensors")


def _kind_of_text(head: bytes, path: Path) -> str:
    if path.suffix.lower() == ".onnx" or b"onnx" in head[:64] or b"pytorch" in head[:64] and head[:1] == b"\x08":
        return ONNX
    if b"\0" in head:
        return UNKNOWN
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")):
        return HTML
    if text.startswith(b"version https://git-lfs"):
        return LFS_POINTER
    if text.startswith((b"{", b"[")) and path.suffix.lower() not in (".yml", ".yaml"):
        return JSON
    if path.suffix.lower() in (".yml", ".yaml"):
        return YAML
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return UNKNOWN
    return TEXT


def skeleton(path: Path, name: str, label: str = "") -> Skeleton:
    """What a file holds. Raises InvalidRequest, one sentence with the way out, for what is damaged, dangerous or no weights."""
    kind, size = kind_of(path), path.stat().st_size
    if kind in CHECKPOINTS:
        pickled = checkpoints.read_zip(path) if kind == TORCH else checkpoints.read_legacy(path)
        return Skeleton(name, kind, size, pickled.value, label, {"inert": pickled.inert})
    if kind == SAFETENSORS_FILE:
        tensors, metadata = plain_files.read_safetensors(path)
        return Skeleton(name, kind, size, tensors, label, {"metadata": metadata})
    if kind == PICKLE:
        return Skeleton(name, kind, size, checkpoints.read_bare(path), label)
    if kind == ARRAY:
        return Skeleton(name, kind, size, plain_files.read_array(path), label)
    if kind == ARRAYS:
        return Skeleton(name, kind, size, None, label)
    if kind == INDEX:
        return Skeleton(name, kind, size, None, label, plain_files.read_index(path))
    if kind in DOCUMENTS:
        document = plain_files.read_json(path) if kind == JSON else plain_files.read_yaml(path)
        return Skeleton(name, kind, size, document, label)
    if kind in (TEXT, UNKNOWN) and path.suffix.lower() in WEIGHTS:
        _check_pickle(path)
    if kind == ZIP:
        with open_zip(path):
            pass                        # of one that is damaged it tells how
    if kind in _REFUSED:
        raise refusal(*_REFUSED[kind])
    return Skeleton(name, kind, size, None, label)


def _check_pickle(path: Path) -> None:
    """What a file that calls itself weights, and is none of a known kind, asks for if it is taken as a pickle."""
    try:
        checkpoints.read_bare(path)
    except InvalidRequest as refused:
        if refused.message.startswith(ASKS):
            raise
    raise refusal("The file calls itself weights, and is of no kind that is read here.", SAFETENSORS)


_REFUSED = {
    EMPTY: ("The file is empty.", NEW_COPY),
    HTML: ("The file is a web page, not a voice: the download gave an error page or asked for a login.", "Open its address in a browser, and bring the file that it gives."),
    LFS_POINTER: ("The file is a pointer of Git LFS: it names the weights and does not hold them.", "Fetch the file itself ('git lfs pull', or its download link)."),
    TORCH_TAR: ("The file was written by a torch of before 2018, which nothing here reads safely.", "Load it with an old torch and save it anew, or ask for a newer file."),
}  # fmt: skip
