"""Hugging Face repositories over their public HTTP API: a revision becomes a commit first, then its files are listed."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from hay_say_lab.domain.canonical import is_sha256
from hay_say_lab.domain.voice import Provenance
from hay_say_lab.errors import FetchFailed, InvalidRequest
from hay_say_lab.library.fetch import Fetcher, Item
from hay_say_lab.library.names import inside
from hay_say_lab.library.plan import Plan, is_wanted

ENDPOINT = "https://huggingface.co"
SETTING, TOKEN = "HF_ENDPOINT", "HF_TOKEN"
MOST_FILES = 200                    # of one import
MOST_PAGES = 50                     # of a listing
SCHEME = "hf:"

_REFERENCE = re.compile(r"(?P<repo>[\w.-]{1,96}/[\w.-]{1,96})(?:@(?P<revision>[\w.-]{1,100}))?(?:/(?P<path>.+))?")
_PAGE = re.compile(r"/(?P<repo>[\w.-]{1,96}/[\w.-]{1,96})(?:/(?:tree|blob|resolve|raw)/(?P<revision>[^/]{1,100})(?:/(?P<path>.+))?)?/?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A repository, a revision of it (a branch, a tag, a commit), and a file or folder in it ('' for all)."""

    repo: str
    revision: str = "main"
    path: str = ""


def endpoint(environment: Mapping[str, str]) -> str:
    return (environment.get(SETTING) or ENDPOINT).rstrip("/")


def read_reference(source: str) -> Reference:
    """'hf:owner/repo[@revision][/path]'. Raises InvalidRequest."""
    found = _REFERENCE.fullmatch(source.removeprefix(SCHEME))
    if found is None:
        raise InvalidRequest(
            f"'{source[:120]}' names no repository.", field="source", fix="Write hf:owner/repository, @revision, /path."
        )
    return _reference(found["repo"], found["revision"], found["path"])


def read_page(url: str, hub: str) -> Reference | None:
    """The same from the address of a repository's page or file; None for other addresses."""
    parts, base = urlsplit(url), urlsplit(hub)
    if (parts.scheme, parts.netloc.lower()) != (base.scheme, base.netloc.lower()):
        return None
    found = _PAGE.fullmatch(unquote(parts.path.removeprefix(base.path)))
    if found is None or found["repo"].partition("/")[0] in ("api", "datasets", "spaces"):
        return None
    return _reference(found["repo"], found["revision"], found["path"])


def _reference(repo: str, revision: str | None, path: str | None) -> Reference:
    return Reference(repo, revision or "main", inside(path.rstrip("/"), "source") if path and path.strip("/") else "")


class Hub:
    """One endpoint; what it said of a repository is remembered as long as this lives."""

    def __init__(self, fetcher: Fetcher, address: str, stop: threading.Event) -> None:
        self._fetcher = fetcher
        self._address = address
        self._stop = stop
        self._infos: dict[tuple[str, str], dict[str, Any]] = {}
        self._listings: dict[tuple[str, str, str, bool], list[Item]] = {}

    def plan(self, source: str, reference: Reference) -> Plan:
        """Raises InvalidRequest, FetchFailed."""
        commit, facts = self.commit(reference)
        items = self.files(reference.repo, commit, reference.path)
        wanted = [item for item in items if is_wanted(item.name) or item.name == reference.path]
        if not wanted:
            raise FetchFailed(
                f"There is nothing of a voice in '{source}'.", field="source", fix="Look at the repository, and name a file of it."
            )
        if len(wanted) > MOST_FILES:
            size = sum(item.bytes or 0 for item in wanted)
            raise InvalidRequest(
                f"'{source}' holds {len(wanted)} files ({size / 1e9:.1f} GB): more than one voice.",
                field="source", fix=f"Name one folder or file of it: {source}/PATH.",
            )  # fmt: skip
        return Plan(
            source=source,
            kind="repository",
            title=_title(reference),
            items=tuple(wanted),
            provenance=provenance(reference, facts, self._address),
            pinned={"repository": reference.repo, "revision": reference.revision, "commit": commit},
        )

    def commit(self, reference: Reference) -> tuple[str, dict[str, Any]]:
        """The commit that a revision is now, and what the repository says of itself. Raises FetchFailed."""
        key = (reference.repo, reference.revision)
        if key not in self._infos:
            url = f"{self._address}/api/models/{reference.repo}/revision/{quote(reference.revision, safe='')}"
            info = self._fetcher.document(url, self._stop)
            if not isinstance(info, dict) or not _COMMIT.fullmatch(str(info.get("sha"))):
                raise _odd(reference.repo)
            self._infos[key] = info
        info = self._infos[key]
        return str(info["sha"]), info

    def files(self, repo: str, commit: str, path: str) -> list[Item]:
        """All files below a path, or the one that it is. Raises FetchFailed."""
        parent = path.rpartition("/")[0]
        exact = [item for item in self._listing(repo, commit, parent, deep=False) if item.name == path] if path else []
        return exact or self._listing(repo, commit, path, deep=True)

    def _listing(self, repo: str, commit: str, folder: str, *, deep: bool) -> list[Item]:
        key = (repo, commit, folder, deep)
        if key not in self._listings:
            where = f"/{quote(folder)}" if folder else ""
            url: str | None = f"{self._address}/api/models/{repo}/tree/{commit}{where}?recursive={str(deep).lower()}"
            entries: list[Any] = []
            for _ in range(MOST_PAGES):
                page, url = self._fetcher.page(url or "", self._stop)
                if not isinstance(page, list):
                    raise _odd(repo)
                entries += page
                if url is None:
                    break
            self._listings[key] = [self._item(repo, commit, entry) for entry in entries if _is_file(entry)]
        return self._listings[key]

    def _item(self, repo: str, commit: str, entry: Mapping[str, Any]) -> Item:
        name = inside(str(entry["path"]), "source")
        large = entry.get("lfs") if isinstance(entry.get("lfs"), dict) else {}
        sha256 = str(large.get("oid", "")) if large else ""
        size = (large or entry).get("size")
        return Item(
            url=f"{self._address}/{repo}/resolve/{commit}/{quote(name)}",
            name=name,
            sha256=sha256 if is_sha256(sha256) else "",
            bytes=size if isinstance(size, int) and size >= 0 else None,
            optional=name.lower().endswith((".md", ".txt")),
        )


