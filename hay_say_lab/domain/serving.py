"""Whether enough is known of a voice for it to serve others, and who said that it may all the same."""

from __future__ import annotations

from hay_say_lab.domain.voice import Provenance, Voice

AGREED = ("given", "not_needed")


def gaps(provenance: Provenance) -> tuple[str, ...]:
    """The fields that a voice lacks to serve where provenance is needed; empty: none."""
    missing = [name for name in ("source", "licence") if not getattr(provenance, name).strip()]
    return (*missing, *(() if provenance.consent in AGREED else ("consent",)))


def provenance_state(voice: Voice) -> str:
    """'complete', 'approved' (there are gaps, and an operator's word), or 'missing:source,licence,consent'."""
    missing = gaps(voice.provenance)
    if not missing:
        return "complete"
    return "approved" if voice.approval is not None else f"missing:{','.join(missing)}"
