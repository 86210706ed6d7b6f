"""Transforms are held to their contract, and what they remove is remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed import ProblemsError, SourceError, Transform, TransformSettings
from arfeed.intake.transform import Transformed, check_unique, keep, transform
from arfeed.model.arrow import fold
from support.feeds.sources import given, opened, rows

Change = Callable[[pd.DataFrame], object]


class Step(Transform):
    """A step made of a function."""

    name = "step"
    change: Change

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        return self.change(invoices)  # type: ignore[return-value]


def step(change: Change, name: str = "step", changes: Collection[str] = (), **settings: object) -> Step:
    made = Step(TransformSettings.model_validate(settings))
    made.change, made.name, made.changes = change, name, changes  # type: ignore[misc]
    return made


def invoices(source: str = "given", **columns: object) -> pd.DataFrame:
    made = given(rows(**({"invoice_ref": ["INV-1", "INV-2", "INV-3"]} | columns)))
    made.source = source
    return opened(made)


def removed(result: Transformed) -> dict[str, str]:
    return dict(zip(result.removed["source_ref"], result.removed["by"], strict=True))


def broken(change: Change) -> str:
    with pytest.raises(SourceError) as caught:
        transform(invoices(), [step(change)])
    return str(caught.value)


def test_a_step_may_drop_reorder_and_change_rows_and_add_columns() -> None:
    result = transform(invoices(), [step(lambda frame: frame.iloc[[2, 0]].assign(memo="seen", more="x"))])
    assert result.invoices["invoice_ref"].tolist() == ["INV-3", "INV-1"]
    assert removed(result) == {"INV-2": "step"}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (lambda frame: pd.concat([frame, frame.iloc[:1]]), "transform 'step' invented or repeated a source_ref"),
        (lambda frame: frame.assign(source_ref=frame["source_ref"] + "x"), "invented or repeated a source_ref"),
        (lambda frame: frame.assign(source="other"), "invented or repeated a source_ref"),
        (lambda frame: frame.assign(source_ref="INV-1"), "invented or repeated a source_ref"),
        (lambda frame: frame.drop(columns="memo"), "transform 'step' lost the column 'memo'"),
        (lambda frame: frame.assign(balance=1.5), "transform 'step' made 'balance' double, not decimal128(20, 4)"),
        (lambda frame: frame.assign(issued_on="2026-04-07"), "made 'issued_on' large_string, not date32"),
        (lambda frame: frame.assign(invoice_ref=[1, 2, 3]), "transform 'step' made 'invoice_ref' int64"),
        (lambda frame: frame["balance"], "transform 'step' returned Series, not a DataFrame"),
        (lambda frame: None, "transform 'step' returned NoneType, not a DataFrame"),
        (lambda frame: frame["no such column"], "transform 'step': KeyError: 'no such column'"),
    ],
    ids=["repeats", "renames source_ref", "moves", "merges", "drops a column", "float", "text for a date",
         "number for text", "series", "nothing", "raises"],
)  # fmt: skip
def test_a_step_that_breaks_its_contract_fails_the_run_by_name(change: Change, wrong: str) -> None:
    assert wrong in broken(change)


def test_a_step_of_some_sources_never_sees_the_others() -> None:
    both = pd.concat([invoices("uk"), invoices("de")], ignore_index=True)
    result = transform(both, [step(lambda frame: frame.iloc[:0], sources=["de"])])
    assert result.invoices["source"].tolist() == ["uk"] * 3
    assert result.removed["source"].tolist() == ["de"] * 3


def test_steps_run_in_order_and_each_answers_for_what_it_removed() -> None:
    first = step(lambda frame: frame[frame["invoice_ref"] != "INV-1"], "first")
    second = step(lambda frame: frame[frame["invoice_ref"] != "INV-2"], "second")
    result = transform(invoices(), [first, second])
    assert result.invoices["invoice_ref"].tolist() == ["INV-3"]
    assert removed(result) == {"INV-1": "first", "INV-2": "second"}


def test_a_renamed_invoice_has_left_its_old_number_to_the_step_that_did_it() -> None:
    result = transform(invoices(), [step(lambda frame: frame.assign(invoice_ref="UK-" + frame["invoice_ref"]))])
    assert result.invoices["source_ref"].tolist() == ["INV-1", "INV-2", "INV-3"]
    assert removed(result) == dict.fromkeys(["INV-1", "INV-2", "INV-3"], "step")


def test_a_step_can_not_harm_what_the_one_before_it_returned() -> None:
    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        frame["memo"] = "spoilt"
        return frame.iloc[:0]

    before = invoices()
    transform(before, [step(spoil)])
    assert before["memo"].tolist() == ["", "", ""]


def test_what_the_destination_does_not_want_is_remembered_too() -> None:
    result = keep(invoices(kind=["invoice", "payment", "credit_note"], balance=["1", "-1", "-1"]), ["invoice"])
    assert result.invoices["invoice_ref"].tolist() == ["INV-1"]
    assert removed(result) == dict.fromkeys(["INV-2", "INV-3"], "the destination's `kinds`")


@pytest.mark.parametrize(
    "refs",
    [["INV-1", "INV-1"], ["inv-1", "INV-1"], ["STRASSE", "straße"], ["\u00c4", "A\u0308"]],
    ids=["equal", "case", "sharp s", "composition"],
)
def test_numbers_that_a_receiver_may_take_for_one_are_all_named(refs: list[str]) -> None:
    frame = invoices(invoice_ref=refs, customer_name=["Ada", "Bob"])
    with pytest.raises(ProblemsError) as caught:
        check_unique(frame, fold(frame["invoice_ref"]))
    assert caught.value.problems[0].startswith("2 rows share an invoice number")
    assert "Ada" in str(caught.value)
    assert "Bob" in str(caught.value)


def test_a_thousand_double_numbers_take_at_most_fifty_lines() -> None:
    frame = invoices(invoice_ref=["INV-1"] * 1000)
    with pytest.raises(ProblemsError) as caught:
        check_unique(frame, fold(frame["invoice_ref"]))
    assert len(caught.value.problems) <= 50
    assert caught.value.problems[-1] == "… and 952 more"


def test_a_step_that_blanks_a_number_is_stopped() -> None:
    frame = invoices().assign(invoice_ref="")
    with pytest.raises(ProblemsError, match="or have none"):
        check_unique(frame, fold(frame["invoice_ref"]))


def test_numbers_that_a_receiver_can_tell_apart_pass() -> None:
    refs = ["INV-1", "INV-01", "INV1", "INV_1", "INV 1", "1", "Ä", "A", "SS", "S"]
    keys = fold(invoices(invoice_ref=refs)["invoice_ref"])
    assert keys.nunique() == len(refs)
    check_unique(invoices(invoice_ref=refs), keys)
    with pytest.raises(ProblemsError, match="2 rows share an invoice number"):
        check_unique(invoices(invoice_ref=[*refs, "ß"]), fold(invoices(invoice_ref=[*refs, "ß"])["invoice_ref"]))


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("balance", None, "blanked a balance"),
        (
            "balance",
            0,
            "transform 'step' made the balance of 'INV-1' 0, and only documents with a balance are reported",
        ),
        ("customer_name", " ", "transform 'step' blanked the customer_name of 'INV-1'; it is required"),
        ("currency", "pounds", "made 'currency' 'pounds'"),
        ("kind", "bill", "made 'kind' 'bill'"),
        ("status", "paid", "made 'status' 'paid'"),
    ],
)
def test_a_step_may_not_leave_what_no_report_can_have(column: str, value: str | int | None, said: str) -> None:
    frame = opened(given(rows()))
    wrong = pd.Series([value], dtype=frame[column].dtype)
    with pytest.raises(SourceError, match=said):
        transform(frame, [step(lambda frame: frame.assign(**{column: wrong}))])


def test_a_step_that_exits_has_failed() -> None:
    def leave(_: pd.DataFrame) -> object:
        raise SystemExit(0)

    with pytest.raises(SourceError, match="transform 'step': SystemExit"):
        transform(opened(given(rows())), [step(leave)])


# --- what a step declares to change -----------------------------------------------------------------------------


OWED: dict[str, Any] = {"balance": ["1250.00", "80.00", "3.50"], "amount": ["1300.00", "80.00", "3.50"]}


def shifted(frame: pd.DataFrame) -> pd.DataFrame:
    """Every balance is another invoice's."""
    return frame.assign(balance=pd.Series(frame["balance"].array[::-1], index=frame.index))


