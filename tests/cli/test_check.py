"""`arfeed check`: a line each for everything there is to look at, all of them, and the same facts as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from arfeed.operations.check.examination import examine
from arfeed.plugins.config import read_project
from support.feeds.command import Cli, run, write
from support.files.exports import SEVEN, document, xero
from support.files.printed import report, written
from support.servers.makes import Server
from support.servers.openssh import OpenSSH, make_key
from support.servers.others import erlang_server

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

FOLDER_FEED = """
plugins = ["folder", "kolleno"]

[sources.depot]
use = "folder"
path = "open.csv"
dates = "DMY"
currency = "EUR"

[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""
CLOSED = 'closed = "paid.csv"'
ACCOUNT = 'control_account = { path = "account.csv", balance = "Owed" }'
OPEN = "invoice_ref,customer_name,issued_on,balance\nA-1,Ada,{first},10.00\nA-2,Bob,04/05/2026,20.00\n"


def finding(done: Any, what: str) -> dict[str, Any]:
    (found,) = [check for check in done.json()["checks"] if check["what"] == what]
    return dict(found)


def test_every_source_is_read_to_its_end(arfeed: Cli, feed: Path) -> None:
    done = arfeed(feed, "check", "--json")
    assert done.code == 0, done.err
    rows = finding(done, "rows of xero-uk")
    assert (rows["state"], rows["facts"]["rows"]) == ("ok", 7)
    assert finding(done, "evidence of xero-uk")["facts"]["lists_closed"] is True
    assert "because line" in finding(done, "dates of xero-uk")["said"]
    assert finding(done, "documents of xero-uk")["facts"]["found"] == 3


def test_the_json_has_what_the_lines_say(arfeed: Cli, feed: Path) -> None:
    lines = arfeed(feed, "check").out.splitlines()
    checks = arfeed(feed, "check", "--json").json()["checks"]
    marks = {"ok": "✓", "doubt": "!", "failed": "✗"}
    clock = "clock"
    assert [line for line in lines if clock not in line] == [
        f"{marks[check['state']]} {check['what']}: " + "; ".join(filter(None, [check["said"], check["advice"]]))
        for check in checks
        if check["what"] != clock
    ]


@pytest.mark.parametrize(
    ("first", "state", "said"),
    [
        ("31/03/2026", "ok", "day-month-year, because line 2 has 31/03/2026"),
        ("03/04/2026", "ok", "no date in the file proves it, and 03/04/2026 is 3 April 2026"),
        ("01/12/2099", "doubt", "which is in the future"),
    ],
    ids=["proven", "declared", "in the future"],
)
def test_it_says_what_the_order_of_the_dates_rests_on(
    arfeed: Cli, tmp_path: Path, first: str, state: str, said: str
) -> None:
    write(tmp_path, FOLDER_FEED)
    tmp_path.joinpath("open.csv").write_text(OPEN.format(first=first))
    dates = finding(arfeed(tmp_path, "check", "--json"), "dates of depot")
    assert dates["state"] == state
    assert said in dates["said"]


@pytest.mark.parametrize("connector", ["folder", "quickbooks"])
def test_a_source_that_lists_only_what_is_open_is_doubted_with_three_ways_out(
    arfeed: Cli, tmp_path: Path, connector: str
) -> None:
    open_items(tmp_path, connector)
    done = arfeed(tmp_path, "check")
    assert done.code == 0
    (line,) = [line for line in done.out.splitlines() if "evidence of depot" in line]
    assert line.startswith(
        "! evidence of depot: unexplained: it lists only what is open, so nothing explains a missing "
    )
    read_to_its_end = "; its own count or total shows that it was read to its end, not that it is complete"
    assert (read_to_its_end in line) is (connector == "quickbooks")
    assert line.endswith(
        "somebody has to approve each one, unless you name a list of paid invoices in `closed`, or name a second "
        "report of what is owed in [sources.depot.control_account], or set absent_means_paid = true, if the list is "
        "always complete"
    )


@pytest.mark.parametrize(
    ("more", "degrees", "said"),
    [
        ("", ["unexplained"], "unexplained: it lists only what is open"),
        ("absent_means_paid = true", ["asserted"], "to raise it, name a list of paid invoices in `closed`, or name a"),
        (
            ACCOUNT,
            ["balanced"],
            "balanced: the control account holds 30.00 EUR, and is compared with the list at every run",
        ),
        (CLOSED, ["proven"], "proven: the source is asked what happened to missing invoices"),
        (
            f"absent_means_paid = true\n{CLOSED}\n{ACCOUNT}",
            ["proven", "balanced", "asserted"],
            "proven: the source is asked",
        ),
    ],
    ids=["nothing", "asserted", "balanced", "proven", "all"],
)
def test_each_degree_of_evidence_is_named_with_what_would_raise_it(
    arfeed: Cli, tmp_path: Path, more: str, degrees: list[str], said: str
) -> None:
    open_items(tmp_path, "folder", more)
    tmp_path.joinpath("account.csv").write_text("Name,Owed\nAll,30\n")
    tmp_path.joinpath("paid.csv").write_text("invoice_ref,customer_name,issued_on,status\n1,Ada,31/03/2026,paid\n")
    found = finding(arfeed(tmp_path, "check", "--json"), "evidence of depot")
    assert (found["facts"]["degrees"], found["state"]) == (degrees, "doubt" if degrees == ["unexplained"] else "ok")
    assert said in found["said"]
    assert found["facts"]["explains"] is ("closed" in more)
    assert found["facts"]["control_account"] == ({"EUR": "30.0000"} if "control_account" in more else None)
    assert found["facts"]["absent_means_paid"] is ("absent_means_paid" in more)
    assert (len(found["facts"]["ways"]) == 0) is (len(degrees) == 3)


def test_a_control_account_that_can_not_be_read_is_named_by_the_check(arfeed: Cli, tmp_path: Path) -> None:
    open_items(tmp_path, "folder", ACCOUNT)
    tmp_path.joinpath("account.csv").write_text("Name,Sum\nAll,30\n")
    done = arfeed(tmp_path, "check")
    assert done.code == 4
    assert "✗ rows of depot: [sources.depot.control_account] " in done.out
    assert "no row has the heading 'Owed'; found Name, Sum" in done.out


def open_items(folder: Path, connector: str, more: str = "") -> None:
    """A source `depot` that lists what is open."""
    text = FOLDER_FEED.replace('currency = "EUR"', f'currency = "EUR"\n{more}')
    if connector == "quickbooks":
        text = text.replace('"folder"', '"quickbooks"').replace("DMY", "MDY").replace("EUR", "USD")
        written(folder / "open.csv", report(title=("Open Invoices",)))
    else:
        folder.joinpath("open.csv").write_text(OPEN.format(first="31/03/2026"))
    write(folder, text)


def test_all_checks_run_though_one_fails(arfeed: Cli, feed: Path) -> None:
    feed.joinpath("exports/SalesInvoices.csv").unlink()
    done = arfeed(feed, "check", "--json")
    assert done.code == 4
    assert finding(done, "source xero-uk (xero)")["state"] == "failed"
    assert {"history", "documents of xero-uk", "folder csv_data_uploads"} <= {
        check["what"] for check in done.json()["checks"] if check["state"] != "failed"
    }


def test_rows_that_are_no_invoice_fail_the_check(arfeed: Cli, feed: Path) -> None:
    xero(feed / "exports" / "SalesInvoices.csv", *SEVEN, document("INV-9", InvoiceDate="31/02/2026"))
    done = arfeed(feed, "check")
    assert done.code == 4
    assert "✗ rows of xero-uk: 1 value can't be taken" in done.out


def test_a_quick_check_leaves_the_rows_unread(arfeed: Cli, feed: Path) -> None:
    xero(feed / "exports" / "SalesInvoices.csv", *SEVEN, document("INV-9", InvoiceDate="31/02/2026"))
    done = arfeed(feed, "check", "--quick")
    assert done.code == 0
    assert "rows of" not in done.out


def test_two_sources_with_one_number_fail_the_report(arfeed: Cli, feed: Path) -> None:
    config = feed / "plugins.toml"
    text = config.read_text()
    again = text[text.index("[sources.xero-uk]") : text.index("[destination]")].replace("xero-uk", "again")
    config.write_text(text.replace("[destination]", f"{again}\n[destination]"))
    done = arfeed(feed, "check", "--json")
    assert done.code == 4
    assert "share an invoice number" in finding(done, "report")["said"]


def test_a_history_out_of_reach_does_not_end_the_check(arfeed: Cli, feed: Path) -> None:
    config = feed / "plugins.toml"
    history = 'name = "acme-uk"\nhistory = "postgresql://nobody@127.0.0.1:1/none"'
    config.write_text(config.read_text().replace('name = "acme-uk"', history))
    done = arfeed(feed, "check", "--json")
    assert done.code == 2
    assert finding(done, "history")["state"] == "failed"
    assert finding(done, "folder (the root)")["state"] == "ok"


def test_a_report_of_somebody_else_is_doubted(arfeed: Cli, feed: Path, receiver: Path) -> None:
    receiver.joinpath("csv_data_uploads").mkdir()
    receiver.joinpath("csv_data_uploads", "theirs.csv").write_text("a\n")
    reports = finding(arfeed(feed, "check", "--json"), "reports there")
    assert (reports["state"], reports["facts"]["unknown"]) == ("doubt", ["theirs.csv"])


@pytest.mark.openssh
def test_a_server_is_described_by_what_it_offers(sftp_feed: Path) -> None:
    done = run(sftp_feed, "check", "--json")
    assert "posix-rename" in finding(done, "extensions")["facts"]["extensions"]
    assert finding(done, "host key")["facts"]["fingerprint"].startswith("SHA256:")
    assert finding(done, "folder csv_data_uploads")["state"] == "doubt"


@pytest.mark.openssh
def test_a_probe_compares_the_clocks(sftp_feed: Path, root: Path) -> None:
    clock = finding(run(sftp_feed, "check", "--probe", "--json"), "clock")
    assert clock["state"] == "ok"
    assert abs(clock["facts"]["ahead"]) < 60
    assert not [*root.rglob("*.part")]


@pytest.mark.openssh
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("known_hosts", "empty", ["✓ destination", "✗ host key"]),
        ("private_key", "stranger", ["✓ destination", "✓ host key", "✗ login"]),
    ],
    ids=["host key", "login"],
)
def test_it_says_how_far_one_came(
    arfeed: Cli, sftp_feed: Path, tmp_path: Path, key: str, value: str, said: list[str]
) -> None:
    file = make_key(tmp_path / value) if value == "stranger" else tmp_path / value
    file.touch()
    config = sftp_feed / "plugins.toml"
    config.write_text(re.sub(rf"^{key} = .*$", f'{key} = "{file}"', config.read_text(), flags=re.MULTILINE))
    done = arfeed(sftp_feed, "check")
    assert done.code == 5
    steps = [line for line in done.out.splitlines() if re.match(r"[✓✗] (destination|host key|login)", line)]
    assert [line[: len(start)] for line, start in zip(steps, said, strict=True)] == said


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("private_key", "absent", "The private key"),
        ("private_key", ".", "The private key"),
        ("known_hosts", ".", "The file of known hosts"),
    ],
    ids=["key absent", "key unreadable", "known_hosts unreadable"],
)
def test_a_step_that_was_not_taken_is_not_claimed(arfeed: Cli, tmp_path: Path, key: str, value: str, said: str) -> None:
    lines = {"url": "sftp://acme@127.0.0.1:1", "private_key": "absent", "known_hosts": "absent"}
    lines[key] = str(tmp_path / value)
    write(tmp_path, FOLDER_FEED.replace('url = "out"', "\n".join(f'{name} = "{text}"' for name, text in lines.items())))
    tmp_path.joinpath("open.csv").write_text(OPEN.format(first="31/03/2026"))
    done = arfeed(tmp_path, "check")
    steps = [line for line in done.out.splitlines() if re.match(r"[✓✗] (destination|host key|login)", line)]
    assert (done.code, len(steps)) == (5, 1), steps
    assert steps[0].startswith("✗ login")
    assert said in steps[0]


