"""The audit log from the command line."""

from __future__ import annotations

from tests.cli.shell import Shell


def test_the_log_is_listed_and_verified(hay_say: Shell) -> None:
    take = hay_say.json("say", "One two.", "--voice", "parrot:polly", "--out", "one.wav")
    assert take.status == 0, take.err
    listed = hay_say("audit", "list", "--action", "serve", "--limit", "5").out.splitlines()
    assert listed[0].split() == ["ROW", "AT", "WHO", "ROLE", "DID", "TO", "DETAIL"]
    assert "parrot:polly" in listed[1]
    assert hay_say.json("audit", "--json").document["entries"]
    verdict = hay_say("audit", "verify")
    assert (verdict.status, "each as it was written" in verdict.out) == (0, True)


def test_a_wish_that_cannot_be_is_refused(hay_say: Shell) -> None:
    assert hay_say.json("audit", "list", "--action", "sing").fields == {"arguments"}
    assert hay_say.json("audit", "list", "--limit", "0").fields == {"limit"}
