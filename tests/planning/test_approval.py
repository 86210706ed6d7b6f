"""An approval names how many invoices will be marked as paid, and holds for exactly those."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pluggy
import pytest

from arfeed import Complete, Objection, Plan
from arfeed.model.hooks import Hooks
from arfeed.planning.adoption import find_dropped, make_adoption_code
from arfeed.planning.approval import Shown, is_settled_by, make_approval_code
from arfeed.planning.fingerprints import hash_facts
from arfeed.planning.review import review_plan
from support.feeds.plans import invoices, planned, source

NOBODY = pluggy.PluginManager("arfeed")
NOBODY.add_hookspecs(Hooks)

BEFORE = invoices(100)
PLAN = planned(BEFORE, BEFORE.iloc[40:].reset_index(drop=True), reasons="gone", sources=(source(complete=Complete()),))


def code(plan: Plan, settings: str = "s1") -> str:
    approval = review_plan(plan, NOBODY, settings).approval
    assert approval is not None
    return approval


def test_the_code_names_the_number_of_missing_invoices() -> None:
    assert re.fullmatch(r"40-[0-9a-f]{6}", code(PLAN))
    assert code(planned(None, invoices(3))).startswith("0-")


def test_the_code_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert code(PLAN) == "40-48f2db"
    assert code(planned(None, invoices(3))) == "0-d84c94"


def with_missing(reason: str | list[str] = "gone", **columns: object) -> Plan:
    """The same plan, with other values in the missing rows."""
    return replace(PLAN, missing=invoices(40, **columns).assign(reason=reason, evidence="unexplained"))


def following(report: pd.DataFrame) -> Plan:
    return planned(BEFORE, report, reasons="gone", sources=PLAN.sources)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, at=PLAN.at + timedelta(days=1)),
        replace(PLAN, missing=PLAN.missing.iloc[::-1]),
        with_missing(memo="other", po_number="7"),
        following(BEFORE.iloc[40:].reset_index(drop=True).assign(memo="x")),
        following(invoices(100, balance=["10"] * 40 + ["7"] * 20 + ["10"] * 40).iloc[40:].reset_index(drop=True)),
        following(invoices([f"A{n}" for n in range(41, 131)])),
        replace(PLAN, feed="other", notes=("something",)),
    ],
    ids=["time", "order of rows", "other columns", "another memo", "balances of others", "new invoices", "feed"],
)
def test_the_code_stays_while_what_it_approves_stays(other: Plan) -> None:
    assert code(other) == code(PLAN)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, baseline="run-2"),
        replace(PLAN, destination="sftp://acme@example.org:22/"),
        replace(PLAN, missing=PLAN.missing.iloc[1:]),
        with_missing(invoice_ref=["Z1", *PLAN.missing["invoice_ref"][1:]]),
        with_missing(balance=["10.0001", *["10"] * 39]),
        with_missing(["draft", *["gone"] * 39]),
        with_missing(customer_id="C"),
        with_missing(customer_name="other"),
        with_missing(customer_email="a@example.com"),
        with_missing(kind="credit_note"),
        with_missing(issued_on=None),
        with_missing(due_on=None),
        with_missing(amount="11"),
        replace(PLAN, missing=PLAN.missing.assign(evidence=["asserted", *["unexplained"] * 39])),
        replace(PLAN, sources=(source(max_age="1 day", complete=Complete()),)),
    ],
    ids=[
        "baseline",
        "destination",
        "one fewer",
        "ref",
        "balance",
        "reason",
        "customer",
        "name",
        "email",
        "kind",
        "issue date",
        "due date",
        "amount",
        "evidence",
        "one more objection",
    ],
)
def test_the_code_changes_with_whatever_it_approves(other: Plan) -> None:
    assert code(other) != code(PLAN)


@pytest.mark.parametrize(
    "other",
    [
        *(invoices(2), invoices(["A1", "A2", "B3"])),
        *(invoices(3, balance=["10", "10", "9"]), invoices(3, amount=["11", "10", "10"]), invoices(3, amount=None)),
        *(invoices(3, currency="USD"), invoices(3, customer_id="C"), invoices(3, customer_name=["Ada", "Ada", "Eve"])),
        *(invoices(3, issued_on=date(2026, 1, 4)), invoices(3, due_on=None)),
        invoices(3, customer_email="a@example.com"),
        invoices(3, kind="credit_note", balance="-10", amount="-10"),
    ],
    ids=["one fewer", "ref", "balance", "amount", "no amounts", "currency", "customer", "name", "issue date",
         "due date", "email", "kind"],
)  # fmt: skip
def test_the_code_of_a_first_delivery_changes_with_its_report(other: pd.DataFrame) -> None:
    assert code(planned(None, other)) != code(planned(None, invoices(3)))


def test_the_code_of_a_first_delivery_stays_in_another_order_and_with_other_memos() -> None:
    rows = invoices(3)
    assert code(planned(None, rows.iloc[::-1].reset_index(drop=True).assign(memo="x"))) == code(planned(None, rows))


def shown(report: pd.DataFrame, *refs: str, code: str = "company-rule") -> str:
    """The code of a plan in which a reviewer has named these invoices."""
    objections = [Objection(code, "look at these", refs)]
    return make_approval_code(Shown("run-1", "d", "s", PLAN.missing, objections, report=report))


ROWS = invoices(4)


def test_the_code_changes_with_every_fact_of_the_invoices_that_an_objection_names() -> None:
    others = [
        ROWS.assign(**{name: invoices(4, **{name: value})[name]})
        for name, value in {
            "kind": "payment", "customer_id": "C", "customer_name": "Eve", "customer_email": "a@example.com",
            "currency": "USD", "issued_on": None, "due_on": None, "amount": "11", "balance": "11",
        }.items()
    ]  # fmt: skip
    assert len({shown(report, "A2") for report in (ROWS, *others)}) == 1 + len(others)


def test_the_code_changes_with_the_numbers_that_an_objection_names() -> None:
    assert len({shown(ROWS), shown(ROWS, "A2"), shown(ROWS, "A2", "A3"), shown(ROWS, "A1A2"), shown(ROWS, "Z9")}) == 5
    assert shown(ROWS, "A2", "A3") == shown(ROWS, "A3", "A2")


def test_the_code_stays_while_other_invoices_move() -> None:
    moved = invoices(["A9", *ROWS["invoice_ref"]], balance=["1", "3", "10", "4", "5"], customer_id=["C", "X", "C-A2",
                     "Y", "Z"])  # fmt: skip
    assert shown(moved, "A2") == shown(ROWS, "A2") != shown(moved, "A3")


def test_an_invoice_may_be_named_by_the_number_of_its_source() -> None:
    rows = ROWS.assign(source_ref=["S1", "S2", "S3", "S4"])
    other = rows.assign(balance=invoices(4, balance=["10", "9", "10", "10"])["balance"])
    assert shown(rows, "S2") != shown(other, "S2")
    assert shown(rows, "S3") == shown(other, "S3")


def test_what_is_owed_on_an_invoice_without_a_pdf_may_move() -> None:
    assert shown(invoices(4, balance="9"), "A2", code="documents") == shown(ROWS, "A2", code="documents")


@pytest.mark.parametrize("count", [0, 1, 5, 5000])
def test_the_hash_of_a_report_is_of_its_rows_in_any_order(count: int) -> None:
    rows = invoices(count, due_on=[None, *[date(2026, 4, 1)] * (count - 1)][:count])
    assert hash_facts(rows) == hash_facts(rows.sample(frac=1, random_state=1).reset_index(drop=True))
    assert hash_facts(rows) == hash_facts(rows.sample(frac=1, random_state=2))


def test_references_that_are_too_long_or_too_like_for_a_number_are_put_in_order_by_the_alphabet() -> None:
    for refs in (["A" * 70 + str(n) for n in range(9)], ["A", "A\0", "A\0\0", "", "B"]):
        rows = invoices(refs)
        assert hash_facts(rows) == hash_facts(rows.iloc[::-1].reset_index(drop=True))


@pytest.mark.parametrize(
    ("rows", "digest"),
    [
        (invoices(0), "1e3d1c2a8e2a"),
        (invoices(3), "57c4bdf403a2"),
        (invoices(["C", "A", "B"], due_on=[None, date(2026, 4, 1), None], amount=[None, "1", "2"]), "fbfa75b5a6da"),
        (invoices(["B" * 64, "A" * 64, "C"]), "4fa6d7d38d5d"),
        (invoices(["B" * 65, "A" * 65, "C"]), "1f532980185e"),
        (invoices(["", "é", "É", "A"], customer_email=["", "a@example.com", "", "b"]), "2b15d1a4d06d"),
        (PLAN.missing, "577995105dc8"),
    ],
    ids=["nothing", "three", "blanks", "64 bytes", "65 bytes", "foreign", "missing"],
)
def test_a_hash_is_the_same_in_every_version(rows: pd.DataFrame, digest: str) -> None:
    assert hash_facts(rows)[:12] == digest


def test_blanks_in_other_rows_make_another_hash() -> None:
    first, second = ([None, date(2026, 4, 1)], [date(2026, 4, 1), None])
    assert hash_facts(invoices(2, issued_on=first)) != hash_facts(invoices(2, issued_on=second))


def test_the_code_changes_with_the_currency_of_what_is_missing() -> None:
    codes = {make_approval_code(Shown("r", "d", "s", invoices(2, currency=currency))) for currency in ("GBP", "EUR")}
    assert len(codes) == 2


def test_the_code_changes_with_the_settings() -> None:
    assert code(PLAN, "s2") != code(PLAN, "s1")


def test_values_that_move_from_one_column_or_row_to_another_change_the_code() -> None:
    def of(ref: str, reason: str) -> str:
        return make_approval_code(Shown(None, "d", "s", invoices([ref]).assign(reason=reason)))

    assert len({of("A1", "paid"), of("A110", "paid"), of("A", "1paid"), of("", "A1paid")}) == 4


def test_only_the_codes_of_objections_count_each_once_in_any_order() -> None:
    one, other, again = Objection("a", "x"), Objection("b", "y"), Objection("a", "z")
    codes = [
        make_approval_code(Shown("r", "d", "s", PLAN.missing, given))
        for given in ([one, other], [other, again], [again, one, other], [one])
    ]
    assert codes[0] == codes[1] == codes[2] != codes[3]


def test_a_plan_without_objections_needs_no_approval() -> None:
    plan = review_plan(planned(invoices(), invoices()), NOBODY, "s")
    assert (plan.objections, plan.approval) == ((), None)


def test_only_the_printed_code_settles_the_plan() -> None:
    plan = review_plan(PLAN, NOBODY, "s1")
    assert is_settled_by(plan.approval, plan)
    assert not is_settled_by(None, plan)
    assert not is_settled_by("40-000000", plan)
    assert not is_settled_by(str(plan.approval).upper(), plan)


def test_nothing_settles_a_plan_that_may_not_be_approved() -> None:
    plan = review_plan(replace(PLAN, foreign=("a.csv",)), NOBODY, "s1")
    assert {"foreign-report", "unexplained"} == {objection.code for objection in plan.objections}
    assert plan.approval is None
    assert not is_settled_by(None, plan)
    assert not is_settled_by(code(PLAN), plan)


def test_a_first_delivery_of_another_destination_has_another_code() -> None:
    plan = planned(None, invoices(3))
    assert code(plan) != code(replace(plan, destination="elsewhere"))


# --- adopt


def test_adopting_drops_what_the_adopted_report_lacks() -> None:
    rows = find_dropped(invoices(["a1", "e\u0301"]), invoices(["A1", "A2", "É", "A4"]))
    assert rows["invoice_ref"].tolist() == ["A2", "A4"]
    assert rows["reason"].tolist() == ["dropped by adopt"] * 2


def test_adopting_all_of_the_baseline_drops_nothing() -> None:
    rows = find_dropped(invoices(3), invoices(2))
    assert rows.empty
    assert rows["reason"].dtype == "str"


def test_approving_an_adoption_is_bound_to_all_that_it_is_about() -> None:
    rows = find_dropped(invoices(1), invoices(3))
    codes = [
        make_adoption_code("run-1", "d", "report", rows),
        make_adoption_code("run-2", "d", "report", rows),
        make_adoption_code("run-1", "e", "report", rows),
        make_adoption_code("run-1", "d", "other", rows),
        make_adoption_code("run-1", "d", "report", rows.iloc[:1]),
    ]
    assert codes[0] == make_adoption_code("run-1", "d", "report", rows.iloc[::-1])
    assert len({*codes}) == 5
    assert codes[0].startswith("2-")