def test_a_step_that_puts_balances_into_other_rows_fails_the_run_and_says_how_it_would_be_declared() -> None:
    with pytest.raises(SourceError) as caught:
        transform(invoices(**OWED), [step(shifted)])
    assert str(caught.value) == (
        "transform 'step' changed the balance of 'INV-1' from 1,250.00 to 3.50 (and 1 more), and does not declare that "
        'it does. If it should, add the line changes = {"balance"} to its class; otherwise correct the step, '
        "which may have put values into other rows"
    )


CHANGES: dict[str, Change] = {
    "balance": shifted,
    "amount": lambda frame: frame.assign(amount=frame["balance"]),
    "currency": lambda frame: frame.assign(currency="USD"),
    "customer_id": lambda frame: frame.assign(customer_id="C-1"),
    "customer_name": lambda frame: frame.assign(customer_name=frame["customer_name"].str.upper().astype("str")),
}


@pytest.mark.parametrize("column", CHANGES)
def test_each_column_must_be_declared_by_its_own_name(column: str) -> None:
    frame, others = invoices(**OWED), {*CHANGES} - {column}
    with pytest.raises(SourceError, match=f"changed the {column} of 'INV-1'"):
        transform(frame, [step(CHANGES[column], changes=others)])
    assert transform(frame, [step(CHANGES[column], changes={column})]).notes


