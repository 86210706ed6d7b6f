"""The report's file is what the destination laid out, exact, and every reader of CSV reads the same back."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import IO

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import DestinationError
from arfeed.planning.report import write_report
from arfeed_connectors.kolleno import Kolleno
from support.feeds.plans import invoices

SHOWN = ["invoice_ref", "customer_name", "currency", "issued_on", "due_on", "amount", "balance"]


class Laid(Kolleno):
    """A destination whose report is made by a function."""

    name = "laid"
    make: Callable[[pd.DataFrame], pd.DataFrame] = staticmethod(lambda rows: rows[SHOWN])

    def report(self, invoices: pd.DataFrame) -> pd.DataFrame:
        return self.make(invoices)


def laid(make: Callable[[pd.DataFrame], pd.DataFrame] | None = None) -> Laid:
    destination = Laid(Kolleno.Settings(url="memory://", mode="open-ar"))
    if make:
        destination.make = make
    return destination


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("currency", "balance", "text"),
    [
        ("GBP", "1234.5", "1234.50"), ("JPY", "1234", "1234"), ("KWD", "1.5", "1.500"), ("CLF", "1.2345", "1.2345"),
        ("GBP", "-0.01", "-0.01"), ("JPY", "0", "0"), ("XXX", "1", "1.0000"),
        ("GBP", "9999999999999999", "9999999999999999.00"), ("EUR", "0.99", "0.99"), ("EUR", "-1", "-1.00"),
        ("KWD", "-0.999", "-0.999"), ("KWD", "1", "1.000"), ("JPY", "-1", "-1"),
        ("GBP", "922337203685477", "922337203685477.00"),
    ],
    ids=[
        *("two", "none", "three", "four", "credit", "zero", "unknown", "large", "below one", "minus one"),
        *("fils", "dinar", "yen", "as 64 bits hold"),
    ],
)  # fmt: skip
def test_amounts_have_the_digits_of_their_currency(currency: str, balance: str, text: str, tmp_path: Path) -> None:
    rows = invoices(["A1", "A2"], currency=[currency, "GBP"], balance=[balance, "1"], amount=[None, "2"])
    write_report(laid(), rows, tmp_path / "report.csv")
    assert [(row["balance"], row["amount"]) for row in read(tmp_path / "report.csv")] == [(text, ""), ("1.00", "2.00")]


def test_dates_are_iso_and_blank_where_there_is_none(tmp_path: Path) -> None:
    rows = invoices(2, issued_on=[date(2026, 2, 1), date(1999, 12, 31)], due_on=[None, date(2026, 3, 1)])
    write_report(laid(), rows, tmp_path / "report.csv")
    found = [(row["issued_on"], row["due_on"]) for row in read(tmp_path / "report.csv")]
    assert found == [("2026-02-01", ""), ("1999-12-31", "2026-03-01")]


@settings(deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8), max_size=5))
def test_any_text_is_read_back_equal(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    path = tmp_path_factory.mktemp("report") / "report.csv"
    write_report(laid(), invoices(len(names), customer_name=names), path)
    assert [row["customer_name"] for row in read(path)] == names


@pytest.mark.parametrize(
    "name",
    ['O"Brien, Ltd', "two\nlines", "a\r\nb", ",", '"', " outer ", "=1+1", "Söhne – 株式会社", ""],
    ids=["quote and comma", "line break", "CRLF", "comma", "quote", "spaces", "formula", "foreign", "blank"],
)
def test_names_that_csv_must_quote_are_read_back_equal(name: str, tmp_path: Path) -> None:
    write_report(laid(), invoices(1, customer_name=name), tmp_path / "report.csv")
    assert read(tmp_path / "report.csv")[0]["customer_name"] == name


def test_the_file_is_utf_8_without_a_mark_and_described_as_it_is(tmp_path: Path) -> None:
    report = write_report(laid(), invoices(1, customer_name="Ångström"), tmp_path / "report.csv")
    content = report.path.read_bytes()
    header = ",".join(f'"{name}"' for name in SHOWN)
    line = '"A1","Ångström","GBP",2026-04-01,2026-05-01,"10.00","10.00"'
    assert content.decode() == f"{header}\n{line}\n"
    assert (report.path, report.size) == (tmp_path / "report.csv", len(content))
    assert (report.sha256, report.header) == (hashlib.sha256(content).hexdigest(), tuple(SHOWN))


def test_what_a_spreadsheet_would_take_for_a_formula_is_noted_and_the_layout_is_timed(tmp_path: Path) -> None:
    began = perf_counter()
    report = write_report(laid(), invoices(2, customer_name=["=1+1", "Ada"]), tmp_path / "report.csv")
    assert 0 < report.seconds < perf_counter() - began
    assert report.notes == (
        "texts of the report that begin with =, +, - or @ are sent as they are: customer_name 1. A spreadsheet that "
        "opens the report may take them for formulas",
    )
    assert write_report(laid(), invoices(2), tmp_path / "report.csv").notes == ()


def test_rows_of_any_index_are_written_without_it(tmp_path: Path) -> None:
    report = write_report(laid(), invoices(3).iloc[[2, 0, 1]], tmp_path / "report.csv")
    assert report.header == tuple(SHOWN)
    assert [row["invoice_ref"] for row in read(report.path)] == ["A3", "A1", "A2"]


def test_a_report_without_invoices_is_a_header(tmp_path: Path) -> None:
    report = write_report(laid(), invoices(0), tmp_path / "report.csv")
    assert (read(report.path), report.header) == ([], tuple(SHOWN))


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (
            lambda rows: rows[SHOWN].iloc[1:],
            "its report() returned 2 rows for 3 invoices; a plugin may not drop or add any",
        ),
        (
            lambda rows: pd.concat([rows[SHOWN]] * 2),
            "its report() returned 6 rows for 3 invoices; a plugin may not drop or add any",
        ),
        (lambda rows: [*rows], "its report() returned list, not a DataFrame"),
        (lambda rows: rows["due"], "its report() failed: KeyError: 'due'"),
        (lambda rows: sys.exit(2), "its report() failed: SystemExit: 2"),
        (lambda rows: rows[SHOWN].iloc[::-1], "its report() put the invoices into another order; keep theirs"),
        (
            lambda rows: rows.assign(balance=rows["balance"].astype("float64")),
            "its report() made 'balance' a float; money never is one",
        ),
    ],
    ids=["drops", "adds", "a list", "raises", "exits", "sorts", "floats"],
)
def test_a_layout_that_is_not_these_invoices_is_refused(
    make: Callable[[pd.DataFrame], pd.DataFrame], why: str, tmp_path: Path
) -> None:
    with pytest.raises(DestinationError) as caught:
        write_report(laid(make), invoices(3), tmp_path / "report.csv")
    assert agrees(f"laid: {why}", str(caught.value)), str(caught.value)
    assert not (tmp_path / "report.csv").exists()


def other(row: int, read: str, planned: str, by: str = "read_balances") -> str:
    """What is said of a file in which a row is not the plan's."""
    return (
        f"the report it laid out is not the plan; read back by its own {by}(), invoice {row} of the file has the "
        f"{read}, and in the plan {planned}; fix its report() or its {by}()"
    )


