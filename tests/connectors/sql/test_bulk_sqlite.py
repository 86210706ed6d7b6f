"""Long lists of an SQLite file come by ADBC, from a process of its own: the same values as by Python's module."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from arfeed import SourceError
from arfeed_connectors import sql as connector
from arfeed_connectors.sql import bulk, statements
from arfeed_connectors.sql.bulk import sqlite
from arfeed_connectors.sql.statements import first_rows
from support.databases.tables import sql

COLUMNS = ("invoice_ref", "customer_name", "currency", "issued_on", "due_on", "amount", "balance", "memo", "branch")
Values = list[tuple[object, ...]]


@pytest.fixture(autouse=True)
def short_ones_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "LONG", 0)
    monkeypatch.setattr(sqlite, "LONG", 0)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each reading was by ADBC."""
    took: list[bool] = []

    def noted(*arguments: Any) -> object:
        tables = bulk.arrow_tables(*arguments)
        took.append(tables is not None)
        return tables

    monkeypatch.setattr(connector, "arrow_tables", noted)
    return took


def book(
    folder: Path, rows: Values, columns: tuple[str, ...] = COLUMNS, kinds: tuple[str, ...] = (), more: str = ""
) -> str:
    file = folder / "books.db"
    file.unlink(missing_ok=True)
    listed = ", ".join(f"{name} {kind}" for name, kind in zip(columns, kinds or ("",) * len(columns), strict=True))
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute(f"CREATE TABLE ledger ({listed})")
        opened.executemany(f"INSERT INTO ledger VALUES ({', '.join('?' * len(columns))})", rows)
        opened.executescript(more)
    return f"sqlite:///{file}"


def read(url: str, **settings: object) -> tuple[dict[str, list[object]], str]:
    """All values by column, and why there are none."""
    try:
        frames = list(sql(url, **{"query": "SELECT * FROM ledger", **settings}).invoices())
    except SourceError as exc:
        return {}, str(exc)
    whole: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return {str(name): [None if pd.isna(value) else value for value in whole[name]] for name in whole}, ""


def both(url: str, taken: list[bool], monkeypatch: pytest.MonkeyPatch, **settings: object) -> bool:
    """Read in both ways and hold the values together; return whether the first was by ADBC."""
    first = read(url, **settings)
    by_adbc = taken.pop() if taken else False
    with monkeypatch.context() as without:
        without.setattr(connector, "arrow_tables", lambda *_: None)
        second = read(url, **settings)
    assert first == second
    return by_adbc


ODD = (
    *(
        "",
        " ",
        "x",
        "Å\u0301 株",
        "a'b\"c",
        "two\nlines",
        "nul\x00inside",
        "1",
        "1.50",
        "0012",
        "-0.0",
        "2026-04-07",
        "1e5",
    ),
    *(0, 1, -7, 2**53 + 1, 2**63 - 1, -(2**63), 20260407),
    *(0.5, -0.0, 1e300, 1e-300, 0.1 + 0.2, 12.0, 1234.5600000000001, 2461000.5, float("inf"), 9.1e10),
    *(b"", b"x", b"\x00\xff", None),
)
USUAL: dict[str, st.SearchStrategy[object]] = {
    "text": st.sampled_from(("Ada", "", "Ö", "1001", "'")),
    "day": st.sampled_from(("2026-04-07", "2026-04-08 10:00:00", "0000-00-00", "20260407", "")),
    "whole": st.integers(-10_000, 10_000),
    "huge": st.sampled_from((2**53 + 1, 2**62, -(2**63), 3)),
    "cents": st.integers(-99_999, 99_999).map(lambda cents: cents / 100),
    "amount": st.integers(-99_999, 99_999).map(lambda cents: cents / 100 if cents % 3 else cents // 100),
    "null": st.none(),
    "texts and null": st.sampled_from(("PO-1", None)),
    "any": st.sampled_from(ODD),
}
KINDS = ("", "TEXT", "NUMERIC", "REAL", "INTEGER", "BLOB", "DATE", "VARCHAR(9) COLLATE NOCASE")


@st.composite
def books(draw: st.DrawFn) -> tuple[Values, tuple[str, ...]]:
    """Rows whose columns each are mostly of one type, and the declared types of the columns."""
    likely = {"issued_on": "day", "due_on": "day", "amount": "amount", "balance": "cents", "memo": "texts and null"}
    count = draw(st.integers(1, 30))
    by_column = []
    for name in COLUMNS:
        usual = USUAL[draw(st.sampled_from((*(likely.get(name, "text"),) * 90, *USUAL)))]
        values = draw(st.lists(usual, min_size=count, max_size=count))
        if draw(st.integers(0, 59)) == 0:
            values[draw(st.integers(0, count - 1))] = draw(st.sampled_from(ODD))
        by_column.append(values)
    by_column[0] = [
        f"INV-{number}" if draw(st.integers(0, 500)) else value for number, value in enumerate(by_column[0])
    ]
    by_column[2] = ["EUR"] * count
    kinds = tuple(draw(st.sampled_from((*("",) * 40, *KINDS))) for _ in COLUMNS)
    return list(zip(*by_column, strict=True)), kinds


@pytest.mark.parametrize("cases", [pytest.param(40, id="short"), pytest.param(500, marks=pytest.mark.soak, id="soak")])
def test_whatever_the_values_are_both_ways_give_the_same(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch, cases: int
) -> None:
    monkeypatch.setattr(sqlite, "_FIRST_ROWS", 3)
    monkeypatch.setattr(sqlite, "BATCH", 7)
    monkeypatch.setattr(statements, "BATCH", 7)
    outcomes = Counter[str]()

    @seed(20261129)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[*HealthCheck],
    )
    @given(drawn=books())
    def judged(drawn: tuple[Values, tuple[str, ...]]) -> None:
        url = book(tmp_path, drawn[0], kinds=drawn[1])
        outcomes["adbc" if both(url, taken, monkeypatch) else "module"] += 1

    judged()
    print(dict(outcomes))  # noqa: T201 - shown by -rP
    assert outcomes["adbc"] >= cases / 5
    assert outcomes["module"] >= cases / 10


