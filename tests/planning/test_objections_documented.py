"""docs/objections.md explains every objection, and the messages it shows are the ones that arfeed writes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import arfeed.planning
from arfeed import Complete, Objection, Plan
from arfeed.history.records import OutcomeOfDelivery
from arfeed.model.outcome import Rejection
from arfeed.model.results import Doubt, Forgotten, Ledger, SourceRead
from arfeed.model.settings import GuardSettings
from arfeed.planning.approval import NOT_APPROVABLE, OUR_CODES
from arfeed.planning.evidence.ledgers import sum_outflow
from arfeed.planning.guards.budget import Unproven
from arfeed.planning.guards.builtin import find_objections
from arfeed.planning.guards.known import Known
from arfeed.planning.review import review_plan
from planning.test_review import failing, reviewers
from support.feeds import cases
from support.feeds.plans import NO_DOCUMENTS, NOON, heard, invoices, planned, source

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "objections.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def codes_in_the_code() -> set[str]:
    files = Path(arfeed.planning.__path__[0]).rglob("*.py")
    return {code for file in files for code in re.findall(r'[Oo]bjection\(\s*"([^"]+)"', file.read_text("utf-8"))}


def test_every_objection_has_a_section_and_every_section_an_objection() -> None:
    assert {*SECTIONS} == codes_in_the_code() == OUR_CODES


@pytest.mark.parametrize("code", sorted(OUR_CODES))
def test_every_section_says_when_what_it_means_and_what_to_do(code: str) -> None:
    for heading in ("**When.**", "**What it means.**", "**What to do.**", "> "):
        assert heading in SECTIONS[code], f"{code} lacks {heading}"


def test_the_examples_are_what_arfeed_writes() -> None:
    shown = {code: " ".join(re.findall(r"^> (.*)$", text, flags=re.MULTILINE)) for code, text in SECTIONS.items()}
    assert shown == {code: f"✗ {code}: {objection.message}" for code, objection in examples().items()}


def test_each_objection_names_all_that_an_approval_of_it_covers() -> None:
    named = {code: " ".join(objection.refs) for code, objection in examples().items()}
    of_hamburg = " ".join(f"A{number}" for number in range(1, 201, 4))
    three = "INV-7 INV-8 INV-9"
    assert {code: refs for code, refs in named.items() if refs} == {
        **dict.fromkeys(("balances-scaled", "config-changed", "currency-changed", "customer-changed"), three),
        **dict.fromkeys(("amounts-changed", "dates-changed", "dates-shifted", "due-dates-lost", "sums-moved"), three),
        **dict.fromkeys(("missing-money", "pattern", "surprise"), of_hamburg),
        **dict.fromkeys(("contradiction", "ledger-moved", "more-than-received", "still-open"), "INV-9"),
        **dict.fromkeys(("older-list", "returned"), "A1 A2 A3"),
        "balance-above-amount": "INV-8",
        "budget": "A1 A2 A3 A4 A5 A6 A7 A8",
        "dates-exchanged": "INV-7 INV-8",
        "documents": "INV-1 2026-0008",
        "everything-changed": " ".join(f"INV-{number}" for number in range(1, 152)),
        "file-gone": "A2 A4 A6 A8",
        "foreign-report": "open_ar_20260409T101500Z.csv",
        "history-behind": "20260409T101500Z-5d0c1e",
        "missing-share": "A1 A2 A3 A4 A5 A6 A7 A8 A9",
        "number-reused": "INV-7",
        "old-document": "2026-0008",
        "rejected-by-receiver": "20260409T101500Z-5d0c1e INV-7",
        "renamed": "INV-8",
        "same-document": "INV-1 INV-7",
        "same-receiver": "sftp://acme@sftp.example.com:22",
        "unexplained": "INV-7 INV-8",
        "unproven-closing": "A3",
    }


def test_the_page_says_what_no_approval_covers() -> None:
    assert {code for code, text in SECTIONS.items() if "No approval covers it" in text} == NOT_APPROVABLE


def examples() -> dict[str, Objection]:
    plans = (
        _first(),
        _totals(),
        _doubtful(),
        _elsewhere(),
        _behind(),
        _empty(),
        _changed(),
        _troubled(),
        *_of_those_that_stay(),
        _contradictory(),
        _ledger_moved(),
        _too_little_received(),
    )
    said = {code: objection for plan in plans for code, objection in heard(plan).items()}
    said |= _over_budget() | _failed() | _not_reconciled() | _rejected() | _unproven()
    return said | _branch_lost() | _nearly_all_lost() | _older() | _returned() | _file_lost()


def _first() -> Plan:
    return planned(None, invoices(212))


def _totals() -> Plan:
    return planned(None, invoices(212), sources=(source("erp", columns={"balance": "Total"})._replace(open=212),))


def _doubtful() -> Plan:
    said = (
        "the column 'Läge' is not mapped, but has 'Makulerad' (3 rows) that would be reported as owed. "
        'Name it: columns.status = "Läge", with `values.status` for its words'
    )
    return planned(None, invoices(212), sources=(source("erp")._replace(doubts=(Doubt(said, "Läge"),)),))


def _elsewhere() -> Plan:
    plan = replace(planned(None, invoices(212)), destination="sftp://acme@198.51.100.7:22")
    return replace(plan, also_known=("sftp://acme@sftp.example.com:22",))


def _behind() -> Plan:
    runs = ("20260409T101500Z-5d0c1e", "20260408T101500Z-93ab07")
    later, known = datetime(2026, 4, 9, 10, 15, 4, tzinfo=UTC), datetime(2026, 4, 8, 10, 15, 2, tzinfo=UTC)
    lost = Forgotten(runs[0], later, "open_ar_20260409T101500Z.csv", 230, None, runs[1], known)
    return replace(planned(invoices(212), invoices(212)), forgotten=lost)


def _empty() -> Plan:
    return planned(invoices(212), invoices(0))


def _branch_lost() -> dict[str, Objection]:
    rows = cases.listed(200, 60, branch=["Hamburg", "Kiel", "Bonn", "Ulm"] * 50, balance="120")
    return cases.heard(cases.case(rows, range(0, 200, 4)), cases.after_days(rows, (), 40))


def _nearly_all_lost() -> dict[str, Objection]:
    rows = cases.listed(12, 12, due_on=cases.due_in(-5), balance="120")
    return {"missing-share": cases.heard(cases.case(rows, range(9)))["missing-share"]}


def _older() -> dict[str, Objection]:
    rows = cases.listed(30, 12, issued_on=[cases.due_in(-1)] * 3 + [cases.due_in(-4)] * 27)
    return {"older-list": cases.heard(cases.case(rows, range(3)))["older-list"]}


def _returned() -> dict[str, Objection]:
    rows = cases.listed(40)
    left = rows.iloc[3:].reset_index(drop=True)
    change = pd.Series(["new"] * 3 + ["unchanged"] * 37, dtype="str")
    again = replace(cases.case(left), report=rows.assign(change=change))
    return cases.heard(again, cases.after_days(rows, range(3), 1))


def _file_lost() -> dict[str, Objection]:
    rows = cases.listed(8, 5, due_on=cases.due_in(-2), arfeed_file=["north.csv", "south.csv"] * 4, balance="120")
    return {"file-gone": cases.heard(cases.case(rows, range(1, 8, 2)))["file-gone"]}


def _changed() -> Plan:
    refs = [f"INV-{number}" for number in range(1, 201)]
    after = invoices(refs, customer_name="Cedar GmbH", balance=["999.5", *["450"] * 150, *["10"] * 49])
    return planned(invoices(refs), after)


def _troubled() -> Plan:
    names, balances = ["Albion Ltd", "Bramble Ltd", "Cedar GmbH"], ["1200", "90.5", "310"]
    before = invoices(["INV-7", "INV-8", "INV-9", "INV-1"], customer_name=[*names, "Oak"], balance=[*balances, "1"])
    after = invoices(["INV-1", "2026-0008"], customer_id=["C-INV-1", "C-INV-8"])
    read = SourceRead(NOON, date(2026, 4, 9), None)
    sources = (
        source("xero-uk", as_of=date(2026, 4, 6), max_age="3 days", before=read),
        source("erp", complete=Complete()),
    )
    plan = planned(before, after, reasons=["gone", "gone", "removed by exclude"], sources=sources)
    return replace(
        plan,
        settings_changed=True,
        foreign=("open_ar_20260409T101500Z.csv",),
        documents_required=True,
        documents=replace(
            NO_DOCUMENTS,
            without=pd.Series(["INV-1", "2026-0008"], dtype="str"),
            old={"2026-0008": "an earlier invoice 2026-0008, issued 2025-03-31"},
            shared=(("INV-1", "INV-7"),),
        ),
    )


def _contradictory() -> Plan:
    before = invoices(["INV-9", "INV-1"], balance=["310", "1"], customer_name=["Cedar GmbH", "Oak"])
    return planned(before, before.iloc[1:].reset_index(drop=True), reasons="open with a balance of 0")


def _ledger(**known: Any) -> Ledger:
    """A control account that was 35.50 EUR above the list at the last delivery."""
    listed, account, before = Decimal("18330.00"), Decimal("18675.50"), (Decimal("18640.00"), Decimal("18675.50"))
    return Ledger("erp", "EUR", known.pop("listed", listed), known.pop("account", account), *before, **known)


def _euros(**known: Any) -> Plan:
    before = invoices(["INV-9", "INV-1"], balance=["310", "18330"], customer_name=["Cedar GmbH", "Oak"], currency="EUR")
    return planned(before, before.iloc[1:].reset_index(drop=True), reasons="gone", **known)


def _ledger_moved() -> Plan:
    return _euros(ledgers=(_ledger(customers=(("Cedar GmbH", Decimal(-310)),)),))


def _too_little_received() -> Plan:
    return _euros(ledgers=(_ledger(account=Decimal("18365.50"), received=Decimal(120)),))


def _over_budget() -> dict[str, Objection]:
    rows = invoices(200, balance="120")
    plan = planned(rows, rows.iloc[8:].reset_index(drop=True), reasons="gone", sources=(source(),))
    known = Known(approved=(Unproven("erp", "GBP", 15, Decimal("1800")),))
    said = {objection.code: objection for objection in find_objections(plan, known, sum_outflow(plan))}
    return {"budget": said["budget"]}


def _not_reconciled() -> dict[str, Objection]:
    plan = planned(invoices(2), invoices(2), guards=GuardSettings(reconcile_every=timedelta(days=30)))
    known = Known(reconciled=plan.at - timedelta(days=35))
    return {objection.code: objection for objection in find_objections(plan, known, sum_outflow(plan))}


def _rejected() -> dict[str, Objection]:
    plan = planned(invoices(2), invoices(2))
    run, name = "20260409T101500Z-5d0c1e", "open_ar_20260409T101500Z.csv"
    file = Rejection(f"it lies in failed/{name}", file=name)
    row = Rejection("the customer is not known", "INV-7", name)
    known = Known(rejections=(OutcomeOfDelivery(run, NOON, "rejected", True, (file, row)),))
    return {each.code: each for each in find_objections(plan, known, sum_outflow(plan))}


def _unproven() -> dict[str, Objection]:
    plan = planned(invoices(3), invoices(2), reasons="gone", absence="nothing")
    return {"unproven-closing": heard(plan)["unproven-closing"]}


_ALBION = ["Albion Ltd", "Bramble Ltd", "Cedar GmbH"]
_STAYING: dict[str, object] = {
    "customer_id": ["C-1", "C-2", "C-3"],
    "customer_name": _ALBION,
    "issued_on": [date(2026, 3, 4), date(2026, 3, 9), date(2026, 3, 20)],
    "due_on": None,
    "amount": ["1200", "90.5", "310"],
    "balance": ["1200", "90.5", "310"],
}


def _of_those_that_stay() -> Iterator[Plan]:
    """Three invoices that stand in both reports, each time with one thing wrong."""
    refs = ["INV-7", "INV-8", "INV-9"]
    for wrong in (
        {"currency": "USD"},
        {"customer_name": [*_ALBION[1:], _ALBION[0]]},
        {"issued_on": [date(2026, 4, 3), date(2026, 9, 3), date(2026, 3, 20)]},
        {"issued_on": [date(2026, 3, 3), date(2026, 3, 8), date(2026, 3, 19)]},
        {"issued_on": [date(2026, 3, 20), date(2026, 3, 4), date(2026, 3, 9)]},
        {"balance": ["12", "0.91", "3.1"]},
        {"balance": ["310", "1200", "90.5"], "amount": ["1200", "1200", "310"]},
        {"balance": ["310", "1200", "90.5"], "amount": ["310", "1200", "90.5"]},
        {"balance": ["1200", "120.5", "310"]},
        {
            "customer_id": ["C-9", "C-2", "C-3"],
            "customer_name": ["Oak Inc", *_ALBION[1:]],
            "issued_on": [date(2026, 4, 9), date(2026, 3, 9), date(2026, 3, 20)],
            "amount": ["75", "90.5", "310"],
            "balance": ["75", "90.5", "310"],
        },
    ):
        yield planned(invoices(refs, **_STAYING), invoices(refs, **(_STAYING | wrong)))
    dated = _STAYING | {"due_on": date(2026, 5, 1)}
    yield planned(invoices(refs, **dated), invoices(refs, **_STAYING))


def _failed() -> dict[str, Objection]:
    plan = review_plan(planned(invoices(), invoices()), reviewers(company_rules=failing), "s")
    return {objection.code: objection for objection in plan.objections}
