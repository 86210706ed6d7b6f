"""For any report and any edits at the receiver, each invoice is called what it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed.runs.reconciliation.expected import CONVERTED, CREDITS, FUTURE, PAYMENT, PENDING
from support.files.receiver_lists import HEADINGS as USUAL
from support.files.receiver_lists import Row, delivered, judged, outcomes, sent, write_csv

HEADINGS = {
    "invoice_ref": "Number",
    "status": "Status",
    "customer_name": "Customer",
    "currency": "Currency",
    "due_on": "Due date",
    "balance": "Open balance",
}

EDITS = {
    "keep": ("same", ""),
    "spell": ("same", ""),
    "drop": ("paid there", ""),
    "close": ("paid there", ""),
    "settle": ("paid there", ""),
    "raise": ("differs", "balance"),
    "postpone": ("differs", "due_on"),
    "rename": ("differs", "customer_name"),
    "exchange": ("differs", "currency"),
    "raise and postpone": ("differs", "balance due_on"),
    "garble": ("unreadable", ""),
}
"""What may befall an invoice at the receiver, and what it has to be called then."""


def edited(row: Row, edit: str) -> Row | None:
    there = {**row, "status": "Open"}
    if edit == "drop":
        return None
    if edit == "spell":
        there["invoice_ref"] = row["invoice_ref"].lower().replace("-", "- ")
    if edit == "close":
        there["status"] = "Paid"
    if edit == "settle":
        there["balance"] = "0.00"
    if edit.startswith("raise"):
        there["balance"] = f"{float(row['balance']) + 10:.2f}"
    if edit.endswith("postpone"):
        there["due_on"] = row["due_on"].replace("2026", "2027")
    if edit == "rename":
        there["customer_name"] = "Somebody else"
    if edit == "exchange":
        there["currency"] = "USD"
    if edit == "garble":
        there["balance"] = "12,3,4"
    return there


@settings(max_examples=25)
@given(
    edits=st.lists(st.sampled_from([*EDITS]), min_size=30, max_size=45),
    strangers=st.integers(0, 2),
    order=st.randoms(use_true_random=False),
)
def test_the_classification_is_the_truth(edits: list[str], strangers: int, order: object) -> None:
    # Half of them are as they were sent, so that the columns can be told by what they hold.
    edits = [*edits, *["keep"] * (len(edits) + 20)]
    rows = sent(len(edits))
    there = [each for row, edit in zip(rows, edits, strict=True) if (each := edited(row, edit))]
    there += [{**rows[0], "status": "Open", "invoice_ref": f"ODD {number}"} for number in range(strangers)]
    order.shuffle(there)  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        verdict = judged(write_csv(Path(folder, "open.csv"), there, headings=HEADINGS), delivered(rows), whole=True)
    assert not verdict.reasons
    truth = {row["invoice_ref"]: EDITS[edit] for row, edit in zip(rows, edits, strict=True)}
    truth |= {f"ODD {number}": ("open there only", "") for number in range(strangers)}
    assert outcomes(verdict) == truth
    alarming = {*truth.values()} - {("same", "")}
    assert verdict.outcome == ("differences" if alarming else "same")


def known(tmp_path: Path, rows: list[Row], there: list[Row], *before: list[Row]) -> tuple[str, dict[str, int]]:
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows, *before))
    assert not verdict.reasons
    counts = verdict.found["known"].value_counts().to_dict()
    return verdict.outcome, {str(reason): int(count) for reason, count in counts.items() if reason}


def test_a_payment_taken_by_the_platform_is_named_and_no_alarm(tmp_path: Path) -> None:
    rows = sent(18)
    there = [{**row, "balance": "17.00"} if number < 2 else row for number, row in enumerate(rows)]
    assert known(tmp_path, rows, there) == ("same", {PAYMENT: 2})


def test_most_balances_lower_are_no_payments(tmp_path: Path) -> None:
    rows = sent(12)
    there = [
        {**row, "balance": f"{float(row['balance']) / 1.19:.2f}"} if number > 3 else row
        for number, row in enumerate(rows)
    ]
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows), columns={"balance": "Outstanding"})
    assert verdict.outcome == "differences"
    assert "5 balances of 8 in EUR are lower there, too many for payments" in " ".join(verdict.notes)


def test_totals_converted_at_one_rate_are_named_and_others_are_not(tmp_path: Path) -> None:
    rows = sent(12)
    there = [
        {**row, "currency": "EUR", "balance": f"{float(row['balance']) * 1.17:.2f}"}
        if row["currency"] == "GBP"
        else row
        for row in rows
    ]
    assert known(tmp_path, rows, there) == ("same", {CONVERTED: 4})
    there[2]["balance"] = "999.00"
    # The others are at the rate of most.
    assert known(tmp_path, rows, there) == ("differences", {CONVERTED: 3})


def test_an_invoice_of_tomorrow_may_not_be_shown_yet(tmp_path: Path) -> None:
    rows = sent(12)
    rows[4]["issued_on"] = "2026-04-20"
    assert known(tmp_path, rows, [row for row in rows if row is not rows[4]]) == ("same", {FUTURE: 1})


def test_a_platform_that_lists_one_before_its_day_would_list_the_others(tmp_path: Path) -> None:
    rows = sent(12)
    rows[4]["issued_on"] = rows[5]["issued_on"] = "2026-04-20"
    assert known(tmp_path, rows, [row for row in rows if row is not rows[4]])[0] == "differences"


def test_a_currency_that_is_blank_in_one_row_is_a_difference(tmp_path: Path) -> None:
    rows = sent(12)
    there = [{**row, "currency": ""} if number == 4 else row for number, row in enumerate(rows)]
    assert known(tmp_path, rows, there)[0] == "differences"


def test_a_list_without_credit_notes_is_named_and_one_with_some_is_an_alarm(tmp_path: Path) -> None:
    rows = sent(14)
    for row in rows[:2]:
        row |= {"kind": "credit_note", "balance": "-20.00"}
    assert known(tmp_path, rows, rows[2:]) == ("same", {CREDITS: 2})
    assert known(tmp_path, rows, rows[1:]) == ("differences", {})


def test_a_credit_note_without_its_sign_is_one_only_if_somebody_says_so(tmp_path: Path) -> None:
    rows = sent(12)
    rows[0] |= {"kind": "credit_note", "balance": "-20.00"}
    file = write_csv(tmp_path / "open.csv", [{**rows[0], "balance": "20.00"}, *rows[1:]])
    verdict = judged(file, delivered(rows))
    assert outcomes(verdict)["INV-0001"] == ("differs", "balance")
    assert "1 credit without a minus there, and no column says that it is one" in " ".join(verdict.notes)
    assert judged(file, delivered(rows), credits_positive=True).outcome == "same"
    rows[0]["kind"] = "invoice"
    assert judged(file, delivered(rows), credits_positive=True).outcome == "differences"


def test_an_import_that_has_not_run_yet_is_named(tmp_path: Path) -> None:
    before, rows = sent(20), sent(24)[2:]
    # As before, but for one that somebody has closed.
    there = before[:-1]
    assert known(tmp_path, rows, there, before) == ("differences", {PENDING: 6})


@pytest.mark.parametrize("ways", [("INV 7", "inv 7"), ("A 1", "A1")], ids=["case", "blanks"])
def test_numbers_that_only_differ_in_spelling_are_one_unless_both_are_there(
    tmp_path: Path, ways: tuple[str, str]
) -> None:
    rows = sent(12)
    rows[0]["invoice_ref"] = ways[0]
    there = [{**rows[0], "invoice_ref": ways[1]}, *rows[1:]]
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows))
    assert verdict.outcome == "same"
    assert "1 number spelled otherwise there" in " ".join(verdict.notes)
    if ways[1] == "A1":
        # Now A1 is another invoice's number.
        rows[1]["invoice_ref"] = "A1"
        there = [{**rows[0]}, {**rows[1], "balance": "1.00"}, *rows[2:]]
        verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows))
        assert outcomes(verdict)["A 1"] == ("same", "")
        assert outcomes(verdict)["A1"] == ("differs", "balance")


def test_a_number_listed_twice_is_unreadable_and_not_paid(tmp_path: Path) -> None:
    rows = sent(12)
    verdict = judged(write_csv(tmp_path / "open.csv", [*rows, rows[3]]), delivered(rows))
    assert outcomes(verdict)["INV-0004"] == ("unreadable", "")
    assert verdict.outcome == "differences"


@pytest.mark.parametrize(
    "write",
    ["C{0:03} {1}", "C{0:03} - {1}", "[10{0}] {1}", "{1} (C{0:03})"],
    ids=["before", "dash", "brackets", "behind"],
)
@pytest.mark.parametrize("heading", ["Customer", "Konto"])
def test_a_customers_code_beside_the_name_is_no_difference(tmp_path: Path, write: str, heading: str) -> None:
    rows = sent(30)
    there = [
        {**row, "customer_name": write.format(int(row["customer_name"][-1]), row["customer_name"])} for row in rows
    ]
    headings = {**USUAL, "customer_name": heading}
    file = write_csv(tmp_path / "open.csv", there, headings=headings)
    assert judged(file, delivered(rows)).outcome == "same"
    there[4]["customer_name"] = there[5]["customer_name"]
    verdict = judged(write_csv(tmp_path / "open.csv", there, headings=headings), delivered(rows))
    assert [ref for ref, (outcome, _) in outcomes(verdict).items() if outcome == "differs"] == ["INV-0005"]
    # Nor is it the right account if the name is right, and the code another customer's.
    there[4]["customer_name"] = write.format(3, rows[4]["customer_name"])
    verdict = judged(write_csv(tmp_path / "open.csv", there, headings=headings), delivered(rows))
    assert [ref for ref, (outcome, _) in outcomes(verdict).items() if outcome == "differs"] == ["INV-0005"]


def test_a_figure_beside_one_name_alone_is_a_difference(tmp_path: Path) -> None:
    rows = [{**row, "customer_name": f"Shop {'abcdefg'[int(row['customer_name'][-1])]}"} for row in sent(30)]
    there = [
        {**row, "customer_name": f"{row['customer_name']} 2"} if number == 4 else row for number, row in enumerate(rows)
    ]
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows))
    assert outcomes(verdict)["INV-0005"] == ("differs", "customer_name")
