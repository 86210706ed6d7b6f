"""Every missing invoice has a reason: what its source says of it now, or which step removed it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

import pandas as pd
import pytest

from arfeed.planning import with_reasons
from planning.plans import invoices, removal

NOTHING = removal()


def reasons(
    missing: pd.DataFrame,
    listed: pd.DataFrame | None = None,
    removed: pd.DataFrame = NOTHING,
    sources: Collection[str] | None = ("erp", "shop"),
) -> list[str]:
    return with_reasons(missing, invoices(0) if listed is None else listed, removed, sources)["reason"].tolist()


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
    assert reasons(missing, invoices(status="paid")) == ["paid"]
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
        (invoices(["a1"], source="shop", status="void"), NOTHING, "void"),
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
        (invoices(kind=["credit_note", "invoice"], refs=["A1", "a1"], status=["open", "paid"]), NOTHING, "paid"),
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
    explained = with_reasons(missing, listed, removal(["A1"]), ["erp"])
    assert explained["reason"].tolist() == ["removed by exclude", "source removed", "void", "paid"]
    assert explained["reason"].dtype == "str"
    pd.testing.assert_frame_equal(explained.drop(columns="reason"), missing)


def test_nothing_missing_needs_no_reason() -> None:
    explained = with_reasons(invoices(0), invoices(3), removal(["A1"]), ["erp"])
    assert explained.empty
    assert explained["reason"].dtype == "str"


OTHER: dict[str, Any] = {"customer_id": "C9", "customer_name": "Zoe", "issued_on": date(2020, 1, 1), "amount": "5"}


@pytest.mark.parametrize("status", ["paid", "void", "draft"])
def test_a_number_that_was_used_again_does_not_close_the_invoice_that_had_it(status: str) -> None:
    assert reasons(invoices(), invoices(status=status, **OTHER)) == ["gone"]


def test_two_blanks_do_not_agree() -> None:
    blank: dict[str, Any] = {"issued_on": None, "amount": None}
    assert reasons(invoices(**blank), invoices(status="paid", **(OTHER | blank))) == ["gone"]


@pytest.mark.parametrize("same", OTHER)
def test_one_thing_that_agrees_makes_it_the_same_invoice(same: str) -> None:
    changed = {name: value for name, value in OTHER.items() if name != same}
    assert reasons(invoices(), invoices(status="paid", **changed)) == ["paid"]
