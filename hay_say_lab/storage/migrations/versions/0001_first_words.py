"""Jobs, stages, events, recipes, clips, holdings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "jobs",
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
        sa.Column("error", sa.JSON),
        sa.Column("idempotency_key", sa.String(128)),
        sa.Column("body_hash", sa.String(64)),
        sa.UniqueConstraint("owner", "idempotency_key", name="one_job_per_key"),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "lane", "id"])
    op.create_index("jobs_by_owner", "jobs", ["owner", "id"])
    op.create_index("jobs_by_group", "jobs", ["owner", "job_group", "id"])
    op.create_table(
        "stages",
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
        sa.Column("done", sa.Boolean, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job", sa.String(26), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_by_job", "events", ["job", "number"])
    op.create_index("events_by_owner", "events", ["owner", "number"])
    op.create_table(
        "recipes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("artifact", sa.String(64), nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_index("recipes_by_artifact", "recipes", ["artifact"])
    op.create_table(
        "clips",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("facts", sa.JSON, nullable=False),
    )
    op.create_table(
        "holdings",
        sa.Column("owner", sa.String(255), primary_key=True),
        sa.Column("object", sa.String(64), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    for table in ("holdings", "clips", "recipes", "events", "stages", "jobs"):
        op.drop_table(table)
