"""The queue: jobs that wait for others, lanes that are paused, how long stages took; waiting jobs by lane and owner."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("held", sa.Integer, nullable=False, server_default="0"))
    op.drop_index("jobs_by_state", "jobs")
    op.create_index("jobs_waiting", "jobs", ["state", "lane", "owner", "held", "id"])
    op.create_table(
        "dependencies",
        sa.Column("job", sa.String(26), sa.ForeignKey("jobs.id"), primary_key=True),
        sa.Column("needs", sa.String(26), sa.ForeignKey("jobs.id"), primary_key=True),
    )
    op.create_index("dependencies_by_need", "dependencies", ["needs", "job"])
    op.create_table(
        "pauses",
        sa.Column("lane", sa.String(16), primary_key=True),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    op.create_table(
        "durations",
        sa.Column("worker", sa.String(64), primary_key=True),
        sa.Column("task", sa.String(32), primary_key=True),
        sa.Column("device", sa.String(64), primary_key=True),
        sa.Column("slot", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("audio_seconds", sa.Float, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
    )


def downgrade() -> None:
    for table in ("durations", "pauses", "dependencies"):
        op.drop_table(table)
    op.drop_index("jobs_waiting", "jobs")
    op.create_index("jobs_by_state", "jobs", ["state", "lane", "id"])
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("held")
