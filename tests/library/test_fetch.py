"""Every failure of a download: the right file or a clean refusal, and never half of one under its name."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hay_say_lab.errors import FetchFailed, FetchStopped, LabError, Offline, StorageFailed
from hay_say_lab.library.addresses import Rules
from hay_say_lab.library.fetch import Fetcher, Item
from hay_say_lab.library.web import Web
from tests.library import bad_server as acts
from tests.library.bad_server import Stage
from tests.library.conftest import LIMITS, Fetch

CONTENT = random.Random(5).randbytes(100_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
OTHER = random.Random(6).randbytes(100_000)

Left = Callable[[], list[str]]


@pytest.mark.parametrize("percent", range(0, 100, 10))
def test_a_line_that_is_cut_is_gone_on_with_from_where_it_stopped(percent: int, server: Stage, fetch: Fetch, left: Left) -> None:
    at = len(CONTENT) * percent // 100
    url = server.play("/x", acts.cut(CONTENT, at), acts.good(CONTENT))

    fetched = fetch(url)

    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.sha256, fetched.bytes, left()) == (SHA256, len(CONTENT), ["file"])
    again = server.seen[1].headers
    assert again.get("range") == (f"bytes={at}-" if at else None)
    assert again.get("if-range") == ('"one"' if at else None)


def test_a_line_that_is_cut_again_and_again_but_brings_something_each_time_arrives(server: Stage, fetch: Fetch) -> None:
    def next_tenth(call: acts.Call) -> None:
        first = int((call.headers.get("Range") or "bytes=0-")[6:-1])
        headers = {"Content_Range": f"bytes {first}-{len(CONTENT) - 1}/{len(CONTENT)}"} if first else {}
        call.head(206 if first else 200, len(CONTENT) - first, ETag='"one"', **headers)
        call.wfile.write(CONTENT[first : first + 10_000])
        call.hang_up()

    assert fetch(server.play("/x", next_tenth)).sha256 == SHA256
    assert len(server.seen) >= 10


def test_another_call_goes_on_with_what_an_earlier_one_left(server: Stage, fetch: Fetch, left: Left) -> None:
    url = server.play("/x", acts.cut(CONTENT, 60_000), acts.status(503), acts.status(503), acts.status(503))
    with pytest.raises(FetchFailed):
        fetch(url)
    assert left() == ["file.part", "file.part.json"]

    server.play("/x", acts.good(CONTENT))
    assert fetch(url).sha256 == SHA256
    assert server.seen[-1].headers["range"] == "bytes=60000-"


def test_a_file_that_changed_meanwhile_comes_whole_and_new(server: Stage, fetch: Fetch) -> None:
    url = server.play("/x", acts.cut(CONTENT, 50_000), acts.good(OTHER, etag='"two"'))
    assert fetch(url).path.read_bytes() == OTHER


def test_without_a_word_about_the_version_nothing_is_patched_together(server: Stage, fetch: Fetch) -> None:
    url = server.play("/x", acts.cut(CONTENT, 50_000, etag='W/"weak"'), acts.good(OTHER, etag=""))
    assert fetch(url).path.read_bytes() == OTHER
    assert "range" not in server.seen[-1].headers


def test_a_part_that_was_not_asked_for_is_thrown_away(server: Stage, fetch: Fetch) -> None:
    url = server.play("/x", acts.cut(CONTENT, 50_000), acts.wrong_range(CONTENT, 40_000))
    assert fetch(url).sha256 == SHA256


def test_a_server_that_only_sends_wrong_parts_is_given_up(server: Stage, fetch: Fetch) -> None:
    url = server.play(
        "/x", acts.cut(CONTENT, 50_000), acts.wrong_range(CONTENT, 4), acts.cut(CONTENT, 50_000), acts.wrong_range(CONTENT, 4)
    )
    with pytest.raises(FetchFailed, match="cannot go on"):
        fetch(url)


def test_a_part_that_is_whole_already_is_found_so(server: Stage, fetch: Fetch, tmp_path: Path) -> None:
    """416: nothing lies behind its end. Killed between the last byte and the name, for example."""
    url = server.play("/x", acts.cut(CONTENT, 99_000), acts.status(503), acts.status(503), acts.status(503), acts.good(CONTENT))
    with pytest.raises(FetchFailed):
        fetch(url)
    with (tmp_path / "in" / "file.part").open("ab") as part:
        part.write(CONTENT[99_000:])
    assert fetch(url).sha256 == SHA256


def test_a_part_longer_than_the_file_begins_anew(server: Stage, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file.part").write_bytes(CONTENT + b"more")
    url = server.play("/x", acts.good(CONTENT))
    assert fetch(Item(url, "x", sha256=SHA256)).path.read_bytes() == CONTENT


def test_what_lay_here_of_another_version_is_found_out_by_the_hash(server: Stage, fetch: Fetch, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file.part").write_bytes(OTHER[:5000])
    url = server.play("/x", acts.good(CONTENT))
    assert fetch(Item(url, "x", sha256=SHA256)).path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("play", "asked", "why"),
    [
        (acts.good(OTHER), {"sha256": SHA256}, "sha256 is another"),
        (acts.good(CONTENT), {"bytes": 5}, "were announced"),
        (acts.longer(CONTENT, b"more"), {"bytes": len(CONTENT)}, "More than the announced"),
        (acts.longer(CONTENT[:-2], CONTENT[-2:-1]), {"bytes": len(CONTENT)}, "was tried"),
        (acts.packed(CONTENT), {}, "packed as gzip"),
        (acts.good(b""), {}, "came empty"),
        (acts.as_page(b"<!DOCTYPE html><title>Sign in</title>"), {}, "web page"),
        (acts.as_page(b"\xef\xbb\xbf \n<html><body>quota</body></html>", "application/octet-stream"), {}, "web page"),
        (acts.as_page(b"please sign in", "text/html"), {}, "web page"),
        (acts.as_page(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "text/plain"), {}, "LFS pointer"),
        (acts.endless(CONTENT), {}, "larger than 4 MB"),
        (acts.good(bytes((4 << 20) + 1)), {}, "larger than 4 MB"),
        (acts.status(404), {}, "no such file"),
        (acts.status(403), {}, "login"),
        (acts.status(418), {}, "status 418"),
        (acts.status(503), {}, "tried 3 times"),
        (acts.garbage(b"SSH-2.0-none\r\n"), {}, "tried 3 times"),
        (acts.garbage(b""), {}, "tried 3 times"),
        (acts.status(429, Retry_After="3600"), {}, "come again in 3600 s"),
    ],
)  # fmt: skip
def test_what_is_not_the_file_is_refused_and_nothing_is_left(
    play: acts.Act, asked: dict[str, object], why: str, server: Stage, fetch: Fetch, left: Left
) -> None:
    url = server.play("/x", play)
    with pytest.raises(FetchFailed, match=why):
        fetch(Item(url, "model.pth", **asked))  # type: ignore[arg-type]
    assert left() in ([], ["file.part", "file.part.json"]), "what broke off may be gone on with"
    assert not left() or "tried" in why


def test_a_server_that_stumbles_and_then_answers_is_waited_for(server: Stage, fetch: Fetch) -> None:
    url = server.play("/x", acts.status(500), acts.status(503, Retry_After="0"), acts.good(CONTENT))
    assert fetch(url).sha256 == SHA256


def test_redirects_are_followed_and_bounded(server: Stage, fetch: Fetch) -> None:
    with pytest.raises(FetchFailed, match="on and on"):
        fetch(server.play("/loop", acts.to("/loop")))
    assert len(server.asked("/loop")) == 7

    server.play("/y", acts.to("end"))
    server.play("/end", acts.good(CONTENT))
    assert fetch(server.play("/x", acts.to("/y"))).sha256 == SHA256


def test_a_slow_drip_is_given_up(server: Stage, web: Web, fetch: Fetch) -> None:
    limits = replace(LIMITS, slowest_bytes_per_second=1000.0, window_seconds=0.3)
    with pytest.raises(FetchFailed, match="too slowly"):
        fetch(server.play("/x", acts.drip(CONTENT, 0.01)), Fetcher(web, limits))


def test_a_line_that_falls_silent_is_broken_off_and_gone_on_with(server: Stage, fetch: Fetch) -> None:
    url = server.play("/x", acts.silent(5, CONTENT, 30_000), acts.good(CONTENT))
    assert fetch(url).sha256 == SHA256
    assert server.seen[-1].headers["range"] == "bytes=30000-"


def test_a_mirror_gives_what_the_first_address_does_not(server: Stage, fetch: Fetch) -> None:
    gone, page = server.play("/gone", acts.status(404)), server.play("/page", acts.as_page(b"<html>"))
    mirror = server.play("/mirror", acts.good(CONTENT))
    fetched = fetch(Item(gone, "x", sha256=SHA256, mirrors=(page, mirror)))
    assert (fetched.sha256, fetched.url) == (SHA256, mirror)


def test_where_no_mirror_helps_the_first_reason_is_told(server: Stage, fetch: Fetch) -> None:
    item = Item(server.play("/a", acts.status(403)), "x", mirrors=(server.play("/b", acts.status(404)),))
    with pytest.raises(FetchFailed, match="login"):
        fetch(item)


def test_stopping_ends_it_at_once_and_keeps_what_came(server: Stage, fetcher: Fetcher, tmp_path: Path) -> None:
    stop = threading.Event()
    url = server.play("/x", acts.silent(20, CONTENT, 30_000))
    patient = Fetcher(replace(fetcher.web, silence_seconds=20), LIMITS)
    ended: list[BaseException] = []

    def run() -> None:
        try:
            patient.fetch(Item(url, "x"), tmp_path / "x", lambda done, total: stop.set(), stop)
        except LabError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert isinstance(ended[0], FetchStopped)
    came = (tmp_path / "x.part").read_bytes()
    assert came
    assert CONTENT.startswith(came)


def test_a_full_disk_is_said_so_and_leaves_nothing(server: Stage, fetcher: Fetcher, tmp_path: Path) -> None:
    def full(done: int, total: int | None) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageFailed, match="No space left"):
        fetcher.fetch(Item(server.play("/x", acts.good(CONTENT)), "x"), tmp_path / "x", full, threading.Event())
    assert not list(tmp_path.iterdir())


def test_offline_calls_nobody_but_takes_what_lies_here(server: Stage, web: Web, fetch: Fetch) -> None:
    url = server.play("/x", acts.good(CONTENT))
    offline = Fetcher(replace(web, offline=True), LIMITS)
    with pytest.raises(Offline, match="offline"):
        fetch(url, offline)
    assert not server.seen
    fetch(url)
    assert fetch(url, offline).sha256 == SHA256


def test_progress_tells_bytes_and_only_grows(server: Stage, fetcher: Fetcher, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    url = server.play("/x", acts.cut(CONTENT, 50_000), acts.good(CONTENT))
    fetcher.fetch(Item(url, "x"), tmp_path / "x", lambda done, total: told.append((done, total)), threading.Event())
    assert told == sorted(told)
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_a_token_goes_to_its_own_host_and_to_no_other(server: Stage, web: Web, fetch: Fetch) -> None:
    with acts.bad_server() as elsewhere:
        elsewhere.play("/x", acts.good(CONTENT))
        url = server.play("/x", acts.to(f"{elsewhere.url}/x"))
        trusted = Rules(trusted=frozenset({server.url, elsewhere.url}))
        fetch(url, Fetcher(replace(web, rules=trusted, tokens={server.url: "hf_secret"}), LIMITS))
        assert server.seen[0].headers["authorization"] == "Bearer hf_secret"
        assert "authorization" not in elsewhere.seen[0].headers
        assert "hf_secret" not in repr(replace(web, tokens={server.url: "hf_secret"}))


def test_a_fetch_that_takes_too_long_in_all_is_given_up(server: Stage, web: Web, fetch: Fetch) -> None:
    with pytest.raises(FetchFailed, match="took longer"):
        fetch(server.play("/x", acts.drip(CONTENT, 0.02)), Fetcher(web, replace(LIMITS, most_seconds=0.2, slowest_bytes_per_second=0)))
