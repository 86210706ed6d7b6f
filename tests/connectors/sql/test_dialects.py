"""What is sent to databases that no test can start: by SQLAlchemy's own dialects, to a stand-in for the driver."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from sqlalchemy.dialects import registry

from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.database import Database
from support.databases.stand_in import Driver, put_in
from support.databases.tables import sql
from support.feeds.sources import complete, failure

NAMES = ("INVOICE_REF", "CUSTOMER_NAME", "CURRENCY", "ISSUED_ON", "BALANCE", "STATUS")
ROW = ("A-1", "Ada", "EUR", "2026-05-04", Decimal("12.34"), "open")
QUERY = "SELECT * FROM open_items"
CLOSED = "SELECT * FROM all_items"
ORACLE = "oracle+oracledb://reader:hidden-word@db/?service_name=ERP"
SQL_SERVER = "mssql+pyodbc://reader:hidden-word@db/ERP?driver=ODBC+Driver+18+for+SQL+Server"


def driver(paramstyle: str, **changes: tuple[Sequence[str], Sequence[tuple[Any, ...]]]) -> Driver:
    counted = (("CURRENCY", "N", "S"), [("EUR", 1, Decimal("12.3400"))])
    answers: dict[str, tuple[Sequence[str], Sequence[tuple[Any, ...]]]] = {}
    answers |= {"COUNT(*)": counted, "open_items": (NAMES, [ROW]), "all_items": (NAMES, [(*ROW[:-1], "paid")])}
    return Driver(paramstyle, {**changes, **answers})


def read(source: Sql) -> None:
    assert complete(source).totals == {"EUR": Decimal("12.34")}
    source.explain(pd.DataFrame({"invoice_ref": ["A-1", "A-2"]}))
    source.release()


def test_oracle_reads_in_one_transaction_that_may_only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = driver("named")
    put_in(monkeypatch, sent)
    read(sql(ORACLE, query=QUERY, closed_query=CLOSED))
    assert sent.said() == [
        "SET TRANSACTION READ ONLY",
        "SELECT * FROM ( SELECT * FROM open_items ) arfeed WHERE 1 = 0",
        "SELECT currency, COUNT(*), SUM(CAST(balance AS DECIMAL(30, 4))) FROM ( SELECT * FROM open_items ) arfeed "
        "GROUP BY currency",
        "SELECT * FROM open_items",
        "SELECT * FROM ( SELECT * FROM all_items ) arfeed WHERE 1 = 0",
        "SELECT * FROM ( SELECT * FROM all_items ) arfeed WHERE TRIM(invoice_ref) IN (:value1, :value2)",
    ]
    assert sent.sent[-1][1] == {"value1": "A-1", "value2": "A-2"}


def test_sql_server_reads_in_the_isolation_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = driver("qmark")
    put_in(monkeypatch, sent)
    read(sql(SQL_SERVER, query=QUERY, closed_query=CLOSED, isolation_level="snapshot"))
    assert sent.said()[:3] == [
        "SET TRANSACTION ISOLATION LEVEL SNAPSHOT",
        "COMMIT",
        "SELECT * FROM ( SELECT * FROM open_items ) arfeed WHERE 1 = 0",
    ]
    numbers = "SELECT * FROM ( SELECT * FROM all_items ) arfeed WHERE [INVOICE_REF] IN (?, ?)"
    assert numbers in sent.said()
    assert not [said for said in sent.said() if "NULL" in said], "a NULL has a type of its own nowhere"


@pytest.mark.parametrize(
    ("url", "style", "level", "says"),
    [
        (SQL_SERVER, "qmark", "READ ONLY", "the dialect 'mssql' takes .*'SNAPSHOT'"),
        (ORACLE, "named", "SNAPSHOT", "the dialect 'oracle' takes .*'SERIALIZABLE'"),
    ],
)
def test_a_level_that_the_dialect_does_not_know_is_refused_with_those_that_it_knows(
    monkeypatch: pytest.MonkeyPatch, url: str, style: str, level: str, says: str
) -> None:
    put_in(monkeypatch, driver(style))
    assert re.search(says, failure(sql(url, query=QUERY, isolation_level=level)))


def test_a_dialect_that_sets_levels_in_the_old_way_gets_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry.register("old", "support.databases.stand_in", "OldDialect")
    sent = driver("qmark")
    put_in(monkeypatch, sent)
    read(sql("old://db/erp", query=QUERY, closed_query=CLOSED, isolation_level="repeatable_read"))
    assert sent.said() == [
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "SELECT * FROM ( SELECT * FROM open_items ) arfeed WHERE 1 = 0",
        "SELECT currency, COUNT(*), SUM(CAST(balance AS DECIMAL(30, 4))) FROM ( SELECT * FROM open_items ) arfeed "
        "GROUP BY currency",
        "SELECT * FROM open_items",
        "SELECT * FROM ( SELECT * FROM all_items ) arfeed WHERE 1 = 0",
        "SELECT invoice_ref FROM ( SELECT * FROM all_items ) arfeed WHERE 1 = 0",
        "SELECT * FROM ( SELECT * FROM all_items ) arfeed WHERE invoice_ref IN (?, ?)",
    ]
    said = failure(sql("old://db/erp", query=QUERY, isolation_level="SNAPSHOT"))
    assert said.endswith("the dialect 'old' takes 'READ COMMITTED', 'REPEATABLE READ'")


def test_a_dialect_that_has_no_ping_is_read_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    registry.register("old", "support.databases.stand_in", "OldDialect")
    put_in(monkeypatch, driver("qmark"))
    source = sql("old://db/erp", query=QUERY)
    for _ in range(3):
        source.check()
        read(source)


@pytest.mark.parametrize("level", ["READ UNCOMMITTED", "read_uncommitted", "UR", "AUTOCOMMIT"])
def test_a_level_that_reads_what_nobody_has_committed_is_refused(monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    put_in(monkeypatch, driver("qmark"))
    said = failure(sql(SQL_SERVER, query=QUERY, isolation_level=level))
    assert f"isolation_level = '{level}' would read uncommitted data" in said


@pytest.mark.parametrize("level", ["SNAPSHOT", "READ UNCOMMITTED"])
def test_a_level_is_refused_where_the_snapshot_is_always_the_same(level: str, postgresql: str) -> None:
    said = failure(sql(postgresql, query="SELECT 1 AS balance", isolation_level=level))
    assert "has no effect on this database, which is always read in REPEATABLE READ, READ ONLY; leave it out" in said


class _SaidError(Exception):
    """What a driver raises, with what the server said."""


@pytest.mark.parametrize(
    ("url", "said", "shown"),
    [
        ("postgresql://r:1@db:51/erp", "server at 127.0.0.1, port 51; password 1 is wrong", "password *** is wrong"),
        ("postgresql://r:1@db:51/erp", "server at 127.0.0.1, port 51; password 1 is wrong", "127.0.0.1, port 51"),
        ("postgresql://r@db/erp?connect_timeout=1", "no answer of 127.0.0.1 in 1 s", "127.0.0.1 in 1 s"),
        ("mssql+pyodbc:///?odbc_connect=UID%3Dr%3BPWD%3D%7Ba%3Bbcd%7D", "login failed (a;bcd)", "login failed (***)"),
        (ORACLE, "ORA-12514: hidden-word\n  is not ERP\n\nHelp: there", "ORA-12514: *** is not ERP Help: there"),
    ],
)
def test_messages_are_whole_and_hide_secrets_alone(url: str, said: str, shown: str) -> None:
    assert shown in Database("erp", url, 60)._explain(_SaidError(said), None)


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("hana://r@db:30015", "sqlalchemy-hana"),
        ("db2://r@db/erp", "ibm_db_sa"),
        ("ibm_db_sa://r@db/erp", "ibm_db_sa"),
        ("access+pyodbc://@books", "sqlalchemy-access"),
        ("sybase+pyodbc://r@db/erp", "sqlalchemy-sybase"),
    ],
)
def test_a_dialect_that_is_not_installed_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, url: str, package: str
) -> None:
    import sqlalchemy as sa

    def absent(*_: object, **__: object) -> None:
        raise sa.exc.NoSuchModuleError("Can't load plugin")

    monkeypatch.setattr(sa, "create_engine", absent)
    assert f"; pip install '{package}', or look at the beginning of `url`" in failure(sql(url, query="SELECT 1"))
