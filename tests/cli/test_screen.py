"""What a person sees of a plan: one screen with every figure, nothing that moves the cursor, and what to type next."""

from __future__ import annotations

import io
import json
import re
import subprocess
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.progress import Progress

from arfeed.cli.display.bars import COLUMNS, Bars
from arfeed.cli.display.figures import bar
from arfeed.cli.display.show import show_plan, show_receipt
from arfeed.model.results import DeliveredFile, Objection, Plan, Receipt
from support.feeds.command import ARFEED, Cli, run, sync_approved
from support.feeds.plans import invoices, lacking, planned, source
from support.files.exports import SEVEN, document, xero

HOSTILE = ["\x1b[2J", "\x9b2J", "\x07", "\b", "\r", "\x7f", "\u202e", "\u2066", "\u200b", "\u2028", "\ufeff"]


def seen(plan: Plan, *, width: int = 80, command: str = "arfeed sync", delivered: bool = False) -> list[str]:
    """The lines of a screen."""
    console = Console(file=io.StringIO(), width=width, force_terminal=True, no_color=True, highlight=False)
    show_plan(plan, console, command, "arfeed adopt --config f.toml", delivered=delivered)
    assert isinstance(console.file, io.StringIO)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())
    return [line.rstrip() for line in plain.splitlines()]


def day_two(**known: Any) -> Plan:
    before = invoices(["A1", "A2", "A3"], balance=["1000", "2000.5", "30"])
    report = invoices(["A1", "A2", "B1"], balance=["1000", "1500.25", "100"], due_on=date(2026, 2, 1))
    return planned(before, report, **known)


def test_every_source_and_currency_is_followed_from_the_last_report_to_this_one() -> None:
    (line,) = [line for line in seen(day_two(), width=120) if line.startswith("erp")]
    assert line.split() == ["erp", "GBP", "3", "3,030.50", "1", "100.00", "2", "−500.25", "1", "30.00", "3", "2,600.25"]


@pytest.mark.parametrize("balance", ["12.34", "123456.78", "1234567891.23"])
def test_on_a_narrow_terminal_no_line_is_too_wide_and_no_amount_is_cut_off(balance: str) -> None:
    names = {"customer_name": "A very long name of a customer that fills a whole line by itself, and then some Ltd"}
    before = invoices(30, balance=balance, **names)
    plan = planned(before, invoices(3, balance=balance, **names), reasons="gone")
    lines = seen(replace(plan, objections=(Objection("unexplained", "word " * 60),)))
    assert max(map(len, lines)) <= 80
    sums = [f"{Decimal(balance) * count:,.2f}" for count in (30, 27, 3)]
    assert [amount for amount in sums if not any(amount in line for line in lines)] == []
    assert sum(f"{Decimal(balance):,.2f}" in line for line in lines) == 8


def test_what_is_missing_is_summed_up_by_reason_and_the_largest_are_named() -> None:
    before = invoices(12, balance=[str(number) for number in range(1, 13)], customer_name="Ada [red]Ltd[/] :smile:")
    lines = seen(planned(before, before.iloc[:0], reasons=["paid"] * 11 + ["gone"]))
    assert "12 will be marked as paid" in lines
    assert "  − 11 proven: paid, as the source says: 66.00 GBP" in lines
    assert [line.split()[0] for line in lines if "[red]Ltd[/] :smile:" in line] == [f"A{n}" for n in range(12, 4, -1)]
    assert any("and 4 more;" in line for line in lines)


def test_what_is_past_due_is_drawn_in_proportion() -> None:
    report = invoices(3, balance=["100", "50", "1"], due_on=[date(2026, 4, 9), date(2026, 1, 1), None])
    lines = seen(planned(None, report, sources=(source(as_of=date(2026, 4, 10)),)))
    start = lines.index("Days past due on 2026-04-10")
    assert [line.split() for line in lines[start + 1 : start + 7]] == [
        ["GBP", "not", "due", "–"],
        ["1–30", "100.00", "█" * 12],
        ["31–60", "–"],
        ["61–90", "–"],
        ["over", "90", "50.00", "█" * 6],
        ["no", "due", "date", "1.00", "▏"],
    ]


