"""The store of jobs: writes go to the one writer and are awaited until they are on disk; reads see every commit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa

from hay_say_lab.domain.clip import ClipFacts
from hay_say_lab.domain.job import ENDED, Event, Job, State
from hay_say_lab.domain.recipe import Recipe
from hay_say_lab.errors import ClipMissing, JobMissing, RecipeMissing, StorageFailed
from hay_say_lab.storage import edges
from hay_say_lab.storage.database import Writer
from hay_say_lab.storage.durations import Duration, all_durations
from hay_say_lab.storage.library import EVERYBODY
from hay_say_lab.storage.needs import read_needs
from hay_say_lab.storage.pauses import Pause, paused
from hay_say_lab.storage.rows import read_events, read_job, read_jobs
from hay_say_lab.storage.schema import clips, events, holdings, jobs, recipes, results
from hay_say_lab.storage.waiting import Waiting, owners_in, waiting_in

T = TypeVar("T")

UNFINISHED = tuple(state.value for state in State if state not in ENDED)


class JobStore:
    """`write` runs one of `storage.edges` and tells `committed` that there is news; the other methods read."""

    def __init__(self, engine: sa.Engine, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._writer = Writer(engine)
        self._committed = committed

    async def write(self, edge: Callable[..., T], *arguments: Any) -> T:
        """Run `edge(connection, *arguments)` on the writer; returns once it lasts."""
        result = await self._writer.submit_here(lambda connection: edge(connection, *arguments))
        self._committed()
        return result

    def observe(self, committed: Callable[[float, int], None]) -> None:
        """Tell of each commit: its seconds, and how many writes shared it."""
        self._writer.observe = committed

    def close(self) -> None:
        self._writer.close()
        self._engine.dispose()

    # Reads: short, indexed, on a connection of their own.

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """Raises StorageFailed where the database cannot be read."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            kind = type(error.orig).__name__
            raise StorageFailed(f"The database cannot be read ({kind}).", field="storage", fix="See the host's log.") from error

    def read(self, query: Callable[..., T], *arguments: Any) -> T:
        """Run `query(connection, *arguments)`, which only reads. Raises StorageFailed."""
        with self._reading() as connection:
            return query(connection, *arguments)

    def job(self, job_id: str) -> Job:
        """Raises JobMissing."""
        with self._reading() as connection:
            job = read_job(connection, job_id)
        if job is None:
            raise JobMissing("There is no such job.", field="job", fix="List yours with 'hay-say jobs'.")
        return job

    def job_of_key(self, owner: str, key: str) -> tuple[Job, str] | None:
        """The job that an owner's idempotency key made, and the hash of the body that it came with."""
        query = sa.select(jobs).where(jobs.c.owner == owner, jobs.c.idempotency_key == key)
        with self._reading() as connection:
            row = connection.execute(query).mappings().first()
            found = read_job(connection, row["id"]) if row is not None else None
        return (found, str(row["body_hash"])) if found is not None and row is not None else None

    def jobs(
        self,
        owner: str,
        *,
        before: str | None = None,
        limit: int = 50,
        states: tuple[State, ...] = (),
        group: str | None = None,
    ) -> list[Job]:
        """An owner's jobs, newest first; `before` is the id of the last one of the page before."""
        query = sa.select(jobs).where(jobs.c.owner == owner).order_by(jobs.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(jobs.c.id < before)
        if states:
            query = query.where(jobs.c.state.in_([state.value for state in states]))
        if group is not None:
            query = query.where(jobs.c.job_group == group)
        with self._reading() as connection:
            return read_jobs(connection, query)

    def waiting(self, lane: str, of_each: int) -> list[Waiting]:
        """The oldest jobs of every owner who has some waiting in a lane, `of_each` at most."""
        with self._reading() as connection:
            return waiting_in(connection, lane, of_each)

    def owners_waiting(self, lane: str) -> list[str]:
        with self._reading() as connection:
            return owners_in(connection, lane)

    def paused(self) -> list[Pause]:
        """The lanes that somebody stopped."""
        with self._reading() as connection:
            return paused(connection)

    def durations(self) -> list[Duration]:
        """How long stages took, a sample of each kind."""
        with self._reading() as connection:
            return all_durations(connection)

    def count(self, *states: State, lane: str | None = None) -> int:
        """How many jobs are in these states (in a lane)."""
        query = sa.select(sa.func.count()).select_from(jobs).where(jobs.c.state.in_([s.value for s in states]))
        if lane is not None:
            query = query.where(jobs.c.lane == lane)
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def queued_of(self, owner: str, lanes: Sequence[str], most: int, before: str | None = None) -> int:
        """How many jobs of an owner are queued in these lanes (older than the id `before`); counts no further than `most`."""
        query = sa.select(sa.literal(1)).where(
            jobs.c.state == State.QUEUED.value, jobs.c.lane.in_(lanes), jobs.c.owner == owner
        )
        if before is not None:
            query = query.where(jobs.c.held == 0, jobs.c.id < before)
        counting = sa.select(sa.func.count()).select_from(query.limit(most).subquery("counted"))
        with self._reading() as connection:
            return int(connection.execute(counting).scalar_one())

    def unfinished_ids(self) -> set[str]:
        with self._reading() as connection:
            return set(connection.execute(sa.select(jobs.c.id).where(jobs.c.state.in_(UNFINISHED))).scalars())

    def events_after(self, owner: str, number: int, *, job: str | None = None, limit: int = 256) -> list[Event]:
        """An owner's, and those for everybody, in order; `job`: only of this one."""
        found: list[Event] = []
        with self._reading() as connection:
            for whose in (owner, EVERYBODY) if job is None else (owner,):       # each in the order of its index
                query = (
                    sa.select(events)
                    .where(events.c.owner == whose, events.c.number > number)
                    .order_by(events.c.number)
                    .limit(limit)
                )
                found += read_events(connection, query if job is None else query.where(events.c.job == job))
        return sorted(found, key=lambda event: event.number)[:limit]

    def last_event(self) -> int:
        with self._reading() as connection:
            return int(connection.execute(sa.select(sa.func.max(events.c.number))).scalar() or 0)

    def recipe(self, recipe_id: str, owner: str) -> Recipe:
        """A recipe that `owner` may read. Raises RecipeMissing: another's is as missing as none."""
        query = (
            sa.select(recipes.c.document)
            .join(holdings, holdings.c.object == recipes.c.id)
            .where(recipes.c.id == recipe_id, holdings.c.owner == owner)
        )
        with self._reading() as connection:
            document = connection.execute(query).scalar()
        if document is None:
            raise RecipeMissing("There is no such recipe.", field="recipe", fix="See the job that made the sound.")
        return Recipe(document)

    def recipes_of(self, artifact: str, owner: str) -> list[str]:
        """Ids of the recipes that made an artifact and that `owner` may read."""
        held = sa.exists().where(holdings.c.owner == owner, holdings.c.object == recipes.c.id)
        query = sa.select(recipes.c.id).where(recipes.c.artifact == artifact, held)     # few recipes, many holdings
        with self._reading() as connection:
            return sorted(connection.execute(query).scalars())

    def result(self, key: str) -> edges.Made | None:
        """What an earlier stage made under the same key."""
        with self._reading() as connection:
            row = connection.execute(sa.select(results).where(results.c.key == key)).first()
        if row is None:
            return None
        return edges.Made(row.outputs, row.code_version, row.fingerprint, key=key, cached=True)

    def measured_needs(self) -> list[dict[str, Any]]:
        """What stages took of memory so far (`engine.needs.Measured.from_row`)."""
        with self._reading() as connection:
            return read_needs(connection)

    def holds(self, owner: str, name: str) -> bool:
        """Whether an owner may read an object or a recipe."""
        query = sa.select(holdings.c.owner).where(holdings.c.owner == owner, holdings.c.object == name)
        with self._reading() as connection:
            return connection.execute(query).first() is not None

    def sent_bytes(self, owner: str) -> int:
        """What an owner has sent and is kept."""
        query = sa.select(sa.func.sum(holdings.c.bytes)).where(holdings.c.owner == owner)
        with self._reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    def clip(self, owner: str, sha256: str) -> ClipFacts:
        """The facts of an uploaded clip that `owner` holds. Raises ClipMissing."""
        query = (
            sa.select(clips.c.facts, holdings.c.label)
            .join(holdings, holdings.c.object == clips.c.sha256)
            .where(clips.c.sha256 == sha256, holdings.c.owner == owner)
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise ClipMissing(
                f"The clip {sha256[:12]} has not been sent.", field="clip", fix="Send the file first (POST /clips)."
            )
        return ClipFacts.from_json({**row.facts, "label": row.label})


def keep_clip(connection: sa.Connection, owner: str, facts: ClipFacts, sent_bytes: int = 0) -> None:
    """An uploaded clip, known by its content; its label is this owner's alone. `sent_bytes` count on the quota."""
    known = sa.select(clips.c.sha256).where(clips.c.sha256 == facts.sha256)
    if connection.execute(known).first() is None:
        connection.execute(clips.insert().values(sha256=facts.sha256, facts={**facts.as_json(), "label": ""}))
    edges.hold(connection, owner, facts.sha256, facts.label, sent_bytes)
