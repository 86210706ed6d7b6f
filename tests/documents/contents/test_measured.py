"""What the rule finds and what it accuses, measured on invoices by several programs.

docs/documents.md has the table of a larger run, by `python tests/documents/contents/test_measured.py 20`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.documents.contents.judging import judge
from arfeed.documents.contents.known import COLUMNS, Invoice, Known
from arfeed.documents.contents.process import PdfReader
from arfeed.documents.staging import Staged
from support.invoice_pdfs import KINDS, PROGRAMS, Bill, Sample, samples
from support.plans import invoices

SEED = 2
CASES = ("own", "swapped", "not printed", "listing others", "a cent off")
Measured = dict[str, Counter[tuple[str, str, str]]]


def measure(seed: int, each: int, cases: tuple[str, ...], folder: Path) -> Measured:
    """Return, by case, how often PDFs of a program and a kind of number were taken for what."""
    found: Measured = {case: Counter() for case in cases}
    with PdfReader() as reader:
        for case in cases:
            draw = random.Random(f"{case} {seed}")
            printing, listing = case in ("own", "swapped", "a cent off"), case == "listing others"
            listed: dict[str, tuple[Known, dict[str, Invoice]]] = {}
            for sample, bills in samples(seed, each, printing=printing, listing=listing):
                if sample.kind not in listed:
                    listed[sample.kind] = as_known(bills, off=case == "a cent off")
                known, by_ref = listed[sample.kind]
                ref = sample.own.ref
                if case == "swapped":
                    ref = draw.choice([bill.ref for bill in bills if bill.ref != sample.own.ref])
                outcome = judged(reader, folder, sample, by_ref[ref], known)
                found[case][sample.program, sample.kind, outcome] += 1
    return found


def as_known(bills: list[Bill], *, off: bool) -> tuple[Known, dict[str, Invoice]]:
    amounts: list[object] = [Decimal(bill.cents + off) / 100 for bill in bills]
    refs = [bill.ref for bill in bills]
    rows = invoices(refs, customer_name=[bill.customer for bill in bills], amount=amounts, balance=amounts)
    known = Known(rows[COLUMNS])
    return known, {ref: known.invoice(place) for place, ref in enumerate(refs)}


def judged(reader: PdfReader, folder: Path, sample: Sample, own: Invoice, known: Known) -> str:
    path = folder / "document.pdf"
    path.write_bytes(sample.content)
    pdf = Staged(path, 0, len(sample.content), "")
    verdict = judge(own, reader.read(pdf), known, lambda: reader.read(pdf, careful=True))
    wrong = verdict.outcome == "another" and own.source_ref != sample.own.ref and verdict.whose != sample.own.ref
    return "wrongly named" if wrong else verdict.outcome


def shares(counts: Counter[tuple[str, str, str]], outcome: str) -> float:
    return sum(count for key, count in counts.items() if key[2] == outcome) / counts.total()


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    yield measure(SEED, 1, CASES, tmp_path_factory.mktemp("measured"))


def test_own_numbers_are_found(measured: Measured) -> None:
    assert shares(measured["own"], "own") >= 0.99


def test_pdfs_filed_under_another_invoice_are_found_and_named(measured: Measured) -> None:
    assert shares(measured["swapped"], "another") >= 0.95
    assert shares(measured["swapped"], "own") <= 0.01
    assert shares(measured["swapped"], "wrongly named") == 0


@pytest.mark.parametrize("case", ["own", "not printed", "listing others", "a cent off"])
def test_no_right_pdf_is_taken_for_anothers(measured: Measured, case: str) -> None:
    assert shares(measured[case], "another") == 0


def table(found: Measured, place: int, names: tuple[str, ...]) -> Iterator[str]:
    """Rows of the page's table: right PDFs found and accused, swapped ones caught and taken as own."""
    for name in names:
        cells = []
        for case, outcome in (("own", "own"), ("swapped", "another"), ("swapped", "own")):
            counts = Counter({key: count for key, count in found[case].items() if key[place] == name})
            cells.append(f"{100 * shares(counts, outcome):.1f} %")
        accused = [
            sum(count for key, count in found[case].items() if key[place] == name and key[2] == "another")
            for case in ("own", "not printed", "listing others", "a cent off")
        ]
        yield f"| {name} | {' | '.join(cells)} | {' / '.join(map(str, accused))} |"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        every = measure(int(sys.argv[2]) if len(sys.argv) > 2 else SEED, int(sys.argv[1]), CASES, Path(temporary))
    for case in CASES:
        print(case, every[case].total(), Counter(key[2] for key in every[case].elements()))  # noqa: T201
    for row in (*table(every, 0, (*PROGRAMS,)), *table(every, 1, (*KINDS,))):
        print(row)  # noqa: T201
