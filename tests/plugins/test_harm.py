"""What a careless plugin does to the process around it harms neither the run nor what is printed."""

from __future__ import annotations

import decimal
import json
import locale
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.plugins import isolation
from arfeed.plugins.isolation import restore_process_state, warn_if_slow
from support.feeds.command import run, write
from support.plugins.strangers import install

NOISY = """
import os, subprocess, sys
from arfeed import Complete, Connector, hookimpl, table_from_records

ARFEED_CONTRACT = 1

def noise():
    print("noise of print")
    os.write(1, b"noise of the system\\n")
    subprocess.run(["echo", "noise of a program"])
    sys.__stdout__.write("noise of the real stdout")
    {worse}

noise()

class Till(Connector):
    name = "till"
    def invoices(self):
        noise()
        invoice = {{"invoice_ref": "7", "customer_name": "Ada", "currency": "EUR", "issued_on": "2026-04-07",
                   "balance": "12.50"}}
        yield table_from_records([invoice], origin="till")
        return Complete(rows=1)

@hookimpl
def arfeed_connectors():
    noise()
    return [Till]

@hookimpl
def arfeed_review(plan):
    noise()
"""
FEED = """
plugins = ["till", "kolleno"]
[sources.till]
use = "till"
[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""
WORSE = {
    "only noise": "",
    "closes stdout": "sys.stdout.close()",
    "takes file 1 away": "os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
    "takes stdout away": "sys.stdout = open(os.devnull, 'w')",
    "goes elsewhere": "os.chdir('/')",
}


@pytest.fixture
def buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python keeps what is printed until the end, as it does unless a machine is set up otherwise."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


@pytest.mark.usefixtures("buffered")
@pytest.mark.parametrize("worse", [*WORSE.values()], ids=[*WORSE])
def test_stdout_holds_the_one_document_whatever_a_plugin_prints(tmp_path: Path, worse: str) -> None:
    site = install(tmp_path / "site", "till", NOISY.format(worse=worse))
    write(tmp_path / "feed", FEED)
    tmp_path.joinpath("feed/out").mkdir()
    done = run(tmp_path / "feed", "plan", "--json", path=site)
    assert done.code == 3, done.err
    assert json.loads(done.out)["totals"][0]["balance"] == "12.5000"
    assert "noise of print" in done.err


@pytest.mark.usefixtures("buffered")
def test_the_schema_holds_nothing_that_a_plugin_prints(tmp_path: Path) -> None:
    site = install(tmp_path / "site", "till", NOISY.format(worse=""))
    write(tmp_path / "feed", FEED)
    done = run(tmp_path / "feed", "schema", path=site)
    assert done.code == 0, done.err
    assert "till" in str(json.loads(done.out)["properties"]["sources"])
    assert "noise of print" in done.err


def set_precision() -> None:
    decimal.getcontext().prec = 3


CARELESS: dict[str, Callable[[], object]] = {
    "decimal": set_precision,
    "decimal context": lambda: decimal.setcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)),
    "folder": lambda: os.chdir("/"),
    "locale": lambda: locale.setlocale(locale.LC_NUMERIC, "C"),
    "stdout": lambda: setattr(sys, "stdout", None),
}


@pytest.mark.parametrize("careless", [*CARELESS.values()], ids=[*CARELESS])
@pytest.mark.parametrize("raises", [False, True], ids=["returns", "raises"])
def test_after_a_plugins_call_everything_is_as_before(careless: Callable[[], object], raises: bool) -> None:
    def seen() -> object:
        words, total = locale.setlocale(locale.LC_ALL), Decimal("1234567.89") + Decimal("0.01")
        return Path.cwd(), words, total, sys.stdout, sys.stderr

    locale.setlocale(locale.LC_NUMERIC, "C.UTF-8")
    before = seen()
    with suppress(ZeroDivisionError), restore_process_state():
        careless()
        Decimal(1) / (0 if raises else 1)
    assert seen() == before
    locale.setlocale(locale.LC_NUMERIC, "C")


FRAGILE = """
from arfeed import hookimpl
from arfeed_connectors.kolleno import Kolleno

ARFEED_CONTRACT = 1

class Ledger(Kolleno):
    name = "ledger"
    def is_report(self, name):
        return {}[name]
    def document_name(self, ref):
        return {}[ref]

@hookimpl
def arfeed_destinations():
    return [Ledger]
"""


def test_a_bug_that_is_a_plugins_is_said_to_be(tmp_path: Path) -> None:
    site = install(tmp_path / "site", "ledger", FRAGILE)
    feed = (
        FEED.replace("till", "folder").replace('"kolleno"]', '"ledger"]').replace('use = "kolleno"', 'use = "ledger"')
    )
    write(tmp_path / "feed", feed.replace('use = "folder"', 'use = "folder"\npath = "erp.csv"'))
    tmp_path.joinpath("feed/out").mkdir()
    text = "invoice_ref,customer_name,currency,issued_on,balance\nINV-1,Ada,EUR,2026-04-07,1.00\n"
    tmp_path.joinpath("feed/erp.csv").write_text(text)
    tmp_path.joinpath("feed/out/csv_data_uploads").mkdir()
    tmp_path.joinpath("feed/out/csv_data_uploads/open.csv").write_text("a")
    done = run(tmp_path / "feed", "plan", path=site)
    assert done.code == 1
    assert "KeyError" in done.err
    assert "arfeed: this is a bug in the plugin arfeed-ledger 1.2: report it to its author" in done.err


def test_a_plugin_that_hangs_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(isolation, "PATIENCE", 0.01)
    with warn_if_slow("the plugin mine (arfeed-mine 1.2)"):
        deadline = time.monotonic() + 10
        said = ""
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
            said = capsys.readouterr().err
    assert said == "arfeed: still waiting for the plugin mine (arfeed-mine 1.2) after 0.01 seconds; Ctrl-C ends it\n"


def test_who_is_quick_is_not_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(isolation, "PATIENCE", 0.2)
    with warn_if_slow("it"):
        pass
    time.sleep(0.3)
    assert capsys.readouterr().err == ""
