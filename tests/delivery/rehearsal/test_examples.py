from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"
MADE = ("exports", "yesterday", "pdf")


def test_the_examples_are_what_their_script_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, EXAMPLES / "make_examples.py", tmp_path], check=True)
    assert made_in(tmp_path) == made_in(EXAMPLES)


@pytest.mark.parametrize("path", sorted((EXAMPLES / "pdf").iterdir()), ids=lambda path: path.stem)
def test_each_pdf_is_whole(path: Path) -> None:
    content = path.read_bytes()
    assert content.startswith(b"%PDF-1.4\n")
    assert content.endswith(b"%%EOF\n")
    assert cross_references(content) == {number: f"{number} 0 obj".encode() for number in range(1, 8)}


def test_the_xero_exports_have_the_44_columns_and_repeat_the_head_on_every_line() -> None:
    for path in [*EXAMPLES.glob("exports/Sales*.csv"), *EXAMPLES.glob("yesterday/exports/Sales*.csv")]:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        assert len(rows[0]) == 44
        heads = {(row["Type"], row["InvoiceNumber"], row["Total"], row["InvoiceAmountDue"]) for row in rows}
        assert len(heads) == len({(row["Type"], row["InvoiceNumber"]) for row in rows})


def test_between_the_days_xero_lists_every_invoice_and_the_subsidiary_loses_one() -> None:
    xero = [column(path, "InvoiceNumber", ",") for path in both_days("SalesInvoices*.csv")]
    assert xero[0] < xero[1]
    assert xero[1] - xero[0] == {"INV-1043", "INV-1044"}
    subsidiary = [column(path, "Belegnummer", ";") for path in both_days("subsidiary/*Hamburg.csv")]
    assert subsidiary[0] - subsidiary[1] == {"RE-2026-0318"}


def test_every_address_is_one_that_nobody_has() -> None:
    text = "".join(path.read_text(encoding="utf-8-sig") for path in EXAMPLES.rglob("*.csv"))
    assert set(re.findall(r"@([\w.-]+)", text)) == {"example.com", "example.net", "example.org"}


def made_in(folder: Path) -> dict[str, bytes]:
    files = (path for part in MADE for path in (folder / part).rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def both_days(pattern: str) -> tuple[Path, Path]:
    (yesterday,) = EXAMPLES.glob(f"yesterday/exports/{pattern}")
    (today,) = EXAMPLES.glob(f"exports/{pattern}")
    return yesterday, today


def column(path: Path, name: str, delimiter: str) -> set[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row[name] for row in csv.DictReader(file, delimiter=delimiter)}


def cross_references(content: bytes) -> dict[int, bytes]:
    start = int(content.split(b"startxref\n")[1].split()[0])
    entries = re.findall(rb"(\d{10}) 00000 n ", content[start:])
    return {number: content[int(place) :].split(b"\n")[0] for number, place in enumerate(entries, 1)}
