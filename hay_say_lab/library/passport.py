"""Voice packs and their passports: a voice as one file that says what it is, where it is from, and who says so.

A pack is a plain zip, nothing compressed: `passport.json` first, then each file of the voice under `files/`. The passport
is canonical JSON with the hash of every file, signed (Ed25519) by the lab that made the pack. A good signature says that
nobody changed anything since, and which lab's key signed; whether that lab tells the truth, people decide.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from hay_say_lab.domain.canonical import canonical_json, is_sha256, sha256_hex
from hay_say_lab.domain.voice import CONSENTS, Voice, VoiceFile, is_slug
from hay_say_lab.errors import Conflict, Fix, Problem, StorageFailed, WrongContent
from hay_say_lab.storage.home import disk_refused, write_atomically
from hay_say_lab.storage.weights import is_file_name

FORMAT = 1
MARK = "hay-say voice"              # what a passport calls itself
PASSPORT, FILES = "passport.json", "files/"
SUFFIX = ".hay-say-voice.zip"
LARGEST_PASSPORT_BYTES = 1 << 20
MOST_FILES = 64
BLOCK_BYTES = 1 << 20
_LONG_AGO = (1980, 1, 1, 0, 0, 0)   # a zip cannot say that it has no time


@dataclass(frozen=True, slots=True)
class Signer:
    """This lab's key. `public` (64 hex digits) is what others know it by."""

    _secret: bytes

    @classmethod
    def of(cls, path: Path) -> Signer:
        """The key in this file (0600), made where there is none. Raises StorageFailed."""
        try:
            return cls(bytes.fromhex(path.read_text(encoding="ascii").strip()))
        except FileNotFoundError:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            secret = Ed25519PrivateKey.generate().private_bytes_raw()
            write_atomically(path, secret.hex().encode(), 0o600)
            return cls(secret)
        except (OSError, ValueError):
            raise StorageFailed(
                f"This lab's key ({path.name}) cannot be read.",
                field="passport",
                fix="Put the file of a backup in its place, or remove it: the lab then signs with a new one.",
            ) from None

    @property
    def public(self) -> str:
        return self._key().public_key().public_bytes_raw().hex()

    def sign(self, content: bytes) -> str:
        """128 hex digits."""
        return self._key().sign(content).hex()

    def _key(self) -> Any:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            return Ed25519PrivateKey.from_private_bytes(self._secret)
        except ValueError:
            raise StorageFailed(
                "This lab's key is damaged.", field="passport", fix="Put the file of a backup in its place."
            ) from None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pack is. `problems` empty: every file is as the passport says, and the passport as it was signed.

    `key`: by whom (64 hex digits of a public key), '' where no signature holds. `voice` is None where nothing could be read.
    """

    voice: Voice | None
    key: str
    exported_at: str
    problems: tuple[Problem, ...]

    @property
    def sound(self) -> bool:
        return not self.problems and self.voice is not None


def write_pack(voice: Voice, files: Mapping[str, Path], signer: Signer, exported_on: str, out: Path) -> None:
    """Write a voice's pack; the same voice, key and day (ISO date) give the same bytes.

    Raises Conflict for a voice without files, StorageFailed where a file is not what the registry says it is.
    """
    if not voice.files:
        raise Conflict(
            f"The voice '{voice.id}' has no files of its own.", field="voice", fix="Install its architecture where you need it."
        )
    document = canonical_json(_document(voice, signer.public, exported_on))
    signed = {"passport": json.loads(document), "signature": signer.sign(document)}
    try:
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as pack:
            pack.writestr(_entry(PASSPORT), canonical_json(signed))
            for role, file in sorted(voice.files.items(), key=lambda item: item[1].name):
                with pack.open(_entry(FILES + file.name), "w", force_zip64=file.bytes > 1 << 31) as target:
                    _copy(files[role], file, target)
    except OSError as error:
        raise disk_refused(error) from error


def is_pack(path: Path) -> bool:
    """Whether a file is a zip that begins with a passport; everything else about it may be wrong still."""
    try:
        with zipfile.ZipFile(path) as pack:
            first = pack.infolist()[:1]
            return bool(first) and first[0].filename == PASSPORT
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def check(path: Path) -> Verdict:
    """Hold a pack against its passport: shape, names, sizes, hashes, signature. Reads no more than the file is long."""
    try:
        with zipfile.ZipFile(path) as pack:
            entries = pack.infolist()
            return _checked(pack, {entry.filename: entry for entry in entries}, len(entries), path.stat().st_size)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return _nothing("The file is no voice pack, or it was cut off.")


def unpack(path: Path, folder: Path) -> dict[str, Path]:
    """The files of a sound pack, by role, in an empty folder. Raises WrongContent where it is not sound, StorageFailed."""
    verdict = check(path)
    if verdict.voice is None or not verdict.sound:
        raise WrongContent(verdict.problems[0].message, problems=verdict.problems)
    found: dict[str, Path] = {}
    try:
        with zipfile.ZipFile(path) as pack:
            for role, file in verdict.voice.files.items():
                found[role] = folder / file.name
                with pack.open(FILES + file.name) as source, found[role].open("wb") as target:
                    while block := source.read(BLOCK_BYTES):
                        target.write(block)
    except OSError as error:
        raise disk_refused(error) from error
    return found


def _document(voice: Voice, key: str, exported_on: str) -> dict[str, Any]:
    known = voice.as_json()
    kept = ("id", "architecture", "title", "hash", "languages", "files", "provenance", "notes", "origin", "approval")
    return {
        "kind": MARK,
        "format": FORMAT,
        "voice": {name: known[name] for name in kept},
        "exported_at": exported_on,
        "exported_by": key,
    }


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.create_system, entry.external_attr = 3, 0o600 << 16
    return entry


def _copy(source: Path, expected: VoiceFile, target: IO[bytes]) -> None:
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != expected.sha256:
        raise StorageFailed(
            f"The file '{expected.name}' is not what it was when the voice came in.",
            field="voice",
            fix="See 'hay-say storage fsck --deep', and import the voice again.",
        )


def _checked(pack: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], count: int, size: int) -> Verdict:
    if count != len(entries) or count > MOST_FILES + 1:
        return _nothing("The pack names a file twice, or holds too many.")
    if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 for entry in entries.values()):
        return _nothing("The pack is compressed or encrypted; a voice pack is neither.")
    if sum(entry.file_size for entry in entries.values()) > size or entries[PASSPORT].file_size > LARGEST_PASSPORT_BYTES:
        return _nothing("The pack says that its files are larger than it is itself.")
    signed = json.loads(pack.read(entries[PASSPORT]))
    passport, signature = signed["passport"], str(signed["signature"])
    if not isinstance(passport, dict) or passport.get("kind") != MARK or passport.get("format") != FORMAT:
        return _nothing("The passport is of a kind or format that this version does not know.")
    voice = _voice(passport["voice"])
    if voice is None:
        return _nothing("The passport does not describe a voice.")
    key, problems = str(passport.get("exported_by", "")), list(_file_problems(pack, entries, voice))
    if not _holds(key, signature, canonical_json(passport)):
        key = ""
        problems.append(
            Problem("passport", "The passport's signature does not hold: it was changed.", Fix("Get the pack from its maker again."))
        )
    return Verdict(voice, key, str(passport.get("exported_at", ""))[:40], tuple(problems))


def _voice(document: Any) -> Voice | None:
    """The voice that a passport describes; None where a field is not what it should be."""
    try:
        known = Voice.from_json({**document, "builtin": False, "created_at": ""})
        architecture, _, slug = known.id.partition(":")
        texts = (*known.provenance.as_json().values(), known.title, known.hash, *known.languages)
        consent = known.provenance.consent
        names = [file.name for file in known.files.values()]
        fits = (
            is_slug(architecture) and is_slug(slug) and architecture == known.architecture and bool(names)
            and all(isinstance(text, str) for text in texts) and is_sha256(known.hash)
            and consent in ("", *CONSENTS)
            and all(is_sha256(file.sha256) and type(file.bytes) is int for file in known.files.values())
            and all(is_file_name(name) for name in names) and len(set(names)) == len(names)
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return known if fits else None


def _file_problems(pack: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], voice: Voice) -> Iterator[Problem]:
    listed = {FILES + file.name: file for file in voice.files.values()}
    again = Fix("Get the pack from its maker again.")
    for name in sorted(set(entries) - set(listed) - {PASSPORT}):
        yield Problem("files", f"The pack holds '{name[:80]!a}', of which the passport says nothing.", again)
    for place, file in listed.items():
        if place not in entries:
            yield Problem("files", f"The pack lacks '{file.name}'.", again)
        elif entries[place].file_size != file.bytes or _hash(pack, entries[place]) != file.sha256:
            yield Problem("files", f"'{file.name}' is not the file that the passport names.", again)


def _hash(pack: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    digest = hashlib.sha256()
    try:
        with pack.open(entry) as source:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError):
        return ""
    return digest.hexdigest()


def _holds(key: str, signature: str, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _nothing(message: str) -> Verdict:
    return Verdict(None, "", "", (Problem("pack", message, Fix("Get the pack from its maker again.")),))


def fingerprint(key: str) -> str:
    """A key as people compare it: four groups of four digits of its hash."""
    digits = sha256_hex(key.encode())[:16]
    return " ".join(digits[first : first + 4] for first in range(0, 16, 4))
