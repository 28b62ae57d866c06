"""What kind of file it is, by its first bytes and never by its name: what ffmpeg has to read, and what only points elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hay_say_lab.audio.adts import behind_id3, is_frame

HEAD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Kind:
    """A container that libsndfile does not read and ffmpeg does; `demuxer` is ffmpeg's name for its only reader."""

    name: str               # as facts and recipes call it
    title: str              # as people call it
    demuxer: str
    format_names: str       # all that the demuxer calls itself, for ffmpeg's own allow-list


MP4 = Kind("MP4", "MP4 (m4a, mp4)", "mov", "mov,mp4,m4a,3gp,3g2,mj2")
MOV = Kind("MOV", "QuickTime (mov)", "mov", "mov,mp4,m4a,3gp,3g2,mj2")
WEBM = Kind("WEBM", "WebM", "matroska", "matroska,webm")
MATROSKA = Kind("MATROSKA", "Matroska (mkv, mka)", "matroska", "matroska,webm")
AAC = Kind("AAC", "AAC (ADTS)", "aac", "aac")
KINDS = {kind.name: kind for kind in (MP4, MOV, WEBM, MATROSKA, AAC)}

_QUICKTIME_BOXES = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})    # of a movie without `ftyp`
_PLAYLISTS = (
    (b"#extm3u", "M3U"),
    (b"ffconcat", "ffconcat"),
    (b"[playlist]", "PLS"),
    (b"[reference]", "ASX"),
    (b"<asx", "ASX"),
    (b"<?wpl", "WPL"),
    (b"<smil", "SMIL"),
    (b"<mpd", "DASH"),
    (b"<playlist", "XSPF"),
    (b"v=0\r\no=", "SDP"),
    (b"v=0\no=", "SDP"),
)
_LISTED = (b"file ", b"file:", b"http:", b"https:", b"rtsp:", b"rtmp:", b"ftp:", b"concat:", b"subfile")
_XML = b"<?xml"


def kind_of(path: Path) -> Kind | None:
    """The kind of a file that ffmpeg has to read; None where it is libsndfile's to read or to refuse."""
    head = _head(path)
    if head[4:8] == b"ftyp":
        return MOV if head[8:12] == b"qt  " else MP4
    if head[4:8] in _QUICKTIME_BOXES:
        return MOV
    if head[:4] == b"\x1a\x45\xdf\xa3":                     # EBML; its document type says which
        return WEBM if b"\x42\x82\x84webm" in head[:128] else MATROSKA
    with path.open("rb") as file:
        file.seek(behind_id3(head))
        return AAC if is_frame(file.read(7)) else None


def playlist_of(path: Path) -> str | None:
    """The name of the kind of list that a file is: it names sound that lies elsewhere and holds none."""
    head = _head(path).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith(_XML):
        return next((name for mark, name in _PLAYLISTS if mark.startswith(b"<") and mark in head), None)
    if head.startswith(_LISTED):
        return "list of files"
    return next((name for mark, name in _PLAYLISTS if head.startswith(mark)), None)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
