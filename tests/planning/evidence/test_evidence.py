"""How good the evidence is that a missing invoice is closed: four degrees, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed import Complete
from arfeed.model.results import Ledger, SourceReport
from arfeed.planning.evidence.degrees import add_evidence
from support.feeds.plans import invoices, source

SILENT = source(complete=Complete(rows=3, totals={"GBP": Decimal(30)}))
DECLARED = source(absent_means_paid=True)


def ledger(moved: str = "0", name: str = "erp", currency: str = "GBP", **known: Any) -> Ledger:
    """A list and a control account whose difference was 5 at the last delivery, and has moved by so much since."""
    listed = Decimal(80) + Decimal(moved)
    return Ledger(name, currency, listed, Decimal(75), Decimal(100), Decimal(95), **known)


def evidence(
    reason: str | list[str], *sources: SourceReport, ledgers: list[Ledger] | None = None, **columns: Any
) -> list[str]:
    reasons = [reason] if isinstance(reason, str) else reason
    missing = invoices(len(reasons), **columns).assign(reason=pd.Series(reasons, dtype="str"))
    return add_evidence(missing, sources, ledgers or [])["evidence"].tolist()


@pytest.mark.parametrize("reason", ["paid", "void", "draft", "settled"])
def test_what_the_source_itself_calls_closed_is_proven(reason: str) -> None:
    assert evidence(reason, SILENT) == ["proven"]
    assert evidence(reason, DECLARED, ledgers=[ledger("1")]) == ["proven"]


@pytest.mark.parametrize(
    "complete", [Complete(), Complete(rows=3), Complete(totals={}), Complete(lists_closed=True)],
    ids=["nothing", "a count", "totals", "closed ones listed"],
)  # fmt: skip
def test_no_control_of_the_list_explains_an_absence(complete: Complete) -> None:
    assert evidence("gone", source(complete=complete)) == ["unexplained"]


def test_absence_is_payment_where_the_settings_say_so_of_that_source() -> None:
    sources = DECLARED, source("shop")
    assert evidence(["gone", "gone"], *sources, source=["erp", "shop"]) == ["asserted", "unexplained"]


def test_of_a_list_that_may_be_cut_absence_is_payment_for_no_setting() -> None:
    cut = source(absent_means_paid=True, complete=Complete(capped=True))
    assert evidence(["gone", "paid"], cut) == ["unexplained", "proven"]
    assert evidence("gone", cut, ledgers=[ledger()]) == ["balanced"]


def test_a_difference_that_has_not_moved_balances() -> None:
    assert evidence("gone", SILENT, ledgers=[ledger()]) == ["balanced"]
    assert evidence("gone", DECLARED, ledgers=[ledger()]) == ["balanced"]


@pytest.mark.parametrize("moved", ["0.01", "-0.01", "-10"])
def test_a_difference_that_moved_by_a_cent_balances_nothing(moved: str) -> None:
    assert evidence("gone", SILENT, ledgers=[ledger(moved)]) == ["unexplained"]
    assert evidence("gone", DECLARED, ledgers=[ledger(moved)]) == ["asserted"]


def test_a_control_account_that_was_not_known_before_balances_nothing() -> None:
    assert evidence("gone", SILENT, ledgers=[Ledger("erp", "GBP", Decimal(80), Decimal(80))]) == ["unexplained"]


@pytest.mark.parametrize("other", [{"name": "shop"}, {"currency": "EUR"}], ids=["source", "currency"])
def test_a_ledger_balances_its_own_source_and_currency_alone(other: dict[str, str]) -> None:
    assert evidence("gone", SILENT, ledgers=[ledger(**other)]) == ["unexplained"]
    assert evidence("gone", SILENT, ledgers=[ledger(**other), ledger()]) == ["balanced"]


def test_what_one_customer_lost_is_not_balanced_by_what_another_gained() -> None:
    moved = ledger(customers=(("C-A1", Decimal(-10)), ("C-A9", Decimal(10))))
    assert evidence(["gone", "gone"], SILENT, ledgers=[moved]) == ["unexplained", "balanced"]


def test_currency_and_customer_are_those_of_the_list_not_those_that_a_transform_made() -> None:
    columns = {"currency": ["EUR", "GBP"], "customer_id": "GROUP"}
    missing = invoices(2, **columns).assign(
        reason="gone",
        arfeed_source_currency=pd.Series(["GBP", "EUR"], dtype="str"),
        arfeed_source_customer_id=pd.Series(["C-1", "C-2"], dtype="str"),
    )
    assert add_evidence(missing, [SILENT], [ledger()])["evidence"].tolist() == ["balanced", "unexplained"]
    moved = ledger(customers=(("C-1", Decimal(-10)), ("C-9", Decimal(10))))
    assert add_evidence(missing, [SILENT], [moved])["evidence"].tolist() == ["unexplained", "unexplained"]


@pytest.mark.parametrize(
    "reason", ["removed by exclude", "source removed", "still open", "open with a balance of 0"]
)  # fmt: skip
def test_neither_declaration_nor_ledger_explains_what_is_not_gone(reason: str) -> None:
    assert evidence(reason, DECLARED, ledgers=[ledger()]) == ["unexplained"]


def test_an_adopted_row_is_no_source_s_to_explain() -> None:
    assert evidence("gone", DECLARED, ledgers=[ledger()], source="") == ["unexplained"]


def test_there_are_four_degrees_and_every_row_keeps_its_own() -> None:
    missing = (
        invoices(5, source=["erp", "shop", "till", "erp", "shop"], currency=["GBP", "GBP", "GBP", "EUR", "EUR"])
        .assign(reason=pd.Series(["paid", "gone", "gone", "gone", "gone"], dtype="str"))
        .set_axis([9, 9, 2, 1, 0])
    )
    sources = [source("erp"), source("shop"), source("till", absent_means_paid=True)]
    judged = add_evidence(missing, sources, [ledger(name="shop")])
    assert judged["evidence"].tolist() == ["proven", "balanced", "asserted", "unexplained", "unexplained"]
    assert judged["evidence"].dtype == "str"
    pd.testing.assert_frame_equal(judged.drop(columns="evidence"), missing)


def test_nothing_missing_needs_no_evidence() -> None:
    judged = add_evidence(invoices(0).assign(reason=pd.Series(dtype="str")), [SILENT], [ledger()])
    assert judged.empty
    assert judged["evidence"].dtype == "str"
