"""A whole feed in a folder: its plugins.toml, its exports, and what its receiver holds."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from arfeed.history.store import History
from arfeed.model.results import Plan
from arfeed.plugins.config import Project, read_project
from arfeed.runs import adoption, pipeline
from arfeed.runs.addresses import address_of
from arfeed.runs.adoption import Adopted
from arfeed.runs.chapters import Result
from arfeed.runs.context import begin_run, begin_runs
from arfeed.runs.receiver import joining
from arfeed.runs.receiver.joining import Joined
from support.feeds.processes import Process
from support.files.pdfs import pdf

Row = dict[str, str]
Table = dict[str, object]

HEADER = ["invoice_ref", "kind", "customer_name", "currency", "issued_on", "due_on", "amount", "balance"]
REPORTS = "csv_data_uploads"


def invoices(count: int, *, first: int = 1) -> list[Row]:
    """Make invoices INV-0001 and so on, no two of one customer, amount and date."""
    return [invoice(number) for number in range(first, first + count)]


def unpaid(count: int = 200, *, paid: int = 10) -> list[Row]:
    """Return invoices of which some that are due by now have been paid, here and there, as on an ordinary day."""
    due = [number for number in range(1, count + 1) if number % 28 < 4]
    gone = set(due[::2][:paid])
    return [invoice(number) for number in range(1, count + 1) if number not in gone]


def invoice(number: int, **changes: str) -> Row:
    amount = f"{100 + number}.00"
    row = {
        "invoice_ref": f"INV-{number:04}",
        "kind": "invoice",
        "customer_name": f"Customer {number % 7}",
        "currency": "EUR" if number % 10 else "GBP",
        "issued_on": f"2026-03-{number % 28 + 1:02}",
        "due_on": f"2026-04-{number % 28 + 1:02}",
        "amount": amount,
        "balance": amount,
    }
    return {**row, **changes}


class Steps:
    """Listens to a run. `during` are things that happen as a step begins, by the beginning of its text."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.warnings: list[str] = []
        self.rows: dict[str, int] = {}
        self.expected: list[tuple[int, int | None]] = []
        self.sizes: list[int] = []
        self.during: dict[str, object] = {}

    def step(self, text: str) -> None:
        self.steps.append(text)
        for beginning, happens in self.during.items():
            if text.startswith(beginning):
                happens()  # type: ignore[operator]

    def reading(self, source: str, rows: int) -> None:
        self.rows[source] = rows

    def expect(self, files: int, size: int | None = None) -> None:
        self.expected.append((files, size))

    def done(self, size: int) -> None:
        self.sizes.append(size)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


