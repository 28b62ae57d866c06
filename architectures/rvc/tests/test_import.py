"""RVC's files on their whole way: written as people have them, examined without torch, converted, and read again bit by bit."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
from safetensors.numpy import load_file

from architectures.rvc.tests.rule_files import (
    KINDS,
    PARITY,
    Kind,
    arrays,
    content_encoder,
    full_size_voice,
    official,
    parametrized,
    small_model,
    training,
)
from conftest import TORCH_PYTHON
from hay_say_lab.domain.finding import Finding, Findings
from hay_say_lab.engine.librarian import Converted, Librarian
from hay_say_lab.errors import InvalidRequest
from hay_say_rvc.generator import expected
from tests.engine.workshops import workbench
from tests.library.reading import librarian
from tests.library.torch_files import write_legacy, write_zip

INDEX = PARITY / "index_v1" / "added_IVF6_Flat_nprobe_1_case_v1.index"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Librarian]:
    monkeypatch.setenv("HAY_SAY_TORCH_PYTHON", str(TORCH_PYTHON))
    with librarian(tmp_path / "home") as (found, _):
        yield found


def _examined(desk: Librarian, folder: Path) -> Findings:
    return asyncio.run(desk.examine(folder))


def _converted(desk: Librarian, finding: Finding, folder: Path, out: Path) -> Converted:
    return asyncio.run(desk.convert(finding, folder, out))


def _same(found: dict[str, numpy.ndarray], wanted: dict[str, numpy.ndarray]) -> bool:
    return found.keys() == wanted.keys() and all(
        found[key].dtype == wanted[key].dtype and found[key].shape == wanted[key].shape
        and found[key].tobytes() == wanted[key].tobytes() for key in wanted
    )  # fmt: skip


def test_a_folder_as_people_have_it_comes_to_its_voice_with_its_index(desk: Librarian, tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    (folder / "Trixie").mkdir(parents=True)
    write_zip(folder / "Trixie" / "Trixie.pth", small_model(Kind("v1").small))
    shutil.copy(INDEX, folder / "Trixie" / "added_IVF6_Flat_nprobe_1_Trixie_v1.index")
    (folder / "Trixie" / "trained_IVF6_Flat_nprobe_1_Trixie_v1.index").write_bytes(INDEX.read_bytes()[:100])
    (folder / "Trixie" / "readme.txt").write_text("Please credit me.")

    findings = _examined(desk, folder)

    (voice,) = findings.sets
    assert (voice.architecture, voice.title, voice.slug, voice.missing) == ("rvc", "Trixie", "trixie", ())
    assert voice.files == {"weights": "Trixie/Trixie.pth", "index": "Trixie/added_IVF6_Flat_nprobe_1_Trixie_v1.index"}
    assert voice.facts["index_vectors"] > 0
    assert [problem.field for problem in findings.problems] == ["Trixie/trained_IVF6_Flat_nprobe_1_Trixie_v1.index"]
    assert [(ignored.name, ignored.why) for ignored in findings.ignored] == [("Trixie/readme.txt", "a text for people")]


def test_a_zip_in_a_folder_is_opened_once_and_its_voice_is_named_after_it(desk: Librarian, tmp_path: Path) -> None:
    import zipfile

    folder = tmp_path / "brought"
    folder.mkdir()
    write_zip(tmp_path / "model.pth", small_model(Kind().small))
    with zipfile.ZipFile(tmp_path / "inner.zip", "w") as inner:
        inner.writestr("a.txt", "a")
    with zipfile.ZipFile(folder / "Rainbow Dash.zip", "w") as file:
        file.write(tmp_path / "model.pth", "../../model.pth")
        file.write(tmp_path / "inner.zip", "inner.zip")

    findings = _examined(desk, folder)

    (voice,) = findings.sets
    assert (voice.title, voice.missing) == ("Rainbow Dash", ())
    assert (folder / voice.files["weights"]).is_file()
    assert [ignored.why for ignored in findings.ignored] == ["an archive inside of an archive is not unpacked"]
    assert {path.name for path in tmp_path.iterdir()} == {"home", "brought", "model.pth", "inner.zip"}


@pytest.mark.torch
def test_every_kind_is_converted_and_reads_the_same_bit_by_bit(desk: Librarian, tmp_path: Path) -> None:
    """All kinds at thin sizes; one child converts them all, because importing torch costs more than any of them."""
    folder = tmp_path / "brought"
    folder.mkdir()
    wanted: dict[str, dict[str, numpy.ndarray]] = {}
    for number, (version, rate, pitch) in enumerate(KINDS):
        sizes = Kind(version, rate, pitch).small
        model, name = small_model(sizes), f"small-{version}-{rate}-{pitch}"
        write = write_zip if number % 2 else write_legacy           # as before torch 1.6, and since
        write(folder / f"{name}.pth", model)
        wanted[name] = model["weight"]
    sizes = Kind().small
    old = small_model(Kind("v1", 40, False).small)
    old["config"] = old["config"][:17]
    write_zip(folder / "seventeen.pth", old)
    write_zip(folder / "applio.pth", small_model(sizes, parametrized(arrays(expected(sizes)))))
    trained = training(sizes)
    write_zip(folder / "trained.pth", trained)
    wanted |= {"seventeen": old["weight"], "applio": arrays(expected(sizes))}
    wanted["trained"] = {key: array for key, array in trained["model"].items() if not key.startswith("enc_q.")}

    findings = _examined(desk, folder)
    assert [problem for voice in findings.sets for problem in voice.missing] == []
    assert {voice.title for voice in findings.sets} == wanted.keys()
    together = replace(
        findings.sets[0],
        files={voice.title: voice.files["weights"] for voice in findings.sets},
        weights={voice.title: voice.weights["weights"] for voice in findings.sets},
    )
    converted = _converted(desk, together, folder, tmp_path / "out")

    for title, state in wanted.items():
        assert converted.files[title].name == f"{title}.safetensors"
        assert _same(load_file(converted.files[title]), state), title
    assert converted.level == findings.level


@pytest.mark.torch
def test_the_official_files_at_full_size_are_converted_and_read_the_same(desk: Librarian, tmp_path: Path) -> None:
    """55 MB of a voice, and the two assets with 190 and 181 MB, fairseq's own object in one of them."""
    folder = tmp_path / "brought"
    folder.mkdir()
    voice, encoder, pitch = full_size_voice(), content_encoder(), official("rmvpe")
    write_zip(folder / "Dash.pth", voice)
    write_zip(folder / "hubert_base.pt", encoder)
    write_zip(folder / "rmvpe.pt", pitch)

    findings = _examined(desk, folder)
    found = {finding.kind: finding for finding in findings.sets}
    assert found.keys() == {"small", "content_encoder", "f0_network"}
    assert [finding.missing for finding in findings.sets] == [(), (), ()]
    together = replace(
        found["small"], files={kind: finding.files["weights"] for kind, finding in found.items()},
        weights={kind: finding.weights["weights"] for kind, finding in found.items()},
    )  # fmt: skip
    converted = _converted(desk, together, folder, tmp_path / "out")

    assert _same(load_file(converted.files["small"]), voice["weight"])
    assert _same(load_file(converted.files["f0_network"]), pitch)
    kept = {key: array for key, array in encoder["model"].items() if key not in ("label_embs_concat", "mask_emb")}
    assert _same(load_file(converted.files["content_encoder"]), kept)
    config = json.loads(converted.files["config"].read_bytes())
    assert (config["version"], config["f0"], config["config"][17]) == ("v2", True, 40_000)
    for path in tmp_path.glob("*/*.p*"):
        path.unlink()                       # half a gigabyte that nobody needs for three runs of the tests


