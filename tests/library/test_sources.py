"""A source is one line of text; what it comes to is known before anything is fetched."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.errors import AddressRefused, FetchFailed, Forbidden, InvalidRequest, LabError, WrongContent
from hay_say_lab.library.fetch import Fetcher, Item
from hay_say_lab.library.local import copy, files_of
from hay_say_lab.library.plan import Plan, is_wanted
from hay_say_lab.library.sources import Means, fetcher_of, resolve
from tests.library import bad_server as acts
from tests.library.bad_server import Stage
from tests.library.conftest import Fetch
from tests.library.played_hub import COMMIT, answer, play_hub

CATALOGUE = Path(__file__).parent / "catalogue"
WEIGHTS = b"weights" * 1000
FILES = {"README.md": b"hello", "pony/model.pth": WEIGHTS, "pony/added.index": b"index", "other/model.pth": b"others"}


def nothing_uploaded(upload: str) -> tuple[Path, str]:
    raise InvalidRequest("no such upload")


@pytest.fixture
def means(fetcher: Fetcher, server: Stage) -> Means:
    return Means(fetcher, nothing_uploaded, hub_address=server.url)


def test_a_repository_is_named_by_the_commit_that_it_is_now(server: Stage, means: Means) -> None:
    play_hub(server, "ponies/voices", FILES, facts={"cardData": {"license": "cc-by-nc-4.0"}})

    plan = resolve("hf:ponies/voices", means)

    assert plan.pinned == {"repository": "ponies/voices", "revision": "main", "commit": COMMIT}
    assert {item.name for item in plan.items} == set(FILES)
    assert all(COMMIT in item.url for item in plan.items)
    model = next(item for item in plan.items if item.name == "pony/model.pth")
    assert (model.bytes, len(model.sha256)) == (len(WEIGHTS), 64)
    assert (plan.provenance.licence, plan.provenance.author) == ("CC-BY-NC-4.0", "ponies")
    assert plan.provenance.source.endswith("/ponies/voices")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("hf:ponies/voices/pony", {"pony/model.pth", "pony/added.index"}),
        ("hf:ponies/voices/pony/model.pth", {"pony/model.pth"}),
        (f"hf:ponies/voices@{COMMIT}/other", {"other/model.pth"}),
        ("{hub}/ponies/voices/tree/main/pony", {"pony/model.pth", "pony/added.index"}),
        ("{hub}/ponies/voices/blob/main/pony/model.pth", {"pony/model.pth"}),
        ("{hub}/ponies/voices/resolve/main/pony/model.pth?download=true", {"pony/model.pth"}),
    ],
)
def test_a_part_of_a_repository_is_named_by_its_path_or_its_address(
    source: str, names: set[str], server: Stage, means: Means
) -> None:
    play_hub(server, "ponies/voices", FILES)
    plan = resolve(source.format(hub=server.url), means)
    assert {item.name for item in plan.items} == names


def test_what_a_plan_names_is_what_comes(server: Stage, means: Means, fetch: Fetch) -> None:
    play_hub(server, "ponies/voices", FILES)
    (item,) = resolve("hf:ponies/voices/pony/model.pth", means).items
    assert fetch(item).path.read_bytes() == WEIGHTS


@pytest.mark.parametrize("source", ["hf:", "hf:ponies", "hf:ponies/voices/../../x", "hf:a b/c", "hf:ponies/voices@", "hf:../x/y"])
def test_what_names_no_repository_is_refused(source: str, server: Stage, means: Means) -> None:
    with pytest.raises(LabError):
        resolve(source, means)


def test_a_repository_of_many_voices_asks_for_one(server: Stage, means: Means) -> None:
    play_hub(server, "ponies/many", {f"{number}.zip": b"x" for number in range(250)})
    with pytest.raises(InvalidRequest, match="more than one voice"):
        resolve("hf:ponies/many", means)


@pytest.mark.parametrize("document", [{}, {"sha": "main"}, [], "x"])
def test_a_hub_that_answers_nonsense_is_a_typed_failure(document: Any, server: Stage, means: Means) -> None:
    server.play("/api/models/ponies/voices/revision/main", answer(document))
    with pytest.raises(FetchFailed, match="cannot be read"):
        resolve("hf:ponies/voices", means)


def test_a_listing_that_leads_out_of_its_folder_is_refused(server: Stage, means: Means) -> None:
    play_hub(server, "ponies/voices", FILES)
    server.play(f"/api/models/ponies/voices/tree/{COMMIT}", answer([{"type": "file", "path": "../../x.pth", "size": 1}]))
    with pytest.raises(InvalidRequest, match="no name of a file"):
        resolve("hf:ponies/voices", means)


def test_a_gated_repository_says_what_to_do(server: Stage, means: Means, fetch: Fetch) -> None:
    play_hub(server, "ponies/secret", FILES, gated=True)
    (item,) = resolve("hf:ponies/secret/pony/model.pth", means).items
    with pytest.raises(FetchFailed, match="HF_TOKEN"):
        fetch(item)


def test_the_token_goes_to_the_endpoint_alone(server: Stage) -> None:
    fetcher = fetcher_of({"HF_ENDPOINT": server.url, "HF_TOKEN": "hf_secret"}, listed=True)
    play_hub(server, "ponies/voices", FILES)
    resolve("hf:ponies/voices", Means(fetcher, nothing_uploaded, hub_address=server.url))
    assert all(seen.headers["authorization"] == "Bearer hf_secret" for seen in server.seen)
    assert "hf_secret" not in repr(fetcher)


def test_an_address_is_a_file_and_its_key_is_not_kept(means: Means) -> None:
    plan = resolve("https://models.example/a%20pony.zip?key=secret", means)
    assert (plan.title, [item.name for item in plan.items]) == ("a pony", ["a pony.zip"])
    assert "secret" not in plan.provenance.source


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("http://models.example/x.zip", AddressRefused),
        ("ftp://models.example/x.zip", InvalidRequest),
        ("https://mega.nz/file/abc#def", InvalidRequest),
        ("relative/folder", InvalidRequest),
        ("/nowhere/at/all", InvalidRequest),
        ("/dev/zero", InvalidRequest),
        ("", InvalidRequest),
        ("upload:none", InvalidRequest),
        ("haysay:/nowhere.json#x", InvalidRequest),
        ("haysay:precomputed_styles.json#x", InvalidRequest),
    ],
)
def test_what_is_no_source_is_refused(source: str, kind: type[LabError], means: Means) -> None:
    with pytest.raises(kind):
        resolve(source, means)


def test_google_drives_page_is_passed_as_a_browser_would(server: Stage, fetch: Fetch, means: Means) -> None:
    assert resolve("https://drive.google.com/file/d/1AbCdEfGhIjKlMnOpQrStUv/view", means).items[0].confirmed
    page = (
        b'<html><form id="download-form" action="/download" method="get"><input type="hidden" name="id" value="1A">'
        b'<input type="hidden" name="confirm" value="t"></form></html>'
    )
    url = server.play("/uc", acts.as_page(page))
    server.play("/download", acts.good(WEIGHTS))
    assert fetch(Item(url, "model.zip", confirmed=True)).path.read_bytes() == WEIGHTS
    assert server.seen[-1].path == "/download?id=1A&confirm=t"


def test_a_page_of_google_drive_without_a_form_says_what_to_do(server: Stage, fetch: Fetch) -> None:
    url = server.play("/uc", acts.as_page(b"<html>Quota exceeded</html>"))
    with pytest.raises(FetchFailed, match="in a browser"):
        fetch(Item(url, "model.zip", confirmed=True))


def test_a_small_file_of_google_drive_comes_without_a_page(server: Stage, fetch: Fetch) -> None:
    url = server.play("/uc", acts.good(WEIGHTS))
    assert fetch(Item(url, "model.zip", confirmed=True)).path.read_bytes() == WEIGHTS


def test_a_catalogues_entry_brings_the_model_that_it_shares(means: Means) -> None:
    plan = resolve(f"haysay:{CATALOGUE}/character_models.json#Speaker of Many", means)
    assert [item.name for item in plan.items] == ["speaker.json"]
    assert {item.name for item in plan.shared} == {"G_9.pth", "config.json"}
    assert {(link.name, link.target) for link in plan.links} == {("G_9.pth", "G_9.pth"), ("config.json", "config.json")}
    assert plan.pinned["shared model"] == "Many Ponies"


def test_a_catalogues_entry_without_its_shared_model_is_refused(means: Means) -> None:
    with pytest.raises(InvalidRequest, match="holds no model"):
        resolve(f"haysay:{CATALOGUE}/character_models.json#Unknown Dependency", means)


def test_a_catalogues_file_on_the_hub_is_named_by_commit_and_hash(server: Stage, means: Means) -> None:
    files = {"pony/model.pth": WEIGHTS[:2000], "pony/readme.md": b"a stale readme that grew"}
    play_hub(server, "pony-models/voices", files)
    plan = resolve(f"haysay:{CATALOGUE}/character_models.json#From the Hub", means)
    model, readme = plan.items
    assert (COMMIT in model.url, len(model.sha256), model.name) == (True, 64, "model.pth")
    assert readme.optional


def test_a_catalogues_file_that_is_another_by_now_is_refused(server: Stage, means: Means) -> None:
    play_hub(server, "pony-models/voices", {"pony/model.pth": b"other", "pony/readme.md": b""})
    with pytest.raises(WrongContent, match="another file"):
        resolve(f"haysay:{CATALOGUE}/character_models.json#From the Hub", means)


def test_a_catalogue_at_an_address_is_read_there(server: Stage, means: Means) -> None:
    for name in ("character_models.json", "multi_speaker_models.json", "precomputed_styles.json"):
        server.play(f"/models/{name}", answer(json.loads((CATALOGUE / name).read_bytes())))
    plan = resolve(f"haysay:{server.url}/models/character_models.json#With%20Styles", means)
    assert plan.documents["precomputed_styles.json"]["Pony"]["Happy"] == [0.5, -1.0, 2.0]


def test_a_folder_is_taken_without_what_no_voice_needs(tmp_path: Path, means: Means) -> None:
    for name in ("model.pth", "config.json", "raw/1.wav", ".git/config", "train.py", "sub/feature.index"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe.pth")
    (tmp_path / "linked.npy").symlink_to(tmp_path / "model.pth")
    (tmp_path / "broken.npy").symlink_to(tmp_path / "nowhere")

    plan = resolve(str(tmp_path), means)

    assert (plan.kind, plan.place) == ("folder", str(tmp_path))
    assert [name for _, name in files_of(tmp_path)] == ["config.json", "linked.npy", "model.pth", "sub/feature.index"]


def test_a_copy_is_no_link_to_the_original(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    copy(tmp_path / "b", tmp_path / "c", threading.Event())
    (tmp_path / "a").write_bytes(b"two")
    assert (tmp_path / "c").read_bytes() == b"one"
    assert not (tmp_path / "c").is_symlink()


def test_where_paths_may_not_be_named_none_is_read(tmp_path: Path, means: Means) -> None:
    for source in (str(tmp_path), f"haysay:{CATALOGUE}/character_models.json#Plain Pony"):
        with pytest.raises(Forbidden, match="Upload the file"):
            resolve(source, replace(means, this_machine=False))


def test_an_upload_is_named_by_its_id(tmp_path: Path, means: Means) -> None:
    uploaded = replace(means, uploaded=lambda name: (tmp_path / name, "my pony.zip"), this_machine=False)
    plan = resolve("upload:01ABC", uploaded)
    assert (plan.kind, plan.title, plan.place) == ("upload", "my pony", str(tmp_path / "01ABC"))


def test_a_plan_survives_being_written_down(means: Means) -> None:
    plan = resolve(f"haysay:{CATALOGUE}/character_models.json#Speaker of Many", means)
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
    assert plan.bytes == 40 + 9000 + 300


@pytest.mark.parametrize(("name", "wanted"), [("a.pth", True), ("x/hifiganmodel", True), ("a.WAV", False), (".cache/a.pth", False)])
def test_what_no_voice_needs_is_told_by_its_name(name: str, wanted: bool) -> None:
    assert is_wanted(name) is wanted
