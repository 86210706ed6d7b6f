"""Any ledger, written in any notation, encoding and layout: what is read is what was written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import FileSettings
from arfeed_connectors.folder import Folder
from support.feeds.sources import read
from support.files.ledgers import AMOUNTS, DATES, Debt, ledgers

HEADER = {"issued": "Invoice date", "customer": "Customer", "number": "No.", "due": "Due", "balance": "Open"}
COLUMNS = {"customer": "customer_name", "number": "invoice_ref", "issued": "issued_on", "due": "due_on"}
BANNERS = st.sampled_from([[], [["Open items"], []], [["Example LLC", "", ""], ["As of today"], []]])
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger") / "ledger.csv"


def source(file: Path, **settings: str | None) -> Folder:
    columns = {COLUMNS.get(name, name): header for name, header in HEADER.items()}
    plain = {"path": str(file), "currency": "USD", "columns": columns}
    return Folder("files", FileSettings.model_validate({**plain, **settings}))


def debts(folder: Folder) -> list[Debt]:
    frame = read(folder)
    columns = ("customer_name", "invoice_ref", "issued_on", "due_on", "balance")
    return [Debt(*row) for row in zip(*(frame[name] for name in columns), strict=True)]


@pytest.mark.parametrize("amounts", AMOUNTS)
@settings(max_examples=settings().max_examples // 5)
@given(
    ledger=ledgers(),
    dates=st.sampled_from([*DATES]),
    order=st.permutations([*HEADER]),
    mark=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=ENCODINGS,
    banner=BANNERS,
)
def test_a_ledger_is_read_as_it_was_written(
    file: Path, amounts: str, ledger: list[Debt], dates: str, order: list[str], mark: str, end: str, quoting: int,
    encoding: str, banner: list[list[str]],
) -> None:  # fmt: skip
    money, days = AMOUNTS[amounts], DATES[dates]
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=mark, lineterminator=end).writerows(banner)
    writer = csv.writer(text, delimiter=mark, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]  # of two
    writer.writerow([HEADER[name] for name in order])
    for debt in ledger:
        written = {
            **debt._asdict(),
            "issued": days.write(debt.issued),
            "due": days.write(debt.due),
            "balance": money.write(debt.balance),
        }
        writer.writerow([written[name] for name in order])
    data = text.getvalue()
    if encoding == "cp1252" and data.encode("cp1252", "ignore").decode("cp1252") != data:
        encoding = "utf-8"
    file.write_bytes(data.encode(encoding))
    declared = encoding if encoding == "cp1252" else None
    assert debts(source(file, decimal=money.setting, dates=days.setting, encoding=declared, delimiter=mark)) == ledger