def provenance(reference: Reference, facts: Mapping[str, Any], address: str) -> Provenance:
    """What the repository says of itself: its licence comes from its card or its tags."""
    card = facts.get("cardData") if isinstance(facts.get("cardData"), dict) else {}
    licence = (card or {}).get("license") or next(
        (tag.removeprefix("license:") for tag in facts.get("tags") or () if isinstance(tag, str) and tag.startswith("license:")), ""
    )
    return Provenance(
        source=f"{address}/{reference.repo}" + (f" ({reference.path})" if reference.path else ""),
        author=str(facts.get("author") or reference.repo.partition("/")[0])[:200],
        licence=spdx_of_hub(str(licence)) if isinstance(licence, str) else "",
    )


# The hub's own words -> SPDX identifiers, where their letters differ by more than case.
_SPDX = {
    "apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause", "bsd-2-clause": "BSD-2-Clause",
    "gpl-3.0": "GPL-3.0-only", "gpl-2.0": "GPL-2.0-only", "agpl-3.0": "AGPL-3.0-only", "lgpl-3.0": "LGPL-3.0-only",
    "afl-3.0": "AFL-3.0", "artistic-2.0": "Artistic-2.0", "unlicense": "Unlicense", "wtfpl": "WTFPL", "mpl-2.0": "MPL-2.0",
    "cc0-1.0": "CC0-1.0", "cc-by-4.0": "CC-BY-4.0", "cc-by-3.0": "CC-BY-3.0", "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-sa-3.0": "CC-BY-SA-3.0", "cc-by-nc-4.0": "CC-BY-NC-4.0", "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc-by-nc-nd-4.0": "CC-BY-NC-ND-4.0", "cc-by-nc-nd-3.0": "CC-BY-NC-ND-3.0", "cc-by-nd-4.0": "CC-BY-ND-4.0",
    "lgpl-lr": "LGPLLR", "openrail": "OpenRAIL", "openrail++": "OpenRAIL++", "creativeml-openrail-m": "CreativeML Open RAIL-M",
    "unknown": "", "other": "",
}  # fmt: skip


def spdx_of_hub(word: str) -> str:
    return _SPDX.get(word.strip().lower(), word.strip()[:200])


def _title(reference: Reference) -> str:
    last = reference.path.rpartition("/")[2] or reference.repo.partition("/")[2]
    return last.rpartition(".")[0] or last if _looks_like_file(last) else last


def _looks_like_file(path: str) -> bool:
    return bool(re.search(r"\.[A-Za-z0-9]{1,12}$", path))


def _is_file(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.get("type") == "file" and isinstance(entry.get("path"), str)


def _odd(repo: str) -> FetchFailed:
    return FetchFailed(f"The hub's answer about '{repo}' cannot be read.", field="source", fix="Try again later.")