@pytest.mark.torch
def test_the_same_file_gives_the_same_bytes_and_tells_where_it_came_from(desk: Librarian, tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    path = write_zip(folder / "Dash.pth", small_model(Kind().small))
    (voice,) = _examined(desk, folder).sets
    twice = replace(voice, weights={role: voice.weights["weights"] for role in ("one", "two")})
    converted = _converted(desk, twice, folder, tmp_path / "out")
    made = [converted.files[role].read_bytes() for role in ("one", "two")]
    assert made[0] == made[1]
    header = json.loads(made[0][8 : 8 + int.from_bytes(made[0][:8], "little")])
    from hay_say_lab.storage.objects import hash_file

    assert json.loads(header["__metadata__"]["hay_say_lab"]) == {"converter": "1", "source_sha256": hash_file(path)}


def _broken(value: float) -> dict[str, Any]:
    model = small_model(Kind().small)
    model["weight"]["dec.conv_pre.weight"] = model["weight"]["dec.conv_pre.weight"].copy()
    model["weight"]["dec.conv_pre.weight"].reshape(-1)[3] = value
    return model


@pytest.mark.torch
def test_weights_that_are_no_numbers_are_refused_by_their_name(desk: Librarian, tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    write_zip(folder / "Dash.pth", _broken(float("nan")))
    (voice,) = _examined(desk, folder).sets
    with pytest.raises(InvalidRequest, match=r"'dec\.conv_pre\.weight' hold values that are not finite"):
        _converted(desk, voice, folder, tmp_path / "out")


def test_a_set_that_lacks_something_is_not_converted(desk: Librarian, tmp_path: Path) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    model = small_model(Kind().small)
    del model["weight"]["emb_g.weight"]
    write_zip(folder / "Dash.pth", model)
    (voice,) = _examined(desk, folder).sets
    with pytest.raises(InvalidRequest, match="emb_g.weight") as refused:
        _converted(desk, voice, folder, tmp_path / "out")
    assert refused.value.problems == voice.missing
    assert not (tmp_path / "out").exists()


@pytest.mark.torch
def test_a_voice_is_imported_kept_and_removed_to_the_exact_byte(desk: Librarian, tmp_path: Path) -> None:
    """The whole way that a person's folder goes in a host, with everything real."""
    folder = tmp_path / "brought" / "Trixie"
    folder.mkdir(parents=True)
    model = small_model(Kind("v1").small)
    write_zip(folder / "Trixie.pth", model)
    shutil.copy(INDEX, folder / "added_IVF6_Flat_nprobe_1_Trixie_v1.index")

    async def brought() -> None:
        async with workbench(tmp_path / "lab", librarian=desk) as bench:
            shelf, before = bench.workshop.shelf, _bytes(tmp_path / "lab" / "voices")
            found = await bench.ended(await bench.submit(folder), 120)
            assert found.error is None
            voice = shelf.voices.get("rvc:trixie")
            kept = tmp_path / "lab" / "voices" / "rvc" / "trixie"
            assert {role: file.name for role, file in voice.files.items()} == {
                "weights": "weights.safetensors", "config": "config.json", "index": "index.index",
            }  # fmt: skip
            assert _same(load_file(kept / "weights.safetensors"), model["weight"])
            assert (kept / "index.index").read_bytes() == INDEX.read_bytes()
            assert voice.origin["confinement"] in ("full", "limits")
            held = _bytes(tmp_path / "lab" / "voices") - before
            freed = shelf.preview(voice.id)
            assert freed.bytes == held == sum(file.bytes for file in voice.files.values())
            await shelf.remove(voice.id, "ann")
            await shelf.empty(everything=True)
            assert _bytes(tmp_path / "lab" / "voices") == before
            assert await bench.sound()

    asyncio.run(brought())


def _bytes(folder: Path) -> int:
    """Of all files, each once however many names it has."""
    files = {status.st_ino: status.st_size for path in folder.rglob("*") if path.is_file() for status in [path.stat()]}
    return sum(files.values())
