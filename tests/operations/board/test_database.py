"""The board's database: whoever upgrades has what whoever begins today has."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from arfeed.history.store import History
from arfeed.operations.board.database import BOARD, Database
from support.databases.schemas import describe, migrate_from_nothing


@pytest.mark.parametrize("system", ["sqlite", "postgresql"])
def test_migrations_lead_to_the_schema_of_today(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if system == "sqlite" else request.getfixturevalue("postgresql")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        migrate_from_nothing(connection, BOARD)
        migrated = describe(connection)
        connection.exec_driver_sql("INSERT INTO board_audit VALUES (1, 'now', 'a', 'b', 'c', '{}', '', '')")
        nested = connection.begin_nested()
        with pytest.raises(sa.exc.DBAPIError, match="append-only"):
            connection.exec_driver_sql("DELETE FROM board_audit")
        nested.rollback()
        BOARD.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE board_version")
        if system == "postgresql":
            connection.exec_driver_sql("DROP FUNCTION board_audit_refuse()")
    engine.dispose()
    with Database(url) as database, database.reading() as connection:
        assert describe(connection) == migrated


def test_whoever_only_reads_begins_no_transaction(postgresql: str) -> None:
    state = "SELECT state, pid FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    others = sa.text("SELECT state FROM pg_stat_activity WHERE pid = :pid")
    with Database(postgresql) as database, History(postgresql).without_transactions() as history:
        for opened in (database.reading(), history._engine.connect()):
            with opened as reading, database.writing() as writing:
                pid = reading.exec_driver_sql(state).one().pid
                assert writing.execute(others, {"pid": pid}).scalar_one() == "idle"
                own = writing.exec_driver_sql(state).one().pid
                assert reading.execute(others, {"pid": own}).scalar_one() == "idle in transaction"
