"""docs/objections.md explains every objection, and the messages it shows are the ones that arfeed writes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

import arfeed.planning
from arfeed import Complete, Objection, Plan
from arfeed.interfaces import SourceRead
from arfeed.planning import reviewed
from arfeed.planning.approval import NOT_APPROVABLE, OUR_CODES
from planning import cases
from planning.plans import NO_DOCUMENTS, NOON, heard, invoices, planned, source
from planning.test_review import failing, reviewers

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "objections.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## `(.+?)`\n(.*?)(?=^## |\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def codes_in_the_code() -> set[str]:
    files = Path(arfeed.planning.__path__[0]).rglob("*.py")
    return {code for file in files for code in re.findall(r'[Oo]bjection\(\s*"([^"]+)"', file.read_text("utf-8"))}


def test_every_objection_has_a_section_and_every_section_an_objection() -> None:
    assert {*SECTIONS} == codes_in_the_code() == OUR_CODES


@pytest.mark.parametrize("code", sorted(codes_in_the_code()))
def test_every_section_says_when_what_it_means_and_what_to_do(code: str) -> None:
    for heading in ("**When.**", "**What it means.**", "**What to do.**", "> "):
        assert heading in SECTIONS[code], f"{code} lacks {heading}"


@pytest.mark.parametrize("code", sorted(codes_in_the_code()))
def test_the_example_is_what_arfeed_writes(code: str) -> None:
    example = " ".join(re.findall(r"^> (.*)$", SECTIONS[code], flags=re.MULTILINE))
    assert example == f"✗ {code}: {examples()[code].message}"


def test_the_page_says_what_no_approval_covers() -> None:
    assert {code for code, text in SECTIONS.items() if "No approval covers it" in text} == NOT_APPROVABLE


def examples() -> dict[str, Objection]:
    plans = heard(_first()) | heard(_empty()) | heard(_changed()) | heard(_troubled()) | _failed()
    return plans | _branch_lost() | _nearly_all_lost() | _older() | _returned() | _file_lost()


def _first() -> Plan:
    return planned(None, invoices(212))


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
        documents=replace(NO_DOCUMENTS, without=pd.Series(["INV-1", "2026-0008"], dtype="str")),
    )


def _failed() -> dict[str, Objection]:
    plan = reviewed(planned(invoices(), invoices()), reviewers(company_rules=failing), "s")
    return {objection.code: objection for objection in plan.objections}
