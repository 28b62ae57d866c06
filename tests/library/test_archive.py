"""Archives give plain files under names of our own, as much as the limits say, and nothing else."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hay_say_lab.errors import InvalidRequest
from hay_say_lab.library.archive import unpack
from hay_say_lab.library.unpacking import LONGEST_LABEL, Limits, clean_label

FILES = {"voice/Rainbow Dash.pth": b"weights" * 1000, "voice/added_IVF1.index": b"index", "readme.txt": b""}
SMALL = Limits(total_bytes=1 << 20, free_bytes=1 << 16, entries=100)


def _zip(path: Path, files: dict[str, bytes] | None = None, how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as file:
        for name, content in (FILES if files is None else files).items():
            file.writestr(name, content)
    return path


def _tar(path: Path, files: dict[str, bytes] | None = None, mode: str = "w", form: int = tarfile.GNU_FORMAT) -> Path:
    with tarfile.open(path, mode, format=form) as file:  # type: ignore[call-overload]
        for name, content in (FILES if files is None else files).items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return path


def _seven_zip(path: Path, files: dict[str, bytes] | None = None, password: str | None = None) -> Path:
    with py7zr.SevenZipFile(path, "w", password=password) as file:
        for name, content in (FILES if files is None else files).items():
            file.writestr(content, name)
    return path


GOOD: dict[str, Callable[[Path], Path]] = {
    "zip": _zip,
    "zip, stored": lambda path: _zip(path, how=zipfile.ZIP_STORED),
    "zip, bzip2": lambda path: _zip(path, how=zipfile.ZIP_BZIP2),
    "tar": _tar,
    "tar.gz": lambda path: _tar(path, mode="w:gz"),
    "tar.bz2": lambda path: _tar(path, mode="w:bz2"),
    "tar.xz": lambda path: _tar(path, mode="w:xz"),
    "tar, pax": lambda path: _tar(path, form=tarfile.PAX_FORMAT),
    "tar, ustar": lambda path: _tar(path, form=tarfile.USTAR_FORMAT),
    "7z": _seven_zip,
}


@pytest.mark.parametrize("kind", GOOD)
def test_the_files_of_an_archive_come_out_under_our_names_with_theirs_as_labels(kind: str, tmp_path: Path) -> None:
    members = unpack(GOOD[kind](tmp_path / "a"), tmp_path / "out")
    assert {member.label: (tmp_path / "out" / member.name).read_bytes() for member in members} == FILES
    assert {path.name for path in (tmp_path / "out").iterdir()} == {member.name for member in members}
    assert [member.name for member in members if member.label.endswith("Dash.pth")] == [
        next(m.name for m in members if m.name.endswith(".pth"))
    ]


def test_long_names_are_read_in_both_ways_that_tars_have(tmp_path: Path) -> None:
    name = "a" * 90 + "/" + "b" * 90 + ".pth"
    for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        (member,) = unpack(_tar(tmp_path / f"a{form}", {name: b"x"}, form=form), tmp_path / f"out{form}")
        assert member.label == name


PLACES = ["../../canary", "/canary", "..\\..\\canary", "C:\\canary", "a/../../canary", "./canary", "//host/share/canary", "~/canary",
          "canary\x1b[31m", "CON", "a\u202egpj.pth", "x" * 5000]  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("write", [_zip, _tar, _seven_zip])
def test_no_name_leads_anywhere(write: Callable[[Path, dict[str, bytes]], Path], name: str, tmp_path: Path) -> None:
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    try:
        path = write(tmp_path / "a", {name: b"out!"})
    except (ValueError, OSError):
        pytest.skip("its own writer refuses the name")
    try:
        members = unpack(path, tmp_path / "deep" / "deeper" / "out")
    except InvalidRequest:
        members = ()                            # py7zr refuses some by itself
    found = [path for path in tmp_path.rglob("*") if path.is_file() and path != tmp_path / "a"]
    assert [path.parent for path in found] == [tmp_path / "deep" / "deeper" / "out"] * len(members)
    for member in members:
        assert len(member.label) <= LONGEST_LABEL
        assert member.label.isprintable()


@settings(max_examples=200, deadline=None)
@given(name=st.text(max_size=300))
def test_whatever_a_name_is_its_label_is_printable_and_no_way_up(name: str) -> None:
    label = clean_label(name)
    assert 0 < len(label) <= LONGEST_LABEL
    assert not label.startswith("/")
    assert ".." not in label.split("/")
    assert all(ord(c) >= 32 for c in label)


def _linked(path: Path, kind: bytes) -> Path:
    with tarfile.open(path, "w") as file:
        info = tarfile.TarInfo("voice.pth")
        info.type, info.linkname = kind, "/etc/passwd"
        file.addfile(info)
    return path


def _zip_link(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        info = zipfile.ZipInfo("voice.pth")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    return path


def _seven_zip_link(path: Path) -> Path:
    (path.parent / "link.pth").symlink_to("/etc/passwd")
    with py7zr.SevenZipFile(path, "w") as file:
        file.write(path.parent / "link.pth", "voice.pth")
    return path


def _encrypted(path: Path) -> Path:
    content = bytearray(_zip(path, {"a": b"b"}).read_bytes())
    content[content.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(content)
    return path


def _lying_zip(path: Path) -> Path:
    """Both directories say 5 bytes; 200 000 come out."""
    content = bytearray(_zip(path, {"a": bytes(200_000)}).read_bytes())
    struct.pack_into("<L", content, content.index(b"PK\1\2") + 24, 5)
    struct.pack_into("<L", content, 22, 5)
    path.write_bytes(content)
    return path


def _deep_name(path: Path) -> Path:
    """A name of 200 MB, that packs to 200 kB."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 200 << 20
    path.write_bytes(bz2.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20)))
    return path


