"""Hugging Face's API as documented, played by the bad server: revisions, listings with LFS hashes, files behind redirects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.library.bad_server import Act, Call, Stage, good, status, to

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def answer(document: Any, **headers: str) -> Act:
    content = json.dumps(document).encode()

    def act(call: Call) -> None:
        call.head(200, len(content), Content_Type="application/json", **headers)
        call.wfile.write(content)

    return act


def entry(path: str, content: bytes) -> dict[str, Any]:
    """As the hub lists a file: weights lie in LFS, with their sha256."""
    known: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
    if path.endswith((".pth", ".zip", ".safetensors")):
        known["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return known


def play_hub(
    server: Stage, repo: str, files: Mapping[str, bytes], *, facts: Mapping[str, Any] | None = None, gated: bool = False
) -> None:
    """`repo` with these files at one commit, in a listing of two pages; weights lie behind a redirect."""
    info = {"id": repo, "sha": COMMIT, "author": repo.partition("/")[0], "tags": [], **(facts or {})}
    for revision in ("main", COMMIT):
        server.play(f"/api/models/{repo}/revision/{revision}", answer(info))
    folders = {""} | {path.rpartition("/")[0] for path in files}
    for folder in folders:
        below = [entry(path, files[path]) for path in sorted(files) if path.startswith(f"{folder}/" if folder else "")]
        directories = [{"type": "directory", "path": name, "size": 0, "oid": "0" * 40} for name in folders if name]
        address = f"/api/models/{repo}/tree/{COMMIT}" + (f"/{folder}" if folder else "")
        half = (len(below) + 1) // 2
        # Two pages: what is asked for behind '?cursor' comes second, so the n-th request alternates.
        onward = answer(directories + below[:half], Link=f'<{server.url}{address}/page2?recursive=true>; rel="next"')
        server.play(address, onward)
        server.play(f"{address}/page2", answer(below[half:]))
    for path, content in files.items():
        place = f"/{repo}/resolve/{COMMIT}/{path}"
        if gated:
            server.play(place, status(401))
        else:
            server.play(place, to(server.play(f"/cdn/{repo}/{path}", good(content))))