def plain(rows: int, **values: object) -> Values:
    """Ordinary rows, all with these values."""
    return [
        tuple(
            {
                "invoice_ref": f"INV-{number}",
                "customer_name": "Ada",
                "currency": "EUR",
                "issued_on": "2026-04-07",
                "due_on": None,
                "amount": 12,
                "balance": number + 0.5,
                "memo": None,
                "branch": 7,
                **values,
            }.values()
        )
        for number in range(rows)
    ]


def test_ordinary_rows_come_by_adbc_in_the_same_batches(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BATCH", 100)
    assert both(book(tmp_path, plain(350)), taken, monkeypatch)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        *(("customer_name", 7), ("customer_name", 0.1), ("memo", b"x"), ("memo", b""), ("customer_name", None)),
        *(
            ("amount", 0.1 + 0.2),
            ("balance", "7,50"),
            ("balance", ""),
            ("due_on", 0.5),
            ("branch", "12"),
            ("balance", 2**53 + 1),
            ("balance", b"1"),
            ("branch", 1.5),
        ),
        ("memo", "nul\x00inside"),
    ],
)
@pytest.mark.parametrize("place", [5, 50, 250], ids=["first rows", "first batch", "later"])
def test_one_value_of_another_type_is_what_it_is_wherever_it_stands(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch, column: str, value: object, place: int
) -> None:
    monkeypatch.setattr(sqlite, "_FIRST_ROWS", 10)
    monkeypatch.setattr(sqlite, "BATCH", 100)
    rows = plain(300)
    rows[place] = plain(1, **{"invoice_ref": "ODD", column: value})[0]
    both(book(tmp_path, rows), taken, monkeypatch)


