"""The tables. The migrations in `migrations/` make them; a test holds the two against each other."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("owner", sa.String(255), nullable=False),
    sa.Column("job_group", sa.String(64)),
    sa.Column("lane", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("request", sa.JSON, nullable=False),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("updated_at", sa.String(32), nullable=False),
    sa.Column("token", sa.Integer, nullable=False),
    sa.Column("current", sa.Integer, nullable=False),
    sa.Column("artifact", sa.String(64)),
    sa.Column("recipe", sa.String(64)),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("warnings", sa.JSON, nullable=False, server_default="[]"),
    sa.Column("removed_at", sa.String(32)),         # when its result was removed
    sa.Column("pinned_at", sa.String(32)),          # since when it stays, whatever the budgets say
    sa.Column("idempotency_key", sa.String(128)),
    sa.Column("body_hash", sa.String(64)),
    sa.Column("held", sa.Integer, nullable=False, server_default="0"),      # how many jobs must succeed before it
    sa.UniqueConstraint("owner", "idempotency_key", name="one_job_per_key"),
    sa.Index("jobs_waiting", "state", "lane", "owner", "held", "id"),
    sa.Index("jobs_by_owner", "owner", "id"),
    sa.Index("jobs_by_group", "owner", "job_group", "id"),
)

stages = sa.Table(
    "stages",
    metadata,
    sa.Column("job", sa.String(26), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("task", sa.String(32), nullable=False),
    sa.Column("worker", sa.String(64), nullable=False),
    sa.Column("voice", sa.String(160)),
    sa.Column("voice_hash", sa.String(64)),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("outputs", sa.JSON, nullable=False),
    sa.Column("code_version", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.JSON, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("worker_deaths", sa.Integer, nullable=False),
    sa.Column("ooms", sa.Integer, nullable=False, server_default="0"),
    sa.Column("device", sa.String(32), nullable=False, server_default=""),
    sa.Column("done", sa.Boolean, nullable=False),
    sa.Column("cached", sa.Boolean, nullable=False, server_default=sa.false()),
)

# What a stage made, by everything that shaped it: the same key is never computed twice.
results = sa.Table(
    "results",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("outputs", sa.JSON, nullable=False),
    sa.Column("code_version", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.JSON, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)

# What stages took of memory, by voice (or worker), kind of device and class of length: what the next one will ask for.
needs = sa.Table(
    "needs",
    metadata,
    sa.Column("subject", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("length_class", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("code_version", sa.String(64), nullable=False),
    sa.Column("resident_mb", sa.JSON, nullable=False),
    sa.Column("transient_mb", sa.JSON, nullable=False),
    sa.Column("host_mb", sa.Float, nullable=False),
    sa.Column("clean", sa.Integer, nullable=False),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("job", sa.String(26), nullable=False),
    sa.Column("owner", sa.String(255), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Index("events_by_job", "job", "number"),
    sa.Index("events_by_owner", "owner", "number"),
    sqlite_autoincrement=True,
)

recipes = sa.Table(
    "recipes",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("artifact", sa.String(64), nullable=False),
    sa.Column("document", sa.JSON, nullable=False),
    sa.Index("recipes_by_artifact", "artifact"),
)

clips = sa.Table(
    "clips",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("facts", sa.JSON, nullable=False),
)

# Who needs an object and what for: a file goes when nobody does.
uses = sa.Table(
    "uses",
    metadata,
    sa.Column("object", sa.String(64), primary_key=True),
    sa.Column("job", sa.String(26), primary_key=True),
    sa.Column("kind", sa.String(8), primary_key=True),
    sa.Index("uses_by_job", "job", "object"),
)

# Files that are going: their rows have gone already.
removals = sa.Table("removals", metadata, sa.Column("object", sa.String(64), primary_key=True))

# Who may read an object or a recipe: whoever uploaded it or had a job that made it.
holdings = sa.Table(
    "holdings",
    metadata,
    sa.Column("owner", sa.String(255), primary_key=True),
    sa.Column("object", sa.String(64), primary_key=True),
    sa.Column("label", sa.String(200), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"),      # that this owner sent for it
)

# Which jobs must have succeeded before another one starts.
dependencies = sa.Table(
    "dependencies",
    metadata,
    sa.Column("job", sa.String(26), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("needs", sa.String(26), sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Index("dependencies_by_need", "needs", "job"),
)

# Lanes that an operator has stopped: a row as long as it lasts.
pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("lane", sa.String(16), primary_key=True),
    sa.Column("by", sa.String(255), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)

# How long stages took, a few of each kind: a new one takes the place of any.
durations = sa.Table(
    "durations",
    metadata,
    sa.Column("worker", sa.String(64), primary_key=True),
    sa.Column("task", sa.String(32), primary_key=True),
    sa.Column("device", sa.String(64), primary_key=True),
    sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("audio_seconds", sa.Float, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)

# Who did what to the library: rows that are only ever added, each with the hash of the one before it.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("actor", sa.String(255), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("audit_by_action", "action", "number"),
    sa.Index("audit_by_subject", "subject", "number"),
)

# Voices on their way in.
imports = sa.Table(
    "imports",
    metadata,
    sa.Column("id", sa.String(26), primary_key=True),
    sa.Column("owner", sa.String(255), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("step", sa.String(16), nullable=False),
    sa.Column("asked", sa.JSON, nullable=False),                # the order
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("outcome", sa.JSON(none_as_null=True)),
    sa.Column("error", sa.JSON(none_as_null=True)),
    sa.Column("created_at", sa.String(32), nullable=False),
    sa.Column("updated_at", sa.String(32), nullable=False),
    sa.Index("imports_by_state", "state", "id"),
)

# What an address (by its sha256) gave when it was first fetched: it must give the same again.
pins = sa.Table(
    "pins",
    metadata,
    sa.Column("address", sa.String(64), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
)