def _cut(path: Path, keep: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "a symbolic link": (lambda p: _linked(p, tarfile.SYMTYPE), "a link"),
    "a hard link": (lambda p: _linked(p, tarfile.LNKTYPE), "a link"),
    "a device": (lambda p: _linked(p, tarfile.CHRTYPE), "a device"),
    "a pipe": (lambda p: _linked(p, tarfile.FIFOTYPE), "a pipe"),
    "a link in a zip": (_zip_link, "a link"),
    "a link in a 7z": (_seven_zip_link, "a link"),
    "an encrypted zip": (_encrypted, "encrypted"),
    "an encrypted 7z": (lambda p: _seven_zip(p, {"a": b"b"}, "secret"), "encrypted"),
    "a zip bomb": (lambda p: _zip(p, {"a": bytes(900_000)}), "times its size"),
    "a zip bomb of many": (lambda p: _zip(p, {f"{n}": bytes(20_000) for n in range(50)}), "times its size"),
    "a zip that lies about its files": (_lying_zip, "damaged"),
    "a tar bomb": (lambda p: _tar(p, {"a": bytes(900_000)}, "w:bz2"), "times its size"),
    "a 7z bomb": (lambda p: _seven_zip(p, {"a": bytes(900_000)}), "times its size"),
    "more than the limit": (lambda p: _zip(p, {"a": bytes(2 << 20)}, zipfile.ZIP_STORED), "more than 1 MB"),
    "too many in a zip": (lambda p: _zip(p, {f"{n}": b"" for n in range(101)}), "101 entries"),
    "too many in a tar": (lambda p: _tar(p, {f"{n}": b"" for n in range(101)}), "more than 100 entries"),
    "too many in a 7z": (lambda p: _seven_zip(p, {f"{n}": b"x" for n in range(101)}), "more than 100 entries"),
    "a name of megabytes": (_deep_name, "longer than any"),
    "a zip cut off": (lambda p: _cut(_zip(p), 0.5), "end is missing"),
    "a tar cut off": (lambda p: _cut(_tar(p), 0.2), "ends in the middle"),
    "a tar.gz cut off": (lambda p: _cut(_tar(p, mode="w:gz"), 0.5), "cannot be decompressed"),
    "a 7z cut off": (lambda p: _cut(_seven_zip(p), 0.5), "damaged"),
    "something compressed that is no tar": (lambda p: (p.write_bytes(lzma.compress(b"x" * 5000)), p)[1], "no tar"),
    "an unknown compression": (lambda p: _zip(p, how=zipfile.ZIP_LZMA), "not read here"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_unpacked_says_why_and_costs_no_more_than_the_limit(what: str, tmp_path: Path) -> None:
    make, words = REFUSED[what]
    path = make(tmp_path / "a")
    with pytest.raises(InvalidRequest) as refused:
        unpack(path, tmp_path / "out", SMALL)
    assert words in refused.value.message
    assert refused.value.problems[0].fix.label
    written = sum(file.stat().st_size for file in (tmp_path / "out").iterdir())
    assert written <= SMALL.total_bytes


def test_a_zip_that_holds_a_name_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a", "w") as file:
        file.writestr("a.pth", b"one")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a.pth", b"two")
    with pytest.raises(InvalidRequest, match="twice"):
        unpack(tmp_path / "a", tmp_path / "out")
