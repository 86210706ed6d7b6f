"""Random days, faults and operators: no debt is written off at the receiver without somebody having said so.

The receiver's rule is applied to the reports as they appear: what one no longer lists has been paid. From a seed, with
a line of what was counted after every thirty days:

    PYTHONPATH=tests python -m support.feeds.random_days DAYS SEED [LOG]
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, TextIO

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from arfeed import ConfigError, RefusedError, SourceError
from arfeed.delivery.rehearsal.books import Books
from arfeed.model.results import Plan
from arfeed.plugins import config
from arfeed.plugins.loading import describe_installed
from support.feeds.feed import HEADER, REPORTS, Feed, Row, invoice
from support.feeds.interruptions import KilledError, die_after_the_report, die_before_the_report

SOURCES = ("erp", "ledger", "books")
WITH_STATUS = [*HEADER, "status"]

sources = st.sampled_from(SOURCES)
numbers = st.integers(0, 40)


BUSINESS = ("new_invoices", "new_invoices", "payments", "payments", "payments", "part_payment")
EVENTS = (
    *(*BUSINESS, *BUSINESS, "renumbered", "truncated_export", "truncated_export", "old_export"),
    *("header_only", "bills", "no_export", "filter_added", "source_taken_out", "history_lost"),
    *("receiver_clears_its_folder", "foreign_report"),
)
OPERATORS = (
    *("sync", "sync", "sync", "sync", "sync", "sync_with_its_approval", "sync_with_its_approval"),
    *("sync_with_an_old_approval", "sync_killed_before_its_report", "sync_killed_after_its_report"),
    *("sync_killed_and_its_report_taken_away", "resend", "adopt_what_the_receiver_saw_last"),
)
REPORT_HEADER = [
    *("invoice_ref", "kind", "customer_id", "customer_name", "customer_email", "currency_iso", "date_issued"),
    *("date_due", "amount", "balance", "po_number", "memo"),
]
FOREIGN = {"kind": "invoice", "customer_name": "Customer 1", "currency_iso": "EUR", "date_issued": "2026-03-05"}
LEDGER = {"columns": {"status": "status"}, "on_failure": "carry-forward"}
BOOKS = {"control_account": {"path": "account.csv", "balance": "owed", "currency": "currency"}}


class Days(RuleBasedStateMachine):
    """Three sources: `erp` drops what is paid, and says so; `ledger` lists it as paid; `books` has a control account.

    A debt is a number that never changes. `tally` counts the days, and what was marked as paid by who or what said so.
    """

    tally: ClassVar[Counter[str]] = Counter()
    log: ClassVar[TextIO | None] = None

    def __init__(self) -> None:
        super().__init__()
        self.feed = Feed(Path(tempfile.mkdtemp(prefix="arfeed-days-")) / "feed")
        self.feed.sources = {
            "erp": {"absent_means_paid": True},
            "ledger": dict(LEDGER),
            "books": dict(BOOKS),
        }
        self.rows: dict[str, dict[int, Row]] = {source: {} for source in SOURCES}
        self.open: dict[str, set[int]] = {source: set() for source in SOURCES}
        self.debts: dict[str, tuple[str, int]] = {}
        self.shown: dict[str, list[list[Row]]] = {source: [] for source in SOURCES}
        self.printed: dict[str, set[str]] = {}
        self.books = Books()
        self.seen: set[str] = set()
        self.last = 0

    def teardown(self) -> None:
        shutil.rmtree(self.feed.folder.parent)
        if self.log:
            print(json.dumps(self.tally), file=self.log, flush=True)

    @initialize()
    def first_delivery(self) -> None:
        for source in SOURCES:
            for _ in range(20):
                self.write(source)
            self.export(source)
        self.feed.approved()
        self.look()

    @rule(
        events=st.lists(st.tuples(st.sampled_from(EVENTS), sources, numbers), max_size=3),
        operator=st.sampled_from(OPERATORS),
        pick=numbers,
        yes=st.booleans(),
        repaired=st.booleans(),
    )
    def a_day(self, events: list[tuple[str, str, int]], operator: str, pick: int, yes: bool, repaired: bool) -> None:
        """Things happen, somebody runs arfeed, and in the evening faults may be put right and the rest be approved."""
        self.tally["days"] += 1
        delivered = len(self.seen)
        for event, source, number in events:
            getattr(self, event)(source, number)
        getattr(self, operator)(pick, yes)
        if repaired:
            self.put_right()
            if len(self.seen) == delivered:
                self.sync_with_its_approval(pick, yes=True)

    # --- the companies' own books -----------------------------------------------------------------------------------

    def new_invoices(self, source: str, number: int) -> None:
        for _ in range(1 + number % 3):
            self.write(source)
        self.export(source)

    def payments(self, source: str, number: int) -> None:
        for _ in range(1 + number % 4):
            if self.open[source]:
                self.open[source].discard(sorted(self.open[source])[number % len(self.open[source])])
        self.export(source)

    def renumbered(self, source: str, number: int) -> None:
        chosen = sorted(self.rows[source])[number % len(self.rows[source])]
        row = self.rows[source][chosen]
        self.rows[source][chosen] = {**row, "invoice_ref": row["invoice_ref"] + "X"}
        self.debts[row["invoice_ref"] + "X"] = (source, chosen)
        self.export(source)

    def part_payment(self, source: str, number: int) -> None:
        chosen = sorted(self.rows[source])[number % len(self.rows[source])]
        row = self.rows[source][chosen]
        self.rows[source][chosen] = {**row, "balance": str(Decimal(row["balance"]) / 2)}
        self.export(source)

    # --- exports that are not what they should be -------------------------------------------------------------------

    def truncated_export(self, source: str, number: int) -> None:
        self.feed.export(self.listed(source)[: -1 - number % 20], source, WITH_STATUS)

    def old_export(self, source: str, number: int) -> None:
        shown = self.shown[source]
        self.feed.export(shown[number % len(shown)], source, WITH_STATUS)

    def header_only(self, source: str, number: int) -> None:
        self.feed.export([], source, WITH_STATUS)

    def bills(self, source: str, number: int) -> None:
        header = ["supplier" if name == "customer_name" else name for name in WITH_STATUS]
        self.feed.export(self.listed(source), source, header)

    def no_export(self, source: str, number: int) -> None:
        (self.feed.folder / f"{source}.csv").unlink(missing_ok=True)

    # --- people at the configuration, and accidents -----------------------------------------------------------------

    def filter_added(self, source: str, number: int) -> None:
        self.feed.transforms = [{"use": "exclude", "customer_name": [f"Customer {number % 7}"]}]

    def source_taken_out(self, source: str, number: int) -> None:
        self.feed.sources.pop("ledger", None)

    def history_lost(self, source: str, number: int) -> None:
        shutil.rmtree(self.feed.folder / ".arfeed", ignore_errors=True)

    def receiver_clears_its_folder(self, source: str = "", number: int = 0) -> None:
        for name in self.ours():
            (self.feed.receiver / name).unlink()

    def foreign_report(self, source: str, number: int) -> None:
        rows = [{"invoice_ref": ref, "balance": str(self.books.open[ref])} for ref in sorted(self.books.open)[:number]]
        with (self.feed.receiver / REPORTS / f"zz_{len(self.seen):04}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, REPORT_HEADER, restval="")
            writer.writeheader()
            writer.writerows({**FOREIGN, **row} for row in rows)
        self.look()

    def put_right(self) -> None:
        self.feed.transforms = []
        self.feed.sources["ledger"] = dict(LEDGER)
        for source in SOURCES:
            self.export(source)

    # --- who runs arfeed, and how -----------------------------------------------------------------------------------

    def sync(self, pick: int, yes: bool) -> None:
        self.feed.now += timedelta(days=pick % 3)
        self.attempt(self.feed.sync)

    def sync_with_its_approval(self, pick: int, yes: bool) -> None:
        with suppress(SourceError):
            approval = self.read(self.feed.plan())
            self.attempt(self.feed.sync, approval if yes else None)

    def sync_with_an_old_approval(self, pick: int, yes: bool) -> None:
        approvals = ["1-abcdef", *self.printed]
        self.attempt(self.feed.sync, approvals[pick % len(approvals)])

    def sync_killed_before_its_report(self, pick: int, yes: bool) -> None:
        self.killed(die_before_the_report, yes)

    def sync_killed_after_its_report(self, pick: int, yes: bool) -> None:
        self.killed(die_after_the_report, yes)

    def sync_killed_and_its_report_taken_away(self, pick: int, yes: bool) -> None:
        self.killed(die_after_the_report, yes)
        self.receiver_clears_its_folder()

    def killed(self, die: Any, approved: bool) -> None:
        with suppress(SourceError, KilledError):
            self.attempt(die, self.feed, self.read(self.feed.plan()) if approved else None)

    def resend(self, pick: int, yes: bool) -> None:
        with self.feed.records() as history:
            runs = [run.id for run in history.runs()]
        if runs:
            result = self.attempt(self.feed.resend, runs[pick % len(runs)])
            if yes and result and result.receipt is None:
                self.attempt(self.feed.resend, runs[pick % len(runs)], self.read(result.plan))

    def adopt_what_the_receiver_saw_last(self, pick: int, yes: bool) -> None:
        name = list(self.books.reports)[-1].removeprefix(f"{REPORTS}/")
        try:
            self.feed.adopt(name)
        except RefusedError as refused:
            if yes:
                self.feed.adopt(name, str(refused).rsplit(" ", 1)[1])
        except ConfigError:
            assert not (self.feed.receiver / REPORTS / name).exists()

    def read(self, plan: Plan) -> str | None:
        """Read a plan as a person does, and remember what its approval named."""
        if plan.approval:
            self.printed[plan.approval] = set(plan.missing["invoice_ref"])
        return plan.approval

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
            self.books = self.books.after(name, listed, datetime.now(UTC)).seen(name, "")
            if not Path(name).name.startswith("zz_"):
                self.judge(name, written_off, listed)

    def judge(self, name: str, written_off: set[str], listed: dict[str, Decimal]) -> None:
        receipt = self.receipt(name)
        approval = receipt["approval"]["code"] if receipt["approval"] else None
        blind = any(objection["code"] == "unknown-baseline" for objection in receipt["objections"])
        read = written_off if blind and approval in self.printed else self.printed.get(approval or "", set())
        self.tally["approved"] += len(written_off & read)
        for ref in written_off - read:
            evidence = {row["evidence"] for row in receipt["missing"] if row["invoice_ref"] == ref}
            self.tally[" and ".join(sorted(evidence)) or "said nowhere"] += 1
            source, number = self.debts[ref]
            if number not in self.open[source]:
                continue
            if not self.believed_paid(ref, receipt, listed):
                self.tally["written off wrongly"] += 1
                raise AssertionError((ref, name, receipt["missing"], receipt["objections"]))

    def believed_paid(self, ref: str, receipt: dict[str, Any], listed: dict[str, Decimal]) -> bool:
        """Whether the user told arfeed to take this absence as payment; no other source's losses are believed.

        How much of it the guards notice is measured elsewhere; here nothing may go that is not even asserted. What is
        open in the ledger of `books` cannot balance without it, and `ledger` calls nothing paid that is not.
        """
        source, number = self.debts[ref]
        said = {(row["reason"], row["evidence"]) for row in receipt["missing"] if row["invoice_ref"] == ref}
        return (
            source == "erp"
            and said == {("gone", "asserted")}
            and self.rows[source][number]["invoice_ref"] not in listed
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
        says = {"open": {"status": "open"}, "paid": {"status": "paid", "balance": "0"}}
        return [self.rows[source][number] | says[states[number]] for number in shown]

    def export(self, source: str) -> None:
        rows = self.listed(source)
        if source == "books":
            self.post(rows)
        self.shown[source].append(rows)
        self.feed.export(rows, source, WITH_STATUS)

    def post(self, rows: list[Row]) -> None:
        """Write the control account of `books`: what its customers owe, whatever its list says later."""
        owed = {"EUR": Decimal(0), "GBP": Decimal(0)}
        for row in rows:
            owed[row["currency"]] += Decimal(row["balance"])
        with (self.feed.folder / "account.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["account", "owed", "currency"])
            writer.writeheader()
            writer.writerows({"account": "1200", "owed": str(sum_), "currency": code} for code, sum_ in owed.items())


def live(examples: int, steps: int, start: int | None = None) -> None:
    """Live through `examples` times `steps` days, the same ones every time or those of the seed `start`."""
    installed = describe_installed(Feed.plugins)
    days = Days if start is None else seed(start)(type("Days", (Days,), {}))
    lived = settings(
        max_examples=examples,
        stateful_step_count=steps,
        derandomize=start is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    with pytest.MonkeyPatch.context() as patch:
        # Looking for plugins takes a third of every command, and no day installs one.
        patch.setattr(config, "describe_installed", lambda enabled: installed)
        try:
            run_state_machine_as_test(days, settings=lived)
        except Exception as exc:
            exc.add_note(f"the days of the seed {start}")
            raise


if __name__ == "__main__":
    count, start = map(int, sys.argv[1:3])
    Days.log = Path(sys.argv[3]).open("a") if sys.argv[3:] else sys.stdout  # noqa: SIM115 - open until the end
    live(-(-count // 30), 30, start)
