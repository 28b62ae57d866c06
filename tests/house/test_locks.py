"""What is installed is what is locked, and what is locked is what is declared."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.source import CORE, REPOSITORY, core, modules, tests

CONSTRAINTS = REPOSITORY / "constraints"
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^ ;\\]+)(?P<marker> *;[^\\]*)?", re.MULTILINE)
OURS = ("hay-say-",)
EXTRAS = {"demo": ("lab", "runtime"), "test": ("lab", "runtime", "ffmpeg", "archives")}     # what each lock brings
HEAVY = {"torch"}               # a runtime that names one of these lies in the second environment alone


@cache
def _project(place: str) -> dict[str, Any]:
    return tomllib.loads((REPOSITORY / place / "pyproject.toml").read_text(encoding="utf-8"))


def _pins(name: str) -> dict[str, str]:
    text = (CONSTRAINTS / f"{name}.txt").read_text(encoding="utf-8")
    return {canonicalize_name(pin["name"]): pin["version"] for pin in PIN.finditer(text)}


def _projects() -> list[str]:
    folders = [REPOSITORY, *REPOSITORY.glob("architectures/*/"), *REPOSITORY.glob("tests/plugins/*/")]
    return [folder.relative_to(REPOSITORY).as_posix() for folder in folders if (folder / "pyproject.toml").exists()]


def _requirements(place: str, *extras: str) -> list[Requirement]:
    project = _project(place)
    optional = project["project"].get("optional-dependencies", {})
    lines = list(project["project"].get("dependencies", ()))
    lines += [line for extra in extras for line in optional.get(extra, ())]
    return [Requirement(line) for line in lines]


def _is_heavy(place: str) -> bool:
    own = len(_requirements(place))
    return bool(HEAVY & {wanted.name for wanted in _requirements(place, "runtime")[own:]})


def _unmet(requirements: list[Requirement], pins: dict[str, str]) -> list[str]:
    return [
        f"{wanted}: locked is {pins.get(canonicalize_name(wanted.name))}"
        for wanted in requirements
        if not wanted.name.startswith(OURS)
        and not (
            (locked := pins.get(canonicalize_name(wanted.name))) and wanted.specifier.contains(locked, prereleases=True)
        )
    ]


@pytest.mark.parametrize("name", ["demo", "test"])
def test_the_lock_holds_what_is_declared(name: str) -> None:
    """`make lock` is due where this fails."""
    places = [place for place in _projects() if name == "test" or not place.startswith("tests")]
    wanted = {place: [extra for extra in EXTRAS[name] if extra != "runtime" or not _is_heavy(place)] for place in places}
    unmet = [line for place, extras in wanted.items() for line in _unmet(_requirements(place, *extras), _pins(name))]
    assert not unmet, "\n".join(unmet)


def test_the_lock_holds_the_tools_of_the_tests() -> None:
    lines = [line for line in _project(".")["dependency-groups"]["test"] if isinstance(line, str)]
    assert not _unmet([Requirement(line) for line in lines], _pins("test"))


def test_building_needs_what_the_lock_brings() -> None:
    """Our distributions are built without isolation, out of the locked set."""
    for place in _projects():
        assert not _unmet([Requirement(line) for line in _project(place)["build-system"]["requires"]], _pins("demo"))


def test_the_demo_installs_a_part_of_what_the_tests_install() -> None:
    demo, test = _pins("demo"), _pins("test")
    assert {name: test.get(name) for name in demo} == demo


@pytest.mark.parametrize("name", ["demo", "test"])
def test_no_lock_brings_torch(name: str) -> None:
    heavy = {pin for pin in _pins(name) if pin.startswith(("torch", "nvidia", "triton", "tensorflow"))}
    assert not heavy


def test_the_lock_of_the_second_environment_holds_the_runtimes_that_need_torch() -> None:
    heavy = [place for place in _projects() if _is_heavy(place)]
    assert heavy
    unmet = [line for place in heavy for line in _unmet(_requirements(place, "runtime"), _pins("torch"))]
    assert not unmet, "\n".join(unmet)


def test_the_lock_of_the_second_environment_holds_the_extra_and_the_cores_own_pins() -> None:
    torch, test = _pins("torch"), _pins("test")
    optional = _project(".")["project"]["optional-dependencies"]
    extra = [Requirement(line) for line in (*optional["crepe"], *optional["checkpoints"])]
    assert not _unmet(extra, torch)
    assert {name: test[name] for name in torch.keys() & test.keys()} == {name: torch[name] for name in torch.keys() & test.keys()}


@pytest.mark.parametrize("name", ["demo", "test", "torch", "uv"])
def test_every_pin_carries_hashes_and_no_address(name: str) -> None:
    text = (CONSTRAINTS / f"{name}.txt").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert entries
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]
    assert "://" not in text
    assert not re.search(r"^(-e|-i|-f|--index|--extra-index|--find-links)", text, re.MULTILINE)


def test_what_runs_here_is_what_is_locked() -> None:
    others = {}
    for wanted in _requirements(".", "lab"):
        locked = _pins("test")[canonicalize_name(wanted.name)]
        if version(wanted.name) != locked:
            others[wanted.name] = f"runs {version(wanted.name)}, locked {locked}"
    assert not others


def test_every_package_that_the_core_imports_is_declared() -> None:
    declared = {canonicalize_name(wanted.name) for wanted in _requirements(".", "lab", "archives", "checkpoints", "traces")}
    providers = packages_distributions()
    undeclared = {
        f"{module.place}:{found.line}: {found.target}"
        for module in core()
        for found in module.imports()
        if (top := found.target.split(".")[0]) in providers
        and top != CORE
        and not declared & {canonicalize_name(name) for name in providers[top]}
    }
    assert not undeclared, "\n".join(sorted(undeclared))


def test_nothing_is_declared_that_the_core_does_not_import() -> None:
    providers = packages_distributions()
    tops = {found.target.split(".")[0] for module in core() for found in module.imports()}
    imported = {canonicalize_name(name) for top in tops for name in providers.get(top, ())}
    wanted = {canonicalize_name(requirement.name) for requirement in _requirements(".")}
    assert wanted <= imported, f"declared, but never imported: {sorted(wanted - imported)}"


def test_every_package_that_an_architecture_imports_is_declared() -> None:
    providers = packages_distributions()
    undeclared = []
    for module in modules():
        if module.package == CORE:
            continue
        place = next(
            parent for parent in Path(module.place).parents if (REPOSITORY / parent / "pyproject.toml").exists()
        )
        wanted = _requirements(place.as_posix(), "runtime") + _requirements(".")
        declared = {canonicalize_name(requirement.name) for requirement in wanted}
        undeclared += [
            f"{module.place}:{found.line}: {found.target}"
            for found in module.imports()
            if (top := found.target.split(".")[0]) in providers
            and top not in (CORE, module.package)
            and not declared & {canonicalize_name(name) for name in providers[top]}
        ]
    assert not undeclared, "\n".join(undeclared)


def test_the_notice_names_every_package_that_we_bring() -> None:
    notice = (REPOSITORY / "NOTICE").read_text(encoding="utf-8").lower()
    places = [place for place in _projects() if not place.startswith("tests")]
    wanted = {r.name.lower() for place in places for r in _requirements(place, *EXTRAS["test"])}
    assert not {name for name in wanted if not name.startswith(OURS) and name not in notice}


def test_every_package_that_a_test_imports_is_declared() -> None:
    providers = packages_distributions()
    lines = [line for line in _project(".")["dependency-groups"]["test"] if isinstance(line, str)]
    wanted = [Requirement(line) for line in lines] + _requirements(".", "lab")
    wanted += [r for place in _projects() for r in _requirements(place, "runtime")]
    declared = {canonicalize_name(requirement.name) for requirement in wanted}
    undeclared = {
        f"{module.place}:{found.line}: {found.target}"
        for module in tests()
        for found in module.imports()
        if (top := found.target.split(".")[0]) in providers
        and not top.startswith("hay_say_")
        and not declared & {canonicalize_name(name) for name in providers[top]}
    }
    assert not undeclared, "\n".join(sorted(undeclared))