@pytest.mark.openssh
def test_a_server_that_is_not_there_fails_at_its_address(arfeed: Cli, sftp_feed: Path, openssh: OpenSSH) -> None:
    config = sftp_feed / "plugins.toml"
    config.write_text(config.read_text().replace(f":{openssh.port}", ":1"))
    done = arfeed(sftp_feed, "check")
    assert done.code == 5
    assert "✗ destination sftp://" in done.out
    assert "Nothing is listening at" in done.out


def test_the_last_delivery_is_named_and_a_clock_behind_it_is_doubted(arfeed: Cli, feed: Path) -> None:
    code = arfeed(feed, "plan", "--json").json()["approval"]
    assert arfeed(feed, "sync", "--approve", code).code == 0
    found = {item.what: item for item in examine(read_project(feed / "plugins.toml"), lambda: LONG_AGO, quick=True)}
    assert "last delivery" in found["history"].said
    assert found["clock"].state == "doubt"


def test_the_receivers_folders_are_not_written_to_without_a_probe(arfeed: Cli, feed: Path, receiver: Path) -> None:
    receiver.joinpath("csv_data_uploads").mkdir()
    folders = [receiver, receiver / "csv_data_uploads"]
    before = [folder.stat().st_mtime_ns for folder in folders]
    assert arfeed(feed, "check").code == 0
    assert [folder.stat().st_mtime_ns for folder in folders] == before
    assert arfeed(feed, "check", "--probe").code == 0
    assert [folder.stat().st_mtime_ns for folder in folders] != before


