"""The history database: made, upgraded, refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from arfeed import ConfigError, LockedError
from arfeed.history import migrate
from arfeed.history.database import PATIENCE
from arfeed.history.store import History
from arfeed.history.tables import metadata
from support.databases.servers import MARIADB

SECRET = "open-sesame"


@pytest.mark.parametrize("by", ["at-once", "migrations"])
def test_the_tables_are_the_same_made_at_once_or_by_migrations(database: str, by: str) -> None:
    if by == "migrations":
        with History(database) as history, history._engine.begin() as connection:
            metadata.drop_all(connection)
            connection.execute(sa.text("DELETE FROM alembic_version"))
    with History(database) as history, history._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == "0010"


def test_a_history_that_another_process_keeps_locked_is_locked_not_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PATIENCE, "sqlite", {"timeout": 0.2})
    file = tmp_path / "history.db"
    with History(f"sqlite:///{file}"):
        pass
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(LockedError, match=r"another process has kept the history database locked for 0\.2 seconds"):
        History(f"sqlite:///{file}")
    other.close()


def test_a_driver_that_is_not_installed_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(ConfigError, match=r"driver 'pymysql' is not installed: pip install 'arfeed\[mysql\]'"):
        History("mysql+pymysql://root@127.0.0.1:3306/none")


def test_a_database_is_opened_again_as_it_was(database: str) -> None:
    with History(database) as history:
        assert history.runs() == []
    with History(database) as history:
        assert history.runs() == []


def test_the_database_of_a_newer_arfeed_is_refused(database: str) -> None:
    with History(database) as history, history._engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0999'"))
    with pytest.raises(ConfigError, match="schema 0999, newer than this arfeed's 0010; upgrade arfeed"):
        History(database)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no such modes")
def test_a_new_folder_of_a_history_is_for_nobody_else_to_read_and_an_older_one_stays_as_it_is(tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir(mode=0o755)
    for folder in (older, tmp_path / "feed" / ".arfeed"):
        with History(f"sqlite:///{folder}/history.db"):
            pass
    assert [oct(folder.stat().st_mode & 0o777) for folder in (older, folder)] == ["0o755", "0o700"]


def test_two_processes_may_make_one_database(database: str) -> None:
    code = f"from arfeed.history.store import History\nwith History({database!r}) as history: print(history.runs())"
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0] for process in processes] == [b"[]\n"] * 2
    assert [process.returncode for process in processes] == [0] * 2


@pytest.mark.parametrize("old", [False, True], ids=["new", "old"])
def test_many_at_once_make_or_upgrade_one_database_where_each_table_commits(mariadb_url: str, old: bool) -> None:
    url = mariadb_url.replace("mysql://", "mysql+pymysql://")
    if old:
        with History(url) as history, history._engine.begin() as connection:
            metadata.drop_all(connection)
            connection.execute(sa.text("DELETE FROM alembic_version"))
    together = threading.Barrier(4)

    def open_one(number: int) -> int:
        together.wait(30)
        with History(url) as history:
            return len(history.runs())

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(open_one, range(4))] == [0] * 4


def test_whoever_upgrades_for_too_long_is_named(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "_PATIENCE", 0)
    url = sa.make_url(mariadb_url.replace("mysql://", "mysql+pymysql://"))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        migrate._keep_others_out(connection, migrate.HISTORY)
        with pytest.raises(LockedError, match="another process has been upgrading the history database"):
            History(url.render_as_string(hide_password=False))
        # Another database of the server is nobody's business.
        with MARIADB.new_database() as other, History(other.replace("mysql://", "mysql+pymysql://")):
            pass
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://acme:{SECRET}@127.0.0.1:1/history",
        f"postgresql+psycopg://acme:{SECRET}@127.0.0.1:1/history",
        f"postgresql://acme@127.0.0.1:{SECRET}/history",
        f"nosuch://acme:{SECRET}@127.0.0.1/history",
        f"mysql://acme:{SECRET}@127.0.0.1/history",
        f"//acme:{SECRET}@127.0.0.1/history",
    ],
    ids=["nobody-listens", "named-driver", "port", "unknown", "no-driver", "no-url"],
)
def test_a_password_in_the_url_is_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^feed\.history: ") as error:
        History(url)
    assert SECRET not in "".join(traceback.format_exception(error.value))


def test_a_path_in_place_of_a_url_is_answered_with_the_url_of_a_file() -> None:
    with pytest.raises(ConfigError) as error:
        History("history.db")
    assert str(error.value) == "feed.history: this is not a database's URL; for a file write sqlite:///history.db"


def test_a_wrong_password_is_not_shown(postgresql: str) -> None:
    url = postgresql.replace("postgres@", f"nobody:{SECRET}@")
    with pytest.raises(ConfigError, match=r"feed\.history: the history database can't be used") as error:
        History(url)
    assert SECRET not in "".join(traceback.format_exception(error.value))


def test_a_database_that_goes_away_is_an_error_of_the_configuration(postgresql: str) -> None:
    with (
        History(postgresql) as history,
        history._engine.connect() as connection,
        pytest.raises(ConfigError, match="AdminShutdown: terminating connection"),
    ):
        connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_machine_that_sleeps_in_a_transaction_does_not_keep_others_waiting(postgresql: str) -> None:
    with History(postgresql) as history, history._engine.connect() as connection:
        limits = [
            connection.execute(sa.text(f"SHOW {name}")).scalar_one()
            for name in ("idle_in_transaction_session_timeout", "lock_timeout")
        ]
    assert limits == ["20s", "30s"]
