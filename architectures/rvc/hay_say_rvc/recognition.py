"""Which of the files that somebody brought are RVC's: voices with their indexes, and the assets that all of them share.

Told by keys and shapes alone. It runs in a confined child without torch (`hay_say_lab.plugin.Recogniser`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hay_say_lab.plugin import Finding, Fix, Ignored, Problem, Recognised, Skeleton, TensorSpec
from hay_say_rvc.generator import FEATURES
from hay_say_rvc.shared_files import companions, recognise_asset
from hay_say_rvc.voices import recognise_voice, slug_of

PLAIN_LISTS = "IwFl"            # faiss's inverted lists of plain vectors, the only kind that RVC makes
_OF_TRAINING = re.compile(r"^(added|trained)_ivf\d+_flat_nprobe_\d+_?|_?v[12]$", re.IGNORECASE)


def recognise(skeletons: Sequence[Skeleton]) -> Recognised:
    voices: list[Finding] = []
    assets: list[Finding] = []
    ignored: list[Ignored] = []
    indexes = [skeleton for skeleton in skeletons if skeleton.container == "faiss"]
    labels = {skeleton.name: skeleton.title for skeleton in skeletons}
    for skeleton in skeletons:
        found = recognise_voice(skeleton) or recognise_asset(skeleton) or _left_over(skeleton)
        if isinstance(found, Ignored):
            ignored.append(found)
        elif found is not None:
            (voices if found.what == "voice" else assets).append(found)
    for asset in assets:
        ignored += companions(list(skeletons), asset)
    if not voices:
        return Recognised(tuple(assets), tuple(ignored))        # then indexes are nobody's business here
    usable = []
    for index in indexes:
        why = _useless(index)
        if why:
            ignored.append(Ignored(index.name, why))
        else:
            usable.append(index)
    paired, unpaired = pair(voices, usable, labels)
    return Recognised(tuple(_unlike(paired)) + tuple(assets), tuple(ignored + unpaired))


def _left_over(skeleton: Skeleton) -> Ignored | None:
    content = skeleton.content
    if isinstance(content, TensorSpec) and len(content.shape) == 2 and content.shape[1] in FEATURES.values():
        return Ignored(skeleton.name, "features of a training run (total_fea.npy); the index holds what is needed of them")
    return None


def _useless(index: Skeleton) -> str:
    """Why an index serves no voice; empty where it may."""
    facts = index.facts
    if facts.get("kind") != PLAIN_LISTS:
        return f"an index of another kind ({str(facts.get('kind'))[:8]}) than RVC makes"
    if not facts["kept"]:
        return "an index without a vector in it (trained_*.index): bring the one called added_*.index"
    if facts["dimension"] not in FEATURES.values():
        return f"an index of {facts['dimension']} dimensions; RVC's features have 256 or 768"
    if facts["metric"] != "l2":
        return "an index that measures distance in another way than RVC"
    return ""


def pair(
    voices: Sequence[Finding], indexes: Sequence[Skeleton], labels: dict[str, str]
) -> tuple[list[Finding], list[Ignored]]:
    """Each index goes to the voice of its name, else to the one of its folder, else to the only one there is.

    An index whose dimension is not the voice's goes with nobody, and the voice is told so.
    """
    found = {voice.files["weights"]: voice for voice in voices}
    ignored: list[Ignored] = []
    ranked = sorted(indexes, key=lambda index: -max(_likeness(index, voice, labels) for voice in voices))
    for index in ranked:
        free = [voice for voice in found.values() if "index" not in voice.files]
        best = sorted(free, key=lambda voice: -_likeness(index, voice, labels))
        scores = [_likeness(index, voice, labels) for voice in best[:2]]
        if not best or scores[0] == 0 and len(voices) > 1 or len(scores) == 2 and scores[0] == scores[1]:
            why = "an index that could go with several of the voices" if best else "an index more than there are voices"
            ignored.append(Ignored(index.name, f"{why}: name it like its voice, or put both into one folder"))
            continue
        voice = best[0]
        wanted = FEATURES.get(str(voice.facts.get("version")))
        if wanted is not None and index.facts["dimension"] != wanted:
            message = f"{index.title} has {index.facts['dimension']} dimensions, and {voice.title} takes {wanted}: it is left out."
            warning = Problem(index.title, message, Fix("Bring the index that was made with this voice."))
            found[voice.files["weights"]] = replace(voice, warnings=(*voice.warnings, warning))
            ignored.append(Ignored(index.name, "an index of another version than its voice"))
            continue
        facts = {**voice.facts, "index_vectors": index.facts["kept"]}
        found[voice.files["weights"]] = replace(voice, files={**voice.files, "index": index.name}, facts=facts)
    return list(found.values()), ignored


def _likeness(index: Skeleton, voice: Finding, labels: dict[str, str]) -> int:
    """How much speaks for an index being a voice's: its name (4), the folder (1), that there it is alone (0 more)."""
    label = labels[voice.files["weights"]]
    folder, _, name = index.title.rpartition("/")
    stem = _OF_TRAINING.sub("", name.rpartition(".")[0])
    own, given = slug_of(voice.title), slug_of(stem)
    file = slug_of(label.rpartition("/")[2].rpartition(".")[0])
    named = given in (own, file) or (len(given) > 2 and (given in file or file in given or own in given))
    return 4 * named + (label.rpartition("/")[0] == folder)


def _unlike(voices: Sequence[Finding]) -> list[Finding]:
    """Voices of one import, none with the name of another."""
    taken: set[str] = set()
    made = []
    for voice in voices:
        slug, number = voice.slug, 2
        while slug in taken:
            slug, number = f"{voice.slug}-{number}", number + 1
        taken.add(slug)
        made.append(replace(voice, slug=slug))
    return made
