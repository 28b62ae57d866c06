"""How many bytes an owner sent for what they hold; of what was sent before, the size of its object."""

import sqlalchemy as sa
from alembic import context, op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("holdings", sa.Column("bytes", sa.BigInteger, nullable=False, server_default="0"))
    objects = context.config.attributes.get("objects")
    if objects is None:
        return
    holdings = sa.table("holdings", sa.column("object"), sa.column("label"), sa.column("bytes"))
    clips = sa.table("clips", sa.column("sha256"))
    # A label says that it was sent; an artifact that was taken as a clip has none.
    sent = sa.select(holdings.c.object).where(
        holdings.c.object.in_(sa.select(clips.c.sha256)), holdings.c.label != ""
    )
    for name in op.get_bind().execute(sent.distinct()).scalars().all():
        path = objects / name[:2] / name
        if path.is_file():
            mine = (holdings.c.object == name) & (holdings.c.label != "")
            op.execute(holdings.update().where(mine).values(bytes=path.stat().st_size))


def downgrade() -> None:
    with op.batch_alter_table("holdings") as holdings:
        holdings.drop_column("bytes")
