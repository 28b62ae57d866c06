"""Nobody is sent where the host alone could go (S5): every form of a forbidden address, and no connection to any."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hay_say_lab.errors import AddressRefused, FetchFailed
from hay_say_lab.library.addresses import Rules, is_offline
from hay_say_lab.library.fetch import Fetcher, Item
from hay_say_lab.library.web import Web
from tests.library.bad_server import Canary, Stage, to
from tests.library.conftest import LIMITS

PUBLIC = "93.184.216.34"

FORBIDDEN = (
    "127.0.0.1",
    "127.1",                            # short forms that resolvers read
    "127.9.9.9",
    "2130706433",                       # decimal
    "0177.0.0.1",                       # octal
    "0x7f.0.0.1",                       # hexadecimal
    "0x7f000001",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",               # mapped
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",                    # compatible
    "[64:ff9b::7f00:1]",                # translated (NAT64)
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",                  # 6to4
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fd00:ec2::254]",                  # metadata
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.192",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",                       # shared by providers
    "198.18.0.1",
    "224.0.0.1",                        # multicast
    "[ff02::1]",
    "240.0.0.1",
    "255.255.255.255",
)  # fmt: skip


def never(host: str, port: int) -> Sequence[str]:
    raise AssertionError(f"{host} was resolved")


def answers(*ips: str) -> Callable[[str, int], Sequence[str]]:
    return lambda host, port: ips


@pytest.mark.parametrize("host", FORBIDDEN)
def test_no_form_of_a_private_address_is_called(host: str, bird: Canary, tmp_path: Path) -> None:
    fetcher = Fetcher(Web(Rules(plain_http=True), resolve=never), LIMITS)
    with pytest.raises(AddressRefused):
        fetcher.fetch(Item(f"http://{host}:{bird.port}/x", "x"), tmp_path / "x", lambda *_: None, threading.Event())
    assert bird.calls == 0


@pytest.mark.parametrize("host", [host for host in FORBIDDEN if host.count(".") == 3 and host[0] != "0" and "[" not in host])
def test_a_name_that_leads_to_a_private_address_is_not_called(host: str) -> None:
    with pytest.raises(AddressRefused, match="no public address"):
        Rules().check("https://innocent.example/x", answers(host))


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(AddressRefused, match="no public address"):
        Rules().check("https://innocent.example/x", answers(PUBLIC, "10.0.0.1"))


def test_the_name_is_resolved_once_and_the_call_goes_to_that_very_address() -> None:
    asked: list[str] = []

    def changing(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC] if len(asked) == 1 else ["127.0.0.1"]

    address = Rules().check("https://rebinding.example/a?b=c", changing)

    assert (address.ips, address.host, address.target) == ((PUBLIC,), "rebinding.example", "/a?b=c")
    assert asked == ["rebinding.example"]


def test_an_answer_of_the_name_service_that_changes_reaches_nobody(server: Stage, bird: Canary, tmp_path: Path) -> None:
    """The first answer is public; the second, for the redirect to the same name, is not."""
    given = iter([["127.0.0.1"], ["127.0.0.1"]])
    trusted = frozenset({f"http://good.example:{server.port}"})
    server.play("/x", to(f"http://evil.example:{bird.port}/x"))
    fetcher = Fetcher(Web(Rules(plain_http=True, trusted=trusted), resolve=lambda host, port: next(given)), LIMITS)

    with pytest.raises(AddressRefused):
        fetcher.fetch(Item(f"http://good.example:{server.port}/x", "x"), tmp_path / "x", lambda *_: None, threading.Event())

    assert bird.calls == 0
    assert server.seen[0].headers["host"] == f"good.example:{server.port}", "the name is told, the address is called"


def test_a_redirect_to_a_private_address_is_not_followed(server: Stage, bird: Canary, web: Web, tmp_path: Path) -> None:
    url = server.play("/x", to(f"http://127.0.0.1:{bird.port}/"))
    with pytest.raises(AddressRefused):
        Fetcher(web, LIMITS).fetch(Item(url, "x"), tmp_path / "x", lambda *_: None, threading.Event())
    assert bird.calls == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.org/x", "without encryption"),
        ("ftp://example.org/x", "no way to fetch"),
        ("file:///etc/passwd", "no way to fetch"),
        ("https://user:word@example.org/x", "user name"),
        ("https://example.org:22/x", "another service"),
        ("https:///x", "no host"),
        ("https://exa mple.org/x", "spaces"),
        ("https://example.org\\@127.0.0.1/", "backslashes"),
        ("https://example.org/\r\nHost: other", "control letters"),
        ("https://example.org:99999/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
    ],
)
def test_what_is_no_plain_https_address_is_refused_with_its_reason(url: str, why: str) -> None:
    with pytest.raises(AddressRefused, match=why):
        Rules().check(url, never)


def test_a_profile_with_a_list_of_hosts_calls_no_other_and_no_lookalike() -> None:
    rules = Rules.from_environment({"HAY_SAY_SOURCE_HOSTS": "models.example"}, listed=True)
    assert rules.check("https://models.example/x", answers(PUBLIC)).ips == (PUBLIC,)
    assert rules.check("https://cdn.models.example/x", answers(PUBLIC)).ips == (PUBLIC,)
    for url in ("https://evilmodels.example/x", "https://models.example.evil.example/x", "https://huggingface.co/x"):
        with pytest.raises(AddressRefused, match="not among the hosts"):
            rules.check(url, never)


def test_http_is_an_operators_choice_and_only_of_the_local_profile() -> None:
    allowed = {"HAY_SAY_ALLOW_HTTP": "1"}
    assert Rules.from_environment(allowed, listed=False).plain_http
    assert not Rules.from_environment({}, listed=False).plain_http
    assert not Rules.from_environment(allowed, listed=True).plain_http


def test_an_origin_that_an_operator_trusts_is_that_origin_alone() -> None:
    rules = Rules.from_environment({"HAY_SAY_TRUSTED_ORIGINS": "http://mirror.house:8080"}, listed=True)
    assert rules.check("http://mirror.house:8080/x", answers("10.0.0.7")).ips == ("10.0.0.7",)
    with pytest.raises(AddressRefused):
        rules.check("http://mirror.house:8081/x", answers("10.0.0.7"))


def test_a_name_without_an_address_is_a_typed_failure() -> None:
    with pytest.raises(FetchFailed, match="no address"):
        Rules().check("https://gone.example/", answers())


@pytest.mark.parametrize(("name", "value", "offline"), [
    ("HAY_SAY_OFFLINE", "1", True),
    ("HF_HUB_OFFLINE", "ON", True),
    ("HAY_SAY_OFFLINE", "0", False),
])  # fmt: skip
def test_either_switch_takes_the_host_offline(name: str, value: str, offline: bool) -> None:
    assert is_offline({name: value}) is offline
