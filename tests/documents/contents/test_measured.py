"""What the rule finds and what it accuses, measured on invoices by several programs.

docs/documents.md has the table of a larger run with another seed:
`PYTHONPATH=tests python tests/documents/contents/test_measured.py 4 11`.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.documents.contents.judging import judge
from arfeed.documents.contents.known import COLUMNS, Invoice, Known
from arfeed.documents.contents.process import PdfReader
from arfeed.documents.staging import Staged
from support.browser import running_chromium
from support.invoice_pdfs import KINDS, Bill, Sample, Write, all_programs, samples
from support.plans import invoices

SEED = 2
CASES = ("own", "swapped", "a cent off", "not printed", "listing others")
GROUPS: dict[tuple[str, ...], dict[str, bool]] = {
    ("own", "swapped", "a cent off"): {},
    ("not printed",): {"printing": False},
    ("listing others",): {"printing": False, "listing": True},
}
"""What is asked of which PDFs: their own amounts, another invoice's place, amounts that the list has a cent higher."""

Measured = dict[str, Counter[tuple[str, str, str]]]


def measure(seed: int, each: int, programs: Mapping[str, Write], folder: Path, step: int = 1) -> Measured:
    """Return, by case, how often PDFs of a program and a kind of number were taken for what."""
    found: Measured = {case: Counter() for cases in GROUPS for case in cases}
    with PdfReader() as reader:
        for cases, options in GROUPS.items():
            draw = random.Random(f"{cases} {seed}")
            listed: dict[tuple[str, bool], tuple[Known, dict[str, Invoice]]] = {}
            for sample, bills in samples(seed, each, programs, step=step, **options):
                for case in cases:
                    key = sample.kind, case == "a cent off"
                    if key not in listed:
                        listed[key] = as_known(bills, off=key[1])
                    known, by_ref = listed[key]
                    others = [bill.ref for bill in bills if bill.ref != sample.own.ref]
                    own = by_ref[draw.choice(others) if case == "swapped" else sample.own.ref]
                    outcome = judged(reader, folder, sample, own, known)
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
    with running_chromium() as browser:
        yield measure(SEED, 1, all_programs(browser), tmp_path_factory.mktemp("measured"), step=2)


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
    with tempfile.TemporaryDirectory() as temporary, running_chromium() as chromium:
        every_program = all_programs(chromium)
        every = measure(int(sys.argv[2]), int(sys.argv[1]), every_program, Path(temporary))
    for name in CASES:
        print(name, every[name].total(), Counter(key[2] for key in every[name].elements()))  # noqa: T201
    for row in (*table(every, 0, (*every_program,)), *table(every, 1, (*KINDS,))):
        print(row)  # noqa: T201
