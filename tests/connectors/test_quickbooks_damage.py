"""QuickBooks' reports, damaged at random: what is not whole fails, and what is read is what was written."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import SourceError
from arfeed_connectors.quickbooks import QuickBooks
from intake.sources import read
from printed import DESKTOP, ITEMS, ONLINE_2020, ONLINE_2026, Item, report, text_of

_NAMES = st.text("abcXYZ éÅ,\"&'-.09", min_size=1, max_size=12).map(str.strip).filter(bool)
_CENTS = st.integers(-(10**12), 10**12)
_ITEMS = st.lists(_CENTS.filter(bool).map(lambda cents: f"{Decimal(cents).scaleb(-2):,.2f}"), min_size=1, max_size=3)
_BOOKS = st.dictionaries(_NAMES.map(" ".join).map(lambda name: f"Z{name}"), _ITEMS, min_size=1, max_size=4)
_FORMS = st.sampled_from([(ONLINE_2026, "Total for {}"), (ONLINE_2020, "Total for {}"), (DESKTOP, "Total {}")])
_BOUNDED = settings(max_examples=60, deadline=None)

WHOLE = text_of(report(title=("Open Invoices", "As of Apr 4, 2026")))
BYTES = WHOLE.encode()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("books") / "report.csv"


def balances_of(file: Path, content: bytes) -> list[tuple[str, str, Decimal]]:
    file.write_bytes(content)
    made = QuickBooks.Settings.model_validate({"path": str(file), "dates": "MDY", "currency": "USD"})
    frame = read(QuickBooks("books", made))
    return list(zip(frame["customer_name"], frame["invoice_ref"], frame["balance"], strict=True))


@_BOUNDED
@given(books=_BOOKS, form=_FORMS, total_in=st.sampled_from([0, 1]), newline=st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(
    file: Path, books: dict[str, list[str]], form: tuple[list[str], str], total_in: int, newline: str
) -> None:
    header, closing = form
    groups = {
        " ".join(name.split()): [Item(f"{group}-{number}", text) for number, text in enumerate(items)]
        for group, (name, items) in enumerate(books.items())
    }
    rows = report(groups, header=header, closing=closing, total_in=total_in)
    wanted = [
        (name, item.number, Decimal(item.balance.replace(",", ""))) for name, items in groups.items() for item in items
    ]
    assert balances_of(file, text_of(rows, newline).encode()) == wanted


@_BOUNDED
@given(end=st.integers(0, len(BYTES) - 1))
def test_a_report_cut_anywhere_fails_or_is_complete(file: Path, end: int) -> None:
    assert _read_or_none(file, BYTES[:end]) in (None, balances_of(file, BYTES))


@_BOUNDED
@given(line=st.integers(0, WHOLE.count("\n") - 1), times=st.sampled_from([0, 2]))
def test_a_report_with_a_line_lost_or_repeated_fails_or_is_complete(file: Path, line: int, times: int) -> None:
    lines = WHOLE.splitlines(keepends=True)
    lines[line] *= times
    assert _read_or_none(file, "".join(lines).encode()) in (None, balances_of(file, BYTES))


def _read_or_none(file: Path, content: bytes) -> list[tuple[str, str, Decimal]] | None:
    try:
        return balances_of(file, content)
    except SourceError:
        return None


def test_the_undamaged_report_is_read_whole(file: Path) -> None:
    assert len(balances_of(file, BYTES)) == sum(len(items) for items in ITEMS.values())
