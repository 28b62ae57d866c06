"""Voice packs: what was packed comes out bit-equal, and whatever was changed on the way is named."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.canonical import canonical_json, sha256_hex
from hay_say_lab.domain.voice import Approval, Provenance, Voice, VoiceFile
from hay_say_lab.errors import Conflict, StorageFailed, WrongContent
from hay_say_lab.library.passport import PASSPORT, Signer, check, fingerprint, is_pack, unpack, write_pack

CONTENTS = {"model": ("model.safetensors", b"weights" * 1000), "config": ("config.json", b"{}")}
VOICE = Voice(
    "parrot:mine", "parrot", "Grün", "a" * 64, builtin=False, languages=("de",),
    files={role: VoiceFile(name, sha256_hex(content), len(content)) for role, (name, content) in CONTENTS.items()},
    provenance=Provenance("a book", "Ann", "CC0-1.0", "tests", "an hour", "given", "in writing"),
    approval=Approval("olga", "2026-11-20T00:00:00.000Z", "fine"), origin={"address": "https://example.org/x"},
)  # fmt: skip


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer.of(tmp_path / "passport.key")


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "voice"
    folder.mkdir()
    for name, content in CONTENTS.values():
        (folder / name).write_bytes(content)
    return {role: folder / name for role, (name, _) in CONTENTS.items()}


@pytest.fixture
def pack(tmp_path: Path, signer: Signer, files: dict[str, Path]) -> Path:
    write_pack(VOICE, files, signer, "2026-11-20", tmp_path / "one.zip")
    return tmp_path / "one.zip"


def test_a_pack_says_what_it_is_who_signed_it_and_gives_every_file_back(pack: Path, signer: Signer, tmp_path: Path) -> None:
    verdict = check(pack)

    assert (verdict.sound, verdict.key, verdict.exported_at) == (True, signer.public, "2026-11-20")
    assert verdict.voice == replace(VOICE, created_at="")
    out = tmp_path / "out"
    out.mkdir()
    assert {role: path.read_bytes() for role, path in unpack(pack, out).items()} == {r: c for r, (_, c) in CONTENTS.items()}
    assert is_pack(pack)


def test_the_same_voice_packed_again_is_the_same_file(pack: Path, signer: Signer, files: dict[str, Path], tmp_path: Path) -> None:
    write_pack(VOICE, files, signer, "2026-11-20", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == pack.read_bytes()


def test_a_labs_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    first, again = Signer.of(tmp_path / "key"), Signer.of(tmp_path / "key")
    assert first.public == again.public != Signer.of(tmp_path / "another").public
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    assert len(fingerprint(first.public).split()) == 4
    (tmp_path / "key").write_text("no key")
    with pytest.raises(StorageFailed, match="cannot be read"):
        Signer.of(tmp_path / "key")


def test_the_key_does_not_travel(pack: Path, tmp_path: Path) -> None:
    assert (tmp_path / "passport.key").read_bytes() not in pack.read_bytes()


def _rewritten(pack: Path, change: Callable[[dict[str, bytes]], None], compression: int = zipfile.ZIP_STORED) -> Path:
    """The pack with other content."""
    with zipfile.ZipFile(pack) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    change(contents)
    with zipfile.ZipFile(pack, "w", compression) as new:
        for name, content in contents.items():
            new.writestr(name, content)
    return pack


def _passport(contents: dict[str, bytes], change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(contents[PASSPORT])
    change(document)
    contents[PASSPORT] = canonical_json(document)


def _another_licence(contents: dict[str, bytes]) -> None:
    _passport(contents, lambda d: d["passport"]["voice"]["provenance"].update(licence="MIT"))


def _another_signer(contents: dict[str, bytes]) -> None:
    _passport(contents, lambda d: d["passport"].update(exported_by="0" * 64))


def _no_signature(contents: dict[str, bytes]) -> None:
    _passport(contents, lambda d: d.update(signature=""))


def _other_weights(contents: dict[str, bytes]) -> None:
    contents["files/model.safetensors"] = b"WEIGHTS" * 1000


def _longer_weights(contents: dict[str, bytes]) -> None:
    contents["files/model.safetensors"] += b"x"


def _no_config(contents: dict[str, bytes]) -> None:
    del contents["files/config.json"]


def _one_more(contents: dict[str, bytes]) -> None:
    contents["files/../../evil.py"] = b"boom"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_another_licence, "signature does not hold"),
        (_another_signer, "signature does not hold"),
        (_no_signature, "signature does not hold"),
        (_other_weights, "not the file that the passport names"),
        (_longer_weights, "not the file that the passport names"),
        (_no_config, "lacks 'config.json'"),
        (_one_more, "of which the passport says nothing"),
    ],
)
def test_what_was_changed_is_named(change: Callable[[dict[str, bytes]], None], said: str, pack: Path, tmp_path: Path) -> None:
    verdict = check(_rewritten(pack, change))
    assert not verdict.sound
    assert any(said in problem.message for problem in verdict.problems)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(WrongContent):
        unpack(pack, out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("at", range(0, 100, 9))
def test_a_pack_that_was_cut_off_anywhere_is_refused(at: int, pack: Path) -> None:
    content = pack.read_bytes()
    pack.write_bytes(content[: len(content) * at // 100])
    assert not check(pack).sound


def test_every_changed_byte_of_what_the_pack_says_is_noticed(pack: Path) -> None:
    """The hashes cover the files, the signature the passport; of the zip's own words some may differ."""
    content = pack.read_bytes()
    start, end = content.index(b'{"passport"'), content.index(b"files/")
    for at in [*range(start, end - 60, 97), content.index(b"weights") + 3]:
        pack.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert not check(pack).sound, at


def _set(path: str, value: Any) -> Callable[[dict[str, bytes]], None]:
    def change(contents: dict[str, bytes]) -> None:
        def inner(document: dict[str, Any]) -> None:
            *parts, last = path.split("/")
            for part in parts:
                document = document[part]
            document[last] = value

        _passport(contents, inner)

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("passport", []), ("passport", {}), ("passport/voice", None), ("passport/voice/id", "../x:y"), ("passport/voice/id", "other:mine"),
        ("passport/voice/files", {}), ("passport/voice/files/model/name", "../../x"), ("passport/voice/files/model/name", "config.json"),
        ("passport/voice/files/model/sha256", "zz"), ("passport/voice/files/model/bytes", "7"), ("passport/voice/provenance", {"x": 1}),
        ("passport/voice/provenance/consent", "surely"), ("passport/voice/title", 7), ("passport/format", 2), ("passport/kind", "x"),
    ],
)  # fmt: skip
def test_a_passport_that_is_none_is_refused_without_a_trace_in_the_file_system(path: str, value: Any, pack: Path) -> None:
    verdict = check(_rewritten(pack, _set(path, value)))
    assert verdict.voice is None
    assert verdict.problems


def test_a_pack_that_unpacks_to_more_than_it_is_is_refused(pack: Path) -> None:
    verdict = check(_rewritten(pack, lambda contents: None, zipfile.ZIP_DEFLATED))
    assert "compressed" in verdict.problems[0].message


def test_a_file_that_changed_on_the_disk_is_not_exported(signer: Signer, files: dict[str, Path], tmp_path: Path) -> None:
    files["model"].write_bytes(b"something else")
    with pytest.raises(StorageFailed, match=r"model\.safetensors"):
        write_pack(VOICE, files, signer, "2026-11-20", tmp_path / "one.zip")


def test_a_voice_without_files_has_no_pack(signer: Signer, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="no files"):
        write_pack(replace(VOICE, files={}), {}, signer, "2026-11-20", tmp_path / "one.zip")