def test_dates_are_named_where_sources_speak_of_several() -> None:
    speaking = (source(as_of=date(2026, 4, 9)), source("shop", as_of=date(2026, 4, 8)))
    lines = seen(planned(None, invoices(1), sources=speaking))
    assert "Days past due on 2026-04-09 (erp), 2026-04-08 (shop)" in lines


@pytest.mark.parametrize(
    ("share", "drawn"),
    [("1", "████"), ("0.5", "██"), ("0.28", "█▏"), ("0", ""), ("0.0001", "▏"), ("-0.5", "░░"), ("-0.001", "░")],
)
def test_a_bar_shows_its_share(share: str, drawn: str) -> None:
    assert bar(Decimal(share), width=4) == drawn


def test_pdfs_that_are_not_sent_are_said() -> None:
    documents = lacking(present=3, without=("A1",), colliding={"A_1.pdf": ("A/1", "A 1")}, broken={"A9": "cut off"})
    lines = seen(day_two(documents=documents))
    assert "PDFs: 0 to send, 3 there already, 1 invoices without, 2 colliding, 1 broken" in lines
    assert "  ! A_1.pdf would be the PDF of A/1, A 1: none of them is sent" in lines


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ({}, "No objections: arfeed sync --config f.toml"),
        ({"approval": "1-abcdef"}, "If this is right: arfeed sync --config f.toml --approve 1-abcdef"),
        ({"foreign": ("x.csv",)}, "Once you know whose it is: arfeed adopt --config f.toml x.csv"),
        ({"foreign": ("a.csv", "b c.csv")}, "Once you know whose it is: arfeed adopt --config f.toml 'b c.csv'"),
        ({"approval": None}, None),
    ],
    ids=["nothing", "approvable", "foreign", "two foreign", "not approvable"],
)
def test_the_screen_ends_with_what_to_type(known: dict[str, object], line: str | None) -> None:
    objections = (Objection("renamed", "look"),) if known else ()
    lines = seen(day_two(objections=objections, **known), command="arfeed sync --config f.toml")
    assert lines[-1] == (line or "✗ renamed: look")


def test_of_a_delivered_plan_nothing_is_left_to_type() -> None:
    plan = day_two(objections=(Objection("renamed", "look"),), approval="1-abcdef")
    assert seen(plan, delivered=True)[-1] == "approved renamed: look"


def test_nothing_in_names_moves_the_cursor_of_a_terminal(arfeed: Cli, feed: Path) -> None:
    names = [document(f"INV-9{number}", ContactName=f"A{mark}Z") for number, mark in enumerate(HOSTILE)]
    xero(feed / "exports" / "SalesInvoices.csv", *SEVEN, *names)
    sync_approved(feed)
    xero(feed / "exports" / "SalesInvoices.csv", *SEVEN)
    done = arfeed(feed, "plan")
    assert done.code == 3
    printed = done.out + done.err
    assert [mark for mark in HOSTILE if mark in printed] == []
    assert r"A\x1b[2JZ" in printed
    as_json = arfeed(feed, "plan", "--json")
    assert [mark for mark in HOSTILE if mark in as_json.out] == []
    assert {row["customer_name"] for row in as_json.json()["missing"]} >= {"A\x1b[2JZ", "A\x9b2JZ", "A\u202eZ"}


def test_a_message_of_an_error_moves_no_cursor_either(arfeed: Cli, feed: Path) -> None:
    bad = document("INV-9", "no \x1b[2J amount")
    xero(feed / "exports" / "SalesInvoices.csv", *SEVEN, bad)
    done = arfeed(feed, "plan")
    assert done.code == 4
    assert "\x1b" not in done.err


