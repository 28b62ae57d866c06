"""`python -m tests.parity [FOLDER] [--device cuda:0]`: run our code on every case below a folder.

One line a case, `PASS|FAIL|INFO <case> <array>=<error> (tolerance)`; ends with 1 where one fails, or where nobody knows
its kind. It needs torch, and our distributions beside it on the path or installed.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from tests.parity.case import FolderCase, Verdict, found, judged

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
GROUP = "hay_say_lab.architectures"
log = logging.getLogger("parity")


def kinds() -> dict[str, Any]:
    """Kind of a case -> the function of a plugin's module `parity` that performs it: of this checkout, and installed."""
    packages = {path.parent.name for path in CHECKOUT.glob("architectures/*/hay_say_*/parity.py")}
    for place in (CHECKOUT / "architectures").iterdir():
        if place.is_dir() and str(place) not in sys.path:
            sys.path.append(str(place))
    for entry in entry_points(group=GROUP):
        package = entry.value.partition(":")[0].partition(".")[0]
        if importlib.util.find_spec(package) and importlib.util.find_spec(f"{package}.parity"):
            packages.add(package)
    known: dict[str, Any] = {}
    for package in sorted(packages):
        known |= importlib.import_module(f"{package}.parity").KINDS
    return known


def verdicts(case: FolderCase, arrays: Mapping[str, Any], names: tuple[str, ...]) -> list[Verdict]:
    exact = {"exact": True}      # of a required array without a tolerance
    return [judged(name, case.bounds.get(name, exact), case.expected.get(name), arrays.get(name)) for name in names]


def line(case: FolderCase, name: str, known: Mapping[str, Any], everything: bool) -> tuple[bool, str]:
    """(whether the case stands in nobody's way, its line)"""
    kind = str(case.document.get("kind"))
    if kind not in known:
        return False, f"FAIL {name} no architecture here knows the kind '{kind}'"
    try:
        arrays = known[kind](case)
    except Exception as error:  # a case that ends in an error is one that fails; the others go on
        log.exception("%s ended in an error", name)
        return False, f"FAIL {name} {type(error).__name__}: {error}".replace("\n", " ")
    required = case.required
    shown = required
    if everything or not required:
        shown = (*required, *(name for name in case.bounds if name in arrays and name not in required))
    told = verdicts(case, arrays, shown)
    holds = all(verdict.holds for verdict in told if verdict.name in required)
    mark = "INFO" if not required else "PASS" if holds else "FAIL"
    return holds, " ".join([mark, name, *map(str, told)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="parity", description="Hold our networks against the official ones.")
    parser.add_argument("folder", nargs="?", type=Path, default=HERE, help="cases lie below it")
    parser.add_argument("--device", default="cpu", help="where networks run")
    parser.add_argument("--all", action="store_true", help="show every array that is known, not only the required ones")
    parser.add_argument("--log", action="store_true", help="show the traces of errors")
    options = parser.parse_args()
    logging.basicConfig(level=logging.ERROR if options.log else logging.CRITICAL)
    if not options.folder.is_dir():
        parser.error(f"there is no folder {options.folder}")
    _exact_sums()
    known, holds, count = kinds(), True, 0
    for case in found(options.folder, options.device):
        name = case.folder.relative_to(options.folder).as_posix()
        good, told = line(case, name if name != "." else case.folder.name, known, options.all)
        sys.stdout.write(told + "\n")
        sys.stdout.flush()
        holds, count = holds and good, count + 1
    if not count:
        parser.error(f"there is no case.json below {options.folder}")
    return 0 if holds else 1


def _exact_sums() -> None:
    """Cards may round the factors of float32 sums to 10 bits; these are to be float32."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


if __name__ == "__main__":
    sys.exit(main())
