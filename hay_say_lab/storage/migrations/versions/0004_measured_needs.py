"""Memory: what stages took, how often one ran out of it, on which device it ran."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stages", sa.Column("ooms", sa.Integer, nullable=False, server_default="0"))
    op.add_column("stages", sa.Column("device", sa.String(32), nullable=False, server_default=""))
    op.create_table(
        "needs",
        sa.Column("subject", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("length_class", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("code_version", sa.String(64), nullable=False),
        sa.Column("resident_mb", sa.JSON, nullable=False),
        sa.Column("transient_mb", sa.JSON, nullable=False),
        sa.Column("host_mb", sa.Float, nullable=False),
        sa.Column("clean", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("needs")
    with op.batch_alter_table("stages") as stages:
        stages.drop_column("device")
        stages.drop_column("ooms")
