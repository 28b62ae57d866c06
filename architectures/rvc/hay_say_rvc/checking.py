"""Weights held against what a network must have, told so that a person knows which file, which keys and which shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hay_say_lab.plugin import Fix, Problem, TensorSpec

SHOWN = 4
NUMBERS = frozenset({"float16", "bfloat16", "float32", "float64"})
COUNTERS = ("num_batches_tracked",)


def problems(title: str, state: Mapping[str, TensorSpec], wanted: Mapping[str, tuple[int, ...]], what: str) -> Iterator[Problem]:
    """`title`: the file, as people know it. `what`: what it should be, in words."""
    missing = [key for key in wanted if key not in state]
    if missing:
        message = f"{title} is no whole {what}: {len(missing)} of its {len(wanted)} weights are missing ({_listed(missing)})."
        yield Problem(title, message, Fix("Fetch the file again from its source, or ask its author for the whole one."))
    wrong = [
        f"{key} is {shown(state[key].shape)} and should be {shown(shape)}"
        for key, shape in wanted.items()
        if key in state and state[key].shape != shape
    ]
    if wrong:
        message = f"{title} is no {what}: {len(wrong)} of its weights have another shape ({_listed(wrong)})."
        yield Problem(title, message, Fix("Bring the file that its configuration belongs to."))
    kinds = {state[key].dtype for key in wanted if key in state and not key.endswith(COUNTERS)} - NUMBERS
    if kinds:
        message = f"{title} holds weights of the type {', '.join(sorted(kinds))}, which is not converted here."
        yield Problem(title, message, Fix("Bring the file in half or single precision."))


def shown(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a number"


def _listed(found: list[str]) -> str:
    return ", ".join(found[:SHOWN]) + (f" and {len(found) - SHOWN} more" if len(found) > SHOWN else "")