def agrees(said: str, message: str) -> bool:
    """Whether a message is what a test says, whose "…" stands for words of Arrow."""
    begin, _, end = said.partition("…")
    return message.startswith(begin) and message.endswith(end) if end else message == said


def text(rows: pd.DataFrame, name: str, values: list[str]) -> pd.DataFrame:
    return rows[SHOWN].assign(**{name: pd.Series(values, index=rows.index, dtype="str")})


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda rows: text(rows, "invoice_ref", ["A1", "A", "A"]), other(2, "invoice_ref 'A'", "'A2'")),
        (lambda rows: text(rows, "invoice_ref", ["", "", ""]), other(1, "invoice_ref ''", "'A1'")),
        (lambda rows: text(rows, "invoice_ref", ["A1", "A3", "A2"]), other(2, "invoice_ref 'A3'", "'A2'")),
        (
            lambda rows: rows[SHOWN].drop(columns="invoice_ref"),
            "its read_balances() gives not one column 'invoice_ref' of the report just written, but balance; a report "
            "must tell each invoice's number and balance, under whatever header",
        ),
        (lambda rows: text(rows, "balance", ["0", "0", "0"]), other(1, "balance 0.0000", "10.0000")),
        (lambda rows: text(rows, "balance", ["10", "10", "10.01"]), other(3, "balance 10.0100", "10.0000")),
        (
            lambda rows: text(rows, "balance", ["10", "", "10"]),
            "its read_balances() gives a balance that can't be taken: …; give plain texts",
        ),
    ],
    ids=["cuts refs", "blanks refs", "swaps refs", "no refs", "zeroes", "a cent", "blanks a balance"],
)  # fmt: skip
def test_a_file_that_does_not_read_back_as_the_plan_is_refused(
    make: Callable[[pd.DataFrame], pd.DataFrame], why: str, tmp_path: Path
) -> None:
    with pytest.raises(DestinationError) as caught:
        write_report(laid(make), invoices(3), tmp_path / "report.csv")
    assert agrees(f"laid: {why}", str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    ("reader", "why"),
    [
        (lambda file: None, "its read_report() returned NoneType, not a DataFrame"),
        (
            lambda file: pd.read_csv(file, dtype="str", nrows=2),
            "its read_report() reads 2 rows of a report of 3 invoices; fix its report() or its read_report()",
        ),
        (lambda file: pd.read_csv(file), "its read_report() made 'balance' a float; money never is one"),
        (
            lambda file: pd.read_csv(file, dtype="str").assign(invoice_ref=[1, 2, 3]),
            "its read_report() made 'invoice_ref' int64, which is not text",
        ),
        (
            lambda file: pd.read_csv(file, dtype="str").assign(invoice_ref=[1.5, 2.0, 3.0]),
            "its read_report() made 'invoice_ref' double, which is not text",
        ),
        (
            lambda file: pd.read_csv(file, dtype="str").assign(balance=pd.Series([True, True, False])),
            "its read_report() gives a balance that can't be taken: …; give plain texts",
        ),
        (
            lambda file: pd.read_csv(file)["Number"],
            "its read_report() failed on the report just written: KeyError: 'Number'",
        ),
        (lambda file: sys.exit(3), "its read_report() failed on the report just written: SystemExit: 3"),
        (lambda file: [file], "its read_report() returned list, not a DataFrame"),
        (
            lambda file: pd.DataFrame(index=range(3)),
            "its read_report() gives not one column 'invoice_ref' of the report just written, but none; a report must "
            "tell each invoice's number and balance, under whatever header",
        ),
        (
            lambda file: pd.read_csv(file, dtype="str")[["invoice_ref", "amount", "amount"]],
            "its read_report() gives not one column 'balance' of the report just written, but invoice_ref, amount, "
            "amount; a report must tell each invoice's number and balance, under whatever header",
        ),
        (
            lambda file: pd.read_csv(file, dtype="str")[["balance", "balance", "invoice_ref"]],
            "its read_report() gives not one column 'balance' of the report just written, but balance, balance, "
            "invoice_ref; a report must tell each invoice's number and balance, under whatever header",
        ),
        (
            lambda file: pd.read_csv(file, dtype="str").assign(balance=pd.Series(["10", None, "10"], dtype="str")),
            other(2, "balance blank", "10.0000", "read_report"),
        ),
        (
            lambda file: pd.read_csv(file, dtype="str").assign(invoice_ref=pd.Series(["A1", "A2", None], dtype="str")),
            other(3, "invoice_ref blank", "'A3'", "read_report"),
        ),
    ],
    ids=["nothing", "two rows", "floats", "numbers for refs", "floats for refs", "truths", "raises", "exits", "a list",
         "no columns", "no balance", "two balances", "a balance lost", "a number lost"],
)  # fmt: skip
def test_a_reader_that_could_not_read_its_own_report_is_found_out_before_it_is_needed(
    reader: Callable[..., pd.DataFrame], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Laid, "read_report", lambda self, file: reader(file))
    with pytest.raises(DestinationError) as caught:
        write_report(laid(), invoices(3), tmp_path / "report.csv")
    assert agrees(f"laid: {why}", str(caught.value)), str(caught.value)