@pytest.mark.parametrize("arguments", [["plan", "--json"], ["plan"]], ids=" ".join)
def test_a_reader_that_goes_away_changes_nothing(feed: Path, arguments: list[str]) -> None:
    process = subprocess.Popen([ARFEED, *arguments], cwd=feed, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    complaint = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait() == 3
    assert "Traceback" not in complaint
    assert "Refused" in complaint


def test_colours_are_for_terminals_that_want_them(feed: Path) -> None:
    colour = re.compile(r"\x1b\[[0-9;]*(3[0-7]|9[0-7]|38;[0-9;]+)m")
    assert colour.search(run(feed, "plan", env={"FORCE_COLOR": "1"}).out)
    assert not colour.search(run(feed, "plan", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out)
    assert "\x1b" not in run(feed, "plan").out


def test_the_json_document_has_the_facts_too(arfeed: Cli, feed: Path) -> None:
    plan = arfeed(feed, "plan", "--json").json()
    assert {move["currency"] for move in plan["movements"]} == {"EUR", "GBP"}
    for currency in ("EUR", "GBP"):
        aged = sum(Decimal(row["balance"]) for row in plan["ageing"] if row["currency"] == currency)
        now = sum(Decimal(row["now"]["balance"]) for row in plan["movements"] if row["currency"] == currency)
        assert aged == now
    assert plan["pdfs"] == {"send": 3, "present": 0, "without": 2, "colliding": 0, "broken": 0, "old": 0, "withheld": 0}
    assert json.dumps(plan["debtors"])


def shown(bars: Progress) -> str:
    bars.refresh()
    assert isinstance(bars.console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", bars.console.file.getvalue()).rsplit("\r", 1)[-1]


def bars() -> Progress:
    clock = iter(range(1000))
    console = Console(file=io.StringIO(), force_terminal=True, width=160)
    return Progress(*COLUMNS, console=console, auto_refresh=False, get_time=lambda: float(next(clock)))


def test_reading_shows_rows_and_how_fast_they_come() -> None:
    with bars() as moving:
        steps = Bars(moving)
        steps.step("Reading the sources")
        for rows in (1000, 2000, 340_000):
            steps.reading("erp\x1b", rows)
        assert re.search(r"Reading the sources.*erp\\x1b: 340,000 rows · [\d,]+ rows/s", shown(moving))


def test_sending_shows_files_bytes_rate_and_time_left() -> None:
    with bars() as moving:
        steps = Bars(moving)
        steps.step("Sending the PDFs")
        steps.expect(40, 4_000_000)
        for _ in range(10):
            steps.done(100_000)
        line = shown(moving)
        assert "10 of 40 files · 1.0 MB of 4.0 MB · " in line
        assert re.search(r"kB/s · \d:\d\d:\d\d left", line)


def test_files_of_unknown_size_are_counted() -> None:
    with bars() as moving:
        steps = Bars(moving)
        steps.step("Preparing the PDFs")
        steps.expect(3)
        steps.done(10)
        assert "1 of 3 files" in shown(moving)
        steps.expect(0)
        steps.step("Sending the report")
        assert "files" not in shown(moving)


def test_a_log_in_an_old_encoding_gets_escapes_and_the_run_its_own_exit_code(feed: Path) -> None:
    done = run(feed, "plan", env={"PYTHONIOENCODING": "ascii"})
    assert (done.code, "Traceback" in done.err) == (3, False)
    assert "\\u2192 file://" in done.out


def test_a_word_of_wide_letters_is_folded_and_never_loses_its_end() -> None:
    word = "\u682a" * 60 + "END"
    lines = seen(replace(day_two(), objections=(Objection("unexplained", f"look at {word} again"),)))
    assert word in "".join(line.strip() for line in lines)


@pytest.mark.parametrize(("count", "said"), [(0, "0 PDFs"), (1, "1 PDF"), (2, "2 PDFs")])
def test_a_single_pdf_is_counted_as_one(count: int, said: str) -> None:
    documents = tuple(DeliveredFile("pdf", f"{number}.pdf", 9, "ab") for number in range(count))
    receipt = Receipt("run", "file:///out/", DeliveredFile("csv", "a.csv", 280, "ab"), documents, {}, "{}")
    screen = io.StringIO()
    show_receipt(receipt, Console(file=screen, width=200))
    assert f"✓ delivered csv/a.csv (280 bytes) and {said}, run run" in screen.getvalue()
