"""What a database can hand over in silence, in each that runs here: named twice, padded, empty, of no type."""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from arfeed import SourceError
from arfeed_connectors.sql.proofs.control_totals import ControlTotals
from support.databases.firebird_books import new_database
from support.databases.tables import DATABASES, place, sql, table
from support.feeds.sources import complete, failure, opened, problems

PLAIN = {
    "invoice_ref": "'A-1'",
    "customer_name": "'Ada'",
    "currency": "'EUR'",
    "issued_on": "'2026-05-04'",
    "balance": "10",
}
HERE = (*DATABASES, "duckdb", "firebird")


@pytest.fixture(params=HERE)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        duckdb.connect(str(tmp_path / "books.duckdb")).close()
        return f"duckdb:///{tmp_path / 'books.duckdb'}"
    if request.param == "firebird":
        return new_database(tmp_path)
    return table(place(request, request.param, tmp_path), "nothing", "a INT")


def one(url: str, **columns: str) -> str:
    """A query of one plausible invoice with these expressions instead of its own."""
    said = ", ".join(f"{value} AS {name}" for name, value in {**PLAIN, **columns}.items())
    return f"SELECT {said} FROM rdb$database" if url.startswith("firebird") else f"SELECT {said}"


TWINS = ("two columns", "duplicate", "specified more than once", "specified multiple times", "ambiguous")


@pytest.mark.parametrize("second", ["status", "Status"])
def test_a_column_named_twice_is_refused(url: str, second: str) -> None:
    twice = one(url).replace("SELECT ", f"SELECT 'void' AS status, 'open' AS {second}, ")
    for source in (sql(url, query=twice), sql(url, query=one(url), closed_query=twice)):
        with pytest.raises(SourceError) as caught:
            source.check()
        assert any(word in str(caught.value).lower() for word in TWINS)
    assert any(word in failure(sql(url, query=twice)).lower() for word in TWINS)


def test_a_name_that_only_looks_like_a_twin_is_taken(url: str) -> None:
    assert complete(sql(url, query=one(url, memo="'a'", memo_1="'b'"))).rows == 1


@pytest.mark.parametrize("column", ["invoice_ref", "customer_name", "currency"])
def test_trailing_blanks_of_a_char_are_no_part_of_it(url: str, column: str) -> None:
    value = PLAIN[column].strip("'")
    kind = "CHAR(12)" if column != "currency" else "CHAR(5)"
    padded = f"'{value.ljust(12 if kind == 'CHAR(12)' else 5)}'"
    rows = opened(sql(url, query=one(url, **{column: padded if "sqlite" in url else f"CAST({padded} AS {kind})"})))
    assert rows[column].tolist() == [value]


@pytest.mark.parametrize("column", ["invoice_ref", "currency", "balance"])
def test_null_and_an_empty_text_are_a_problem_of_their_row_and_never_a_default(url: str, column: str) -> None:
    assert any(column in said for said in problems(sql(url, query=one(url, **{column: "CAST(NULL AS CHAR(9))"}))))
    if column != "balance":
        assert any(column in said for said in problems(sql(url, query=one(url, **{column: "''"}))))


def test_an_untyped_null_is_a_column_without_values(url: str) -> None:
    rows = opened(sql(url, query=one(url, due_on="NULL", customer_id="NULL")))
    assert rows["due_on"].isna().all()
    assert rows["balance"].tolist() == [10]


@pytest.mark.parametrize("zero", ["-0.0", "CAST(-0.0 AS DOUBLE PRECISION)", "0.001 - 0.001"])
def test_a_negative_zero_is_zero(url: str, zero: str) -> None:
    if url.startswith("mysql"):
        zero = zero.replace("DOUBLE PRECISION", "DOUBLE")
    assert complete(sql(url, query=one(url, balance=zero))).totals == {"EUR": Decimal(0)}


def test_doubles_for_money_are_the_amounts_that_are_meant_and_so_is_their_sum(url: str) -> None:
    kind = "DOUBLE" if url.startswith("mysql") else "DOUBLE PRECISION"
    query = " UNION ALL ".join(one(url, invoice_ref=f"'A-{n}'", balance=f"CAST(0.1 AS {kind})") for n in range(30))
    source = sql(url, query=query)
    assert complete(source).totals == {"EUR": Decimal(3)}
    assert {*opened(source)["balance"]} == {Decimal("0.1")}
    assert "column balance: 10.255 is not an amount in EUR" in failure(
        sql(url, query=one(url, balance=f"CAST(10.255 AS {kind})"))
    )


def test_a_time_of_day_leaves_the_day(url: str) -> None:
    moment = "'2026-05-04 23:59:59'" if "sqlite" in url else "CAST('2026-05-04 23:59:59' AS TIMESTAMP)"
    if url.startswith("mysql"):
        moment = "CAST('2026-05-04 23:59:59' AS DATETIME)"
    rows = opened(sql(url, query=one(url, issued_on=moment, due_on=moment)))
    assert [str(rows[name][0])[:10] for name in ("issued_on", "due_on")] == ["2026-05-04"] * 2


def test_a_nul_within_a_number_never_makes_two_invoices_one(tmp_path: Path) -> None:
    url = table(f"sqlite:///{tmp_path / 'books.db'}", "nothing", "a INT")
    query = " UNION ALL ".join(one(url, invoice_ref=f"'A-1' || char(0) || '{n}'") for n in range(2))
    assert "column 'invoice_ref' holds a NUL, in 'A-1\\x000'" in failure(sql(url, query=query))


@pytest.mark.parametrize("mark", ["char(128)", "char(7)", "char(127)"], ids=["euro of cp1252", "bell", "delete"])
def test_other_characters_that_nobody_can_see_are_told(tmp_path: Path, mark: str) -> None:
    url = table(f"sqlite:///{tmp_path / 'books.db'}", "nothing", "a INT")
    [note] = complete(sql(url, query=one(url, customer_name=f"'Ada ' || {mark}"))).notes
    assert "characters that nobody can see are in customer_name" in note
    assert complete(sql(url, query=one(url, customer_name="'Åda § °'"))).notes == ()


def test_a_view_that_reads_the_clock_is_refused_when_it_moves_between_count_and_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = table(f"sqlite:///{tmp_path / 'books.db'}", "nothing", "a INT")
    soon = time.time() + 2
    due = one(url, invoice_ref="'A-2'")
    query = f"{one(url)} UNION ALL {due} WHERE (julianday('now') - 2440587.5) * 86400 < {soon}"
    asked = ControlTotals.asked

    def late(*about: Any) -> ControlTotals:
        said = asked(*about)
        time.sleep(max(0.0, soon - time.time()) + 0.2)
        return said

    monkeypatch.setattr(ControlTotals, "asked", late)
    assert "reports 2 rows, but 1 were read" in failure(sql(url, query=query))