def test_what_a_destination_says_is_wrong_is_passed_on(tmp_path: Path) -> None:
    def raising(rows: pd.DataFrame) -> pd.DataFrame:
        raise ValueError("extra_columns names 'region'")

    with pytest.raises(DestinationError, match=r"^laid: extra_columns names 'region'$"):
        write_report(laid(raising), invoices(), tmp_path / "report.csv")


def test_an_amount_that_is_finer_than_its_currency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as caught:
        write_report(laid(), invoices(1, currency="JPY", balance="1.5"), tmp_path / "report.csv")
    said = str(caught.value)
    assert said.startswith("the report's column 'balance' holds an amount that is finer than its currency: Rescaling")
    assert said.endswith("; look at the transforms and the destination's report()")


def test_a_report_is_laid_out_by_its_destination(tmp_path: Path) -> None:
    settings = Kolleno.Settings(url="memory://", mode="open-ar", columns={"balance": "Outstanding"})
    report = write_report(Kolleno(settings), invoices(2), tmp_path / "report.csv")
    assert report.header[:3] == ("invoice_ref", "kind", "customer_id")
    assert [row["Outstanding"] for row in read(report.path)] == ["10.00", "10.00"]


class Quick(Laid):
    def read_balances(self, file: IO[bytes]) -> pd.DataFrame:
        return pd.read_csv(file, dtype="str", nrows=2)


class Quicker(Quick):
    pass


@pytest.mark.parametrize("kind", [Quick, Quicker], ids=["its own", "inherited"])
def test_the_method_that_reads_wrongly_is_named(kind: type[Laid], tmp_path: Path) -> None:
    with pytest.raises(DestinationError) as caught:
        write_report(kind(Kolleno.Settings(url="memory://", mode="open-ar")), invoices(3), tmp_path / "report.csv")
    assert str(caught.value) == (
        "laid: its read_balances() reads 2 rows of a report of 3 invoices; fix its report() or its read_balances()"
    )


def test_references_may_be_read_back_as_any_kind_of_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_as_arrow(self: Laid, file: IO[bytes]) -> pd.DataFrame:
        return pd.read_csv(file, dtype=pd.ArrowDtype(pa.string()))

    monkeypatch.setattr(Laid, "read_report", read_as_arrow)
    assert write_report(laid(), invoices(3), tmp_path / "report.csv").path.exists()
