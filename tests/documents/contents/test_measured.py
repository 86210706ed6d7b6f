"""What the rule finds and what it accuses, measured on invoices by several programs.

`PYTHONPATH=tests python tests/documents/contents/test_measured.py 4 2411` writes the tables of a larger run to
docs/documents.md; its seed is not the one of CI.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from arfeed.documents.contents.known import COLUMNS, Invoice, Known
from arfeed.documents.contents.process import PdfReader
from arfeed.documents.staging import Staged
from support.feeds.plans import invoices
from support.files.invoice_pdfs import KINDS, Bill, Printing, Sample, samples
from support.files.judging import judge_as_sync_does
from support.files.references import referring
from support.people.browser import running_chromium
from support.writers.libraries import LIBRARIES, Write
from support.writers.programs import all_programs

# A dozen programs write the PDFs before the first test, which takes minutes where others are at work.
pytestmark = pytest.mark.timeout(1200)

SEED = 2
LARGER_SEED = 2411
PAGE = Path(__file__).parents[3] / "docs/documents.md"


class Case(NamedTuple):
    """How a PDF is asked about: filed under another invoice, or with a list that differs from what is printed.

    A `swapped` one is filed under another one, a `near` one of its customer if it has any. The list has every amount a
    cent `off`, or its `own` only.
    """

    swapped: bool = False
    near: bool = False
    off: bool = False
    own_off: bool = False
    renamed: bool = False


OWN_OFF = Case(own_off=True)
RIGHT = {
    "own": Case(),
    "a cent off": Case(off=True),
    "its own a cent off": OWN_OFF,
    "customers renamed": Case(renamed=True),
    "both": Case(off=True, renamed=True),
}
SWAPPED = {"swapped": Case(swapped=True), "swapped within a customer": Case(swapped=True, near=True)}
GROUPS: tuple[tuple[Printing, dict[str, Case]], ...] = (
    ("own", {**RIGHT, **SWAPPED}),
    ("otherwise", {"written otherwise": Case(), "written otherwise, swapped": Case(swapped=True)}),
    ("none", {"not printed": Case(), "not printed, a cent off": Case(off=True), "not printed, its own off": OWN_OFF}),
    (
        "listing",
        {
            "listing others": Case(),
            "listing others, a cent off": Case(off=True),
            "listing others, its own off": OWN_OFF,
            "listing others, both": RIGHT["both"],
        },
    ),
    ("mentioning", {"another's that mentions it": Case()}),
)
"""What is asked of which PDFs."""

WRONG = ("swapped", "swapped within a customer", "written otherwise, swapped", "another's that mentions it")
EXACT = ("own", "not printed", "listing others")
DIFFERENT = tuple(name for _, cases in GROUPS for name in cases if name not in (*EXACT, *WRONG))
Measured = dict[str, Counter[tuple[str, str, str]]]


def measure(seed: int, each: int, programs: Mapping[str, Write], folder: Path, step: int = 1) -> Measured:
    """Return, by case, how often PDFs of a program and a kind of number were taken for what."""
    found: Measured = {name: Counter() for _, cases in GROUPS for name in cases}
    lists: dict[tuple[str, bool, bool], tuple[Known, dict[str, Invoice]]] = {}
    with PdfReader() as reader:
        for printing, cases in GROUPS:
            draw = random.Random(f"{printing} {seed}")
            for sample, bills in samples(seed, each, programs, printing, step):
                for name, case in cases.items():
                    key = sample.kind, case.off, case.renamed
                    if key not in lists:
                        lists[key] = as_known(bills, case)
                    known, by_ref = lists[key]
                    own = by_ref[filed_under(sample.own, bills, case, draw).ref]
                    if case.own_off:
                        own = own._replace(amount=own.amount + 100, balance=own.balance + 100)
                    outcome = judged(reader, folder, sample, own, known)
                    found[name][sample.program, sample.kind, outcome] += 1
    return found


def filed_under(own: Bill, bills: list[Bill], case: Case, draw: random.Random) -> Bill:
    if not case.swapped:
        return own
    others = [bill for bill in bills if bill.ref != own.ref]
    near = [bill for bill in others if bill.customer == own.customer] if case.near else []
    return draw.choice(near or others)


def as_known(bills: list[Bill], case: Case) -> tuple[Known, dict[str, Invoice]]:
    amounts: list[object] = [Decimal(bill.cents + case.off) / 100 for bill in bills]
    names = [otherwise(bill.customer) if case.renamed else bill.customer for bill in bills]
    refs = [bill.ref for bill in bills]
    known = Known(invoices(refs, customer_name=names, amount=amounts, balance=amounts)[COLUMNS])
    return known, {ref: known.invoice(place) for place, ref in enumerate(refs)}


def otherwise(name: str) -> str:
    """A customer's name as a list may have it: turned round, of a branch, or shortened to its first word."""
    first, second, form = name.split()
    return random.Random(name).choice([f"{second} {first}, {form}", f"{first} {second} (Ely branch)", first])


def judged(reader: PdfReader, folder: Path, sample: Sample, own: Invoice, known: Known) -> str:
    path = folder / "document.pdf"
    path.write_bytes(sample.content)
    pdf = Staged(path, 0, len(sample.content), "")
    verdict = judge_as_sync_does(own, reader, pdf, known)
    is_own = own.source_ref == sample.of
    wrong = verdict.outcome == "another" and not is_own and verdict.whose != sample.of
    return "wrongly named" if wrong else verdict.outcome


def shares(counts: Counter[tuple[str, str, str]], outcome: str) -> float:
    return sum(count for key, count in counts.items() if key[2] == outcome) / counts.total()