@pytest.fixture(scope="module")
def erlang() -> Iterator[Server]:
    with erlang_server() as server:
        yield server


def fed(folder: Path, destination: Mapping[str, str]) -> Path:
    lines = "\n".join(f'{key} = "{value}"' for key, value in destination.items())
    write(folder, FOLDER_FEED.replace('url = "out"', lines))
    folder.joinpath("open.csv").write_text(OPEN.format(first="31/03/2026"))
    return folder


def test_a_server_of_another_make_is_named_and_a_probe_fails_only_where_a_delivery_would(
    erlang: Server, tmp_path: Path
) -> None:
    root = erlang.new_root()
    done = run(fed(tmp_path, erlang.destination(root)), "check", "--probe", "--json")
    assert done.code == 0, done.out
    assert finding(done, "server")["facts"]["make"] == "Erlang/OTP 25.2.3"
    doubts = [check["what"] for check in done.json()["checks"] if check["state"] == "doubt"]
    assert "keep 8 open files apart in the root" in doubts
    assert "replace a file by renaming in the root" in doubts
    assert "folder csv_data_uploads" in doubts  # missing, and listed with a mere failure
    assert not [*root.glob(".*")]


def test_what_goes_wrong_after_the_login_is_not_called_a_login(erlang: Server, tmp_path: Path) -> None:
    done = run(fed(tmp_path, erlang.destination(erlang.login / "typo")), "check", "--json")
    assert done.code == 5
    (failed,) = [check["what"] for check in done.json()["checks"] if check["state"] == "failed"]
    assert failed == f"destination sftp://acme@127.0.0.1:{erlang.port}/typo"
