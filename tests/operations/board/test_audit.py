"""The audit log and its database: appended to, never changed, and what was changed all the same is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from arfeed import ConfigError
from arfeed.operations.board.audit import entries, log, verify
from arfeed.operations.board.database import Database
from arfeed.testing.commands import run_command
from support.feeds.feed import Feed
from support.people.boards import add_person


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        with Database(f"sqlite:///{tmp_path / 'board.db'}") as opened:
            yield opened
        return
    url = request.getfixturevalue("postgresql_database")
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    engine.dispose()
    with Database(url) as opened:
        yield opened


def written(database: Database, count: int = 5) -> None:
    with database.writing() as connection:
        for number in range(count):
            log(connection, "anna", "approved", "acme", invoices=number, reason='"Ünïcode" ,')


def without_triggers(database: Database, statement: str) -> None:
    """Do what somebody does who can write the database's file."""
    with database.writing() as connection:
        if connection.dialect.name == "sqlite":
            for verb in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER board_audit_no_{verb}")
        else:
            connection.exec_driver_sql("DROP TRIGGER board_audit_append_only ON board_audit")
        connection.exec_driver_sql(statement)


def wrong(database: Database, known: str | None = None) -> list[str]:
    with database.reading() as connection:
        return [*verify(entries(connection), known)]


def test_what_was_written_verifies(database: Database) -> None:
    written(database)
    assert wrong(database) == []


@pytest.mark.parametrize("statement", ["UPDATE board_audit SET who = 'ben'", "DELETE FROM board_audit"])
def test_the_database_itself_refuses_to_change_a_line(database: Database, statement: str) -> None:
    written(database)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), database.writing() as connection:
        connection.exec_driver_sql(statement)
    assert wrong(database) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE board_audit SET who = 'ben' WHERE number = 3", "line 3 is not as it was written"),
        ("UPDATE board_audit SET details = '{}' WHERE number = 5", "line 5 is not as it was written"),
        ("UPDATE board_audit SET at = '2020-01-01T00:00:00+00:00' WHERE number = 1", "line 1 is not as it was written"),
        ("DELETE FROM board_audit WHERE number = 2", "line 2 is missing"),
        ("DELETE FROM board_audit WHERE number = 1", "line 1 is missing"),
    ],
)
def test_a_line_that_was_changed_or_taken_out_is_found(database: Database, statement: str, found: str) -> None:
    written(database)
    without_triggers(database, statement)
    assert any(found in line for line in wrong(database))


def test_a_log_whose_end_was_cut_off_is_found_by_a_hash_noted_before(database: Database) -> None:
    written(database)
    with database.reading() as connection:
        end = entries(connection)[-1].hash
    assert wrong(database, end) == []
    without_triggers(database, "DELETE FROM board_audit WHERE number > 3")
    assert wrong(database) == []
    assert wrong(database, end) == [f"no line has the hash {end}: the log was cut off, or written anew"]


def test_a_line_written_anew_with_its_hash_breaks_the_chain(database: Database) -> None:
    written(database)
    with database.reading() as connection:
        forged = entries(connection)[2]._replace(who="ben")
    without_triggers(database, f"UPDATE board_audit SET who = 'ben', hash = '{forged.compute_hash()}' WHERE number = 3")
    assert wrong(database) == ["line 4 does not follow from line 3, which was changed or replaced"]


def test_the_board_may_share_a_database_with_a_history(database: Database, tmp_path: Path) -> None:
    written(database)
    url = database._engine.url.render_as_string(hide_password=False)
    feed = Feed(tmp_path / "feed", history=url)
    with feed.records() as history:
        assert history.runs() == []
    with Database(url) as again:
        assert wrong(again) == []


def test_two_that_write_at_once_make_one_chain(database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda _: written(database, 3), range(8)):
            pass
    with database.reading() as connection:
        assert [line.number for line in entries(connection)] == [*range(1, 25)]
    assert wrong(database) == []


def test_the_commands_verify_and_export(tmp_path: Path) -> None:
    add_person(tmp_path, "anna", "approver:acme-*")
    exported = run_command(tmp_path, "board", "export").json()
    assert [line["what"] for line in exported] == ["person added"]
    assert exported[0]["details"] == {"roles": ["approver of acme-*"]}
    verified = run_command(tmp_path, "board", "verify", "--known", exported[0]["hash"])
    assert (verified.code, exported[0]["hash"] in verified.out) == (0, True)
    with Database(f"sqlite:///{tmp_path / '.arfeed' / 'board.db'}") as database:
        without_triggers(database, "UPDATE board_audit SET about = 'ben'")
    refused = run_command(tmp_path, "board", "verify")
    assert (refused.code, "line 1 is not as it was written" in refused.err) == (2, True)


def test_people_are_added_listed_and_removed_by_commands(tmp_path: Path) -> None:
    added = run_command(tmp_path, "board", "user", "add", "anna", "--role", "approver:acme-*", "--role", "viewer")
    assert (added.code, "/begin/" in added.out) == (0, True)
    (listed,) = run_command(tmp_path, "board", "user", "list", "--json").json()
    roles = [{"role": "approver", "pattern": "acme-*"}, {"role": "viewer", "pattern": "*"}]
    assert listed == {"name": "anna", "roles": roles, "has_password": False, "locked_until": None, "subjects": []}
    assert "approver of acme-*, viewer of *" in run_command(tmp_path, "board", "user", "list").out
    assert run_command(tmp_path, "board", "user", "add", "ben", "--role", "admin").code == 2
    assert run_command(tmp_path, "board", "user", "remove", "ben").code == 2
    assert run_command(tmp_path, "board", "user", "remove", "anna").code == 0
    assert run_command(tmp_path, "board", "user", "list", "--json").json() == []


def test_a_database_without_triggers_against_changes_is_refused_without_its_url(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SQLite or PostgreSQL") as error:
        Database("mysql+pymysql://root:open-sesame@127.0.0.1/board")
    assert "sesame" not in str(error.value)
