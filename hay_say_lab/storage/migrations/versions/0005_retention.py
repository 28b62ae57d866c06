"""Who needs which object, what is on its way out, what is held fast."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("removed_at", sa.String(32)))
    op.add_column("jobs", sa.Column("pinned_at", sa.String(32)))
    uses = op.create_table(
        "uses",
        sa.Column("object", sa.String(64), primary_key=True),
        sa.Column("job", sa.String(26), primary_key=True),
        sa.Column("kind", sa.String(8), primary_key=True),
    )
    op.create_index("uses_by_job", "uses", ["job", "object"])
    op.create_table("removals", sa.Column("object", sa.String(64), primary_key=True))
    _fill(op.get_bind(), uses)


def _fill(connection: sa.Connection, uses: sa.Table) -> None:
    """What the jobs of an older data home use, by their stages' outputs and the clips that they were asked for."""
    lasts = connection.execute(sa.text("select job, max(number) from stages group by job"))
    last = {job: number for job, number in lasts}
    rows = set()
    for job, number, outputs in connection.execute(sa.text("select job, number, outputs from stages")):
        made = json.loads(outputs) if isinstance(outputs, str) else outputs
        for role, name in (made or {}).items():
            kind = "result" if number == last[job] or role != "clip" else "cache"
            rows.add((name, job, kind))
    for job, request in connection.execute(sa.text("select id, request from jobs")):
        clip = (json.loads(request) if isinstance(request, str) else request).get("clip")
        if clip:
            rows.add((clip, job, "source"))
    if rows:
        connection.execute(uses.insert(), [{"object": name, "job": job, "kind": kind} for name, job, kind in rows])


def downgrade() -> None:
    op.drop_table("removals")
    op.drop_table("uses")
    with op.batch_alter_table("jobs") as jobs:
        jobs.drop_column("pinned_at")
        jobs.drop_column("removed_at")