def test_a_whole_number_beyond_what_a_double_holds_keeps_its_last_digit(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_FIRST_ROWS", 10)
    monkeypatch.setattr(sqlite, "BATCH", 100)
    rows = plain(300, amount=0.5)
    rows[250] = plain(1, invoice_ref="ODD", amount=2**53 + 1)[0]
    url = book(tmp_path, rows)
    assert not both(url, taken, monkeypatch)
    assert read(url)[0]["amount"][250] == str(2**53 + 1)


def test_a_text_that_is_no_unicode_is_refused_as_ever(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_FIRST_ROWS", 1)
    url = book(
        tmp_path, plain(3, memo="x"), more="UPDATE ledger SET memo = CAST(x'C328' AS TEXT) WHERE invoice_ref = 'INV-2'"
    )
    assert not both(url, taken, monkeypatch)
    assert "Could not decode to UTF-8" in read(url)[1]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM ledger -- all of them",
        "SELECT * FROM ledger ORDER BY balance DESC",
        "WITH arfeed_list AS (SELECT * FROM ledger) SELECT * FROM arfeed_list",
        "SELECT * FROM ledger UNION ALL SELECT 'X-' || invoice_ref, customer_name, currency, issued_on, due_on, "
        "amount, balance, memo, branch FROM ledger",
        'SELECT *, balance AS "a ""strange"" name", \'x\' AS arfeed_1, 1 + 1 FROM ledger',
        "SELECT * FROM ledger WHERE customer_name LIKE 'A%' AND customer_name REGEXP '^A'",
        "VALUES ('INV-1', 1)",
    ],
)
def test_a_query_means_the_same(tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    columns = {"invoice_ref": "column1", "balance": "column2"} if query.startswith("VALUES") else {}
    both(book(tmp_path, plain(20)), taken, monkeypatch, query=query, columns=columns, currency="EUR")


@contextmanager
def program(url: str) -> Iterator[sqlite3.Connection]:
    """The program whose file it is, with short patience."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.2, isolation_level=None)) as opened:
        yield opened


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_is_the_moment_of_the_control(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    url = book(tmp_path, plain(50), more=f"PRAGMA journal_mode = {mode};")
    original = first_rows

    def between(*arguments: Any) -> object:
        with program(url) as opened:
            try:
                opened.execute("UPDATE ledger SET balance = balance + 1")
                written.append(True)
            except sqlite3.OperationalError:
                written.append(False)
        return original(*arguments)

    written: list[bool] = []
    monkeypatch.setattr(sqlite, "first_rows", between)
    values, why = read(url)
    assert not why
    assert written == [mode == "wal"]
    assert [str(value) for value in values["balance"]] == [f"{number}.5000" for number in range(50)]
    # What another program commits meanwhile would be in the second connection's moment, not in ours.
    assert taken == [mode == "delete"]


def test_the_file_is_let_go_before_rows_become_frames(tmp_path: Path, taken: list[bool]) -> None:
    url = book(tmp_path, plain(50))
    frames = sql(url, query="SELECT * FROM ledger").invoices()
    next(frames)
    assert taken == [True]
    with program(url) as opened:
        opened.execute("DELETE FROM ledger")


def test_a_process_that_is_killed_leaves_it_to_the_module(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = book(tmp_path, plain(50))
    child = tmp_path / "sqlite_child.py"
    # Dies in mid-stream, which at the end of a pipe looks like a list that has ended.
    child.write_text(
        Path(sqlite.__file__)
        .with_name("sqlite_child.py")
        .read_text("utf-8")
        .replace("sink.write_batch(batch)", "sink.write_batch(batch); out.flush(); os._exit(1)")
        .replace("import json", "import json\nimport os")
    )
    monkeypatch.setattr(sqlite, "_CHILD", child)
    monkeypatch.setattr(sqlite, "BATCH", 20)
    assert len(read(url)[0]["balance"]) == 50
    assert taken == [False]


def test_without_the_package_the_module_reads(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_PROVED", (99,))
    assert len(read(book(tmp_path, plain(5)))[0]["balance"]) == 5
    assert taken == [False]


ENDED = """
import sys
from arfeed_connectors.sql.bulk import arrow_tables, sqlite
from arfeed_connectors.sql.database import Database

sqlite.first_rows = lambda *_: (["a"], [("x",)])
with Database("erp", sys.argv[1], int(sys.argv[2])).snapshot() as connection:
    print("reading", flush=True)
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0"
    arrow_tables(connection, endless)
"""


def wait_for(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def children(of: int) -> list[str]:
    return subprocess.run(["pgrep", "-P", str(of)], capture_output=True, text=True, check=False).stdout.split()


@pytest.mark.parametrize("how", ["ctrl-c", "time limit"])
def test_ctrl_c_and_the_time_limit_end_the_process_too(tmp_path: Path, how: str) -> None:
    url = book(tmp_path, plain(1))
    with subprocess.Popen(
        [sys.executable, "-c", ENDED, url, "600" if how == "ctrl-c" else "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "reading\n"
        assert wait_for(lambda: bool(children(process.pid)))
        (child,) = children(process.pid)
        time.sleep(1)
        if how == "ctrl-c":
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert said.rstrip().endswith("KeyboardInterrupt") == (how == "ctrl-c")
    assert how == "ctrl-c" or "timeout_seconds" in said
    assert not Path(f"/proc/{child}").exists()
