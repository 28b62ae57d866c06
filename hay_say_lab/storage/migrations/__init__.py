"""Alembic's folder; `storage/database.py` runs it."""
