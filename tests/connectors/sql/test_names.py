"""A query's names, which count without case, and those that mean nothing: no optional column is passed over."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed import SourceError
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.text.names import Names
from support.databases.tables import DATABASES, one_row, place, quoted, sql, table
from support.feeds.feed import Feed
from support.feeds.sources import complete, failure, opened, read

LEDGER = (
    "number VARCHAR(20), customer VARCHAR(40), code CHAR(3), issued DATE, due DATE, owed DECIMAL(18, 2), "
    "state VARCHAR(10), sort VARCHAR(20)"
)
ROWS = (
    ("INV-1", "Ada", "EUR", "2026-03-01", "2026-03-31", 100, "open", "invoice"),
    ("INV-2", "Ada", "USD", "2026-03-02", "2026-04-01", 200, "open", "invoice"),
    ("INV-3", "Bob", "EUR", "2026-03-03", "2026-04-02", 300, "void", "invoice"),
    ("CN-4", "Bob", "EUR", "2026-03-04", None, -40, "open", "credit_note"),
)
MEANT = {
    "Invoice_Ref": "number", "customer_NAME": "customer", "Currency": "code", "Issued_On": "issued", "Due_On": "due",
    "BALANCE": "owed", "Status": "state", "Kind": "sort",
}  # fmt: skip


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return table(place(request, request.param, tmp_path), "ledger", LEDGER, *ROWS)


def query(url: str, **names: str) -> str:
    """The ledger under these names (by its own columns), in just that case."""
    return f"SELECT {', '.join(f'{column} AS {quoted(url, name)}' for name, column in names.items())} FROM ledger"


def feed(folder: Path, url: str, **settings: object) -> Feed:
    source = {"use": "sql", "url": url, "query": query(url, **MEANT), **settings}
    return Feed(folder / "feed", {"erp": source}, plugins=("sql", "kolleno"))


def delivered(feed: Feed) -> dict[str, dict[str, str]]:
    feed.approved()
    report = feed.held()[feed.reports()[-1]].decode()
    return {row["invoice_ref"]: row for row in csv.DictReader(report.splitlines())}


def test_optional_columns_in_another_case_are_delivered_as_what_they_are(tmp_path: Path, url: str) -> None:
    rows = delivered(feed(tmp_path, url, currency="EUR"))
    assert rows.keys() == {"INV-1", "INV-2", "CN-4"}, "INV-3 is void"
    assert "USD" in rows["INV-2"].values()
    assert "2026-04-01" in rows["INV-2"].values()
    assert "credit_note" in rows["CN-4"].values()


def test_a_status_in_another_case_explains_what_is_gone(url: str) -> None:
    source = sql(url, query=query(url, **MEANT))
    assert complete(source).lists_closed
    source.release()
    assert dict(zip(read(source)["invoice_ref"], read(source)["status"], strict=True))["INV-3"] == "void"


def test_the_control_is_asked_under_the_names_as_they_are_written(url: str) -> None:
    said = complete(sql(url, query=query(url, **MEANT)))
    assert (said.rows, said.totals) == (4, {"EUR": Decimal(360), "USD": Decimal(200)})


def test_columns_names_a_header_in_any_case(url: str) -> None:
    names = {name: column for name, column in MEANT.items() if name not in ("Currency", "BALANCE", "Due_On")}
    written = query(url, **names, Waehrung="code", Offen="owed", FAELLIG="due")
    source = sql(url, query=written, columns={"currency": "WAEHRUNG", "balance": "offen", "due_on": "Faellig"})
    rows = opened(source).set_index("invoice_ref")
    assert rows["currency"].to_dict() == {"INV-1": "EUR", "INV-2": "USD", "CN-4": "EUR"}
    assert rows.loc["INV-2", "due_on"] == date(2026, 4, 1)


@pytest.mark.parametrize("default", [{"currency": "EUR"}, {}], ids=["default currency", "none"])
def test_a_mapped_column_that_is_not_there_is_refused_before_a_default_stands_for_it(
    tmp_path: Path, url: str, default: dict[str, str]
) -> None:
    source = sql(url, query=query(url, **MEANT), columns={"currency": "waehrung"}, **default)
    said = failure(source)
    assert "erp: `columns` names the header 'waehrung', which is not there; the query has" in said
    with pytest.raises(SourceError, match="names the header 'waehrung'"):
        source.check()
    whole = feed(tmp_path, url, columns={"currency": "waehrung"}, **default)
    with pytest.raises(SourceError, match="names the header 'waehrung'"):
        whole.sync()
    assert not whole.reports()


def test_a_mapped_column_is_missed_in_an_empty_answer_too(url: str) -> None:
    empty = f"{query(url, **MEANT)} WHERE 1 = 0"
    source = sql(url, query=empty, columns={"currency": "waehrung"}, currency="EUR", allow_empty=True)
    assert "names the header 'waehrung'" in failure(source)


def test_two_names_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="two columns, 'Status' and 'STATUS', that differ only in letter case"):
        Names("erp", ("invoice_ref", "Status", "STATUS"), {})


def test_two_names_that_differ_only_in_case_stop_a_reading(postgresql: str) -> None:
    source = one_row(postgresql, "'open' AS \"Status\"; 'void' AS status")
    assert "that differ only in letter case, which arfeed ignores; name each with AS" in failure(source)


def test_a_column_that_means_nothing_is_named_in_the_first_plan_and_by_check(tmp_path: Path, url: str) -> None:
    names = {
        **{name: column for name, column in MEANT.items() if name != "Due_On"},
        "Due_Date": "due",
        "branch": "sort",
    }
    first = feed(tmp_path, url, query=query(url, **names))
    note = "of the columns of the query, Due_Date, branch mean nothing to arfeed and are sent along"
    assert f"erp: {note}" in first.plan().notes
    done = first.run("check")
    assert note in " ".join(done.stdout.split()).replace(" (did you mean due_on?)", "")
    first.approved()
    assert not [said for said in first.plan().notes if "mean nothing" in said], "it is settled by then"


def test_a_near_miss_is_told_what_was_perhaps_meant() -> None:
    said = Names("erp", ("invoice_ref", "statuss", "curency", "branch"), {}).note()
    assert said is not None
    assert "statuss (did you mean status?), curency (did you mean currency?), branch mean nothing" in said


def test_nothing_is_noted_where_every_column_means_something() -> None:
    assert Names("erp", ("Invoice_Ref", "STATUS", "Waehrung"), {"currency": "waehrung"}).note() is None


def test_currencies_under_a_name_that_means_nothing_do_not_become_the_default(url: str) -> None:
    names = {**{name: column for name, column in MEANT.items() if name != "Currency"}, "waehrung": "code"}
    said = failure(sql(url, query=query(url, **names), currency="EUR"))
    assert "erp: column 'waehrung' holds currencies (EUR, USD), but the query has no column 'currency'" in said
    told = sql(url, query=query(url, **names), currency="EUR", columns={"currency": "waehrung"})
    assert set(opened(told)["currency"]) == {"EUR", "USD"}


def test_a_column_of_the_default_currency_alone_or_of_other_words_is_left_alone(tmp_path: Path) -> None:
    file = f"sqlite:///{tmp_path / 'books.db'}"
    source: Sql = one_row(table(file, "nothing", "a INT"), "'EUR' AS code; 'USD Inc' AS branch", currency="EUR")
    query = (source.settings.query or "").replace(", 'EUR' AS currency", "")
    assert "currency" not in query
    plain = sql(file, query=query, currency="EUR")
    assert opened(plain)["currency"].tolist() == ["EUR"]
