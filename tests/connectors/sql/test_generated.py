"""Whatever query is drawn, what is delivered is the truth, or nothing is: never another report."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from arfeed import ArfeedError
from arfeed.intake.extract import extract
from arfeed_connectors import sql as connector
from arfeed_connectors.sql import Sql
from support.databases.firebird_books import new_database
from support.databases.queries import TABLE, Drawn, Row, Truth, books, queries
from support.databases.servers import new_schema
from support.databases.tables import DATABASES, execute, place, sql, statements, table

SHORT, LONG = 60, 1000

ENGINES = (*DATABASES, "duckdb", "firebird")

Place = tuple[str, list[Row]]
"""A URL and the books that stand there."""


def places(request: pytest.FixtureRequest, database: str, folder: Path) -> list[Place]:
    """The same place in several spellings, with parameters of its driver, and another one beside it."""
    mine, others = books(1), books(2)
    if database in ("duckdb", "firebird"):
        return _in_files(database, folder, mine, others)
    first = place(request, database, folder)
    fill(first, mine)
    if database == "sqlite":
        second = f"sqlite:///{folder / 'other books.db'}"
        fill(second, others)
        driver = first.replace("sqlite:", "sqlite+pysqlite:")
        parameters = ("timeout=5", "cached_statements=0&check_same_thread=false", "isolation_level=EXCLUSIVE")
        ways = [first, driver, *(f"{first}?{said}" for said in (*parameters, "detect_types=3"))]
        return [*((way, mine) for way in ways), (second, others), (f"{second}?timeout=5", others)]
    if database == "mariadb":
        return _in_mariadb(request, first, mine, others)
    return _in_postgresql(request, first, mine, others)


def _in_files(database: str, folder: Path, mine: list[Row], others: list[Row]) -> list[Place]:
    """Two files of the same name in two folders."""
    made = []
    for number, rows in enumerate((mine, others)):
        there = folder / f"{number}"
        there.mkdir()
        made.append(_new_file(database, there, statements("ledger", TABLE, *(tuple(row.values()) for row in rows))))
    first, second = made
    if database == "duckdb":
        modes = (
            "access_mode=read_only",
            "access_mode=read_write",
            "threads=1",
            "memory_limit=200MB",
            "default_order=DESC",
        )
        ways = [first, *(f"{first}?{said}" for said in modes)]
        return [*((way, mine) for way in ways), (second, others), (f"{second}?threads=2", others)]
    ways = [first, first.replace("firebird:", "firebird+firebird:"), f"{first}?charset=UTF8", f"{first}?role=NOBODY"]
    return [*((way, mine) for way in ways), (second, others), (f"{second}?charset=UTF8", others)]


def _new_file(database: str, folder: Path, script: list[str]) -> str:
    if database == "firebird":
        return new_database(folder, *script)
    with duckdb.connect(str(folder / "books.duckdb")) as connection:
        for statement in script:
            connection.execute(statement)
    return f"duckdb:///{folder / 'books.duckdb'}"


def _in_mariadb(request: pytest.FixtureRequest, first: str, mine: list[Row], others: list[Row]) -> list[Place]:
    server, _, name = first.rpartition("/")
    request.addfinalizer(lambda: execute(first, f"DROP DATABASE IF EXISTS {name}_b"))
    execute(first, f"CREATE DATABASE {name}_b CHARACTER SET utf8mb4")
    second = f"{server}/{name}_b"
    fill(second, others)
    parameters = (
        *("charset=utf8mb4", "connect_timeout=5&read_timeout=60", f"init_command={quote('SET NAMES utf8mb4')}"),
        *(f"init_command={quote(f'SET {setting}')}" for setting in _MARIADB_SETTINGS),
        *("autocommit=1", "client_flag=8&local_infile=1", "program_name=books&write_timeout=5", "sql_mode=ANSI_QUOTES"),
    )
    ways = [first, first.replace("mysql:", "mysql+pymysql:"), *(f"{first}?{said}" for said in parameters)]
    ways += [first.replace("mysql:", "mariadb:")]
    used = (f"{first}?init_command={quote(f'USE {name}_b')}", f"{first}?database={name}_b")
    return [*((way, mine) for way in ways), *((way, others) for way in (second, f"{second}?charset=utf8mb4", *used))]


_MARIADB_SETTINGS = ("sql_select_limit = 5", "sql_mode = 'ANSI_QUOTES'", "sql_mode = 'NO_BACKSLASH_ESCAPES'")
"""Of the session: the first cuts every answer short."""


def _in_postgresql(request: pytest.FixtureRequest, first: str, mine: list[Row], others: list[Row]) -> list[Place]:
    database, _, options = first.partition("?")
    second = new_schema(str(request.getfixturevalue("postgresql_database")))
    fill(second, others)
    server, _, name = database.rpartition("/")
    more = [
        *("connect_timeout=5", "application_name=books&keepalives=1", "sslmode=prefer", "target_session_attrs=any"),
        *("client_encoding=latin1", "autocommit=true", "gssencmode=disable&channel_binding=disable", "user=postgres"),
        *("hostaddr=127.0.0.1&port=5432", "load_balance_hosts=random&tcp_user_timeout=5000"),
    ]
    ways = [first, first.replace("postgresql:", "postgresql+psycopg:"), *(f"{first}&{said}" for said in more)]
    options_of_session = ("DateStyle%3DSQL,DMY", "TimeZone%3DAsia/Tokyo", "extra_float_digits%3D0", "lc_monetary%3DC")
    ways += [f"{first}%20-c{setting}" for setting in options_of_session]
    ways.append(f"postgresql:///?host=127.0.0.1&user=postgres&dbname={name}&{options}")
    ways.append(f"{server}/postgres?dbname={name}&{options}")
    ways.append(f"postgresql:///?service={_service(request, sa.make_url(first))}&{options}")
    return [*((way, mine) for way in ways), (second, others), (f"{second}&connect_timeout=5", others)]


def _service(request: pytest.FixtureRequest, url: sa.URL) -> str:
    """Write a file of libpq's that names the server and its database; return what it is called there."""
    file = request.getfixturevalue("tmp_path") / "services"
    file.write_text(f"[books]\nhost={url.host}\nport={url.port}\nuser={url.username}\ndbname={url.database}\n")
    request.getfixturevalue("monkeypatch").setenv("PGSERVICEFILE", str(file))
    return "books"