def test_what_steps_changed_is_counted_in_notes() -> None:
    steps = [
        step(shifted, "shifty", {"balance"}),
        step(lambda frame: frame.assign(currency="USD"), "dollars", ["currency"], sources=["de"]),
        step(lambda frame: frame.assign(memo="x"), "memos", {"balance"}),
    ]
    both = pd.concat([invoices("uk", **OWED), invoices("de", invoice_ref=["INV-9"])], ignore_index=True)
    assert transform(both, steps).notes == (
        "transform shifty changed 4 balances",
        "transform dollars changed 1 currency code",
    )


REORDERED: dict[str, Change] = {
    "reversed": lambda frame: frame.iloc[::-1],
    "reversed and numbered anew": lambda frame: frame.iloc[::-1].reset_index(drop=True),
    "without the first": lambda frame: frame.iloc[1:],
    "without the first, numbered anew": lambda frame: frame.iloc[1:].reset_index(drop=True),
    "other labels": lambda frame: frame.set_axis(["x", "y", "z"]),
    "one label": lambda frame: frame.set_axis([0, 0, 0]),
    "labels beyond": lambda frame: frame.set_axis([7, 8, 9]),
    "rebuilt": lambda frame: pd.concat([frame.iloc[:1], frame.iloc[1:]]),
}


@pytest.mark.parametrize("name", REORDERED)
@pytest.mark.parametrize("refs", [["INV-1", "INV-2", "INV-3"], ["INV-1", "INV-1", "INV-1"]], ids=["distinct", "equal"])
def test_rows_are_compared_with_themselves_wherever_a_step_puts_them(name: str, refs: list[str]) -> None:
    frame = invoices(invoice_ref=refs, **OWED)
    more = pd.Series([Decimal("9.99")] * 3, dtype=frame["balance"].dtype)
    assert transform(frame, [step(REORDERED[name])]).notes == ()
    with pytest.raises(SourceError, match="changed the balance of 'INV-"):
        transform(frame, [step(lambda rows: REORDERED[name](rows.assign(balance=more)))])


def test_an_invoice_and_a_credit_note_of_one_number_are_not_taken_for_each_other() -> None:
    frame = invoices(invoice_ref=["INV-1", "INV-1"], kind=["invoice", "credit_note"], balance=["10", "-4"])
    result = transform(frame, [step(lambda rows: rows[rows["kind"] == "credit_note"].reset_index(drop=True))])
    assert result.notes == ()
    assert result.invoices["balance"].tolist() == [Decimal(-4)]


def test_a_step_may_give_a_document_another_kind() -> None:
    frame = invoices(balance=["-1", "2", "3"], kind=["payment", "invoice", "invoice"])
    result = transform(frame, [step(lambda rows: rows.assign(kind=rows["kind"].replace("payment", "credit_note")))])
    assert result.notes == ()
    assert result.facts is not None
    assert result.facts["arfeed_source_kind"].tolist() == ["payment", "invoice", "invoice"]


@pytest.mark.parametrize(
    "changes", ["balance", {"due_on"}, ["balance", "memo"], 7], ids=["text", "free anyway", "one wrong", "number"]
)
def test_invalid_declarations_are_reported(changes: Collection[str]) -> None:
    with pytest.raises(SourceError, match=r"transform 'step'.*changes"):
        transform(invoices(**OWED), [step(shifted, changes=changes)])


def test_the_source_s_own_values_are_kept_beside_what_steps_made_of_them() -> None:
    steps = [
        step(lambda rows: rows.iloc[[2, 0]], "first"),
        step(lambda rows: rows.assign(amount=rows["balance"], memo="x"), "second", {"amount"}),
        step(lambda rows: rows.assign(issued_on=rows["issued_on"].mask(rows["invoice_ref"] == "INV-1")), "third"),
    ]
    result = transform(invoices(**OWED), steps)
    assert result.facts is not None
    assert [*result.facts.columns] == ["arfeed_source_issued_on", "arfeed_source_amount"]
    assert result.facts["arfeed_source_amount"].tolist() == [Decimal("3.50"), Decimal(1300)]
    assert result.facts["arfeed_source_issued_on"].tolist() == [date(2026, 4, 7)] * 2
    kept = keep(result.invoices, ["credit_note"], result.facts)
    assert kept.facts is not None
    assert kept.facts.empty


def test_steps_that_change_no_fact_leave_nothing_to_keep() -> None:
    assert transform(invoices(), [step(lambda rows: rows.assign(memo="x").iloc[::-1])]).facts is None
    assert transform(invoices(), []).facts is None
