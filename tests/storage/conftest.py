"""A PostgreSQL for the tests of the store that ask for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import NO_POSTGRESQL
from tests.storage.postgresql import programs, server


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Path]:
    """The folder of the socket of a running server."""
    if programs() is None:
        pytest.skip(NO_POSTGRESQL)
    base = tmp_path_factory.getbasetemp()
    with server(base if worker_id == "master" else base.parent) as folder:
        yield folder


@pytest.fixture(scope="session")
def database_url(postgresql: Path, worker_id: str) -> str:
    """The address of a database for this worker of the test run alone."""
    import sqlalchemy as sa

    name = f"hay_say_{worker_id}"
    everybody = sa.create_engine(
        f"postgresql+psycopg://hay_say@/postgres?host={postgresql}", isolation_level="AUTOCOMMIT"
    )
    with everybody.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    everybody.dispose()
    return f"postgresql://hay_say@/{name}?host={postgresql}"
