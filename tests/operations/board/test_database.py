"""The board's database: whoever upgrades has what whoever begins today has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from arfeed.operations.board.database import BOARD, Database


@pytest.mark.parametrize("system", ["sqlite", "postgresql"])
def test_migrations_lead_to_the_schema_of_today(request: pytest.FixtureRequest, tmp_path: Path, system: str) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}" if system == "sqlite" else request.getfixturevalue("postgresql")
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(BOARD.migrations))
        config.attributes |= {"connection": connection, "schema": BOARD}
        command.upgrade(config, "head")
        migrated = _describe(connection)
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
        assert _describe(connection) == migrated


def _describe(connection: sa.Connection) -> dict[str, Any]:
    inspector = sa.inspect(connection)
    return {
        table: (
            [(each["name"], str(each["type"]), each["nullable"]) for each in inspector.get_columns(table)],
            sorted((each["name"], each["unique"]) for each in inspector.get_indexes(table)),
            inspector.get_pk_constraint(table)["constrained_columns"],
            sorted(each["constrained_columns"] for each in inspector.get_foreign_keys(table)),
        )
        for table in inspector.get_table_names()
    }
