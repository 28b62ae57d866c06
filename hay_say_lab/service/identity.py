"""Whose token this is: the host maps each token to an owner and a role; no header names either."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from hay_say_lab.errors import Forbidden, StorageFailed, Unauthorized


class Role(IntEnum):
    """What a caller may do; each includes those before it."""

    ANYONE = 0          # no token needed
    USER = 1            # own jobs, clips, artifacts
    OPERATOR = 2        # voices, and jobs of others in quarantine
    ADMIN = 3           # the host itself


@dataclass(frozen=True, slots=True)
class Caller:
    owner: str
    role: Role


class Identity:
    """Tokens by sha256. The host's own secret belongs to (local user, admin)."""

    def __init__(self, secret: str, owner: str, tokens_file: Path | None = None) -> None:
        self._callers = {_digest(secret): Caller(owner, Role.ADMIN)}
        if tokens_file is not None:
            self._callers |= _read_tokens(tokens_file)

    def caller(self, authorization: str | None) -> Caller:
        """The caller of an 'Authorization: Bearer ...' header. Raises Unauthorized."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and token:
            digest = _digest(token.strip())
            for known, caller in self._callers.items():
                if hmac.compare_digest(known, digest):
                    return caller
        raise Unauthorized(
            "This call carries no token that the host knows.", field="Authorization", fix="Send 'Bearer <token>'."
        )


def require(caller: Caller, role: Role) -> None:
    """Raises Forbidden."""
    if caller.role < role:
        raise Forbidden(f"This needs the role '{role.name.lower()}'; you are a {caller.role.name.lower()}.")


def local_owner() -> str:
    """JUPYTERHUB_USER where a Hub started us, else the one local user."""
    return os.environ.get("JUPYTERHUB_USER") or "local"


def _read_tokens(path: Path) -> dict[str, Caller]:
    """`{sha256 of token: {"owner": ..., "role": ...}}` from a file that only its owner may read. Raises StorageFailed."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise StorageFailed(
                "The tokens file can be read by others.", field="HAY_SAY_TOKENS", fix=f"chmod 600 {path.name}"
            )
        entries = json.loads(path.read_bytes())
        return {digest: Caller(entry["owner"], Role[entry["role"].upper()]) for digest, entry in entries.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise StorageFailed(
            "The tokens file cannot be read.",
            field="HAY_SAY_TOKENS",
            fix='It is JSON: {"<sha256 of a token>": {"owner": "...", "role": "user"}}.',
        ) from None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
