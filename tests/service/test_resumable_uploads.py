"""Files that come piece by piece: gone on with after a broken line or a dead host, checked at their end, taken back."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service.conftest import ALICE, BOB, host_for_many
from tests.service.running_host import PREFIX, Reply, RunningHost, start_host, until
from tests.service.sounds import encoded, hours_of_silence, noise, tone

BYTES = {"Content-Type": "application/octet-stream"}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _begin(host: RunningHost, content: bytes, token: str = ALICE, **more: Any) -> dict[str, Any]:
    reply = host.call("POST", "/uploads", {"bytes": len(content), **more}, token=token)
    assert reply.status in (200, 201), reply.content
    return dict(reply.json())


def _append(host: RunningHost, upload: str, offset: int, piece: bytes, token: str = ALICE) -> Reply:
    return host.call("PATCH", f"/uploads/{upload}", body=piece, headers={**BYTES, "Upload-Offset": str(offset)}, token=token)


def _offset(host: RunningHost, upload: str) -> int:
    reply = host.call("HEAD", f"/uploads/{upload}", token=ALICE)
    assert reply.status == 200
    return int(reply.headers["upload-offset"])


def _left(host: RunningHost, upload: str) -> list[str]:
    return sorted(path.name for path in (host.home / "uploads").glob(f"{upload}*"))


def test_pieces_become_the_clip_that_one_call_would_have_made(host: RunningHost) -> None:
    content = noise(1.0, seed=101)
    begun = _begin(host, content, label="Übung 1.wav", sha256=_sha256(content))
    assert (begun["offset"], begun["bytes"], begun["complete"]) == (0, len(content), False)

    first = _append(host, begun["id"], 0, content[:10_000])
    assert (first.status, first.json()["offset"], first.json()["clip"]) == (200, 10_000, None)
    assert (first.headers["upload-offset"], first.headers["upload-complete"]) == ("10000", "?0")
    last = _append(host, begun["id"], 10_000, content[10_000:])

    assert last.json()["complete"] is True
    assert last.headers["upload-complete"] == "?1"
    assert last.json()["clip"] == host.send_clip(content, label="Übung 1.wav", token=ALICE).json()
    assert last.json()["clip"] == host.call("GET", f"/clips/{_sha256(content)}", token=ALICE).json()


def test_who_did_not_hear_the_end_asks_again_and_hears_the_same(host: RunningHost) -> None:
    content = noise(0.3, seed=102)
    begun = _begin(host, content)
    told = _append(host, begun["id"], 0, content).json()
    assert _append(host, begun["id"], len(content), b"").json() == told
    assert host.call("GET", f"/uploads/{begun['id']}", token=ALICE).json() == told


def test_a_wrong_offset_is_told_the_right_one_and_nothing_is_written(host: RunningHost) -> None:
    content = noise(0.3, seed=103)
    begun = _begin(host, content)
    _append(host, begun["id"], 0, content[:5000])
    for offset in (0, 4999, 5001, len(content)):
        refused = _append(host, begun["id"], offset, b"x" * 100)
        assert (refused.status, refused.headers["upload-offset"]) == (409, "5000")
        assert refused.error["code"] == "conflict"
    assert _offset(host, begun["id"]) == 5000
    assert _append(host, begun["id"], 5000, content[5000:]).json()["clip"]["sha256"] == _sha256(content)


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "x", "9" * 30])
def test_an_offset_that_is_no_number_is_a_typed_problem(offset: str, host: RunningHost) -> None:
    begun = _begin(host, b"x" * 100)
    reply = host.call("PATCH", f"/uploads/{begun['id']}", body=b"x", headers={**BYTES, "Upload-Offset": offset}, token=ALICE)
    assert reply.status == 422
    assert reply.error["problems"][0]["field"] == "Upload-Offset"


def test_a_broken_line_leaves_what_came_and_the_sender_goes_on_there(host: RunningHost) -> None:
    content = noise(10.0, seed=104)
    begun = _begin(host, content)
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as line:
        line.sendall(
            f"PATCH {PREFIX}/uploads/{begun['id']} HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\nAuthorization: Bearer {ALICE}\r\n"
            f"Content-Type: application/octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        line.sendall(content[:200_000])
        until(lambda: _offset(host, begun["id"]), 10, "nothing came")
    offset = until(lambda: _offset(host, begun["id"]) == 200_000 and 200_000, 10, "not all that was sent was kept")
    assert _append(host, begun["id"], offset, content[offset:]).json()["clip"]["sha256"] == _sha256(content)


def test_who_goes_on_takes_over_from_a_call_that_hangs(host: RunningHost) -> None:
    """given a call whose sender is gone unseen, when another goes on, then the first can write no more"""
    content = noise(5.0, seed=105)
    begun = _begin(host, content)
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as hanging:
        hanging.sendall(
            f"PATCH {PREFIX}/uploads/{begun['id']} HTTP/1.1\r\nHost: 127.0.0.1:{host.port}\r\nAuthorization: Bearer {ALICE}\r\n"
            f"Content-Type: application/octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        )
        hanging.sendall(content[:50_000])
        until(lambda: _offset(host, begun["id"]) == 50_000, 10, "nothing came")
        assert _append(host, begun["id"], 50_000, content[50_000:60_000]).status == 200
        hanging.sendall(b"\0" * (len(content) - 50_000))
        assert b" 409 " in hanging.recv(4096)
    assert _append(host, begun["id"], 60_000, content[60_000:]).json()["clip"]["sha256"] == _sha256(content)


def test_a_dead_host_loses_no_byte_that_came(tmp_path: Path) -> None:
    """given half an upload, when the host is killed, then the next one goes on with it"""
    content = noise(3.0, seed=106)
    first = host_for_many(tmp_path)
    begun = _begin(first, content, label="long.wav")
    _append(first, begun["id"], 0, content[:40_000])
    first.process.kill()
    first.process.wait(30)
    second = host_for_many(tmp_path)
    try:
        assert _offset(second, begun["id"]) == 40_000
        done = _append(second, begun["id"], 40_000, content[40_000:]).json()
        assert (done["clip"]["sha256"], done["clip"]["label"]) == (_sha256(content), "long.wav")
    finally:
        second.end()


def test_what_nobody_went_on_with_for_a_day_is_swept(tmp_path: Path) -> None:
    first = host_for_many(tmp_path)
    old, young = (_begin(first, noise(0.1, seed=seed))["id"] for seed in (107, 108))
    first.end()
    for path in (first.home / "uploads").glob(f"{old}*"):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    (first.home / "uploads" / "half.part").write_bytes(b"x")          # of a host that died between two files
    (first.home / "uploads" / "broken.json").write_bytes(b"{")
    second = host_for_many(tmp_path)
    try:
        assert host_status(second, old) == 404
        assert host_status(second, young) == 200
        names = {path.name.partition(".")[0] for path in (second.home / "uploads").iterdir()}
        assert names == {young}
    finally:
        second.end()


def host_status(host: RunningHost, upload: str) -> int:
    return host.call("HEAD", f"/uploads/{upload}", token=ALICE).status


def test_an_upload_that_is_taken_back_leaves_nothing(host: RunningHost) -> None:
    content = noise(0.3, seed=109)
    begun = _begin(host, content)
    _append(host, begun["id"], 0, content[:5000])
    assert host.call("DELETE", f"/uploads/{begun['id']}", token=ALICE).status == 200
    assert host_status(host, begun["id"]) == 404
    assert _left(host, begun["id"]) == []


def test_more_than_was_announced_is_refused_and_what_came_before_stays(host: RunningHost) -> None:
    content = noise(0.3, seed=110)
    begun = _begin(host, content)
    _append(host, begun["id"], 0, content[:5000])
    refused = _append(host, begun["id"], 5000, content[5000:] + b"more")
    assert refused.status == 413
    assert _offset(host, begun["id"]) < len(content)


def test_what_is_not_what_was_announced_is_refused_at_the_end(host: RunningHost) -> None:
    content = noise(0.3, seed=111)
    begun = _begin(host, content, sha256="0" * 64)
    refused = _append(host, begun["id"], 0, content)
    assert refused.status == 422
    assert refused.error["problems"][0]["field"] == "sha256"
    assert _left(host, begun["id"]) == []
    assert _sha256(content) not in host.objects()


BAD = {
    "text": b"This is not sound. " * 100,
    "cut off": encoded(tone(2.0))[:20_000],
    "a playlist": b"#EXTM3U\nfile:///dev/null\n",
    "ten hours": hours_of_silence(10),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_the_words_of_one_call(kind: str, host: RunningHost) -> None:
    begun = _begin(host, BAD[kind])
    in_pieces = _append(host, begun["id"], 0, BAD[kind])
    at_once = host.send_clip(BAD[kind], token=ALICE)
    assert (in_pieces.status, in_pieces.error) == (at_once.status, at_once.error)
    assert _left(host, begun["id"]) == []


@pytest.mark.parametrize(
    ("order", "field", "status"),
    [
        ({"bytes": 0}, "bytes", 422),
        ({"bytes": -1}, "bytes", 422),
        ({"bytes": (1 << 30) + 1}, "clip", 413),
        ({"bytes": 10, "sha256": "../../etc"}, "sha256", 422),
        ({"bytes": 10, "owner": "bob"}, "owner", 422),
        ({"bytes": "10"}, "bytes", 422),
    ],
)
def test_a_bad_announcement_is_a_typed_problem(order: dict[str, Any], field: str, status: int, host: RunningHost) -> None:
    reply = host.call("POST", "/uploads", order, token=ALICE)
    assert reply.status == status
    assert reply.error["problems"][0]["field"] == field


def test_what_its_owner_holds_is_not_sent_again_and_takes_the_newer_label(host: RunningHost) -> None:
    content = noise(0.3, seed=112)
    host.send_clip(content, label="first.wav", token=ALICE)
    begun = _begin(host, content, label="second.wav", sha256=_sha256(content))
    assert (begun["complete"], begun["id"], begun["clip"]["label"]) == (True, None, "second.wav")
    assert host.call("GET", f"/clips/{_sha256(content)}", token=ALICE).json()["label"] == "second.wav"
    host.send_clip(content, label="third.wav", token=ALICE)
    assert host.call("GET", f"/clips/{_sha256(content)}", token=ALICE).json()["label"] == "third.wav"


def test_nobody_learns_what_others_hold_by_announcing_it(host: RunningHost) -> None:
    content = noise(0.3, seed=113)
    host.send_clip(content, token=BOB)
    begun = _begin(host, content, sha256=_sha256(content))
    assert (begun["complete"], begun["clip"], begun["offset"]) == (False, None, 0)


def test_the_same_announcement_finds_the_upload_that_was_begun(host: RunningHost) -> None:
    content = noise(0.3, seed=114)
    begun = _begin(host, content, sha256=_sha256(content))
    _append(host, begun["id"], 0, content[:3000])
    again = _begin(host, content, sha256=_sha256(content))
    assert (again["id"], again["offset"]) == (begun["id"], 3000)
    assert _begin(host, content, token=BOB, sha256=_sha256(content))["id"] != begun["id"]


def test_what_pages_can_send_without_asking_is_no_piece(host: RunningHost) -> None:
    begun = _begin(host, b"x" * 100)
    headers = {"Content-Type": "text/plain", "Upload-Offset": "0"}
    assert host.call("PATCH", f"/uploads/{begun['id']}", body=b"x", headers=headers, token=ALICE).status == 415
    assert _offset(host, begun["id"]) == 0


# Quota.


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """A host on which everybody may send 1 MB."""
    folder = tmp_path_factory.mktemp("narrow")
    tokens = {_sha256(f"token-{name}".encode()): {"owner": name, "role": "user"} for name in "abcdefg"}
    (folder / "tokens.json").write_text(json.dumps(tokens))
    (folder / "tokens.json").chmod(0o600)
    made = start_host(folder / "home", HAY_SAY_TOKENS=str(folder / "tokens.json"), HAY_SAY_QUOTA_MB="1")
    yield made
    made.end()


def test_over_the_quota_is_refused_with_figures_and_the_way_out(narrow: RunningHost) -> None:
    sent = noise(20.0, seed=120)                                # 0.61 MB
    assert narrow.send_clip(sent, token="token-a").status == 201
    refused = narrow.send_clip(noise(20.0, seed=121), token="token-a")
    assert (refused.status, refused.error["code"]) == (413, "too_large")
    (problem,) = refused.error["problems"]
    assert "1 MB" in problem["message"]
    assert "0.6 MB are kept" in problem["message"]
    assert problem["fix"]["label"]
    assert narrow.send_clip(noise(5.0, seed=122), token="token-a").status == 201, "what still fits is taken"


def test_what_is_under_way_counts_with_all_that_was_announced(narrow: RunningHost) -> None:
    begun = narrow.call("POST", "/uploads", {"bytes": 700_000}, token="token-b").json()
    assert narrow.call("POST", "/uploads", {"bytes": 700_000}, token="token-b").status == 413
    assert narrow.call("POST", "/uploads", {"bytes": 700_000}, token="token-c").status == 201, "each has a quota of their own"
    narrow.call("DELETE", f"/uploads/{begun['id']}", token="token-b")
    assert narrow.call("POST", "/uploads", {"bytes": 700_000}, token="token-b").status == 201


def test_the_same_content_counts_once(narrow: RunningHost) -> None:
    sent = noise(15.0, seed=123)                                # 0.46 MB
    for label in ("one.wav", "two.wav"):
        assert narrow.send_clip(sent, label=label, token="token-d").status == 201
    assert narrow.send_clip(noise(15.0, seed=124), token="token-d").status == 201


def test_a_clip_that_is_taken_back_counts_no_more(narrow: RunningHost) -> None:
    sent = noise(20.0, seed=125)                                # 0.61 MB
    clip = narrow.send_clip(sent, label="mine.wav", token="token-f").json()
    assert narrow.send_clip(noise(20.0, seed=126), token="token-f").status == 413

    taken = narrow.call("DELETE", f"/clips/{clip['sha256']}", token="token-f")

    assert (taken.status, taken.json()["label"]) == (200, "mine.wav")
    for verb in ("GET", "DELETE"):
        assert narrow.call(verb, f"/clips/{clip['sha256']}", token="token-f").error["code"] == "clip_missing"
    assert narrow.send_clip(noise(20.0, seed=126), token="token-f").status == 201
    assert narrow.call("DELETE", f"/clips/{clip['sha256']}", token="token-g").status == 404, "what one never sent"


def test_twenty_at_once_never_hold_more_than_the_quota_and_one_chunk(narrow: RunningHost) -> None:
    """Senders that announce no length: each is cut off where the sum would pass the quota."""
    chunk = 1 << 16
    lines = [socket.create_connection(("127.0.0.1", narrow.port), timeout=20) for _ in range(20)]
    most = 0
    try:
        for line in lines:
            line.sendall(
                f"POST {PREFIX}/clips HTTP/1.1\r\nHost: 127.0.0.1:{narrow.port}\r\nAuthorization: Bearer token-e\r\n"
                "Content-Type: audio/wav\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            )
        piece = f"{chunk:x}\r\n".encode() + b"\0" * chunk + b"\r\n"
        for _ in range(3):
            for line in lines:
                line.sendall(piece)
                most = max(most, _in_scratch(narrow))
        for line in lines:
            line.sendall(b"0\r\n\r\n")
            most = max(most, _in_scratch(narrow))
        statuses = [line.recv(4096).split(b" ", 2)[1] for line in lines]
    finally:
        for line in lines:
            line.close()
    assert most <= (1 << 20) + chunk
    assert b"413" in statuses
    until(lambda: _in_scratch(narrow) == 0, 10, "something of it was left")


def _in_scratch(host: RunningHost) -> int:
    total = 0
    for path in (host.home / "scratch").glob("upload-*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total


def test_a_host_that_comes_back_still_counts_what_was_begun_and_what_is_kept(tmp_path: Path) -> None:
    first = start_host(tmp_path / "home", HAY_SAY_QUOTA_MB="1")
    assert first.call("POST", "/uploads", {"bytes": 500_000}).status == 201
    assert first.send_clip(noise(10.0, seed=125)).status == 201         # 0.31 MB
    first.process.kill()
    first.process.wait(30)
    second = start_host(tmp_path / "home", HAY_SAY_QUOTA_MB="1")
    try:
        assert second.call("POST", "/uploads", {"bytes": 300_000}).status == 413
        assert second.call("POST", "/uploads", {"bytes": 100_000}).status == 201
    finally:
        second.end()


def test_a_disk_under_its_floor_takes_no_upload(tmp_path: Path) -> None:
    host = start_host(tmp_path / "home", HAY_SAY_FREE_DISK_MB=str(1 << 40))
    try:
        for refused in (host.send_clip(noise(0.1)), host.call("POST", "/uploads", {"bytes": 100})):
            assert (refused.status, refused.error["code"]) == (507, "storage_failed")
            assert "free" in refused.error["message"]
    finally:
        host.end()


def test_a_flac_that_keeps_its_length_back_is_read_to_its_end(host: RunningHost) -> None:
    """As encoders write it into a pipe: the last 36 bits of STREAMINFO's numbers are zero."""
    content = bytearray(encoded(tone(3.0), "FLAC"))
    place = 4 + 4 + 10
    word = struct.unpack(">Q", content[place : place + 8])[0]
    content[place : place + 8] = struct.pack(">Q", word >> 36 << 36)
    sent = host.send_clip(bytes(content), token=ALICE)
    assert sent.status == 201, sent.content
    assert sent.json()["seconds"] == pytest.approx(3.0)