@dataclass
class Feed:
    """A feed whose clock moves on an hour with every command."""

    folder: Path
    sources: dict[str, Table] = field(default_factory=lambda: {"erp": {}})
    transforms: list[Table] = field(default_factory=list)
    guards: Table = field(default_factory=dict)
    destination: Table = field(default_factory=dict)
    destinations: dict[str, Table] = field(default_factory=dict)
    notifiers: dict[str, Table] = field(default_factory=dict)
    plugins: tuple[str, ...] = ("folder", "xero", "transforms", "kolleno")
    history: str = "sqlite:///.arfeed/history.db"
    lock_seconds: float = 60
    pages: bool | str = False
    ping: str = ""
    now: datetime = datetime(2026, 4, 4, 10, 15, tzinfo=UTC)
    steps: Steps = field(default_factory=Steps)
    receiver: Path = Path()

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.destination and not self.destinations:
            self.receiver = self.receiver if self.receiver.name else self.folder / "receiver"
            self.receiver.mkdir(exist_ok=True)
            self.destination = {"url": self.receiver.as_uri()}

    # --- what people and systems do ---------------------------------------------------------------------------------

    def export(self, rows: Iterable[Mapping[str, str]], source: str = "erp", header: list[str] | None = None) -> None:
        """Write what a source lists today."""
        path = self.folder / f"{source}.csv"
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, header or HEADER, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)

    def print_pdfs(self, refs: Iterable[str], text: str = "") -> None:
        folder = self.folder / "pdf"
        folder.mkdir(exist_ok=True)
        for ref in refs:
            folder.joinpath(f"{ref}.pdf").write_bytes(pdf(f"{ref} {text}"))

    def configure(self) -> Path:
        """Write plugins.toml as the fields say."""
        sources = {name: {**({} if "use" in table else _folder(name)), **table} for name, table in self.sources.items()}
        feed: Table = {"name": "acme", "timezone": "UTC", "history": self.history, "lock_seconds": self.lock_seconds}
        feed |= {} if self.pages is True else {"pages": self.pages}
        feed |= {"ping": self.ping} if self.ping else {}
        kolleno: Table = {"use": "kolleno", "mode": "open-ar"}
        several = {f"[destinations.{name}]": table for name, table in self.destinations.items()}
        lines = [f"plugins = {_toml(list(self.plugins))}", *_table("[feed]", feed), *_table("[guards]", self.guards)]
        for name, table in sources.items():
            lines += _table(f"[sources.{name}]", table)
        for step in self.transforms:
            lines += _table("[[transforms]]", step)
        for name, table in self.notifiers.items():
            lines += _table(f"[notifiers.{name}]", table)
        path = self.folder / "plugins.toml"
        for head, table in (several or {"[destination]": self.destination}).items():
            lines += _table(head, table if "use" in table else {**kolleno, **table})
        path.write_text("\n".join(lines) + "\n")
        return path

    # --- commands ---------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        return pipeline.plan(self.project(), self.steps, clock=self.clock).plan

    def sync(self, approve: str | None = None) -> Result:
        return pipeline.sync(self.project(), self.steps, approve=approve, clock=self.clock)

    def sync_each(self, approve: str | None = None) -> list[Result | Exception]:
        """Deliver to each of several destinations."""
        return pipeline.sync_each(begin_runs(self.project(), self.steps, self.clock), approve=approve)

    def plan_each(self) -> list[Result | Exception]:
        return pipeline.plan_each(begin_runs(self.project(), self.steps, self.clock))

    def sync_one(self, name: str, approve: str | None = None) -> Result:
        """Deliver to one of several destinations."""
        return pipeline.sync(self.project().choose(name), self.steps, approve=approve, clock=self.clock)

    def approved(self) -> Result:
        """Deliver whatever the plan is, as somebody who says yes to it."""
        result = self.sync(self.sync().plan.approval)
        assert result.receipt, codes(result)
        return result

    def resend(self, run: str, approve: str | None = None) -> Result:
        return pipeline.resend(begin_run(self.project(), self.steps, self.clock), run, approve=approve)

    def adopt(self, file: str | None = None, approve: str | None = None, *, pdfs: bool = False) -> Adopted:
        return adoption.adopt(
            begin_run(self.project(), self.steps, self.clock), file, adoption.Grounds(approve), pdfs=pdfs
        )

    def join(self, known: str) -> Joined:
        return joining.join(begin_run(self.project(), self.steps, self.clock), known)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as people do, by the machine's clock."""
        self.configure()
        command = [sys.executable, "-c", "from arfeed.cli.app import main; main()", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def start(self, *arguments: str) -> Process:
        """Start the command line and do not wait for it."""
        self.configure()
        return Process(self.folder, *arguments)

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run the command line to its end; return its exit code and all that it printed."""
        return self.start(*arguments).wait()

    def project(self) -> Project:
        self.now += timedelta(hours=1)
        return read_project(self.configure())

    def clock(self) -> datetime:
        return self.now

    # --- what there is to see ---------------------------------------------------------------------------------------

    @property
    def where(self) -> str:
        return address_of(read_project(self.configure()))

    def records(self) -> History:
        """Open the history; use it as a context manager."""
        return History(read_project(self.configure()).feed.history.get_secret_value())

    def states(self) -> list[str]:
        """Return the states of all runs, the oldest first."""
        with self.records() as history:
            return [run.state for run in reversed(history.runs())]

    def receipts(self) -> list[dict[str, object]]:
        with self.records() as history:
            return [json.loads(run.receipt) for run in reversed(history.runs()) if run.receipt]

    def held(self) -> dict[str, bytes]:
        return held(self.receiver)

    def reports(self) -> list[str]:
        return [name for name in self.held() if name.startswith(f"{REPORTS}/")]

    def last_report(self) -> list[str]:
        """Return the refs of the report that was delivered last."""
        return refs_of(self.held()[self.reports()[-1]])


def _folder(source: str) -> Table:
    return {"use": "folder", "path": f"{source}.csv", "dates": "YMD", "settle_seconds": 0}


def held(root: Path) -> dict[str, bytes]:
    """Return every file below a folder, hidden ones too."""
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def refs_of(report: bytes) -> list[str]:
    return [row["invoice_ref"] for row in csv.DictReader(report.decode().splitlines())]


def codes(result: Result | Plan) -> list[str]:
    """Return the codes of the objections to a plan that was not delivered."""
    plan = result.plan if isinstance(result, Result) else result
    return [objection.code for objection in plan.objections]


def _table(head: str, values: Mapping[str, object]) -> list[str]:
    return [head, *(f"{name} = {_toml(value)}" for name, value in values.items())]


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)
