"""What is never waited for: a statement beyond its time and Ctrl-C, in each driver, however deep in C it sits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest
import sqlalchemy as sa

from arfeed_connectors.sql.patience import Patience
from support.databases.firebird_books import new_database
from support.databases.tables import place, sql, table
from support.feeds.sources import failure

ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS balance FROM n",
    "postgresql": "SELECT 1 AS balance FROM pg_sleep(60)",
    "mariadb": "SELECT SLEEP(60) AS balance",
    "odbc": "SELECT SLEEP(60) AS balance",
    "duckdb": "SELECT COUNT(*) AS balance FROM range(9000000) a, range(9000000) b WHERE (a.range * b.range) % 7 = 3",
    "firebird": "SELECT COUNT(*) AS balance FROM rdb$fields a, rdb$fields b, rdb$fields c, rdb$fields d, rdb$fields e",
}


@pytest.fixture(params=ENDLESS)
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """A database and a query of it that nobody can wait for."""
    system = request.param
    if system == "duckdb":
        duckdb.connect(str(tmp_path / "books.duckdb")).close()
        return f"duckdb:///{tmp_path / 'books.duckdb'}", ENDLESS[system]
    if system == "firebird":
        return new_database(tmp_path), ENDLESS[system]
    if system == "odbc":
        return odbc(place(request, "mariadb", tmp_path)), ENDLESS[system]
    return table(place(request, system, tmp_path), "nothing", "a INT"), ENDLESS[system]


def odbc(url: str) -> str:
    """The same MariaDB by its driver of ODBC, as Debian installs it."""
    address = sa.make_url(url)
    said = (
        f"DRIVER={{MariaDB Unicode}};SERVER={address.host};PORT={address.port};UID={address.username};"
        f"PWD={address.password or ''};DATABASE={address.database}"
    )
    return f"mariadb+pyodbc:///?odbc_connect={quote(said)}"


def test_a_statement_beyond_its_time_is_ended_in_words(
    endless: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    url, query = endless
    begun = time.monotonic()
    assert failure(sql(url, query=query, timeout_seconds=1)).endswith("; it may take timeout_seconds = 1")
    assert time.monotonic() - begun < 15
    assert capfd.readouterr().err == ""


# Ended without Python's and the drivers' own ending: an embedded Firebird handles the signal as well, and may then wait
# for itself in the handler that it registers for the end of the process.
RUN = """
import os
import sys
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.statements import answers
try:
    with Database("erp", sys.argv[1], 600).snapshot() as connection:
        print("asking", flush=True)
        answers(connection, sys.argv[2], "COUNT(*)")
except KeyboardInterrupt:
    print("KeyboardInterrupt", file=sys.stderr, flush=True)
    os._exit(1)
"""


def test_ctrl_c_ends_a_statement_at_once(endless: tuple[str, str]) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, *endless], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert run.stdout
        assert run.stdout.readline() == "asking\n", run.communicate(timeout=30)[1]
        time.sleep(1)
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        told = run.communicate(timeout=30)[1]
        assert time.monotonic() - begun < 12
        assert "KeyboardInterrupt" in told
    finally:
        with suppress(ProcessLookupError):
            os.kill(run.pid, signal.SIGKILL)
        run.wait()


# --- the waiting itself ---------------------------------------------------------------------------------------------


def test_time_between_two_fetches_is_not_counted() -> None:
    patience = Patience(0.5, lambda: None)
    assert patience.wait_for(lambda: 1) == 1
    time.sleep(0.7)
    assert patience.wait_for(lambda: 2) == 2
    assert not patience.late


def test_time_adds_up_over_the_fetches_of_one_statement() -> None:
    patience = Patience(1.0, lambda: None)
    patience.wait_for(lambda: time.sleep(0.6))
    patience.wait_for(lambda: time.sleep(0.6))
    assert patience.late
    patience.late = False
    patience.begin()
    patience.wait_for(lambda: time.sleep(0.6))
    assert not patience.late


def test_a_driver_that_does_not_give_up_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed_connectors.sql.patience._GRACE", 0.2)
    patience = Patience(0.1, lambda: None)
    with pytest.raises(TimeoutError, match="does not answer"):
        patience.wait_for(lambda: time.sleep(3))
    assert patience.left_alone


def test_what_is_raised_in_the_thread_is_raised_where_it_was_asked_for() -> None:
    with pytest.raises(ZeroDivisionError):
        Patience(5, lambda: None).wait_for(lambda: 1 / 0)
