"""The store on SQLite keeps the contract."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hay_say_lab.storage.database import migrate, open_engine
from hay_say_lab.storage.store import JobStore
from tests.storage.audit_contract import AuditContract
from tests.storage.chain_contract import ChainContract
from tests.storage.reading_contract import ReadingContract
from tests.storage.writing_contract import WritingContract


class TestSqliteStore(WritingContract, ReadingContract, ChainContract, AuditContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[JobStore]:
        engine = open_engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}")
        migrate(engine)
        store = JobStore(engine, lambda: None)
        yield store
        store.close()
