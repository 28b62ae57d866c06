"""Where a voice may come from, as one line of text, and what that comes to before anything is fetched."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from hay_say_lab.domain.voice import Provenance
from hay_say_lab.errors import FetchFailed, Forbidden, InvalidRequest, WrongContent
from hay_say_lab.library import catalogue, data_home, drive, hub, local
from hay_say_lab.library.addresses import Rules, is_offline, origin_of
from hay_say_lab.library.fetch import Fetcher, Item, Limits
from hay_say_lab.library.names import file_name
from hay_say_lab.library.plan import Plan
from hay_say_lab.library.web import Web

UPLOAD, HUB, HAY_SAY = "upload:", hub.SCHEME, "haysay:"
SHARED_FILE = "multi_speaker_models.json"
LARGEST_CATALOGUE_BYTES = 32 << 20

Uploaded = Callable[[str], tuple[Path, str]]        # id -> the file and the name under which it was sent


@dataclass(frozen=True, slots=True)
class Means:
    """What sources are reached by. `this_machine`: whether paths may be named. `environment` tells endpoint and token."""

    fetcher: Fetcher
    uploaded: Uploaded
    this_machine: bool = True
    hub_address: str = hub.ENDPOINT
    stop: threading.Event = field(default_factory=threading.Event)


def fetcher_of(environment: Mapping[str, str], *, listed: bool, limits: Limits | None = None) -> Fetcher:
    """By the operator's settings. The hub's token goes to the hub's own origin, which is trusted where it was named."""
    address = hub.endpoint(environment)
    named = (address,) if environment.get(hub.SETTING) else ()
    token = environment.get(hub.TOKEN, "").strip()
    web = Web(
        Rules.from_environment(environment, listed=listed, also=named),
        {origin_of(address): token} if token else {},
        is_offline(environment),
    )
    return Fetcher(web, limits or Limits())


def resolve(source: str, means: Means) -> Plan:
    """Raises InvalidRequest, Forbidden, FetchFailed (AddressRefused, Offline, FetchStopped)."""
    text = source.strip()
    if text.startswith(UPLOAD):
        path, name = means.uploaded(text.removeprefix(UPLOAD))
        return Plan(text, "upload", _stem(name), place=str(path), pinned={"name": name})
    if text.startswith(HUB):
        return _hub(means).plan(text, hub.read_reference(text))
    if text.startswith(HAY_SAY):
        return _from_catalogue(text, means)
    if text.startswith(("https://", "http://")):
        return _at_address(text, means)
    if "://" in text:
        raise InvalidRequest(
            f"'{text.partition('://')[0][:40]}' is no way to fetch a file.", field="source", fix="Give an https address."
        )
    return _here(text, means)


def _here(text: str, means: Means) -> Plan:
    _check_machine(means)
    if "#" in text and not Path(text).exists():
        path, _, voice = text.rpartition("#")
        place = local.place_of(path)
        if data_home.is_home(place):
            return data_home.plan(text, place, voice)
    place = local.place_of(text)
    if place.is_dir() and data_home.is_home(place):
        return data_home.plan(text, place, "")
    local.files_of(place)
    kind = "folder" if place.is_dir() else "file"
    return Plan(text, kind, _stem(place.name), place=str(place), provenance=Provenance(source=f"a {kind} of this machine"))


def _at_address(text: str, means: Means) -> Plan:
    means.fetcher.web.rules.check_shape(text)
    reference = hub.read_page(text, means.hub_address)
    if reference is not None:
        return _hub(means).plan(text, reference)
    parts = urlsplit(text)
    host = parts.hostname or ""
    if host in ("mega.nz", "mega.co.nz"):
        raise InvalidRequest(
            "Mega gives files to its own programs only.", field="source", fix="Download the file in a browser, then import it from there."
        )
    file_id = drive.read_file_id(text)
    if file_id is not None:
        item = Item(drive.address_of(file_id), "download", confirmed=True)
        return Plan(text, "address", f"drive-{file_id[:8]}", (item,), provenance=Provenance(source=text))
    name = file_name(unquote(parts.path.rpartition("/")[2]), "download")
    clean = parts._replace(query="", fragment="").geturl()          # a query may carry a key
    return Plan(text, "address", _stem(name), (Item(text, name),), provenance=Provenance(source=clean))


