"""Which addresses may be called on somebody's word: the rules against being sent where the host alone could go (S5).

A name is resolved once, all that it resolved to is checked, and the connection goes to one of those very addresses.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hay_say_lab.errors import AddressRefused, FetchFailed

ALLOW_HTTP, HOSTS, TRUSTED = "HAY_SAY_ALLOW_HTTP", "HAY_SAY_SOURCE_HOSTS", "HAY_SAY_TRUSTED_ORIGINS"
DEFAULT_PORTS = {"https": 443, "http": 80}
YES = frozenset({"1", "true", "yes", "on"})
LONGEST_ADDRESS = 4096

# Where a profile asks for a list of hosts and an operator has set none. Files lie at names below these, too.
USUAL_HOSTS = (
    "huggingface.co",
    "hf.co",
    "github.com",
    "githubusercontent.com",
    "drive.google.com",
    "drive.usercontent.google.com",
    "zenodo.org",
)

Resolver = Callable[[str, int], Sequence[str]]

_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")         # as a last label: some resolvers read such a name as an IPv4 address
_ODD = re.compile(r"[\x00-\x20\x7f\\]")

# Public by the registries, and yet answered by the machine's own cloud.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16"), ipaddress.ip_address("192.0.0.192")})
# Prefixes that carry an IPv4 address in their last 32 bits.
_CARRIERS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96")))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a call goes: one of `ips`, in their order, under the name `host`; `target` is the path with its query."""

    scheme: str
    host: str
    port: int
    ips: tuple[str, ...]
    target: str

    @property
    def origin(self) -> str:
        return _origin(self.scheme, self.host, self.port)


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be called. `hosts`: these names and those below them, None for any public one. `trusted`: origins that an
    operator named, such as a mirror in the house: neither http nor a private address stands against them."""

    plain_http: bool = False
    hosts: tuple[str, ...] | None = None
    trusted: frozenset[str] = frozenset()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], *, listed: bool, also: Sequence[str] = ()) -> Rules:
        """`listed`: the profile calls hosts of a list only, and by https only. `also`: further origins to trust."""
        named = tuple(environment.get(HOSTS, "").replace(",", " ").lower().split())
        origins = (*environment.get(TRUSTED, "").replace(",", " ").split(), *also)
        return cls(
            plain_http=not listed and is_yes(environment.get(ALLOW_HTTP, "")),
            hosts=named or (USUAL_HOSTS if listed else None),
            trusted=frozenset(origin_of(origin) for origin in origins),
        )

    def check(self, url: str, resolve: Resolver) -> Address:
        """The address of a URL that may be called. Raises AddressRefused, or FetchFailed where the name is not known."""
        parts, host, port = _read(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        trusted = _origin(parts.scheme, host, port) in self.trusted
        if not trusted:
            self._check_name(parts.scheme, host, port)
        literal = _literal(host)
        ips = (str(literal),) if literal is not None else tuple(dict.fromkeys(resolve(host, port)))
        if not ips:
            raise FetchFailed(f"The name '{host}' has no address.", field="source", fix="Check the address, and try later.")
        if not trusted:
            for ip in ips:
                _check_public(ip, host)
        return Address(parts.scheme, host, port, ips, target)

    def check_shape(self, url: str) -> None:
        """What can be said without asking a name service. Raises AddressRefused."""
        parts, host, port = _read(url)
        if _origin(parts.scheme, host, port) not in self.trusted:
            self._check_name(parts.scheme, host, port)
            if (literal := _literal(host)) is not None:
                _check_public(str(literal), host)

    def _check_name(self, scheme: str, host: str, port: int) -> None:
        if scheme != "https" and not self.plain_http:
            raise refused(f"'{host}' would be called without encryption.", "Give an https address.")
        if port not in DEFAULT_PORTS.values() and port < 1024:
            raise refused(f"Port {port} is another service's.", "Give an address without a port.")
        if self.hosts is not None and not any(host == known or host.endswith(f".{known}") for known in self.hosts):
            raise refused(f"'{host}' is not among the hosts that this profile fetches from.", f"Have it added to {HOSTS}.")


def resolve_name(host: str, port: int) -> Sequence[str]:
    """The system's answer, in its order. Raises FetchFailed where there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchFailed(
            f"The name '{host}' cannot be resolved.", field="source", fix="Check the address and the network, and try again."
        ) from None
    return [str(entry[4][0]) for entry in found]


def is_yes(text: str) -> bool:
    return text.strip().lower() in YES


def origin_of(url: str) -> str:
    """'scheme://host:port' of a URL. Raises AddressRefused."""
    parts, host, port = _read(url)
    return _origin(parts.scheme, host, port)


def refused(message: str, fix: str) -> AddressRefused:
    return AddressRefused(message, field="source", fix=fix)


def is_offline(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether nothing may be called at all: our own switch, or the one that the Hugging Face tools know."""
    return any(is_yes(environment.get(name, "")) for name in ("HAY_SAY_OFFLINE", "HF_HUB_OFFLINE"))


def _origin(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _read(url: str) -> tuple[SplitResult, str, int]:
    """The parts, the host in lower case, the port. One reading only: what two readers take differently is refused."""
    if len(url) > LONGEST_ADDRESS or _ODD.search(url):
        raise refused("The address holds spaces, control letters or backslashes, or is too long.", "Copy it again.")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode().lower().removesuffix(".") if parts.hostname else ""
    except (ValueError, UnicodeError):
        raise refused("That cannot be read as an address.", "Copy it again.") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise refused(f"'{parts.scheme or url[:40]}' is no way to fetch a file.", "Give an https address.")
    if "@" in parts.netloc:
        raise refused("The address holds a user name.", "Leave it out; for Hugging Face set HF_TOKEN.")
    if not host or (_literal(host) is None and not _NAME.fullmatch(host)):
        raise refused("The address names no host.", "Copy it again.")
    return parts, host, DEFAULT_PORTS[parts.scheme] if port is None else port


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is written as, in its one usual form; None for a name. Raises AddressRefused for others."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
            raise refused(f"'{host[:80]}' is an IP address in disguise.", "Give the host's name.") from None
        return None


def _check_public(text: str, host: str) -> None:
    ip = ipaddress.ip_address(text.partition("%")[0])
    if not all(_is_public(seen) for seen in _seen(ip)):
        raise refused(
            f"'{host}' leads to {text}, which is no public address.", f"Give a public one, or have its origin added to {TRUSTED}."
        )


def _seen(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """An address and those that it carries inside: mapped, translated and tunnelled ones."""
    found: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [ip]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return [ip.ipv4_mapped]
        found += [inner for inner in (ip.sixtofour, *(ip.teredo or ())) if inner is not None]
        found += [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) for carrier in _CARRIERS if ip in carrier]
    return found


def _is_public(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip in _METADATA)
