"""All files below a folder looked at: archives unpacked once, every file described, recognisers asked what it comes to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hay_say_lab.domain.finding import Finding, Findings, Ignored
from hay_say_lab.domain.skeleton import Skeleton
from hay_say_lab.errors import Fix, InvalidRequest, Problem
from hay_say_lab.library import containers
from hay_say_lab.library.archive import unpack
from hay_say_lab.library.refusal import refusal
from hay_say_lab.library.unpacking import Limits, clean_label
from hay_say_lab.plugin import Recogniser

UNPACKED = ".unpacked"          # below the folder: what was in its archives
MOST_FILES = 10_000
MOST_KEYS_TOLD = 6
_DROPPINGS = frozenset({"__macosx", "thumbs.db", "desktop.ini"})

_WHY = {
    containers.TEXT: "a text for people",
    containers.SOUND: "a recording, no weights",
    containers.UNKNOWN: "of no kind that is known here",
    containers.JSON: "a document that goes with no voice found here",
    containers.YAML: "a document that goes with no voice found here",
    containers.INDEX: "an index that goes with no voice found here",
    containers.ARRAYS: "arrays that go with no voice found here",
    containers.ARRAY: "an array that goes with no voice found here",
    containers.ONNX: "an ONNX network, and none is used here",
}


@dataclass(slots=True)
class Examination:
    """One folder on its way to its findings."""

    folder: Path
    limits: Limits = field(default_factory=Limits)
    skeletons: list[Skeleton] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def look(self) -> None:
        """Describe every file. What is wrong with one of them is told, and stops none of the others."""
        for left in (self.folder / UNPACKED).glob("*"):         # of an examination that was ended
            shutil.rmtree(left, ignore_errors=True)
        archives = []
        for path, label in self._files(self.folder):
            if containers.kind_of(path) in containers.ARCHIVES:
                archives.append((path, label))
            else:
                self._describe(path, label)
        for number, (path, label) in enumerate(archives):
            self._unpack(path, label, self.folder / UNPACKED / str(number))

    def _files(self, folder: Path) -> Iterator[tuple[Path, str]]:
        """Plain files and what they are called; links lead out of the folder, and are not followed."""
        count = 0
        for place, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != UNPACKED and name.lower() not in _DROPPINGS)
            for name in sorted(names):
                path = Path(place, name)
                label = clean_label(os.fsencode(path.relative_to(folder)).decode("utf-8", "replace"))
                count += 1
                if count > MOST_FILES:
                    raise refusal(f"There are more than {MOST_FILES} files.", "Bring the voice's own files.", "source")
                if name.startswith(".") or name.lower() in _DROPPINGS:
                    continue
                if path.is_symlink() or not path.is_file():
                    self.ignored.append(Ignored(label, "a link or a device: only plain files are read"))
                    continue
                yield path, label

    def _describe(self, path: Path, label: str) -> None:
        name = path.relative_to(self.folder).as_posix()
        try:
            self.skeletons.append(containers.skeleton(path, name, label))
        except InvalidRequest as refused:
            self.problems += [_of(label, problem) for problem in refused.problems]
        except MemoryError:
            fix = Fix("Ask its author for a safetensors file.")
            self.problems.append(Problem(label, f"{label}: the file takes more memory to read than is given to it.", fix))

    def _unpack(self, path: Path, label: str, into: Path) -> None:
        try:
            members = unpack(path, into, self.limits)
        except InvalidRequest as refused:
            shutil.rmtree(into, ignore_errors=True)
            self.problems += [_of(label, problem) for problem in refused.problems]
            return
        for member in members:
            parts = member.label.split("/")
            if parts[-1].startswith(".") or _DROPPINGS & {part.lower() for part in parts}:
                continue
            inner = into / member.name
            if containers.kind_of(inner) in containers.ARCHIVES:
                self.ignored.append(Ignored(f"{label}/{member.label}", "an archive inside of an archive is not unpacked"))
            else:
                self._describe(inner, f"{label}/{member.label}")

    def ask(self, recognisers: Mapping[str, Recogniser]) -> Findings:
        """What the recognisers, by architecture, make of it; each file that nobody knows gets a reason."""
        sets: list[Finding] = []
        ignored = list(self.ignored)
        known: set[str] = set()
        labels = {skeleton.name: skeleton.title for skeleton in self.skeletons}
        for recognise in recognisers.values():
            recognised = recognise(self.skeletons)
            sets += recognised.sets
            for finding in recognised.sets:
                known.update(finding.files.values())
            for found in recognised.ignored:
                known.add(found.name)
                ignored.append(replace(found, name=labels.get(found.name, found.name)))
        ignored += [Ignored(s.title, _why(s)) for s in self.skeletons if s.name not in known]
        return Findings(tuple(sets), tuple(ignored), tuple(self.problems))


def examine(folder: Path, recognisers: Mapping[str, Recogniser], limits: Limits | None = None) -> Findings:
    """All that lies below a folder. Archives are unpacked into `.unpacked` below it, one level deep.

    Raises InvalidRequest where there are too many files to look at.
    """
    examination = Examination(folder, limits or Limits())
    examination.look()
    return examination.ask(recognisers)


def _of(label: str, problem: Problem) -> Problem:
    return Problem(label, f"{label}: {problem.message}", problem.fix)


def _why(skeleton: Skeleton) -> str:
    if skeleton.container in _WHY:
        return _WHY[skeleton.container]
    keys = list(skeleton.keys())
    told = _listed(keys) or "no keys"
    return f"no installed architecture knows its weights; at its top it has {told}"


def _listed(keys: Sequence[str]) -> str:
    shown = ", ".join(clean_label(key)[:40] for key in keys[:MOST_KEYS_TOLD])
    return shown + (f" and {len(keys) - MOST_KEYS_TOLD} more" if len(keys) > MOST_KEYS_TOLD else "")
