"""Imports: from a source to a voice that is there whole, once, with where it is from; stopped, killed and tried again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

from hay_say_lab.domain.job import State
from hay_say_lab.domain.profile import PROFILES
from hay_say_lab.domain.voice import Provenance
from hay_say_lab.errors import Conflict, IllegalTransition, ImportMissing, InvalidRequest
from hay_say_lab.storage.audit import entries
from hay_say_lab.storage.imports import KIND
from hay_say_lab.storage.survey import folder_bytes
from tests.engine.workshops import Bench, NameReader, workbench
from tests.library import bad_server as acts
from tests.library.bad_server import bad_server
from tests.library.played_hub import COMMIT, play_hub

WEIGHTS = random.Random(5).randbytes(200_000)
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A voice of somebody's."""
    made = tmp_path / "models" / "Pony"
    made.mkdir(parents=True)
    (made / "Pony.pth").write_bytes(WEIGHTS)
    (made / "config.json").write_bytes(b"{}")
    return made


def events(bench: Bench, owner: str = "ann") -> list[dict[str, Any]]:
    return [event.body for event in bench.workshop.store.events_after(owner, 0) if event.kind == KIND]


async def test_a_folder_becomes_a_voice_that_says_where_it_is_from(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        asked = Provenance(licence="CC-BY-4.0", consent="given", evidence="a letter")
        found = await bench.bring(folder, title="A pony", languages=("en",), provenance=asked)

        assert (found.state, found.outcome and found.outcome["voices"]) == (State.SUCCEEDED, ["parrot:pony"])
        voice = bench.workshop.shelf.voices.get("parrot:pony")
        assert (voice.title, voice.languages, voice.imported_by) == ("A pony", ("en",), "ann")
        assert (voice.provenance.licence, voice.provenance.source) == ("CC-BY-4.0", "a folder of this machine")
        assert voice.origin["confinement"] == "full"
        assert {file["name"]: file["sha256"] for file in voice.origin["files"]}["Pony.pth"] == SHA256
        assert (bench.home.voice_folder(voice.id) / "weights.safetensors").read_bytes() == WEIGHTS
        assert (folder / "Pony.pth").read_bytes() == WEIGHTS, "what belongs to somebody stays theirs"
        steps = [(body["state"], body["step"]) for body in events(bench)]
        assert steps[0] == ("queued", "resolve")
        assert [step for state, step in steps if state == "running"][1:] == [
            "resolve", "fetch", "unpack", "examine", "convert", "settle",
        ]  # fmt: skip
        assert steps[-1] == ("succeeded", "settle")
        row = _added(bench)[0]
        assert (row.subject, row.actor, row.role) == ("parrot:pony", "ann", "operator")
        assert await bench.sound()


def _added(bench: Bench) -> list[Any]:
    return bench.workshop.store.read(lambda connection: entries(connection, action="add"))


async def test_fifty_who_import_the_same_voice_at_once_share_one_set_of_objects(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        names = [await bench.submit(folder, owner=f"user{number}") for number in range(50)]
        found = [await bench.ended(name, 120) for name in names]

        assert {one.state for one in found} == {State.SUCCEEDED}
        assert {tuple(one.outcome["voices"]) for one in found if one.outcome} == {("parrot:pony",)}
        assert sum(not one.outcome["already"] for one in found if one.outcome) == 1
        assert len(_added(bench)) == 1
        assert folder_bytes(bench.home.voices) == len(WEIGHTS) + 2
        assert await bench.sound()


async def test_other_content_of_the_same_name_gets_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        await bench.bring(folder)
        (folder / "Pony.pth").write_bytes(b"others")
        other = await bench.bring(folder)
        assert other.outcome is not None
        (name,) = other.outcome["voices"]
        assert name == f"parrot:pony-{bench.workshop.shelf.voices.get(name).hash[:6]}"
        assert (await bench.bring(folder)).outcome == {**other.outcome, "already": [name]}, "again: the same one"


async def test_a_name_that_was_asked_for_is_kept_or_refused(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        assert (await bench.bring(folder, name="mine")).outcome["voices"] == ["parrot:mine"]  # type: ignore[index]
        (folder / "Pony.pth").write_bytes(b"others")
        refused = await bench.bring(folder, name="mine")
        assert (refused.state, refused.error and refused.error["code"]) == (State.FAILED, "conflict")


async def test_a_set_that_lacks_a_file_says_which(tmp_path: Path) -> None:
    (tmp_path / "pony.half").write_bytes(b"x")
    async with workbench(tmp_path / "home") as bench:
        found = await bench.bring(tmp_path / "pony.half")
        assert found.error is not None
        assert (found.state, found.error["message"]) == (State.FAILED, "'pony' lacks its config.")


async def test_nothing_known_several_voices_and_another_architecture_are_told_apart(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        (tmp_path / "notes.bin").write_bytes(b"x")
        assert "Nothing in it" in (await bench.bring(tmp_path / "notes.bin")).error["message"]  # type: ignore[index]
        (folder / "Other.pth").write_bytes(b"x")
        assert "2 voices" in (await bench.bring(folder, name="mine")).error["message"]  # type: ignore[index]
        assert (await bench.bring(folder)).outcome["voices"] == ["parrot:other", "parrot:pony"]  # type: ignore[index]


async def test_an_asset_comes_the_same_way(tmp_path: Path) -> None:
    (tmp_path / "hubert.enc").write_bytes(WEIGHTS)
    async with workbench(tmp_path / "home") as bench:
        assert (await bench.bring(tmp_path / "hubert.enc")).outcome["assets"] == ["hubert"]  # type: ignore[index]
        assert bench.workshop.shelf.assets.get("hubert").kind == "content_encoder"
        assert await bench.sound()


@pytest.mark.parametrize(
    ("order", "field"),
    [({"name": "../x"}, "name"), ({"architecture": "nobody"}, "architecture"), ({"sha256": "0"}, "sha256"), ({"source": " "}, "source")],
)
async def test_an_order_that_cannot_be_meant_is_refused_at_once(order: dict[str, str], field: str, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        with pytest.raises(InvalidRequest) as refused:
            await bench.submit(**{"source": "/somewhere", **order})
        assert [problem.field for problem in refused.value.problems] == [field]
        with pytest.raises(ImportMissing):
            bench.imports.get("01NOBODY")


# From elsewhere.


async def test_a_repository_is_brought_in_by_its_commit(tmp_path: Path) -> None:
    with bad_server() as server:
        play_hub(server, "ponies/voices", {"pony/Pony.pth": WEIGHTS}, facts={"cardData": {"license": "mit"}})
        async with workbench(tmp_path / "home", trusted=server.url, hub=server.url) as bench:
            found = await bench.bring("hf:ponies/voices/pony")
            voice = bench.workshop.shelf.voices.get("parrot:pony")
            assert found.state is State.SUCCEEDED
            assert (voice.provenance.licence, voice.origin["pinned"]["commit"]) == ("MIT", COMMIT)
            plan = await bench.imports.plan("ann", bench.imports.get(found.id).order)
            assert [item.sha256 for item in plan.items] == [SHA256]


async def test_what_an_address_gave_first_it_must_give_again(tmp_path: Path) -> None:
    with bad_server() as server:
        url = server.play("/Pony.pth", acts.good(WEIGHTS))
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            assert (await bench.bring(url)).state is State.SUCCEEDED
            server.play("/Pony.pth", acts.good(b"another" * 100))
            refused = await bench.bring(url)
            assert "its sha256 is another" in refused.error["message"]  # type: ignore[index]
            trusted = await bench.bring(url, sha256=hashlib.sha256(b"another" * 100).hexdigest())
            assert trusted.state is State.SUCCEEDED
            assert (await bench.bring(url)).state is State.SUCCEEDED, "from now on that one"


async def test_a_key_in_an_address_is_told_to_nobody(tmp_path: Path) -> None:
    with bad_server() as server:
        url = server.play("/Pony.pth", acts.good(WEIGHTS)) + "?key=secret-of-ann"
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            assert (await bench.bring(url)).state is State.SUCCEEDED
            assert server.seen[-1].path.endswith("secret-of-ann")
            voice = bench.workshop.shelf.voices.get("parrot:pony")
            for told in (voice.as_json(), events(bench), [row.detail for row in _added(bench)]):
                assert "secret-of-ann" not in json.dumps(told)


async def test_an_address_that_fails_is_tried_again_from_where_it_stopped(tmp_path: Path) -> None:
    with bad_server() as server:
        url = server.play("/Pony.pth", acts.cut(WEIGHTS, 150_000), acts.status(503), acts.status(503), acts.good(WEIGHTS))
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            failed = await bench.bring(url)
            assert (failed.state, failed.error["code"]) == (State.FAILED, "fetch_failed")  # type: ignore[index]
            await bench.imports.retry(failed.id)
            assert (await bench.ended(failed.id)).state is State.SUCCEEDED
            assert server.seen[-1].headers["range"] == "bytes=150000-"
            assert await bench.sound()
            with pytest.raises(IllegalTransition):
                await bench.imports.retry(failed.id)


async def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    with bad_server() as server:
        url = server.play("/Pony.pth", acts.silent(20, WEIGHTS, 100_000))
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            name = await bench.submit(url)
            await bench.until(name, lambda found: _has_begun(bench, name))
            assert (await bench.imports.cancel(name)).state is State.CANCELLING
            assert (await bench.ended(name)).state is State.CANCELLED
            assert await bench.sound()
            assert (await bench.imports.cancel(name)).state is State.CANCELLED


def _has_begun(bench: Bench, name: str, least: int = 1) -> bool:
    progress = bench.imports.progress(name)
    return progress is not None and progress.bytes_done >= least


async def test_one_that_waits_is_cancelled_at_once(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        bench.pauses.append("ann")
        name = await bench.submit(folder)
        assert (await bench.imports.cancel(name)).state is State.CANCELLED
        assert bench.imports.idle


async def test_the_next_host_goes_on_by_range_with_what_this_one_fetched(tmp_path: Path) -> None:
    with bad_server() as server:
        url = server.play("/Pony.pth", acts.silent(20, WEIGHTS, 100_000), acts.good(WEIGHTS))
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            name = await bench.submit(url)
            await bench.until(name, lambda found: _has_begun(bench, name, 100_000))
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            assert (await bench.ended(name)).state is State.SUCCEEDED
            assert server.seen[-1].headers["range"] == "bytes=100000-"
            assert await bench.sound()


async def test_a_paused_lane_starts_none_and_three_run_at_once(tmp_path: Path) -> None:
    with bad_server() as server:
        urls = [server.play(f"/{number}.pth", acts.silent(20, WEIGHTS, 1000)) for number in range(5)]
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            bench.pauses.append("ann")
            flood = [await bench.submit(url) for url in urls]
            other = await bench.submit(server.play("/bob.pth", acts.silent(20, WEIGHTS, 1000)), owner="bob")
            await asyncio.sleep(0.1)
            assert not server.seen
            bench.pauses.clear()
            await bench.until(other, lambda found: found.state is State.RUNNING)
            await bench.until(flood[1], lambda found: found.state is State.RUNNING)
            states = [bench.imports.get(name).state for name in flood]
            assert states == [State.RUNNING, State.RUNNING, State.QUEUED, State.QUEUED, State.QUEUED]


async def test_a_disk_without_room_is_said_before_anything_is_copied(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home", floor_bytes=1 << 60) as bench:
        refused = await bench.bring(folder)
        assert refused.error is not None
        assert (refused.error["code"], refused.error["problems"][0]["field"]) == ("storage_failed", "storage")


async def test_a_catalogues_shared_model_is_laid_beside_the_voice(tmp_path: Path) -> None:
    with bad_server() as server:
        server.play("/shared.pth", acts.good(WEIGHTS))
        server.play("/config.json", acts.good(b"{}"))
        file = {"Download With": "REQUESTS", "Size (bytes)": 0}
        characters = [
            {
                "Model Name": "Pony",
                "License": "MIT",
                "Files": [{**file, "URL": f"{server.url}/config.json", "Download As": "config.json"}],
                "Multi-speaker Model Dependency": "All",
                "Symlinks": [{"As": "Pony.pth", "Target": "G_0.pth"}],
            }
        ]
        shared = [{"Model Name": "All", "Files": [{**file, "URL": f"{server.url}/shared.pth", "Download As": "G_0.pth"}]}]
        (tmp_path / "character_models.json").write_text(json.dumps(characters))
        (tmp_path / "multi_speaker_models.json").write_text(json.dumps(shared))
        async with workbench(tmp_path / "home", trusted=server.url) as bench:
            found = await bench.bring(f"haysay:{tmp_path}/character_models.json#Pony")
            assert found.outcome is not None, found.error
            assert found.outcome["voices"] == ["parrot:pony"]
            voice = bench.workshop.shelf.voices.get("parrot:pony")
            assert (set(voice.files), voice.provenance.licence) == ({"weights", "config"}, "MIT")
            assert await bench.sound()


async def test_an_upload_is_used_up_by_its_import(tmp_path: Path) -> None:
    sent = tmp_path / "01ABC.part"
    sent.write_bytes(WEIGHTS)
    async with workbench(tmp_path / "home") as bench:
        bench.uploads["01ABC"] = (sent, "../Pony.pth")
        assert (await bench.bring("upload:01ABC")).outcome["voices"] == ["parrot:pony"]  # type: ignore[index]
        assert not sent.exists()


# Confinement.


async def test_below_full_confinement_an_operator_says_why_and_it_is_written_down(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home", profile=PROFILES["shared"], librarian=NameReader(level="limits")) as bench:
        refused = await bench.bring(folder)
        assert refused.error is not None
        assert refused.error["problems"][0]["field"] == "override_reason"
        taken = await bench.bring(folder, override_reason="the kernel has no Landlock yet")
        assert taken.state is State.SUCCEEDED
        (row,) = bench.workshop.store.read(lambda connection: entries(connection, action="override"))
        assert (row.subject, "no Landlock yet" in row.detail) == ("parrot:pony", True)


async def test_what_is_being_put_on_the_shelf_is_not_cancelled_any_more(folder: Path, tmp_path: Path) -> None:
    async with workbench(tmp_path / "home") as bench:
        async with bench.workshop.shelf.lock:
            name = await bench.submit(folder)
            await bench.until(name, lambda found: found.step == "settle")
            with pytest.raises(Conflict, match="being put on the shelf"):
                await bench.imports.cancel(name)
        assert (await bench.ended(name)).state is State.SUCCEEDED
