"""An approval names how many invoices will be marked as paid, and holds for exactly those."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd
import pluggy
import pytest

from arfeed import Objection, Plan
from arfeed.hookspecs import Hooks
from arfeed.planning import adoption_code, dropped, reviewed, settled_by
from arfeed.planning.approval import approval_code
from planning.plans import invoices, planned, source

NOBODY = pluggy.PluginManager("arfeed")
NOBODY.add_hookspecs(Hooks)

BEFORE = invoices(100)
PLAN = planned(BEFORE, BEFORE.iloc[40:].reset_index(drop=True), reasons="gone", sources=(source(),))


def code(plan: Plan, settings: str = "s1") -> str:
    approval = reviewed(plan, NOBODY, settings).approval
    assert approval is not None
    return approval


def test_the_code_names_the_number_of_missing_invoices() -> None:
    assert re.fullmatch(r"40-[0-9a-f]{6}", code(PLAN))
    assert code(planned(None, invoices(3))).startswith("0-")


def test_the_code_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert code(PLAN) == "40-286b1a"
    assert code(planned(None, invoices(3))) == "0-4f2b76"


def with_missing(reason: str | list[str] = "gone", **columns: object) -> Plan:
    """The same plan, with other values in the missing rows."""
    return replace(PLAN, missing=invoices(40, **columns).assign(reason=reason, evidence="unexplained"))


def unexplained(report: pd.DataFrame, **sources: Any) -> Plan:
    """A plan of the same baseline with another report, whose source says of no absence what it means."""
    return planned(BEFORE, report, reasons="gone", sources=(source(**sources),))


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, at=PLAN.at + timedelta(days=1)),
        replace(PLAN, missing=PLAN.missing.iloc[::-1]),
        with_missing(customer_name="other", due_on=None),
        unexplained(BEFORE.iloc[40:].reset_index(drop=True).assign(memo="x")),
        unexplained(invoices(100, balance=["10"] * 40 + ["7"] * 20 + ["10"] * 40).iloc[40:]),
        unexplained(invoices([f"A{n}" for n in range(41, 131)])),
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
        with_missing(["source removed", *["gone"] * 39]),
        unexplained(BEFORE.iloc[40:].reset_index(drop=True), max_age="1 day"),
    ],
    ids=["baseline", "destination", "one fewer", "ref", "balance", "reason", "one more objection"],
)
def test_the_code_changes_with_whatever_it_approves(other: Plan) -> None:
    assert code(other) != code(PLAN)


@pytest.mark.parametrize(
    "other",
    [invoices(2), invoices(3, balance=["10", "10", "11"]), invoices(["A1", "A2", "B3"])],
    ids=["one fewer", "balance", "ref"],
)
def test_the_code_of_a_first_delivery_changes_with_its_report(other: pd.DataFrame) -> None:
    assert code(planned(None, other)) != code(planned(None, invoices(3)))


def test_the_code_of_a_first_delivery_stays_in_another_order_and_with_other_memos() -> None:
    rows = invoices(3)
    assert code(planned(None, rows.iloc[::-1].reset_index(drop=True).assign(memo="x"))) == code(planned(None, rows))


def test_the_code_changes_with_the_settings() -> None:
    assert code(PLAN, "s2") != code(PLAN, "s1")


def test_values_that_move_from_one_column_or_row_to_another_change_the_code() -> None:
    def of(ref: str, reason: str) -> str:
        return approval_code(None, "d", "s", invoices([ref]).assign(reason=reason), ())

    assert len({of("A1", "paid"), of("A110", "paid"), of("A", "1paid"), of("", "A1paid")}) == 4


def test_only_the_codes_of_objections_count_each_once_in_any_order() -> None:
    one, other, again = Objection("a", "x"), Objection("b", "y"), Objection("a", "z", ("A1",))
    codes = [
        approval_code("r", "d", "s", PLAN.missing, given)
        for given in ([one, other], [other, again], [again, one, other], [one])
    ]
    assert codes[0] == codes[1] == codes[2] != codes[3]


def test_a_plan_without_objections_needs_no_approval() -> None:
    plan = reviewed(planned(invoices(), invoices()), NOBODY, "s")
    assert (plan.objections, plan.approval) == ((), None)


def test_only_the_printed_code_settles_the_plan() -> None:
    plan = reviewed(PLAN, NOBODY, "s1")
    assert settled_by(plan.approval, plan)
    assert not settled_by(None, plan)
    assert not settled_by("40-000000", plan)
    assert not settled_by(str(plan.approval).upper(), plan)


def test_nothing_settles_a_plan_that_may_not_be_approved() -> None:
    plan = reviewed(replace(PLAN, foreign=("a.csv",)), NOBODY, "s1")
    assert {"foreign-report", "unexplained"} == {objection.code for objection in plan.objections}
    assert plan.approval is None
    assert not settled_by(None, plan)
    assert not settled_by(code(PLAN), plan)


def test_a_first_delivery_of_another_destination_has_another_code() -> None:
    plan = planned(None, invoices(3))
    assert code(plan) != code(replace(plan, destination="elsewhere"))


# --- adopt


def test_adopting_drops_what_the_adopted_report_lacks() -> None:
    rows = dropped(invoices(["a1", "e\u0301"]), invoices(["A1", "A2", "É", "A4"]))
    assert rows["invoice_ref"].tolist() == ["A2", "A4"]
    assert rows["reason"].tolist() == ["dropped by adopt"] * 2


def test_adopting_all_of_the_baseline_drops_nothing() -> None:
    rows = dropped(invoices(3), invoices(2))
    assert rows.empty
    assert rows["reason"].dtype == "str"


def test_approving_an_adoption_is_bound_to_all_that_it_is_about() -> None:
    rows = dropped(invoices(1), invoices(3))
    codes = [
        adoption_code("run-1", "d", "report", rows),
        adoption_code("run-2", "d", "report", rows),
        adoption_code("run-1", "e", "report", rows),
        adoption_code("run-1", "d", "other", rows),
        adoption_code("run-1", "d", "report", rows.iloc[:1]),
    ]
    assert codes[0] == adoption_code("run-1", "d", "report", rows.iloc[::-1])
    assert len({*codes}) == 5
    assert codes[0].startswith("2-")
