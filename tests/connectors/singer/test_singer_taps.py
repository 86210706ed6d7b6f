"""Real public taps, and a whole run with one."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arfeed.testing.commands import run_command
from arfeed_connectors.singer import Singer
from support.feeds.sources import balances, complete, failure, read
from support.plugins.taps import feed_of_a_tap, real_taps, record, schema

FIELDS = (("NO", "C", 10, 0), ("NAME", "C", 20, 0), ("DAY", "D", 8, 0), ("DUE", "N", 12, 2), ("STATE", "C", 6, 0))


@pytest.fixture(scope="session")
def taps(request: pytest.FixtureRequest) -> Path:
    return real_taps(request.config.cache)


def write_dbf(file: Path, *rows: Sequence[str]) -> None:
    """A dBASE III table, as old ERPs write them."""
    head = struct.pack("<BBBBLHH20x", 3, 126, 4, 8, len(rows), 33 + 32 * len(FIELDS), 1 + sum(f[2] for f in FIELDS))
    fields = [struct.pack("<11sc4xBB14x", name.encode(), kind.encode(), *size) for name, kind, *size in FIELDS]
    lines = [" " + "".join(text.ljust(f[2]) for text, f in zip(row, FIELDS, strict=True)) for row in rows]
    file.write_bytes(head + b"".join(fields) + b"\r" + "".join(lines).encode() + b"\x1a")


def tap_jsonl(taps: Path, folder: Path, **settings: Any) -> Singer:
    records = [
        {"id": 1, "number": "00071", "contact": {"name": "Ada"}, "day": "2026-04-07", "due": 10.10},
        {"id": 2, "number": "00072", "contact": {"name": "Bob"}, "day": "2026-04-08", "due": 0.05},
    ]
    folder.joinpath("in.jsonl").write_text("\n".join(map(json.dumps, records)))
    told = {
        "command": [str(taps / "tap-jsonl")],
        "config": {"path": "in.jsonl", "stream_name": "invoices", "primary_keys": ["id"]},
        "streams": ["invoices"],
        "columns": {
            "invoice_ref": "number", "customer_name": "contact.name", "issued_on": "day", "balance": "due"
        },
        "currency": "GBP",
    }  # fmt: skip
    return Singer("erp", Singer.Settings.model_validate({**told, **settings}, context={"folder": folder}))


def test_tap_dbf_reads_a_whole_table(taps: Path, tmp_path: Path) -> None:
    write_dbf(
        tmp_path / "invoices.dbf",
        ("00071", "Ada", "20260407", "0.30", "OPEN"),
        ("00072", "Bob", "20260408", "0.00", "PAID"),
    )
    told = {
        "command": [str(taps / "tap-dbf")],
        "config": {"path": str(tmp_path / "*.dbf")},
        "streams": ["invoices"],
        "columns": {
            "invoice_ref": "NO", "customer_name": "NAME", "issued_on": "DAY", "balance": "DUE", "status": "STATE"
        },
        "currency": "GBP",
    }  # fmt: skip
    source = Singer("erp", Singer.Settings.model_validate(told, context={"folder": tmp_path}))
    source.check()
    rows = read(source)
    assert balances(rows) == {"00071": Decimal("0.30"), "00072": Decimal(0)}
    assert rows["issued_on"].tolist() == [date(2026, 4, 7), date(2026, 4, 8)]
    assert rows["status"].tolist() == ["open", "paid"]


def test_tap_jsonl_is_incremental_and_refused(taps: Path, tmp_path: Path) -> None:
    said = failure(tap_jsonl(taps, tmp_path))
    assert "invoices: replication_method = INCREMENTAL" in said
    assert 'incremental = "from-start"' in said


def test_tap_jsonl_reads_the_whole_table_if_its_catalog_says_so(taps: Path, tmp_path: Path) -> None:
    entry: dict[str, Any] = {"tap_stream_id": "invoices", "stream": "invoices", "replication_method": "FULL_TABLE"}
    properties: dict[str, Any] = {name: {} for name in ("id", "number", "contact", "day", "due")}
    entry |= {"key_properties": ["id"], "schema": {"type": "object", "properties": properties}}
    tmp_path.joinpath("catalog.json").write_text(json.dumps({"streams": [entry]}))
    rows = read(tap_jsonl(taps, tmp_path, catalog="catalog.json"))
    assert balances(rows) == {"00071": Decimal("10.10"), "00072": Decimal("0.05")}
    assert rows["customer_name"].tolist() == ["Ada", "Bob"]


def test_tap_jsonl_is_taken_from_its_start_where_the_settings_say_so(taps: Path, tmp_path: Path) -> None:
    source = tap_jsonl(taps, tmp_path, incremental="from-start")
    assert balances(read(source)) == {"00071": Decimal("10.10"), "00072": Decimal("0.05")}


def test_a_real_tap_that_fails_is_quoted(taps: Path, tmp_path: Path) -> None:
    source = tap_jsonl(taps, tmp_path, config={"path": "in.jsonl", "encoding": "no-such-code"})
    said = failure(source)
    assert said.startswith("erp: the tap ended with exit code 1")
    assert said.endswith("LookupError: unknown encoding: ***")


def test_the_plan_names_the_version_of_an_installed_tap(taps: Path, tmp_path: Path) -> None:
    source = tap_jsonl(taps, tmp_path, incremental="from-start")
    assert complete(source).notes[0] == f"invoices read by tap-jsonl 0.3.1 ({taps / 'tap-jsonl'}), without state"


def test_plan_and_receipt_say_how_the_tap_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = run_command
    monkeypatch.setenv("ERP_KEY", "hunter2")
    feed_of_a_tap(tmp_path, schema(), record(1), record(2))
    shown = here(tmp_path, "plan")
    assert "note: erp: the tap reads from start_date 2020-01-01 on: it leaves out older documents" in shown.out
    approval = here(tmp_path, "plan", "--json").json()["approval"]
    done = here(tmp_path, "sync", "--json", "--approve", approval)
    assert done.code == 0, done.err
    assert done.json()["receipt"]["sources"][0]["notes"][0].endswith(f"read by {tmp_path}/small-tap, without state")
    assert "hunter2" not in shown.out + done.out


def test_an_invoice_that_a_tap_no_longer_gives_is_unexplained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = run_command
    monkeypatch.setenv("ERP_KEY", "hunter2")
    rows = [record(number) for number in range(1, 31)]
    feed_of_a_tap(tmp_path, schema(), *rows)
    here(tmp_path, "sync", "--approve", here(tmp_path, "plan", "--json").json()["approval"])
    scenario = json.loads(tmp_path.joinpath("scenario.json").read_text())
    tmp_path.joinpath("scenario.json").write_text(json.dumps({**scenario, "steps": [schema(), *rows[1:]]}))
    done = here(tmp_path, "plan", "--json")
    assert done.code == 3
    assert [objection["code"] for objection in done.json()["objections"]] == ["unexplained"]
