"""Alembic runs this: one connection, handed over by `storage/database.py`, one transaction."""

from alembic import context

from hay_say_lab.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