def fill(url: str, rows: list[Row]) -> None:
    table(url, "ledger", TABLE, *(tuple(row.values()) for row in rows))


def report(source: Sql) -> Truth:
    """What is open by this source, as it would be delivered."""
    frame = extract([source], lambda: datetime.now(UTC)).open
    assert frame["invoice_ref"].is_unique
    columns = ("invoice_ref", "currency", "balance", "due_on")
    refs, *rest = (pa.array(frame[column]).to_pylist() for column in columns)
    return dict(zip(refs, zip(*rest, strict=True), strict=True))


def judge(found: Place, drawn: Drawn) -> str:
    """Return the outcome: "refused" or "delivered"."""
    url, rows = found
    source, delivered, refusal = None, None, ""
    try:
        source = sql(url, query=drawn.query, **drawn.settings)
        delivered = report(source)
    except (ValidationError, ArfeedError) as exc:
        refusal = str(exc)
    if source is None or delivered is None:
        assert drawn.wrong or drawn.may_be_refused or "sql_select_limit" in url, refusal
        return "refused"
    if drawn.names:
        assert named(source, drawn.names)
    else:
        assert delivered == drawn.truth(rows)
    return "delivered"


def named(source: Sql, names: list[str]) -> bool:
    """Whether a plan of this source names these columns, which mean nothing to arfeed."""
    rows = source.invoices()
    try:
        while True:
            next(rows)
    except StopIteration as end:
        notes = " ".join(end.value.notes).casefold()
    return all(name.casefold() in notes for name in names)


@pytest.mark.parametrize(
    "cases",
    [
        pytest.param(SHORT, id="short"),
        # A thousand queries of a server that others keep busy, too.
        pytest.param(LONG, marks=[pytest.mark.soak, pytest.mark.timeout(3600)], id="soak"),
    ],
)
@pytest.mark.parametrize("database", ENGINES)
def test_delivered_is_the_truth_or_nothing_is(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str, cases: int
) -> None:
    ways = places(request, database, tmp_path)
    outcomes = Counter[str]()

    @seed(20261129)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(way=st.sampled_from(ways), drawn=queries(database), by_arrow=st.booleans())
    def judged(way: Place, drawn: Drawn, by_arrow: bool) -> None:
        monkeypatch.setattr(connector, "LONG", 0 if by_arrow else 20_000)
        outcomes[f"{judge(way, drawn)}, {drawn.wrong or 'right'}"] += 1

    judged()
    print(database, dict(sorted(outcomes.items())))  # noqa: T201 - shown by -rP
    assert outcomes["delivered, right"] >= cases / 10
    assert outcomes["refused, limit"] >= cases / 20
    assert not outcomes["delivered, limit"] + outcomes["delivered, union"] + outcomes["delivered, slip"]


PLAIN = (
    "SELECT nr AS invoice_ref, nm AS customer_name, iss AS issued_on, cur AS currency, bal AS balance FROM ledger "
    "WHERE sta = 'open'"
)


@pytest.mark.parametrize("database", ENGINES)
def test_another_place_is_another_configuration(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> None:
    ways = places(request, database, tmp_path)
    shown = {url: sql(url, query="SELECT * FROM ledger").settings.model_dump(mode="json")["url"] for url, _ in ways}
    for url, rows in ways:
        if "sql_select_limit" not in url:
            assert report(sql(url, query=PLAIN)) == {
                str(row["nr"]): (row["cur"], row["bal"], None) for row in rows if row["sta"] == "open"
            }
        for other, theirs in ways:
            assert rows is theirs or shown[url] != shown[other]
