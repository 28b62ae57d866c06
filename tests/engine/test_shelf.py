"""The shelf: a voice is there whole or not at all, shares what it can, and leaves no byte behind when it goes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from hay_say_lab.domain.voice import Voice
from hay_say_lab.engine.allowance import Allowance
from hay_say_lab.engine.inventory import Freed
from hay_say_lab.engine.shelf import Shelf
from hay_say_lab.errors import Conflict, InvalidRequest, LabError, StorageFailed, TooLarge, VoiceMissing
from hay_say_lab.storage.survey import folder_bytes
from tests.engine.shelves import ANN, brought, brought_asset, open_shelf

MB = 1 << 20
SHARED = b"the same encoder" * 200


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return open_shelf(tmp_path)


async def _sound(shelf: Shelf) -> bool:
    return (await shelf.examine(deep=True, mend=False)).sound


async def test_a_voice_comes_in_with_its_files_and_is_there_for_the_next_host(shelf: Shelf, tmp_path: Path) -> None:
    voice, files = brought(tmp_path)
    assert await shelf.settle(voice, files) == voice

    again = open_shelf(tmp_path)
    await again.recover()
    assert again.voices.get(ANN) == voice
    folder = tmp_path / "voices" / "parrot" / "ann"
    assert sorted(path.name for path in folder.iterdir()) == ["config.bin", "model.bin"]
    assert (folder / "model.bin").read_bytes() == b"weights of ann" * 100
    assert not any(path.exists() for path in files.values()), "they were moved"
    assert await _sound(again)


async def test_fifty_who_bring_the_same_voice_at_once_share_one_set_of_files(shelf: Shelf, tmp_path: Path) -> None:
    settled = await asyncio.gather(*(shelf.settle(*brought(tmp_path)) for _ in range(50)))

    assert {voice.hash for voice in settled} == {shelf.voices.get(ANN).hash}
    assert folder_bytes(tmp_path / "voices") == 1402
    assert len(shelf.inventory.weights.sizes()) == 2
    assert await _sound(shelf)


async def test_fifty_voices_with_the_same_content_share_it_too(shelf: Shelf, tmp_path: Path) -> None:
    await asyncio.gather(*(shelf.settle(*brought(tmp_path, f"parrot:v{n}", {"model": SHARED})) for n in range(50)))
    assert folder_bytes(tmp_path / "voices") == len(SHARED)
    assert await _sound(shelf)


async def test_the_same_id_with_another_content_is_a_conflict_and_changes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    voice = await shelf.settle(*brought(tmp_path))
    other, files = brought(tmp_path, files={"model": b"another"})
    with pytest.raises(Conflict, match="another one"):
        await shelf.settle(other, files)
    assert shelf.voices.get(ANN) == voice
    assert await _sound(shelf)


def _another_content(voice: Voice, files: dict[str, Path]) -> Voice:
    files["model"].write_bytes(b"x" * 1400)
    return voice


def _another_size(voice: Voice, files: dict[str, Path]) -> Voice:
    files["model"].write_bytes(b"x")
    return voice


def _a_file_too_few(voice: Voice, files: dict[str, Path]) -> Voice:
    del files["config"]
    return voice


def _a_file_that_is_gone(voice: Voice, files: dict[str, Path]) -> Voice:
    files["config"].unlink()
    return voice


def _a_link(voice: Voice, files: dict[str, Path]) -> Voice:
    files["model"].rename(files["model"].with_name("x"))
    files["model"].symlink_to("x")
    return voice


def _named(voice: Voice, name: str) -> Voice:
    return replace(voice, files={**voice.files, "model": replace(voice.files["model"], name=name)})


@pytest.mark.parametrize(
    "spoil",
    [
        _another_content,
        _another_size,
        _a_file_too_few,
        _a_file_that_is_gone,
        _a_link,
        lambda voice, files: _named(voice, "../../escaped"),
        lambda voice, files: _named(voice, "CONFIG.bin"),       # the same as config.bin where case does not count
        lambda voice, files: replace(voice, id="parrot:../../x"),
        lambda voice, files: replace(voice, id="../parrot:x"),
        lambda voice, files: replace(voice, id=".files:x"),
    ],
)
async def test_what_is_not_as_its_document_says_is_refused_and_leaves_nothing(
    spoil: object, shelf: Shelf, tmp_path: Path
) -> None:
    kept = await shelf.settle(*brought(tmp_path, "parrot:kept", {"config": b"{}"}))
    voice, files = brought(tmp_path)
    spoilt = spoil(voice, files)  # type: ignore[operator]
    with pytest.raises(InvalidRequest):
        await shelf.settle(spoilt, files)

    assert [one for one in shelf.voices.all() if not one.builtin] == [kept]
    assert folder_bytes(tmp_path / "voices") == 2, "what others need stays"
    assert list((tmp_path / "voices" / ".intents").iterdir()) == []
    assert await _sound(shelf)


async def test_a_disk_that_refuses_leaves_no_half_a_voice(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "voices" / "parrot").touch()        # a file where the folder should be
    with pytest.raises(StorageFailed):
        await shelf.settle(*brought(tmp_path))
    (tmp_path / "voices" / "parrot").unlink()
    assert not shelf.voices.has(ANN)
    assert await _sound(shelf)


async def test_a_registry_that_cannot_be_written_leaves_no_half_a_voice(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "registry").rename(tmp_path / "elsewhere")
    with pytest.raises(StorageFailed):
        await shelf.settle(*brought(tmp_path))
    (tmp_path / "elsewhere").rename(tmp_path / "registry")
    assert not shelf.voices.has(ANN)
    assert folder_bytes(tmp_path / "voices") == 0
    assert await _sound(shelf)


async def test_who_goes_away_in_the_middle_leaves_a_whole_voice(shelf: Shelf, tmp_path: Path) -> None:
    settling = asyncio.create_task(shelf.settle(*brought(tmp_path)))
    await asyncio.sleep(0)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    await shelf.close()
    assert await _sound(shelf)
    assert shelf.voices.has(ANN)


async def test_a_content_that_rots_is_mended_for_all_by_bringing_it_again(shelf: Shelf, tmp_path: Path) -> None:
    voice = await shelf.settle(*brought(tmp_path, files={"model": SHARED}))
    path = shelf.inventory.weights.path(voice.files["model"].sha256)
    os.chmod(path, 0o600)
    path.write_bytes(b"y" * len(SHARED))
    found = await shelf.examine(deep=True, mend=False)
    assert found.damaged == (voice.files["model"].sha256,)

    await shelf.settle(*brought(tmp_path, "parrot:bob", {"model": SHARED}))
    assert await _sound(shelf)
    assert (tmp_path / "voices/parrot/ann/model.bin").read_bytes() == SHARED


# Out, and back.


async def test_the_preview_counts_what_others_share_and_the_removal_frees_just_that(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.settle(*brought(tmp_path, files={"model": b"ann's own", "encoder": SHARED}))
    await shelf.settle(*brought(tmp_path, "parrot:bob", {"model": b"bob's", "encoder": SHARED}))
    before = folder_bytes(tmp_path / "voices")

    preview = shelf.preview(ANN)
    assert preview == Freed(9, ("model.bin",), ("encoder.bin: parrot:bob",))
    removed = await shelf.remove(ANN, "ann")
    assert removed.freed == preview
    assert folder_bytes(tmp_path / "voices") == before, "it can be restored"
    assert await shelf.empty(everything=True) == 9
    assert folder_bytes(tmp_path / "voices") == before - 9
    assert await _sound(shelf)

    assert shelf.preview("parrot:bob").bytes == 5 + len(SHARED), "it is the last one now"
    await shelf.remove("parrot:bob", "ann")
    await shelf.empty(everything=True)
    assert folder_bytes(tmp_path / "voices") == 0
    assert sorted(path.name for path in (tmp_path / "voices").iterdir()) == [".files", ".intents"]


async def test_a_removed_voice_is_forgotten_at_once_and_restored_as_it_was(shelf: Shelf, tmp_path: Path) -> None:
    voice = await shelf.settle(*brought(tmp_path))
    gone: list[str] = []
    shelf.removed = lambda voice: gone.append(voice.id)

    removed = await shelf.remove(ANN, "olga")
    assert removed.until > "2026"
    assert gone == [ANN]
    assert not (tmp_path / "voices" / "parrot").exists()
    with pytest.raises(VoiceMissing):
        await shelf.remove(ANN, "olga")
    assert shelf.voices.in_trash(ANN).by == "olga"
    assert await _sound(shelf)

    assert await open_shelf(tmp_path).restore(ANN) == voice
    assert (tmp_path / "voices/parrot/ann/config.bin").read_bytes() == b"{}"
    with pytest.raises(VoiceMissing, match="not in the trash"):
        await open_shelf(tmp_path).restore(ANN)


async def test_a_voice_is_not_restored_over_another_one(shelf: Shelf, tmp_path: Path) -> None:
    await shelf.settle(*brought(tmp_path))
    await shelf.remove(ANN, "ann")
    other = await shelf.settle(*brought(tmp_path, files={"model": b"another"}))
    with pytest.raises(Conflict, match="again"):
        await shelf.restore(ANN)
    assert shelf.voices.get(ANN) == other
    assert await _sound(shelf)


async def test_the_trash_is_emptied_of_what_lay_there_long_enough(tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path, allowance=Allowance(trash_seconds=0.2))
    await shelf.settle(*brought(tmp_path))
    await shelf.remove(ANN, "ann")
    assert await shelf.empty() == 0
    await asyncio.sleep(0.25)
    assert shelf.leaving_trash() == [(ANN, 1402)]
    assert await shelf.empty() == 1402
    assert shelf.voices.trash() == []
    assert await _sound(shelf)


async def test_without_a_trash_a_removal_frees_at_once(tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path, allowance=Allowance(trash_seconds=0))
    await shelf.settle(*brought(tmp_path))
    removed = await shelf.remove(ANN, "ann")
    assert (removed.until, removed.freed.bytes) == ("", 1402)
    assert folder_bytes(tmp_path / "voices") == 0


async def test_a_voice_that_jobs_use_is_not_removed_until_they_have_ended(tmp_path: Path) -> None:
    jobs = [f"01JOB{number}" for number in range(7)]
    shelf = open_shelf(tmp_path, jobs_of=lambda voice: list(jobs))
    await shelf.settle(*brought(tmp_path))
    with pytest.raises(Conflict, match="01JOB0, 01JOB1, 01JOB2, 01JOB3, 01JOB4 and 2 more") as refused:
        await shelf.remove(ANN, "ann")
    assert "--after-jobs" in refused.value.problems[0].fix.label
    assert shelf.voices.has(ANN)

    removed = await shelf.remove(ANN, "ann", after_jobs=True)
    assert removed.waits_for == tuple(jobs)
    await shelf.let_leave()
    assert shelf.voices.has(ANN), "they still use it"

    jobs.clear()
    again = open_shelf(tmp_path)                    # whoever hosts by then
    await again.let_leave()
    assert not again.voices.has(ANN)
    assert again.voices.in_trash(ANN).by == "ann"


async def test_a_voice_that_waits_to_leave_can_be_kept_and_is_not_brought_meanwhile(tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path, jobs_of=lambda voice: ["01JOB"])
    voice = await shelf.settle(*brought(tmp_path))
    await shelf.remove(ANN, "ann", after_jobs=True)
    with pytest.raises(Conflict, match="being removed"):
        await shelf.settle(*brought(tmp_path))
    assert await shelf.restore(ANN) == voice
    assert shelf.voices.leaving() == {}


async def test_every_change_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, str, str]] = []
    shelf = open_shelf(tmp_path, told=told)
    await shelf.settle(*brought(tmp_path))
    await shelf.remove(ANN, "ann")
    await shelf.restore(ANN)
    await shelf.remove(ANN, "ann")
    await shelf.empty(everything=True)
    await shelf.settle_asset(*brought_asset(tmp_path))
    changes = [("voices", change, ANN) for change in ("added", "removed", "restored", "removed")]
    assert told == [*changes, ("voices", "emptied", ""), ("assets", "added", "hubert-base")]


async def test_a_voice_that_comes_with_its_architecture_stays(shelf: Shelf) -> None:
    with pytest.raises(Conflict, match="comes with"):
        shelf.preview("parrot:polly")
    with pytest.raises(Conflict, match="comes with"):
        await shelf.remove("parrot:polly", "ann")


# Quotas.


@pytest.mark.parametrize("by_budget", [False, True], ids=["by the environment", "by the book"])
async def test_twenty_who_come_at_once_never_pass_the_librarys_budget(by_budget: bool, tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path, allowance=Allowance(library_bytes=0 if by_budget else 2 * MB))
    if by_budget:
        from hay_say_lab.domain.retention import Budgets

        shelf._book.set(Budgets(voices_mb=2))
    came = await asyncio.gather(
        *(shelf.settle(*brought(tmp_path, f"parrot:v{n}", {"model": bytes([n]) * (MB // 4)})) for n in range(20)),
        return_exceptions=True,
    )
    refused = [one for one in came if isinstance(one, TooLarge)]
    assert len(refused) == 12
    assert folder_bytes(tmp_path / "voices") == 2 * MB
    assert await _sound(shelf)

    await shelf.settle(*brought(tmp_path, "parrot:same", {"model": bytes([0]) * (MB // 4)}))     # nothing more is needed
    await shelf.remove("parrot:v1", "ann")
    with pytest.raises(TooLarge, match="in the trash"):
        await shelf.settle(*brought(tmp_path, "parrot:more", {"model": b"m" * (MB // 4)}))
    await shelf.empty(everything=True)
    await shelf.settle(*brought(tmp_path, "parrot:more", {"model": b"m" * (MB // 4)}))


async def test_each_owner_has_a_share_of_their_own(tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path, allowance=Allowance(owner_bytes=MB))
    came = await asyncio.gather(
        *(
            shelf.settle(*brought(tmp_path, f"parrot:{who}-{n}", {"model": f"{who}{n}".encode() * (MB // 8)}, who))
            for who in ("ann", "bob")
            for n in range(5)
        ),
        return_exceptions=True,
    )
    for who in ("ann", "bob"):
        theirs = [one for one in came if isinstance(one, Voice) and one.imported_by == who]
        assert sum(file.bytes for one in theirs for file in one.files.values()) == MB
    assert sum(isinstance(one, TooLarge) for one in came) == 6


# Assets.


async def test_an_asset_is_kept_beside_the_voices_and_shares_with_them(shelf: Shelf, tmp_path: Path) -> None:
    asset = await shelf.settle_asset(*brought_asset(tmp_path, config=b"{}"))
    await shelf.settle(*brought(tmp_path))          # its config is {} as well
    assert shelf.asset_files(asset)["weights"].read_bytes() == b"an encoder" * 50
    assert shelf.inventory.held() == {"voices": 1402, "assets": 500, "trash": 0}

    await shelf.remove_asset("hubert-base", "ann")
    assert shelf.inventory.held() == {"voices": 1402, "assets": 0, "trash": 500}
    assert not (tmp_path / "voices" / ".assets").exists()
    await shelf.restore_asset("hubert-base")
    assert await _sound(open_shelf(tmp_path))


async def test_an_asset_without_its_main_file_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    asset, files = brought_asset(tmp_path)
    with pytest.raises(InvalidRequest, match="weights"):
        await shelf.settle_asset(replace(asset, files={"other": asset.files["weights"]}), {"other": files["weights"]})


async def test_a_host_that_cannot_write_the_news_has_still_removed(tmp_path: Path) -> None:
    shelf = open_shelf(tmp_path)

    async def refuse(noun: str, body: object) -> None:
        raise LabError("no news today")

    shelf._tell = refuse
    await shelf.settle(*brought(tmp_path))
    await shelf.remove(ANN, "ann")
    assert not shelf.voices.has(ANN)
