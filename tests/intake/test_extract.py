"""Sources are read to their end, and each must prove to be complete."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import cast

import pandas as pd
import pytest

from arfeed import Complete, SourceError, table_from_records
from arfeed.model.schema import NAMES
from support.feeds.sources import balances, failure, given, opened, problems, read, rows

TWO = rows(balance=["10.00", "-2.50"], currency=["GBP", "EUR"])


@pytest.mark.parametrize(
    "complete",
    [
        Complete(),
        Complete(rows=2),
        Complete(totals={"GBP": Decimal("10"), "EUR": Decimal("-2.50")}),
        Complete(rows=2, totals={"GBP": Decimal(10), "EUR": Decimal("-2.5"), "USD": Decimal(0)}, lists_closed=True),
    ],
    ids=["no control", "a count", "totals", "both"],
)
def test_a_source_that_agrees_with_its_own_word_is_read(complete: Complete) -> None:
    assert balances(read(given(TWO, complete=complete))) == {"INV-1": Decimal(10), "INV-2": Decimal("-2.5")}


def test_a_source_that_ends_without_its_word_has_not_completed() -> None:
    assert "'given' ended without returning Complete(…)" in failure(given(TWO, complete=None))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_another_number_of_rows_than_the_source_counts_fails(count: int) -> None:
    said = failure(given(TWO, complete=Complete(rows=count)))
    assert said.startswith(f"given: the source reports {count} rows, but 2 were read; it was not read completely")


@pytest.mark.parametrize(
    ("totals", "wrong"),
    [
        ({"GBP": "10.01", "EUR": "-2.5"}, "its total is 10.01 GBP, but the rows read sum to 10.0000"),
        ({"GBP": "9.99", "EUR": "-2.5"}, "its total is 9.99 GBP, but the rows read sum to 10.0000"),
        ({"GBP": "10"}, "its total is 0 EUR, but the rows read sum to -2.5000"),
        ({"GBP": "10", "EUR": "-2.5", "USD": "5"}, "its total is 5 USD, but the rows read sum to 0"),
        ({}, "its total is 0 EUR, but the rows read sum to -2.5000"),
    ],
    ids=["a cent more", "a cent less", "currency unsaid", "currency unread", "nothing said"],
)
def test_other_sums_than_the_source_declares_fail(totals: dict[str, str], wrong: str) -> None:
    complete = Complete(totals={currency: Decimal(total) for currency, total in totals.items()})
    assert wrong in failure(given(TWO, complete=complete))


def test_other_sums_of_a_database_name_the_cast_that_makes_them_exact() -> None:
    said = failure(given(TWO, complete=Complete(totals={"GBP": Decimal("10.01")})))
    assert "CAST it AS numeric in the query" in said


def test_the_totals_count_closed_documents_too() -> None:
    source = given(rows(balance=["10", "5"], status=["open", "void"]), complete=Complete(totals={"GBP": Decimal(15)}))
    assert len(read(source)) == 2


@pytest.mark.parametrize("frames", [[], [TWO.iloc[:0]], [TWO.iloc[:0]] * 2], ids=["no frame", "an empty one", "two"])
def test_a_source_without_rows_has_failed(frames: list[pd.DataFrame]) -> None:
    assert failure(given(*frames)).startswith("given: it has no rows at all, which would mark everything as paid")


@pytest.mark.parametrize("frames", [[], [TWO.iloc[:0]]], ids=["no frame", "an empty one"])
def test_a_source_may_be_empty_if_the_settings_allow_it(frames: list[pd.DataFrame]) -> None:
    empty = read(given(*frames, allow_empty=True))
    assert empty.empty
    assert [*empty.columns][: len(NAMES)] == [*NAMES]


def test_an_empty_source_needs_none_of_the_headers_that_its_settings_name() -> None:
    assert read(given(allow_empty=True, columns={"invoice_ref": "No."})).empty


def test_allow_empty_does_not_overrule_the_count_of_the_source() -> None:
    assert "reports 7 rows, but 0 were read" in failure(given(complete=Complete(rows=7), allow_empty=True))


@pytest.mark.parametrize("frames_before", [0, 1, 2], ids=["at once", "in the middle", "at the end"])
def test_a_source_that_raises_has_failed_whatever_it_yielded_before(frames_before: int) -> None:
    def failing() -> Iterator[pd.DataFrame]:
        for _ in range(frames_before):
            yield TWO
        raise ConnectionResetError("the database went away")

    source = given()
    source.frames = failing
    assert failure(source) == "given: ConnectionResetError: the database went away"


def test_one_failed_source_fails_the_run() -> None:
    with pytest.raises(SourceError):
        read(given(TWO), given(complete=None))


def test_the_problems_of_all_sources_are_reported_together() -> None:
    first, second = given(rows(balance="x")), given(rows(currency="?"))
    first.source, second.source = "here", "there"
    assert [line.partition(" row")[0] for line in problems(first, second)[1:]] == ["here", "there"]


def test_only_what_is_open_with_a_balance_belongs_into_the_report() -> None:
    frame = rows(status=["open", "paid", "void", "draft", "open"], balance=["1", "0", "3", "4", "0"])
    assert opened(given(frame))["invoice_ref"].tolist() == ["INV-1"]
    assert len(read(given(frame))) == 5


def test_columns_that_one_source_lacks_are_blank_there() -> None:
    first, second = given(rows(branch="Leeds")), given(rows())
    second.source = "second"
    assert read(first, second)["branch"].tolist() == ["Leeds", ""]


@pytest.mark.parametrize(
    "control", [{"rows": "8"}, {"rows": True}, {"totals": {"GBP": 36.0}}, {"as_of": "2026-01-01"}], ids=str
)
def test_a_control_that_can_not_be_compared_exactly_is_refused(control: dict[str, object]) -> None:
    with pytest.raises(TypeError, match=r"^Complete\("):
        Complete(**control)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", [SystemExit(0), GeneratorExit(), KeyError("x")], ids=repr)
def test_a_connector_that_exits_has_failed(end: BaseException) -> None:
    def frames() -> Iterator[pd.DataFrame]:
        yield TWO
        raise end

    source = given()
    source.frames = frames
    assert failure(source).startswith(f"given: {type(end).__name__}")


def test_an_answer_without_rows_and_headers_is_an_empty_source() -> None:
    assert "it has no rows at all" in failure(given(table_from_records([], origin="api")))
    assert read(given(table_from_records([], origin="api"), allow_empty=True)).empty


def test_rows_without_headers_are_refused() -> None:
    assert "no column for invoice_ref" in failure(given(pd.DataFrame({"origin": ["api#1"]})))


def test_frames_that_are_typed_at_once_come_out_as_one_frame_would() -> None:
    count = 250_000
    numbers = [f"{number}" for number in range(count)]
    whole = rows(invoice_ref=numbers, kind="invoice", balance=numbers)
    nameless = whole.index % 10_000 == 0
    whole.loc[nameless, ["invoice_ref", "kind", "balance"]] = ["", "payment", "-5"]
    edges = [0, 40_000, 40_001, 80_000, 80_001, 80_002, 120_000, 249_999, count]
    pieces = [whole.iloc[first:last] for first, last in pairwise(edges)]
    read_in_pieces, read_whole = read(given(*pieces)), read(given(whole))
    assert read_in_pieces.equals(read_whole)
    assert read_whole["balance"].tolist() == [Decimal(text) for text in whole["balance"]]
    assert read_whole.loc[nameless, "invoice_ref"].nunique() == nameless.sum()


def test_wrong_rows_are_named_in_their_order_by_their_number_over_all_pieces() -> None:
    bad = ["10"] * 150_000
    for place in (3, 120_000, 149_999):
        bad[place] = f"x{place}"
    _, *lines = problems(given(rows(balance=bad), rows(balance="y")))
    assert [line.split(" (")[0] for line in lines] == [f"given row {n}" for n in (4, 120_001, 150_000, 150_001)]


@pytest.mark.parametrize(
    "later", [SourceError("the line is cut"), None, rows(issued_on=2.5), rows(issued_on="4/5/2026")]
)
def test_what_is_wrong_with_earlier_rows_goes_before_what_is_wrong_later(later: object) -> None:
    source = given(dates="YMD" if later is None else None)

    def frames() -> Iterator[pd.DataFrame]:
        yield rows()
        yield rows(balance=1.5)
        if isinstance(later, Exception):
            raise later
        yield cast("pd.DataFrame", later)

    source.frames = frames
    assert "column 'balance' holds floats" in failure(source)


def test_what_is_wrong_with_the_first_rows_goes_before_dates_that_leave_their_order_open() -> None:
    dateless = rows(kind="payment", issued_on="", balance=[Decimal(-(10**17))])
    assert "amounts finer or larger" in failure(given(dateless, rows(issued_on="04/05/2026")))


@pytest.mark.parametrize("nonsense", [None, 7, [rows()]], ids=["None", "a number", "a list"])
def test_anything_but_a_frame_is_refused_whenever_it_comes(nonsense: object) -> None:
    wrong = f"its connector 'given' yielded {type(nonsense).__name__}, not a DataFrame"
    assert wrong in failure(given(nonsense))
    assert wrong in failure(given(rows(), nonsense, dates="YMD"))
