"""Why an invoice is missing, and how good the evidence is: whole feeds, from a source's words to the delivery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arfeed import ProblemsError, SourceError
from support.feeds.company_books import Book, closed, keep_books
from support.feeds.feed import Feed, codes, invoice, invoices

TOTALS = {"EUR": "2170", "GBP": "260"}
"""What the control account says of `invoices(20)`: 190.00 EUR and 30.00 GBP more than the list, which stays."""


def why(feed: Feed) -> dict[str, tuple[str, str]]:
    """Return reason and evidence of everything that the plan calls missing."""
    missing = feed.plan().missing
    return {row["invoice_ref"]: (row["reason"], row["evidence"]) for row in missing.to_dict("records")}


@pytest.fixture
def book(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Book:
    """The books behind a feed of one source whose 20 invoices were delivered."""
    (book,) = keep_books(feed, monkeypatch, "erp")
    book.says(invoices(20))
    feed.approved()
    book.told()
    return book


def delivered(feed: Feed) -> dict[str, list[str]]:
    """Deliver without being asked; return what was marked as paid by how good the evidence was."""
    result = feed.sync()
    assert result.receipt, codes(result)
    rows = result.plan.missing.to_dict("records")
    degrees = dict.fromkeys(row["evidence"] for row in rows)
    return {each: [row["invoice_ref"] for row in rows if row["evidence"] == each] for each in degrees}


def refused(feed: Feed, *refs: str) -> list[str]:
    """Return why nothing was delivered, having seen that nothing has changed at the receiver and who is meant."""
    before = feed.held()
    result = feed.sync()
    assert (result.receipt, feed.held()) == (None, before)
    assert {ref for objection in result.plan.objections for ref in objection.refs} == {*refs}
    return codes(result)


# --- proven -----------------------------------------------------------------------------------------------------------


def test_what_the_source_lists_as_closed_is_proven_and_nobody_is_asked(feed: Feed, book: Book) -> None:
    book.says([closed(invoice(1)), closed(invoice(2), "void"), *invoices(18, first=3)], lists_closed=True)
    assert delivered(feed) == {"proven": ["INV-0001", "INV-0002"]}
    assert book.told() == ["invoices", "release"]


def test_one_unproven_row_of_a_source_that_proves_the_rest_is_refused(feed: Feed, book: Book) -> None:
    book.says([closed(invoice(1)), *invoices(18, first=3)], lists_closed=True)
    assert refused(feed, "INV-0002") == ["unexplained"]


def test_a_source_is_asked_about_what_is_gone_and_unproven_alone(feed: Feed, book: Book) -> None:
    answers = [closed(invoice(2)), closed(invoice(3), "void", amount="0.00")]
    book.says([closed(invoice(1)), *invoices(17, first=4)], lists_closed=True, answers=answers)
    assert delivered(feed) == {"proven": ["INV-0001", "INV-0002", "INV-0003"]}
    assert book.told() == ["invoices", "explain INV-0002 INV-0003", "release"]


def test_nobody_is_asked_where_nothing_is_gone(feed: Feed, book: Book) -> None:
    book.says(invoices(21), answers=[])
    assert delivered(feed) == {}
    assert book.told() == ["invoices", "release"]


def test_a_partial_answer_leaves_the_rest_unexplained(feed: Feed, book: Book) -> None:
    book.says(invoices(17, first=4), answers=[closed(invoice(1)), closed(invoice(2), customer_name="Somebody")])
    assert refused(feed, "INV-0002", "INV-0003") == ["unexplained"]
    assert why(feed)["INV-0001"] == ("paid", "proven")


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (invoice(1), "still-open", ("still open", "unexplained")),
        ({**invoice(1), "balance": "0.00"}, "contradiction", ("open with a balance of 0", "unexplained")),
        (closed(invoice(1), currency="GBP"), "unexplained", ("gone", "unexplained")),
        (closed(invoice(1), amount="101.01"), "unexplained", ("gone", "unexplained")),
        (closed(invoice(1), issued_on="2025-03-02"), "unexplained", ("gone", "unexplained")),
        (closed(invoice(2), invoice_ref="INV-2"), "unexplained", ("gone", "unexplained")),
    ],
    ids=["still open", "open, nothing left", "another currency", "another amount", "last year's", "another number"],
)
def test_whatever_else_it_answers_is_asked_about(
    feed: Feed, book: Book, answer: dict[str, str], code: str, said: tuple[str, str]
) -> None:
    book.says(invoices(19, first=2), answers=[{"status": "open", **answer}])
    assert refused(feed, "INV-0001") == [code]
    assert why(feed) == {"INV-0001": said}


def test_an_answer_of_still_open_weighs_more_than_a_declaration_or_a_ledger(feed: Feed, book: Book) -> None:
    feed.sources["erp"]["absent_means_paid"] = True
    book.says(invoices(20), balances=TOTALS)
    feed.approved()
    balances = {**TOTALS, "EUR": "2069"}
    book.says(invoices(19, first=2), balances=balances, answers=[{**invoice(1), "status": "open"}])
    assert refused(feed, "INV-0001") == ["still-open"]


def test_a_renamed_invoice_is_asked_about_by_the_number_that_its_source_gave_it(feed: Feed, book: Book) -> None:
    feed.transforms.append({"use": "rename", "prefix": "X-"})
    feed.approved()
    book.told()
    book.says(invoices(19, first=2), answers=[closed(invoice(1))])
    assert delivered(feed) == {"proven": ["X-INV-0001"]}
    assert book.told() == ["invoices", "explain INV-0001", "release"]


def test_a_bad_answer_is_a_problem_and_nothing_is_delivered(feed: Feed, book: Book) -> None:
    book.says(invoices(19, first=2), answers=[closed(invoice(1), "written off")])
    before = feed.held()
    with pytest.raises(ProblemsError, match="written off"):
        feed.sync()
    assert (feed.held(), book.told()) == (before, ["invoices", "explain INV-0001", "release"])


def test_a_source_that_cannot_answer_fails_the_run_and_is_let_go(feed: Feed, book: Book) -> None:
    book.says(invoices(19, first=2), answers="raise")
    before = feed.held()
    for command in (feed.sync, feed.plan):
        with pytest.raises(SourceError, match=r"erp: explain\(\): RuntimeError: the ledger is being closed"):
            command()
        assert (feed.held(), book.told()) == (before, ["invoices", "explain INV-0001", "release"])


def test_a_source_that_could_not_be_read_is_let_go(feed: Feed, book: Book) -> None:
    book.says([], fails=True)
    with pytest.raises(SourceError, match="closed for today"):
        feed.sync()
    assert book.told() == ["invoices", "release"]


def test_a_plan_alone_asks_and_lets_go(feed: Feed, book: Book) -> None:
    book.says(invoices(19, first=2), answers=[closed(invoice(1))])
    assert why(feed) == {"INV-0001": ("paid", "proven")}
    assert book.told() == ["invoices", "explain INV-0001", "release"]


# --- a namesake explains nothing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_name": "Customer 9"},
        {"issued_on": "2025-03-02"},
        {"amount": "480.00"},
        {"currency": "GBP"},
        {"kind": "credit_note", "amount": "-101.00"},
        {"company": "North"},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_a_closed_namesake_explains_no_absence(feed: Feed, book: Book, changes: dict[str, str]) -> None:
    south = [{**row, "company": "South"} for row in invoices(20)]
    book.says(south, lists_closed=True)
    feed.sync()
    book.says([*south[1:], closed({**south[0], **changes})], lists_closed=True)
    assert refused(feed, "INV-0001") == ["unexplained"]
    book.says([*south[1:], closed(south[0])], lists_closed=True)
    assert delivered(feed) == {"proven": ["INV-0001"]}


def test_a_closed_namesake_is_named_with_what_differs(feed: Feed, book: Book) -> None:
    other = closed(invoice(1), customer_name="Somebody", amount="101.01")
    answers = [closed(invoice(2), "void", issued_on="2025-03-02")]
    book.says([*invoices(18, first=3), other], lists_closed=True, answers=answers)
    assert refused(feed, "INV-0001", "INV-0002") == ["unexplained"]
    notes = [note for note in feed.plan().notes if "other documents" in note]
    first, second = invoice(1), invoice(2)
    assert notes == [
        "erp lists closed documents under the numbers of missing invoices, but they differ and are other documents: "
        f"INV-0001 (paid; customer Somebody instead of {first['customer_name']}, amount 101.01 {first['currency']} "
        f"instead of {first['amount']} {first['currency']})",
        "erp lists closed documents under the numbers of missing invoices, but they differ and are other documents: "
        f"INV-0002 (void; issue date 2025-03-02 instead of {second['issued_on']})",
    ]


def test_a_namesake_of_another_source_explains_no_absence(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    north, south = keep_books(feed, monkeypatch, "north", "south")
    del feed.sources["erp"]
    north.says(invoices(5), lists_closed=True)
    south.says(invoices(5, first=50), lists_closed=True)
    feed.approved()
    north.says(invoices(4, first=2), lists_closed=True)
    south.says([*invoices(5, first=50), closed(invoice(1))], lists_closed=True)
    assert refused(feed, "INV-0001") == ["unexplained"]


def test_a_row_that_stood_closed_beside_the_open_one_for_weeks_explains_nothing(feed: Feed, book: Book) -> None:
    void = closed(invoice(1), "void")
    for number in range(3):
        book.says([void, *invoices(20 + number)], lists_closed=True)
        assert feed.approved().plan.counts.missing == 0  # that it is open and void at once is asked about
    book.says([void, *invoices(21, first=2)], lists_closed=True)
    assert refused(feed, "INV-0001") == ["unexplained"]
    book.says([void, closed(invoice(1)), *invoices(21, first=2)], lists_closed=True)
    assert delivered(feed) == {"proven": ["INV-0001"]}


def test_it_is_remembered_while_its_source_is_carried_forward_and_through_a_resend(feed: Feed, book: Book) -> None:
    feed.sources["erp"]["on_failure"] = "carry-forward"
    void = closed(invoice(1), "void")
    book.says([void, *invoices(20)], lists_closed=True)
    feed.approved()
    book.says([], fails=True)
    assert feed.sync().receipt
    book.says([void, *invoices(19, first=2)], lists_closed=True)
    assert refused(feed, "INV-0001") == ["unexplained"]
    with feed.records() as history:
        last = history.runs()[0].id
    assert feed.resend(last).receipt
    assert refused(feed, "INV-0001") == ["unexplained"]


def test_what_is_called_open_with_nothing_left_is_refused_as_a_contradiction(feed: Feed, book: Book) -> None:
    """The balance of an invoice may be missing from an export as a 0."""
    book.says([{**invoice(1), "balance": "0.00"}, *invoices(19, first=2)], lists_closed=True)
    assert refused(feed, "INV-0001") == ["contradiction"]
    assert why(feed) == {"INV-0001": ("open with a balance of 0", "unexplained")}


def test_a_source_states_a_status_if_it_calls_anything_closed_whatever_it_says_of_itself(
    feed: Feed, book: Book
) -> None:
    rows = [{"status": "open", **row} for row in (invoice(1, balance="0.00"), *invoices(18, first=3))]
    book.says([*rows, closed(invoice(2))])
    assert refused(feed, "INV-0001") == ["contradiction"]


def test_a_namesake_that_stood_closed_beside_it_is_no_answer_either(feed: Feed, book: Book) -> None:
    void = closed(invoice(1), "void")
    book.says([void, *invoices(20)], lists_closed=True)
    feed.approved()
    book.says(invoices(19, first=2), lists_closed=True, answers=[void])
    assert refused(feed, "INV-0001") == ["unexplained"]
    book.says(invoices(19, first=2), lists_closed=True, answers=[void, closed(invoice(1))])
    assert delivered(feed) == {"proven": ["INV-0001"]}


def zeros(*numbers: int) -> list[dict[str, str]]:
    return [{**invoice(number), "balance": "0.00"} for number in numbers]


def test_a_first_balance_of_0_at_a_source_without_a_status_is_asked_about(feed: Feed, book: Book) -> None:
    book.says([*zeros(1), *invoices(19, first=2)])
    assert refused(feed, "INV-0001") == ["unexplained"]
    assert why(feed) == {"INV-0001": ("balance of 0", "unexplained")}
    feed.approved()
    # From now on it is known to list what is settled.
    book.says([*zeros(1, 2), *invoices(18, first=3)])
    assert delivered(feed) == {"proven": ["INV-0002"]}


def test_a_source_that_lists_what_is_settled_from_the_beginning_proves_with_a_balance_of_0(
    feed: Feed, book: Book
) -> None:
    book.says([*zeros(30), *invoices(20)])
    feed.approved()
    book.says([*zeros(30, 1), *invoices(19, first=2)])
    assert delivered(feed) == {"proven": ["INV-0001"]}


def test_what_was_free_of_charge_is_nothing_settled(feed: Feed, book: Book) -> None:
    free = {**invoice(30), "amount": "0.00", "balance": "0.00"}
    book.says([free, *invoices(20)])
    feed.approved()
    book.says([free, *zeros(1), *invoices(19, first=2)])
    assert refused(feed, "INV-0001") == ["unexplained"]


@pytest.mark.parametrize(("older", "degree"), [(2, "proven"), (1, "unexplained")], ids=["more", "no more"])
def test_after_adopt_a_source_is_believed_that_lists_more_settled_ones_than_the_report_had(
    feed: Feed, book: Book, older: int, degree: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The receipt of an adopted report says nothing of any source.
    monkeypatch.setattr("arfeed.runs.memory._read_receipt", lambda _: {})
    book.says([*zeros(1, *range(30, 30 + older)), *invoices(19, first=2)])
    assert why(feed)["INV-0001"][1] == degree


def test_a_balance_of_0_is_asserted_or_balanced_like_an_absence(feed: Feed, ledger: Book) -> None:
    ledger.says([*zeros(1), *invoices(19, first=2)], balances={**TOTALS, "EUR": "2069"})
    assert why(feed) == {"INV-0001": ("balance of 0", "balanced")}
    feed.sources["erp"]["absent_means_paid"] = True
    ledger.says([*zeros(1), *invoices(19, first=2)])
    assert why(feed) == {"INV-0001": ("balance of 0", "asserted")}


def test_a_balance_of_0_is_asked_about_at_a_source_that_can_answer(feed: Feed, book: Book) -> None:
    zero = [{**invoice(1), "balance": "0.00"}, *invoices(19, first=2)]
    book.says(zero, answers=[{**invoice(1), "status": "open"}])
    assert refused(feed, "INV-0001") == ["still-open"]
    book.says(zero, answers=[])
    assert why(feed) == {"INV-0001": ("balance of 0", "unexplained")}
    book.says(zero, answers=[closed(invoice(1), "void")])
    assert why(feed) == {"INV-0001": ("void", "proven")}


@pytest.mark.parametrize(
    ("status", "settled", "code"),
    [(None, True, "pattern"), (None, False, "unexplained"), ("open", False, "contradiction")],
    ids=["as ever", "for the first time", "called open"],
)
def test_balances_of_0_in_one_branch_are_asked_about_if_no_status_confirms_them(
    feed: Feed, book: Book, status: str | None, settled: bool, code: str
) -> None:
    rows = [{**invoice(n), "branch": "south" if n % 4 == 0 else "north"} for n in range(1, 41)]
    rows = [{**row, **({"status": status} if status else {})} for row in rows]
    older = [{**row, "branch": "north"} for row in zeros(90)] if settled else []
    book.says([*rows, *older])
    feed.approved()
    book.says([{**row, "balance": "0.00"} if row["branch"] == "south" else row for row in rows] + older)
    south = [row["invoice_ref"] for row in rows if row["branch"] == "south"]
    assert refused(feed, *south)[0] == code


# --- balanced ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(feed: Feed, book: Book) -> Book:
    """Books whose control account is known since the last delivery, and differs by an amount that stays."""
    book.says(invoices(20), balances=TOTALS)
    assert delivered(feed) == {}
    return book


def test_a_first_control_account_explains_nothing_yet(feed: Feed, book: Book) -> None:
    book.says(invoices(19, first=2), balances={**TOTALS, "EUR": "2069"})
    assert refused(feed, "INV-0001") == ["unexplained"]


def test_what_left_list_and_ledger_alike_is_balanced(feed: Feed, ledger: Book) -> None:
    ledger.says(invoices(18, first=3), balances={**TOTALS, "EUR": "1967"})
    assert delivered(feed) == {"balanced": ["INV-0001", "INV-0002"]}
    ledger.says(invoices(17, first=4), balances={**TOTALS, "EUR": "1864"})
    assert delivered(feed) == {"balanced": ["INV-0003"]}


def test_what_the_list_alone_has_lost_is_refused_with_both_numbers(feed: Feed, ledger: Book) -> None:
    ledger.says(invoices(19, first=2), balances=TOTALS)
    assert refused(feed, "INV-0001") == ["unexplained", "ledger-moved"]
    said = feed.plan().objections[1].message
    assert "its list totals 1,879.00 EUR and its control account says 2,170.00 EUR" in said
    assert "101.00 EUR less on the list. " in said


def test_a_cent_is_enough(feed: Feed, ledger: Book) -> None:
    ledger.says(invoices(19, first=2), balances={**TOTALS, "EUR": "2069.01"})
    assert refused(feed, "INV-0001") == ["unexplained", "ledger-moved"]


def test_a_declaration_does_not_outweigh_a_ledger_that_moved(feed: Feed, ledger: Book) -> None:
    feed.sources["erp"]["absent_means_paid"] = True
    ledger.says(invoices(20), balances=TOTALS)
    assert delivered(feed) == {}
    ledger.says(invoices(19, first=2), balances=TOTALS)
    assert refused(feed, "INV-0001") == ["ledger-moved"]


def test_a_difference_that_was_approved_is_the_one_that_stays_from_then_on(feed: Feed, ledger: Book) -> None:
    ledger.says(invoices(20), balances={**TOTALS, "EUR": "2000"})  # a payment on account
    assert refused(feed) == ["ledger-moved"]
    feed.approved()
    ledger.says(invoices(19, first=2), balances={**TOTALS, "EUR": "1899"})
    assert delivered(feed) == {"balanced": ["INV-0001"]}


def test_a_refused_plan_teaches_no_difference(feed: Feed, ledger: Book) -> None:
    ledger.says(invoices(19, first=2), balances=TOTALS)
    assert refused(feed, "INV-0001") == refused(feed, "INV-0001") == ["unexplained", "ledger-moved"]


def test_one_currency_is_not_balanced_by_another(feed: Feed, ledger: Book) -> None:
    rows = [row for row in invoices(20) if row["invoice_ref"] not in ("INV-0001", "INV-0010")]
    ledger.says(rows, balances={"EUR": "2069", "GBP": "260"})
    assert why(feed) == {"INV-0001": ("gone", "balanced"), "INV-0010": ("gone", "unexplained")}
    assert refused(feed, "INV-0010") == ["unexplained", "ledger-moved"]


def test_a_currency_that_is_gone_from_list_and_ledger_is_balanced(feed: Feed, ledger: Book) -> None:
    euros = [row for row in invoices(20) if row["currency"] == "EUR"]
    ledger.says(euros, balances={"EUR": "2170", "GBP": "30"})
    assert why(feed)["INV-0010"] == ("gone", "balanced")
    ledger.says(euros, balances={"EUR": "2170"})
    assert why(feed)["INV-0010"] == ("gone", "unexplained")


def test_a_ledger_by_customer_tells_who_lost_what_another_gained(feed: Feed, book: Book) -> None:
    rows = [invoice(number, customer_name=f"Customer {number}") for number in range(1, 6)]
    owed = {f"{row['customer_name']}/EUR": row["balance"] for row in rows}
    book.says([*invoices(14, first=7), *rows], balances={"EUR": "9000"}, customers=owed)
    feed.approved()
    other = {**owed, "Customer 2/EUR": "1.00"}  # 101.00 moved between customers, and just that invoice is lost
    book.says([*invoices(14, first=7), *rows[1:]], balances={"EUR": "8899"}, customers=other)
    assert refused(feed, "INV-0001") == ["unexplained", "ledger-moved"]
    paid = {name: text for name, text in owed.items() if name != "Customer 1/EUR"}
    book.says([*invoices(14, first=7), *rows[1:]], balances={"EUR": "8899"}, customers=paid)
    assert delivered(feed) == {"balanced": ["INV-0001"]}


def test_no_more_may_leave_than_was_received(feed: Feed, ledger: Book) -> None:
    less = {**TOTALS, "EUR": "1967"}  # read through the same filter as the list, say
    ledger.says(invoices(18, first=3), balances=less, received={"EUR": "202.99"})
    assert refused(feed, "INV-0001", "INV-0002") == ["more-than-received"]
    ledger.says(invoices(18, first=3), balances=less, received={"EUR": "203.00"})
    assert delivered(feed) == {"balanced": ["INV-0001", "INV-0002"]}


def test_an_older_report_is_not_balanced_by_the_ledger_of_its_day(feed: Feed, ledger: Book) -> None:
    with feed.records() as history:
        older = history.runs()[0].id
    ledger.says(invoices(21), balances={**TOTALS, "EUR": "2291"})
    assert delivered(feed) == {}
    before = feed.held()
    result = feed.resend(older)
    assert (codes(result), feed.held()) == (["unexplained"], before)


def test_rows_that_are_carried_forward_keep_the_difference_that_they_are_of(feed: Feed, ledger: Book) -> None:
    feed.sources["erp"]["on_failure"] = "carry-forward"
    ledger.says([], fails=True)
    assert delivered(feed) == {}
    ledger.says(invoices(19, first=2), balances=TOTALS)
    assert refused(feed, "INV-0001") == ["unexplained", "ledger-moved"]


# --- asserted, unexplained --------------------------------------------------------------------------------------------


def test_absence_is_payment_where_the_source_is_said_to_drop_what_is_paid(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (book,) = keep_books(feed, monkeypatch, "erp", absent_means_paid=True)
    book.says(invoices(20), answers=[])
    feed.approved()
    book.says(invoices(19, first=2), answers=[])
    assert delivered(feed) == {"asserted": ["INV-0001"]}


def test_absence_is_no_payment_at_a_source_that_has_proven_all_of_late(feed: Feed, book: Book) -> None:
    feed.sources["erp"]["absent_means_paid"] = True
    feed.approved()
    book.says([*map(closed, invoices(9)), *invoices(11, first=10)], lists_closed=True)
    assert [*delivered(feed)] == ["proven"]
    # The tenth proof is enough, and comes in the same reading as the absence.
    book.says([*map(closed, invoices(9)), *invoices(10, first=11)], lists_closed=True)
    assert why(feed)["INV-0010"] == ("gone", "asserted")
    book.says([*map(closed, invoices(10)), *invoices(9, first=12)], lists_closed=True)
    assert refused(feed, "INV-0011") == ["unexplained"]
    # Approved once, the source no longer proves all, and what the user declared holds again.
    feed.approved()
    book.says([*map(closed, invoices(10)), *invoices(8, first=13)], lists_closed=True)
    assert why(feed)["INV-0012"] == ("gone", "asserted")


def test_what_was_approved_without_proof_is_added_up(feed: Feed, book: Book) -> None:
    feed.guards = {"missing_share": 1.0, "missing_floor": 1}
    book.says(invoices(19, first=2))
    assert refused(feed, "INV-0001") == ["unexplained"]
    feed.approved()
    book.says(invoices(17, first=4))
    assert refused(feed, "INV-0002", "INV-0003") == ["unexplained", "budget"]
    feed.now = feed.now.replace(month=5, day=20)
    assert refused(feed, "INV-0002", "INV-0003") == ["unexplained"]


# --- and everybody sees it --------------------------------------------------------------------------------------------


@pytest.fixture
def all_four(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Feed:
    """A feed of four sources that is about to mark as paid what `DEGREES` says."""
    erp, books, till, shop = keep_books(feed, monkeypatch, "erp", "books", "till", "shop")
    feed.sources["till"]["absent_means_paid"] = True
    erp.says(invoices(9), lists_closed=True)
    books.says(invoices(9, first=101), balances={"EUR": "9000"})
    till.says(invoices(9, first=201))
    shop.says(invoices(9, first=301))
    feed.approved()
    still = [row for row in invoices(8, first=2) if row["invoice_ref"] != "INV-0005"]
    erp.says([closed(invoice(1)), *still], lists_closed=True, answers=[closed(invoice(5), "void")])
    books.says(invoices(8, first=102), balances={"EUR": "8799"})
    till.says(invoices(8, first=202))
    shop.says(invoices(8, first=302))
    return feed


DEGREES = {
    "INV-0001": ("paid", "proven"),
    "INV-0005": ("void", "proven"),
    "INV-0101": ("gone", "balanced"),
    "INV-0201": ("gone", "asserted"),
    "INV-0301": ("gone", "unexplained"),
}


def test_every_missing_invoice_has_its_evidence_in_plan_json_receipt_page_and_terminal(all_four: Feed) -> None:
    assert why(all_four) == DEGREES
    printed = json.loads(all_four.run("plan", "--json").stdout)
    assert degrees(printed) == DEGREES
    screen, page = all_four.run("plan", "--html", "plan.html"), all_four.folder / "plan.html"
    for line in (
        "1 proven: paid, as the source says: 101.00 EUR",
        "1 proven: void, as the source says: 105.00 EUR",
        "1 balanced: no longer listed: 201.00 EUR",
        "1 asserted: no longer listed: 301.00 EUR",
        "1 unexplained: no longer listed: 401.00 EUR",
    ):
        assert line in screen.stdout
    for ref, (reason, evidence) in DEGREES.items():
        assert any(ref in line and line.split()[-2:] == [reason, evidence] for line in screen.stdout.splitlines())
        assert f"<td>{reason}</td><td>{evidence}</td></tr>" in row_of(page, ref)
    assert [*printed["ledgers"]] == [
        {
            "source": "books", "currency": "EUR", "listed": "1644.0000", "account": "8799", "listed_before":
            "1845.0000", "account_before": "9000", "received": None, "moved": "0.0000", "customers": [],
        },
    ]  # fmt: skip


def test_the_receipt_keeps_the_evidence_and_so_does_its_page(all_four: Feed) -> None:
    all_four.pages = True
    page = all_four.approved().page
    assert degrees(all_four.receipts()[-1]) == DEGREES
    assert page
    for ref, (reason, evidence) in DEGREES.items():
        assert f"<td>{reason}</td><td>{evidence}</td></tr>" in row_of(page, ref)


def degrees(document: dict[str, object]) -> dict[str, tuple[str, str]]:
    missing = document["missing"]
    assert isinstance(missing, list)
    return {row["invoice_ref"]: (row["reason"], row["evidence"]) for row in missing}


def row_of(page: Path, ref: str) -> str:
    """Return the page's table row of an invoice that will be marked as paid."""
    rows = [
        line for line in page.read_text("utf-8").split("<tr>") if f"<bdi>{ref}</bdi>" in line and "</td></tr>" in line
    ]
    return "\n".join(rows)