def test_the_rule_tells_right_pdfs_from_others(tmp_path: Path) -> None:
    """One test, so that the PDFs are made once however the tests are shared out."""
    with running_chromium() as browser:
        found = measure(SEED, 1, all_programs(browser), tmp_path, step=6)
    check(found)
    for case in DIFFERENT:
        assert shares(found[case], "another") == 0, case


def measure_references(
    seed: int, each: int, programs: Mapping[str, Write], folder: Path, step: int = 1
) -> dict[bool, Counter[tuple[str, str]]]:
    """Return how often right PDFs that name other documents, and others that name the invoice, were taken for what."""
    found: dict[bool, Counter[tuple[str, str]]] = {True: Counter(), False: Counter()}
    with PdfReader() as reader:
        for right, counts in found.items():
            for sample, bills, what in referring(seed, each, programs, right=right, step=step):
                known, by_ref = as_known(bills, Case())
                counts[what.split()[0], judged(reader, folder, sample, by_ref[sample.own.ref], known)] += 1
    return found


def check_references(found: dict[bool, Counter[tuple[str, str]]]) -> None:
    right, wrong = ({word: 0, **_by_outcome(found[which])} for which, word in ((True, "another"), (False, "own")))
    assert right["another"] == 0
    assert right["own"] >= 0.99 * found[True].total()
    assert wrong["own"] <= 0.01 * found[False].total()


def _by_outcome(counts: Counter[tuple[str, str]]) -> Counter[str]:
    return Counter(outcome for _, outcome in counts.elements())


def test_documents_that_only_refer_to_an_invoice_are_told_from_it(tmp_path: Path) -> None:
    check_references(measure_references(SEED, 1, LIBRARIES, tmp_path, step=5))


@pytest.mark.soak
def test_two_thousand_of_another_seed_are_told_apart(tmp_path: Path) -> None:
    with running_chromium() as browser:
        found = measure(LARGER_SEED, 4, all_programs(browser), tmp_path)
        check_references(measure_references(LARGER_SEED, 4, all_programs(browser), tmp_path))
    assert min(found[case].total() for case in EXACT) >= 2_000
    check(found)


def check(found: Measured) -> None:
    """Insist on the limits: own numbers are found, wrong PDFs named, right ones never accused."""
    assert shares(found["own"], "own") >= 0.99
    assert shares(found["written otherwise"], "own") >= 0.9
    assert shares(found["swapped"], "another") >= 0.95
    assert shares(found["swapped within a customer"], "another") >= 0.85
    assert shares(found["written otherwise, swapped"], "another") >= 0.9
    assert shares(found["another's that mentions it"], "another") >= 0.8
    for case in ("swapped", "swapped within a customer", "written otherwise, swapped"):
        assert shares(found[case], "own") <= 0.01, case
    for case in WRONG:
        assert shares(found[case], "wrongly named") == 0, case
    for case in EXACT:
        assert shares(found[case], "another") == 0, case
    for case in DIFFERENT:
        assert shares(found[case], "another") <= 0.001, case


def table(found: Measured, place: int, title: str, names: tuple[str, ...]) -> Iterator[str]:
    """A table of the page: right PDFs found and accused, swapped ones withheld and taken as own."""
    yield f"| {title} | own number found | filed under another: withheld | taken as its own | right ones withheld |"
    yield "|---|---|---|---|---|"
    for name in (*names, "**all**"):
        chosen = {
            case: Counter({key: count for key, count in counts.items() if name in (key[place], "**all**")})
            for case, counts in found.items()
        }
        asked = (("own", "own"), ("swapped", "another"), ("swapped", "own"))
        cells = [f"{100 * shares(chosen[case], outcome):.4g} %" for case, outcome in asked]
        right = [counts for case, counts in chosen.items() if case not in WRONG]
        accused = sum(count for counts in right for key, count in counts.items() if key[2] == "another")
        asked_of = sum(counts.total() for counts in right)
        yield f"| {name} | {' | '.join(cells)} | {accused} of {asked_of:,} |"


def questions(found: Measured) -> Iterator[str]:
    """A table of what PDFs were taken for, by what they print and how they are asked about."""
    yield "| PDFs | asked | taken as its own | withheld | sent and named |"
    yield "|---|---|---|---|---|"
    for name, counts in found.items():
        own, another = (100 * shares(counts, outcome) for outcome in ("own", "another"))
        yield f"| {name} | {counts.total():,} | {own:.4g} % | {another:.4g} % | {100 - own - another:.4g} % |"


def write_page(lines: list[str]) -> None:
    before, rest = PAGE.read_text("utf-8").split("<!-- measured -->\n")
    behind = rest.split("<!-- end -->")[1]
    PAGE.write_text("\n".join([f"{before}<!-- measured -->", "", *lines, "", f"<!-- end -->{behind}"]), "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary, running_chromium() as chromium:
        every_program = all_programs(chromium)
        every = measure(int(sys.argv[2]), int(sys.argv[1]), every_program, Path(temporary))
    for name, counts in every.items():
        print(name, counts.total(), Counter(key[2] for key in counts.elements()))  # noqa: T201
    by_program = [*table(every, 0, "program, layout", (*every_program,))]
    by_kind = [*table(every, 1, "kind of number", (*KINDS,))]
    by_question = [*questions(every)]
    print("\n".join([*by_question, "", *by_program, "", *by_kind]))  # noqa: T201
    if int(sys.argv[2]) == LARGER_SEED:
        check(every)
        write_page([*by_question, "", *by_program, "", *by_kind])
