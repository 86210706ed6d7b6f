"""Random days, faults and operators: no debt is written off at the receiver without somebody having said so.

The receiver's rule is applied to the reports as they appear: what one no longer lists has been paid.
"""

from __future__ import annotations

import csv
import json
import shutil
import tempfile
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from arfeed import ConfigError, RefusedError, SourceError
from arfeed.rehearsal.books import Books
from runs.feed import HEADER, REPORTS, Feed, Row, invoice
from runs.interruptions import KilledError, die_after_the_report, die_before_the_report

FLOOR, SHARE = 5, 0.2
SOURCES = ("erp", "ledger")
WITH_STATUS = [*HEADER, "status"]

sources = st.sampled_from(SOURCES)
numbers = st.integers(0, 40)


class Days(RuleBasedStateMachine):
    """Two sources: `erp` drops what is paid, `ledger` lists it as paid. A debt is a number that never changes."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = Feed(Path(tempfile.mkdtemp(prefix="arfeed-days-")) / "feed")
        self.feed.sources = {
            "erp": {"absent_means_paid": True},
            "ledger": {"columns": {"status": "status"}, "on_failure": "carry-forward"},
        }
        self.rows: dict[str, dict[int, Row]] = {source: {} for source in SOURCES}
        self.open: dict[str, set[int]] = {source: set() for source in SOURCES}
        self.debts: dict[str, tuple[str, int]] = {}
        self.shown: dict[str, list[list[Row]]] = {source: [] for source in SOURCES}
        self.approvals: list[str] = []
        self.books = Books()
        self.seen: set[str] = set()
        self.last = 0

    def teardown(self) -> None:
        shutil.rmtree(self.feed.folder.parent)

    # --- the companies' own books -----------------------------------------------------------------------------------

    @initialize()
    def first_delivery(self) -> None:
        for source in SOURCES:
            for _ in range(20):
                self.write(source)
            self.export(source)
        self.feed.approved()
        self.look()

    @rule(source=sources, count=st.integers(1, 3))
    def new_invoices(self, source: str, count: int) -> None:
        for _ in range(count):
            self.write(source)
        self.export(source)

    @rule(source=sources, picks=st.lists(numbers, min_size=1, max_size=4))
    def payments(self, source: str, picks: list[int]) -> None:
        for pick in picks:
            if self.open[source]:
                self.open[source].discard(sorted(self.open[source])[pick % len(self.open[source])])
        self.export(source)

    @rule(source=sources, pick=numbers)
    def renumbered(self, source: str, pick: int) -> None:
        number = sorted(self.rows[source])[pick % len(self.rows[source])]
        self.rows[source][number]["invoice_ref"] += "X"
        self.debts[self.rows[source][number]["invoice_ref"]] = (source, number)
        self.export(source)

    @rule(source=sources, pick=numbers)
    def part_payment(self, source: str, pick: int) -> None:
        row = list(self.rows[source].values())[pick % len(self.rows[source])]
        row["balance"] = str(Decimal(row["balance"]) / 2)
        self.export(source)

    # --- exports that are not what they should be -------------------------------------------------------------------

    @rule(source=sources, lost=st.integers(1, 30))
    def truncated_export(self, source: str, lost: int) -> None:
        self.feed.export(self.listed(source)[:-lost], source, WITH_STATUS)

    @rule(source=sources, pick=numbers)
    def old_export(self, source: str, pick: int) -> None:
        shown = self.shown[source]
        self.feed.export(shown[pick % len(shown)], source, WITH_STATUS)

    @rule(source=sources, kind=st.sampled_from(["header only", "bills", "none"]))
    def wrong_file(self, source: str, kind: str) -> None:
        if kind == "none":
            (self.feed.folder / f"{source}.csv").unlink(missing_ok=True)
        else:
            rows = [] if kind == "header only" else self.listed(source)
            self.feed.export(rows, source, ["supplier" if name == "customer_name" else name for name in WITH_STATUS])

    @rule(source=sources)
    def right_export(self, source: str) -> None:
        self.export(source)

    # --- people at the configuration --------------------------------------------------------------------------------

    @rule(customer=st.integers(0, 6))
    def filter_added(self, customer: int) -> None:
        self.feed.transforms = [{"use": "exclude", "customer_name": [f"Customer {customer}"]}]

    @rule()
    def filter_removed(self) -> None:
        self.feed.transforms = []

    @rule()
    def source_taken_out(self) -> None:
        self.feed.sources.pop("ledger", None)

    @rule()
    def source_put_back(self) -> None:
        self.feed.sources["ledger"] = {"columns": {"status": "status"}, "on_failure": "carry-forward"}

    # --- accidents --------------------------------------------------------------------------------------------------

    @rule()
    def history_lost(self) -> None:
        shutil.rmtree(self.feed.folder / ".arfeed", ignore_errors=True)

    @rule()
    def receiver_clears_its_folder(self) -> None:
        for name in self.ours():
            (self.feed.receiver / name).unlink()

    @rule(kept=st.integers(0, 40))
    def foreign_report(self, kept: int) -> None:
        name = f"{REPORTS}/zz_{len(self.seen):04}.csv"
        refs = sorted(self.books.open)[:kept]
        lines = [f"{ref},invoice,Customer 1,EUR,2026-03-05,{self.books.open[ref]}" for ref in refs]
        head = "invoice_ref,kind,customer_name,currency_iso,date_issued,balance"
        full = (
            "invoice_ref,kind,customer_id,customer_name,customer_email,currency_iso,date_issued,date_due,amount,balance"
        )
        text = "\n".join(
            [
                f"{full},po_number,memo",
                *(_whole(dict(zip(head.split(","), line.split(","), strict=True))) for line in lines),
            ]
        )
        (self.feed.receiver / name).write_text(text + "\n")
        self.look()

    # --- runs -------------------------------------------------------------------------------------------------------

    @rule(days=st.integers(0, 2))
    def sync(self, days: int) -> None:
        self.feed.now += timedelta(days=days)
        self.attempt(self.feed.sync)

    @rule()
    def sync_approved(self) -> None:
        with suppress(SourceError):
            approval = self.feed.plan().approval
            self.approvals += [approval] if approval else []
            self.attempt(self.feed.sync, approval)

    @rule(pick=numbers)
    def sync_with_an_old_approval(self, pick: int) -> None:
        if self.approvals:
            self.attempt(self.feed.sync, self.approvals[pick % len(self.approvals)])

    @rule(after=st.booleans(), approved=st.booleans(), taken_away=st.booleans())
    def sync_killed(self, after: bool, approved: bool, taken_away: bool) -> None:
        approval = None
        with suppress(SourceError):
            approval = self.feed.plan().approval if approved else None
        with suppress(KilledError):
            self.attempt(die_after_the_report if after else die_before_the_report, self.feed, approval)
        self.look()
        if taken_away:
            self.receiver_clears_its_folder()

    @rule(pick=numbers, approved=st.booleans())
    def resend(self, pick: int, approved: bool) -> None:
        with self.feed.records() as history:
            runs = [run.id for run in history.runs()]
        if runs:
            result = self.attempt(self.feed.resend, runs[pick % len(runs)])
            if approved and result and result.receipt is None:
                self.attempt(self.feed.resend, runs[pick % len(runs)], result.plan.approval)

    @rule(approved=st.booleans())
    def adopt_what_the_receiver_saw_last(self, approved: bool) -> None:
        if not self.books.reports:
            return
        name = list(self.books.reports)[-1].removeprefix(f"{REPORTS}/")
        try:
            self.feed.adopt(name)
        except RefusedError as refused:
            if approved:
                self.feed.adopt(name, str(refused).rsplit(" ", 1)[1])
        except ConfigError:
            assert not (self.feed.receiver / REPORTS / name).exists()

    def attempt(self, command: Any, *arguments: Any) -> Any:
        try:
            return command(*arguments)
        except (SourceError, RefusedError, ConfigError):
            return None
        finally:
            self.look()

    # --- what must hold ---------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Book every report that has appeared, and hold whatever it marks as paid against the companies' books."""
        for name in sorted(set(self.ours()) - self.seen):
            self.seen.add(name)
            content = (self.feed.receiver / name).read_text()
            listed = {row["invoice_ref"]: Decimal(row["balance"]) for row in csv.DictReader(content.splitlines())}
            written_off = self.books.open.keys() - listed.keys()
            self.books = self.books.after(name, listed).seen(name, "")
            if not Path(name).name.startswith("zz_"):
                self.judge(name, written_off, listed)

    def judge(self, name: str, written_off: set[str], listed: dict[str, Decimal]) -> None:
        receipt = self.receipt(name)
        named = {row["invoice_ref"] for row in receipt["missing"]} if receipt["approval"] else set()
        blind = any(objection["code"] == "unknown-baseline" for objection in receipt["objections"])
        for ref in written_off - named:
            source, number = self.debts[ref]
            if number not in self.open[source] or (blind and receipt["approval"]):
                continue
            assert self.believed_paid(ref, receipt, listed), (ref, name, receipt["missing"], receipt["objections"])

    def believed_paid(self, ref: str, receipt: dict[str, Any], listed: dict[str, Decimal]) -> bool:
        """Whether the user told arfeed to take this absence as payment, and the loss was too small to be noticed."""
        source, number = self.debts[ref]
        before = receipt["counts"]["unchanged"] + receipt["counts"]["changed"] + receipt["counts"]["missing"]
        missing = [row for row in receipt["missing"] if row["source"] == "erp"]
        reasons = {row["reason"] for row in missing if row["invoice_ref"] == ref}
        small = len(missing) <= FLOOR or len(missing) <= SHARE * before
        return (
            source == "erp" and reasons == {"gone"} and small and self.rows[source][number]["invoice_ref"] not in listed
        )

    def receipt(self, name: str) -> dict[str, Any]:
        with self.feed.records() as history:
            run = next(run for run in history.runs() if name.endswith(run.report_name) and run.kind != "adopt")
        receipt: dict[str, Any] = json.loads(run.receipt or "{}")
        return receipt

    # --- helpers ----------------------------------------------------------------------------------------------------

    def ours(self) -> list[str]:
        folder = self.feed.receiver / REPORTS
        return [f"{REPORTS}/{file.name}" for file in sorted(folder.glob("*.csv"))]

    def write(self, source: str) -> None:
        self.last += 1
        ref = f"{source[0].upper()}-{self.last:04}"
        self.rows[source][self.last] = invoice(self.last, invoice_ref=ref, issued_on="2026-03-28")
        self.open[source].add(self.last)
        self.debts[ref] = (source, self.last)

    def listed(self, source: str) -> list[Row]:
        """Return what a source lists: `ledger` everything with its status, `erp` only what is open."""
        states = {number: "open" if number in self.open[source] else "paid" for number in self.rows[source]}
        shown = [number for number in states if source == "ledger" or states[number] == "open"]
        return [{**self.rows[source][number], "status": states[number]} for number in shown]

    def export(self, source: str) -> None:
        rows = self.listed(source)
        self.shown[source].append(rows)
        self.feed.export(rows, source, WITH_STATUS)


def _whole(row: dict[str, str]) -> str:
    names = "invoice_ref,kind,customer_id,customer_name,customer_email,currency_iso,date_issued,date_due,amount,balance"
    return ",".join(row.get(name, "") for name in [*names.split(","), "po_number", "memo"])


def live(examples: int, steps: int, *, fixed: bool) -> None:
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=fixed,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_debt_is_written_off_unless_somebody_said_so() -> None:
    live(6, 15, fixed=True)


@pytest.mark.soak
def test_no_debt_is_written_off_in_many_random_days_unless_somebody_said_so() -> None:
    live(100, 30, fixed=False)