def _from_catalogue(text: str, means: Means) -> Plan:
    where, _, name = text.removeprefix(HAY_SAY).partition("#")
    if where.rpartition("/")[2] == catalogue.STYLES:
        raise InvalidRequest(
            "Styles come along with the model that they belong to.", field="source", fix="Import the model from its character_models.json."
        )
    entry = catalogue.chosen(_catalogue(where, means), unquote(name))
    shared = None
    if entry.depends_on:
        beside = where.rpartition("/")[0] + f"/{SHARED_FILE}"
        shared = catalogue.chosen(_catalogue(beside, means), entry.depends_on)
    found = _hub(means)
    styles = _styles(where.rpartition("/")[0] + f"/{catalogue.STYLES}", entry.name, means)
    return catalogue.plan(text, entry, shared, styles, lambda url, item: _at_commit(found, url, item, means.hub_address))


def _styles(where: str, model: str, means: Means) -> dict[str, Any]:
    """The model's precomputed styles, where a list of them lies beside the catalogue."""
    try:
        return catalogue.read_styles(_catalogue(where, means), model)
    except (FetchFailed, InvalidRequest):
        if means.stop.is_set():
            raise
        return {}


def _at_commit(found: hub.Hub, url: str, item: Item, address: str) -> Item:
    """A file of a hub by its commit, with size and hash as the hub tells them; the catalogue's size must be that."""
    reference = hub.read_page(url, address) or hub.read_page(url, hub.ENDPOINT)
    if reference is None or not reference.path:
        raise InvalidRequest(
            f"The address of '{item.name}' is none of a file on the hub.", field="source", fix="Fetch it by hand and import the file."
        )
    commit, _ = found.commit(reference)
    there = next((one for one in found.files(reference.repo, commit, reference.path) if one.name == reference.path), None)
    if there is None:
        if item.optional:
            return item
        raise FetchFailed(
            f"'{reference.path}' is no longer in '{reference.repo}'.", field="source", fix="Look for it there, and import it by its new name."
        )
    if item.bytes is not None and there.bytes is not None and item.bytes != there.bytes:
        raise WrongContent(
            f"'{item.name}' has {there.bytes} bytes by now; the catalogue says {item.bytes}: it is another file.",
            field="source", fix=f"Look at it, then import it as it is: hf:{reference.repo}/{reference.path}.",
        )  # fmt: skip
    return replace(there, name=item.name, optional=item.optional)


def _catalogue(where: str, means: Means) -> Any:
    """A JSON document from an address, an upload, or a path of this machine. Raises InvalidRequest, Forbidden, FetchFailed."""
    if where.startswith(("https://", "http://")):
        return means.fetcher.document(where, means.stop)
    if where.startswith(UPLOAD):
        path = means.uploaded(where.removeprefix(UPLOAD))[0]
    else:
        _check_machine(means)
        path = local.place_of(where)
    try:
        if path.stat().st_size > LARGEST_CATALOGUE_BYTES:
            raise InvalidRequest("The catalogue is too large.", field="source", fix="Give its character_models.json.")
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise InvalidRequest(
            f"'{path.name}' is no JSON document.", field="source", fix="Give the catalogue's character_models.json."
        ) from None


def _check_machine(means: Means) -> None:
    if not means.this_machine:
        raise Forbidden("Paths of the host's machine cannot be named here.", field="source", fix="Upload the file instead.")


def _hub(means: Means) -> hub.Hub:
    return hub.Hub(means.fetcher, means.hub_address, means.stop)


def _stem(name: str) -> str:
    """A file's name without what says only how it is packed."""
    stem = name
    for ending in (".zip", ".7z", ".gz", ".xz", ".bz2", ".tgz", ".tar", ".pth", ".pt", ".ckpt", ".safetensors"):
        if stem.lower().endswith(ending) and len(stem) > len(ending):
            stem = stem[: -len(ending)]
    return stem
