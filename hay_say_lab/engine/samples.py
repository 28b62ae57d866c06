"""Hear before you use: a sentence in every voice, made in the maintenance lane while nobody waits for anything else.

A sample is a job of the owner `library` under a key made of the voice's hash: it is made once, with one seed, and pinned.
Voices that were made or imported get theirs by themselves, built-in ones when somebody asks. A voice that may not serve
here gets none.
"""

from __future__ import annotations

import asyncio
import logging
import time

from hay_say_lab.domain.job import Job, State
from hay_say_lab.domain.request import Request, RequestText, Step, Task
from hay_say_lab.domain.voice import Voice
from hay_say_lab.engine.engine import Engine
from hay_say_lab.errors import LabError, NotFound, Unavailable
from hay_say_lab.registry.voices import Voices
from hay_say_lab.storage.uses import pin

log = logging.getLogger(__name__)

OWNER = "library"
SEED = 7
FORMAT = 1                          # of the sentences: another one makes new samples
SECONDS_BETWEEN_LOOKS = 30.0
SECONDS_TO_COME_AGAIN = 2.0
SENTENCES = {
    "de": "So klingt diese Stimme, wenn sie einen ganzen Satz spricht.",
    "en": "This is how this voice sounds when it says a whole sentence.",
    "es": "Así suena esta voz cuando dice una frase entera.",
    "fr": "Voici comment sonne cette voix quand elle dit une phrase entière.",
    "it": "Così suona questa voce quando dice una frase intera.",
}


class Samples:
    """One per host."""

    def __init__(self, engine: Engine, voices: Voices) -> None:
        self._engine = engine
        self._voices = voices
        self._given_up: set[str] = set()        # hashes of voices of which none can be made here

    async def artifact(self, voice_id: str) -> str:
        """The sound of a voice's sample (sha256), which OWNER holds.

        Raises VoiceMissing, VoiceNotServed, Unavailable while it is being made, NotFound where none can be.
        """
        voice = self._voices.get(voice_id)
        self._engine.preflight.casting.check_served(voice)
        job = self._job(voice) or await self._make(voice)
        if job is None or job.state in (State.FAILED, State.CANCELLED, State.QUARANTINED):
            raise NotFound(
                f"There is no sample of the voice '{voice_id}'.", field="voice", fix="Preflight a request to see why it cannot run."
            )
        if job.state is not State.SUCCEEDED or job.artifact is None:
            raise Unavailable("The sample is being made.", fix="Ask again.", retry_after_seconds=SECONDS_TO_COME_AGAIN)
        if job.pinned_at is None:
            await self._engine.store.write(pin, job.id)
        return job.artifact

    async def soon(self, voice_id: str, seconds: float) -> str:
        """The same; it is waited for so long. Raises as `artifact`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return await self.artifact(voice_id)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
            await self._engine.news.wait(1.0)

    async def tend(self) -> None:
        """Make one sample after the other while nothing else is to be done."""
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            try:
                await self.look()
            except LabError:
                log.exception("a sample could not be made; the next look goes on")

    async def look(self) -> Job | None:
        """Queue the next sample that is missing, where the host is idle; pin those that were made."""
        if not self._engine.idle:
            return None
        for voice in self._voices.all():
            if voice.builtin or voice.hash in self._given_up:
                continue
            job = self._job(voice)
            if job is None:
                made = await self._make(voice)
                if made is not None:
                    return made
            elif job.state is State.SUCCEEDED and job.pinned_at is None:
                await self._engine.store.write(pin, job.id)
        return None

    def _job(self, voice: Voice) -> Job | None:
        known = self._engine.store.job_of_key(OWNER, _key(voice))
        return known[0] if known is not None else None

    async def _make(self, voice: Voice) -> Job | None:
        """None where nothing can be made of this voice here, which is not tried again."""
        request = self._request(voice)
        try:
            if request is not None:
                return (await self._engine.submit(OWNER, request, _key(voice), house=True))[0]
        except LabError as refused:
            log.info("no sample of %s: %s", voice.id, refused.code)
        self._given_up.add(voice.hash)
        return None

    def _request(self, voice: Voice) -> Request | None:
        """Speak with it; or speak with the default voice, and convert that."""
        manifest = self._engine.preflight.casting.architectures.manifests.get(voice.architecture)
        able = {task for task in ("speak", "convert") if manifest is not None and manifest.offer(task) is not None}
        if not able:
            return None
        first: Task = "speak"
        language = next((tag for tag in voice.languages if tag.split("-")[0] in SENTENCES), None)
        sentence = SENTENCES[(language or "en").split("-")[0]]
        if "speak" in able:
            return Request((Step(first, voice.id),), text=RequestText(sentence, language), seed=SEED, lane="maintenance")
        steps = (Step(first, None), Step("convert", voice.id))
        return Request(steps, text=RequestText(SENTENCES["en"], "en"), seed=SEED, lane="maintenance")


def _key(voice: Voice) -> str:
    return f"sample-{FORMAT}-{voice.hash}"
