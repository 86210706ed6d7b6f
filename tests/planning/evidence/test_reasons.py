"""Every missing invoice has a reason: what its source says of it now, or which step removed it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import pandas as pd
import pytest

from arfeed.planning.evidence.reasons import add_answers, add_reasons, find_closed_beside
from support.feeds.plans import invoices, removal

NOTHING = removal()


def reasons(
    missing: pd.DataFrame,
    listed: pd.DataFrame | None = None,
    removed: pd.DataFrame = NOTHING,
    sources: Collection[str] | None = ("erp", "shop"),
) -> list[str]:
    return add_reasons(missing, invoices(0) if listed is None else listed, removed, sources)["reason"].tolist()


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        ({"status": "paid"}, "paid"),
        ({"status": "void"}, "void"),
        ({"status": "draft"}, "draft"),
        ({"status": "open", "balance": "0"}, "settled"),
        ({"status": "open", "balance": "0.0001"}, "removed by renumbering"),
        ({"status": "open", "balance": "-3"}, "removed by renumbering"),
        ({"status": "paid", "balance": "0"}, "paid"),
        ({"status": "void", "balance": "0"}, "void"),
        ({"invoice_ref": ["B1"], "source_ref": ["B1"]}, "gone"),
        ({"source": "shop", "status": "paid"}, "gone"),
        ({"kind": "credit_note", "status": "paid"}, "gone"),
        ({"kind": "credit_note", "status": "open", "balance": "0"}, "gone"),
        ({"source_ref": "a1", "status": "paid"}, "paid"),
    ],
    ids=[
        "paid", "void", "draft", "balance zero", "open", "open credit", "paid and zero", "void and zero", "other ref",
        "other source", "other kind paid", "other kind settled", "case folded",
    ],
)  # fmt: skip
def test_the_reason_is_what_the_source_says_of_it_now(listed: dict[str, object], reason: str) -> None:
    refs = listed.pop("invoice_ref", ["A1"])
    assert reasons(invoices(), invoices(refs, **listed)) == [reason]  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["exclude", "the destination's `kinds`"])
def test_a_step_that_removed_it_is_named(by: str) -> None:
    assert reasons(invoices(), invoices(), removal(["A1"], by)) == [f"removed by {by}"]


def test_of_several_steps_the_last_one_removed_it() -> None:
    steps = pd.concat([removal(["A1"], "rename"), removal(["A1"], "exclude"), removal(["A2"], "keep")])
    assert reasons(invoices(), invoices(), steps) == ["removed by exclude"]


def test_every_removal_counts() -> None:
    missing = invoices(4)
    steps = pd.concat([removal(["A1", "A2"], "keep"), removal(["A3", "A4"], "exclude")])
    assert reasons(missing, missing, steps) == ["removed by keep"] * 2 + ["removed by exclude"] * 2


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        (removal(["B1"]), "gone"),
        (removal(["A1"], source="shop"), "gone"),
        (removal(["a1"]), "removed by exclude"),
    ],
    ids=["another ref", "another source", "case folded"],
)
def test_a_step_removed_it_only_if_it_removed_this_document(removed: pd.DataFrame, reason: str) -> None:
    assert reasons(invoices(), None, removed) == [reason]


def test_a_renamed_invoice_is_traced_by_the_number_its_source_gave_it() -> None:
    missing = invoices(["UK-A1"], source_ref="A1")
    assert reasons(missing, invoices(status="paid", customer_id="C-UK-A1")) == ["paid"]
    assert reasons(missing, invoices(), removal(["A1"], "rename")) == ["removed by rename"]
    assert reasons(missing, invoices(["UK-A1"], status="paid")) == ["gone"]


PAID, VOID, DRAFT, ZERO, OPEN = (
    invoices(status="paid"), invoices(status="void"), invoices(status="draft"), invoices(balance="0"), invoices(),
)  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (PAID, OPEN, "removed by renumbering"),
        (ZERO, PAID, "paid"),
        (ZERO, VOID, "settled"),
        (DRAFT, VOID, "void"),
        (DRAFT, PAID, "paid"),
    ],
    ids=["open and paid", "zero and paid", "zero and void", "draft and void", "draft and paid"],
)
@pytest.mark.parametrize("turned", [False, True], ids=["", "turned"])
def test_of_two_rows_with_one_number_what_counts_most_counts(
    first: pd.DataFrame, second: pd.DataFrame, reason: str, turned: bool
) -> None:
    assert reasons(invoices(), pd.concat([second, first] if turned else [first, second])) == [reason]


def test_a_step_outweighs_whatever_else_the_source_lists_under_that_number() -> None:
    assert reasons(invoices(), PAID, removal(["A1"])) == ["removed by exclude"]


@pytest.mark.parametrize(
    ("sources", "reason"),
    [(("shop",), "source removed"), ((), "source removed"), (("erp",), "gone"), (None, "gone")],
    ids=["others left", "none left", "still there", "no source was asked"],
)
def test_rows_of_a_source_that_the_feed_no_longer_has_say_so(sources: Collection[str] | None, reason: str) -> None:
    assert reasons(invoices(), sources=sources) == [reason]


def test_a_removed_source_outweighs_all_else() -> None:
    assert reasons(invoices(), PAID, removal(["A1"]), sources=["shop"]) == ["source removed"]


@pytest.mark.parametrize(
    ("listed", "removed", "reason"),
    [
        (invoices(source="shop", status="paid"), NOTHING, "paid"),
        (invoices(["a1"], source="shop", status="void", customer_id="C-A1"), NOTHING, "void"),
        (invoices(source="shop"), removal(["A1"], source="shop"), "removed by exclude"),
        (invoices(source="shop", kind="credit_note", status="paid"), NOTHING, "gone"),
        (invoices(source="shop", kind="credit_note"), NOTHING, "removed by renumbering"),
        (pd.concat([invoices(status="paid"), invoices(source="shop")]), NOTHING, "removed by renumbering"),
        (invoices(["B1"]), NOTHING, "gone"),
    ],
    ids=["paid", "case folded", "removed", "other kind paid", "other kind open", "paid here, open there", "unknown"],
)
def test_an_adopted_row_is_traced_among_all_sources(listed: pd.DataFrame, removed: pd.DataFrame, reason: str) -> None:
    assert reasons(invoices(source=""), listed, removed) == [reason]


def test_only_an_adopted_row_is_traced_in_other_sources() -> None:
    missing = invoices(["A1", "A2"], source=["", "erp"])
    assert reasons(missing, invoices(["A1", "A2"], source="shop", status="paid")) == ["paid", "gone"]
    assert reasons(missing, invoices(["A1", "A2"], source="shop")) == ["removed by renumbering", "gone"]


@pytest.mark.parametrize(
    ("listed", "removed", "reason"),
    [
        (invoices(kind="credit_note"), removal(["A1"], kind="credit_note"), "removed by exclude"),
        (invoices(kind="credit_note"), NOTHING, "removed by renumbering"),
        (
            invoices(kind=["credit_note", "invoice"], refs=["A1", "a1"], status=["open", "paid"], customer_id="C-A1"),
            NOTHING,
            "paid",
        ),
    ],
    ids=["removed", "open", "its own kind is paid"],
)
def test_a_kind_that_a_transform_changed_does_not_hide_that_it_is_still_open(
    listed: pd.DataFrame, removed: pd.DataFrame, reason: str
) -> None:
    assert reasons(invoices(), listed, removed) == [reason]


def test_every_row_gets_its_own_reason_in_its_own_place() -> None:
    missing = invoices(["A1", "A2", "A3", "A4"], source=["erp", "gone-by", "erp", ""]).set_axis([9, 9, 2, 3])
    listed = invoices(["A3", "A4"], status=["void", "paid"])
    explained = add_reasons(missing, listed, removal(["A1"]), ["erp"])
    assert explained["reason"].tolist() == ["removed by exclude", "source removed", "void", "paid"]
    assert explained["reason"].dtype == "str"
    pd.testing.assert_frame_equal(explained.drop(columns="reason"), missing)


def test_nothing_missing_needs_no_reason() -> None:
    explained = add_reasons(invoices(0), invoices(3), removal(["A1"]), ["erp"])
    assert explained.empty
    assert explained["reason"].dtype == "str"


OTHER: dict[str, Any] = {
    "customer_id": "C9",
    "issued_on": date(2020, 1, 1),
    "amount": "5",
    "currency": "EUR",
    "company": "2",
}
CLOSED = ["paid", "void", "draft"]


def told(status: str = "paid", **columns: Any) -> pd.DataFrame:
    """A closed row of company 1, but for what is named."""
    return with_company(invoices(status=status, **{k: v for k, v in columns.items() if k != "company"}), columns)


def with_company(rows: pd.DataFrame, columns: dict[str, Any]) -> pd.DataFrame:
    return rows.assign(company=pd.Series([columns.get("company", "1")] * len(rows), dtype="str"))


@pytest.mark.parametrize("status", CLOSED)
def test_a_row_that_agrees_in_all_that_both_know_closes_the_invoice(status: str) -> None:
    assert reasons(with_company(invoices(), {}), told(status)) == [status]


@pytest.mark.parametrize("fact", OTHER)
@pytest.mark.parametrize("status", CLOSED)
def test_one_fact_that_differs_makes_it_another_document(status: str, fact: str) -> None:
    assert reasons(with_company(invoices(), {}), told(status, **{fact: OTHER[fact]})) == ["gone"]


def test_a_closed_row_is_held_against_the_invoice_of_its_own_source() -> None:
    missing = invoices(["E-1", "S-1"], source=["erp", "shop"], source_ref="1", customer_id=["ada", "bo"])
    of_bo = invoices(["1"], status="paid", source="erp", customer_id="bo")
    assert reasons(missing, of_bo) == ["gone", "gone"]
    assert reasons(missing, of_bo.assign(source="shop")) == ["gone", "paid"]


@pytest.mark.parametrize("fact", ["issued_on", "amount"])
@pytest.mark.parametrize("blank_now", [True, False], ids=["now", "before"])
def test_what_one_side_does_not_know_need_not_agree(fact: str, blank_now: bool) -> None:
    blank: dict[str, Any] = {fact: None}
    whole = invoices()
    missing, listed = (whole, told(**blank)) if blank_now else (invoices(**blank), told())
    assert reasons(missing, listed) == ["paid"]


@pytest.mark.parametrize(
    ("amount", "reason"), [("99.99", "gone"), ("100", "paid"), ("250", "paid"), (None, "paid")], ids=str
)
def test_less_than_was_owed_closes_no_invoice_whose_amount_is_not_known(amount: str | None, reason: str) -> None:
    owed = invoices(amount=None, balance="100")
    assert reasons(owed, invoices(status="paid", amount=amount, balance="0")) == [reason]
    credit = invoices(amount=None, balance="-100")
    negative = None if amount is None else f"-{amount}"
    assert reasons(credit, invoices(status="paid", amount=negative, balance="0")) == [reason]


def test_a_number_and_a_currency_alone_are_what_namesakes_share() -> None:
    unknown: dict[str, Any] = {"customer_id": "", "customer_name": "", "issued_on": None, "amount": None}
    assert reasons(invoices(), invoices(status="paid", **unknown)) == ["gone"]


def test_the_amount_of_what_is_voided_may_have_become_0() -> None:
    assert reasons(invoices(), invoices(status="void", amount="0", balance="0")) == ["void"]
    assert reasons(invoices(), invoices(status="paid", amount="0", balance="0")) == ["gone"]


def test_what_a_transform_changed_is_held_against_what_the_source_said() -> None:
    missing = invoices(customer_id="GROUP").assign(arfeed_source_customer_id=pd.Series(["C-A1"], dtype="str"))
    assert reasons(missing, invoices(status="paid")) == ["paid"]
    assert reasons(missing.drop(columns="arfeed_source_customer_id"), invoices(status="paid")) == ["gone"]


@pytest.mark.parametrize(
    ("stating", "amount", "reason"),
    [
        (["erp"], "10", "open with a balance of 0"),
        (["shop"], "10", "settled"),
        (["erp"], None, "open with a balance of 0"),
        (["erp"], "0", "gone"),
    ],
    ids=["says open", "states no status", "unknown amount", "another amount"],
)
def test_a_row_that_is_called_open_with_nothing_left_contradicts_itself(
    stating: list[str], amount: str | None, reason: str
) -> None:
    listed = invoices(balance="0", amount=amount)
    explained = add_reasons(invoices(), listed, NOTHING, ["erp", "shop"], stating=stating)
    assert explained["reason"].tolist() == [reason]


def test_a_row_that_stood_closed_beside_the_open_one_explains_nothing() -> None:
    before = pd.concat([invoices(), invoices(status="paid")], ignore_index=True)
    beside = find_closed_beside(before)
    assert beside["ref"].tolist() == ["a1"]

    def now(listed: pd.DataFrame) -> list[str]:
        return add_reasons(invoices(), listed, NOTHING, ["erp"], beside=beside)["reason"].tolist()

    one = invoices(status="paid")
    assert now(one) == ["gone"]
    assert now(pd.concat([one, one], ignore_index=True)) == ["paid"]
    assert now(pd.concat([one, invoices(status="void")], ignore_index=True)) == ["void"]


@pytest.mark.parametrize("amount", ["0", None], ids=["set to 0", "left out"])
def test_a_row_that_stood_beside_is_known_again_when_its_amount_is_taken_away(amount: str | None) -> None:
    beside = find_closed_beside(pd.concat([invoices(), invoices(status="void")], ignore_index=True))
    void = invoices(status="void", amount=amount)
    for listed, reason in ((void, "gone"), (pd.concat([void, invoices(status="paid")], ignore_index=True), "void")):
        assert add_reasons(invoices(), listed, NOTHING, ["erp"], beside=beside)["reason"].tolist() == [reason]


def test_a_row_that_stood_beside_is_no_answer_either() -> None:
    beside = find_closed_beside(pd.concat([invoices(), invoices(status="void")], ignore_index=True))
    one = invoices(status="void")
    assert add_answers(gone(), one, beside)["reason"].tolist() == ["gone"]
    assert add_answers(gone(), pd.concat([one, invoices(status="paid")]), beside)["reason"].tolist() == ["paid"]


def test_only_closed_rows_beside_open_ones_of_their_number_are_remembered() -> None:
    rows = pd.concat([invoices(2), invoices(["A3", "A2"], status=["paid", "void"])], ignore_index=True)
    assert find_closed_beside(rows)["ref"].tolist() == ["a2"]
    assert find_closed_beside(invoices(2)).empty
    others = invoices(["A1"], status="paid", source="shop"), invoices(["A1"], status="paid", kind="credit_note")
    for other in others:
        assert find_closed_beside(pd.concat([invoices(), other], ignore_index=True)).empty


def gone(*refs: str, **columns: Any) -> pd.DataFrame:
    return add_reasons(invoices(refs or ("A1",), **columns), invoices(0), NOTHING, ["erp", "shop"])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"status": "paid", "balance": "0"}, "paid"),
        ({"status": "void", "balance": "0"}, "void"),
        ({"status": "draft"}, "draft"),
        ({"status": "open", "balance": "0"}, "open with a balance of 0"),
        ({"status": "open"}, "still open"),
        ({"status": "open", "customer_id": "C9"}, "still open"),
        ({"status": "paid", "customer_id": "C9"}, "gone"),
        ({"status": "paid", "source": "shop"}, "gone"),
    ],
    ids=["paid", "void", "draft", "nothing left", "open", "open elsewhere", "namesake", "another source"],
)
def test_a_source_that_is_asked_says_what_became_of_it(answer: dict[str, Any], reason: str) -> None:
    assert add_answers(gone(), invoices(**answer))["reason"].tolist() == [reason]


def test_an_answer_changes_no_reason_that_is_known_already() -> None:
    missing = pd.concat([gone("A1"), gone("A2").assign(reason="void")], ignore_index=True)
    answered = add_answers(missing, invoices(["A1", "A2"], status="paid"))
    assert answered["reason"].tolist() == ["paid", "void"]
    assert add_answers(missing, invoices(0)) is missing


@pytest.mark.parametrize("side", ["now", "before"])
@pytest.mark.parametrize("fact", ["customer_id", "company"])
def test_a_text_that_one_side_leaves_blank_need_not_agree(fact: str, side: str) -> None:
    blank, whole = {fact: ""}, dict[str, Any]()
    missing, listed = (whole, blank) if side == "now" else (blank, whole)
    lost = with_company(invoices(**{name: value for name, value in missing.items() if name != "company"}), missing)
    assert reasons(lost, told(**listed)) == ["paid"]
    assert reasons(lost, told(**(listed | {"amount": "9"}))) == ["gone"]


@pytest.mark.parametrize("name", ["Company", "COMPANY"])
def test_a_company_is_known_however_its_column_is_written(name: str) -> None:
    other = told(company="2").rename(columns={"company": name})
    assert reasons(with_company(invoices(), {}), other) == ["gone"]
    assert reasons(with_company(invoices(), {}).rename(columns={"company": name}), told()) == ["paid"]
    answers = told(company="2").rename(columns={"company": name})
    lost = with_company(invoices(), {}).assign(reason="gone")
    assert add_answers(lost, answers)["reason"].tolist() == ["gone"]
    assert add_answers(lost, told())["reason"].tolist() == ["paid"]


def test_what_is_remembered_of_a_closed_row_are_the_facts_that_tell_it_apart() -> None:
    facts = ["source", "kind", "ref", "customer_id", "issued_on", "amount", "currency"]
    rows = pd.concat([invoices(["A1"]), invoices(["a1"], status="paid")], ignore_index=True)
    beside = find_closed_beside(rows)
    assert [*beside] == [*find_closed_beside(invoices(2))] == facts
    assert (beside.index.tolist(), beside["ref"].tolist()) == ([0], ["a1"])
    assert [*find_closed_beside(rows.assign(Company="1"))] == [*facts, "company"]


def test_of_namesakes_that_stood_beside_each_is_known_by_its_own_amount_first() -> None:
    two = pd.concat([invoices(["A1"]), *(invoices(["A1"], status="void", amount=a) for a in ("7", "10"))])
    beside = find_closed_beside(two.reset_index(drop=True))
    listed = pd.concat([invoices(["A1"], status="void", amount=amount) for amount in ("10", "0", "10")])
    found = add_reasons(invoices(), listed.reset_index(drop=True), NOTHING, ["erp"], beside=beside)
    assert found["reason"].tolist() == ["void"], "of the two of 10 only one stood there"
    found = add_reasons(invoices(), listed.iloc[:2].reset_index(drop=True), NOTHING, ["erp"], beside=beside)
    assert found["reason"].tolist() == ["gone"]


def test_answers_to_adopted_rows_may_come_from_any_source_and_to_others_from_their_own() -> None:
    lost = gone("A1", "A2", "A3", source=["", "erp", "erp"])
    answers = invoices(["A1", "A2", "A3"], source=["shop", "shop", "erp"], status=["paid", "paid", "void"])
    assert add_answers(lost, answers)["reason"].tolist() == ["paid", "gone", "void"]
    kind = invoices(["A1"], source="shop", kind="credit_note", status="paid")
    assert add_answers(lost, kind)["reason"].tolist() == ["gone"] * 3


def test_an_answer_of_open_with_nothing_left_and_nothing_ever_owed_is_settled() -> None:
    lost = gone(amount="0")
    assert add_answers(lost, invoices(balance="0", amount="0"))["reason"].tolist() == ["settled"]
    assert add_answers(lost, invoices(balance="0", amount=None))["reason"].tolist() == ["open with a balance of 0"]
