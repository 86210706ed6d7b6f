"""Numbers that were made to break things: names that stay in their folder, and a report that is exact to the letter."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from support.feeds.command import Cli, write
from support.files.pdfs import pdf
from support.servers.openssh import OpenSSH

FEED = """
plugins = ["folder", "kolleno"]

[sources.erp]
use = "folder"
path = "erp.csv"

[destination]
use = "kolleno"
mode = "open-ar"
url = "{url}"
private_key = "{server.private_key}"
known_hosts = "{server.known_hosts}"
"""

HOSTILE = [
    *("../../escaped", "..", "...", "/etc/passwd", "..\\..\\escaped", "C:\\escaped", "~/escaped", "file:///escaped"),
    *("%2e%2e%2fescaped", ".hidden", ".ssh/authorized_keys", "trailing.", "inner  blanks", "-rf", "--json", "*", "?"),
    *("a\tb", "line\nend", "ret\rurn", "bell\x07", "esc\x1b[2J", "del\x7f", "next\x85line"),
    *("CON", "nul", "COM1", "LPT9.txt", "aux."),
    *("é", "nfd-A\u030a", "\ufb01-ligature", "\u202egnp.exe", "zero\u200bwidth", "\ufeffmark", "no\u00a0break"),
    *(
        "soft\u00adhyphen",
        "🧾",
        "👩\u200d👩\u200d👧",
        "ÅÄÖ",
        "שלום",
        "مرحبا",
        "田中さん",
        "ᚠᛇᚻ",
        "\U000e0041tag",
        "\ufffd",
    ),
    *("1; DROP TABLE invoices--", "' OR '1'='1", "<script>alert(1)</script>", "$(reboot)", "`reboot`", "a && b > d"),
    *("${HOME}", "{invoice_ref}", "{{7*7}}", "%s%n%x", 'quo"te', "com,ma", '","', "semi;colon"),
    *("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", '=HYPERLINK("//example.com")'),
    *("00071", "1E5", "NaN", "null", "None", "TRUE", "___", "---", "x" * 251, "y" * 252, "田" * 300),
]


def expected(ref: str) -> str:
    """Kolleno's rule, said in another way than the plugin says it."""
    return "".join(mark if mark.isascii() and (mark.isalnum() or mark in "_-") else "_" for mark in ref) + ".pdf"


def feed_of(folder: Path, server: OpenSSH, root: Path, refs: list[str]) -> Path:
    """A feed of one invoice a number; each has a PDF that is its own."""
    write(folder, FEED.format(url=server.url(root), server=server))
    folder.joinpath("pdf").mkdir()
    with folder.joinpath("erp.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, quoting=csv.QUOTE_ALL)
        table.writerow(["invoice_ref", "customer_name", "currency", "issued_on", "balance", "document", "memo"])
        for number, ref in enumerate(refs):
            folder.joinpath(f"pdf/{number}.pdf").write_bytes(pdf(f"number {number}"))
            table.writerow([ref, f"Customer {number}", "GBP", "2026-04-07", "1.00", f"pdf/{number}.pdf", ref])
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def synced(arfeed: Cli, feed: Path) -> Any:
    planned = arfeed(feed, "plan", "--json")
    assert planned.code == 3, planned.err
    done = arfeed(feed, "sync", "--json", "--approve", planned.json()["approval"])
    assert done.code == 0, done.err
    return done.json()


@pytest.fixture
def delivered(arfeed: Cli, tmp_path: Path, openssh: OpenSSH, root: Path) -> Any:
    """What the plan and receipt say of all the hostile numbers, delivered, and what else the server's folder holds."""
    elsewhere = {name: content for name, content in tree(openssh.log.parent).items() if not name.endswith(".log")}
    done = synced(arfeed, feed_of(tmp_path / "feed", openssh, root, HOSTILE))
    prefix = str(root.relative_to(openssh.log.parent)) + "/"
    now = tree(openssh.log.parent)
    assert {name: now[name] for name in now if not name.startswith(prefix) and not name.endswith(".log")} == elsewhere
    return done


@pytest.mark.openssh
def test_hostile_numbers_become_safe_and_distinct_names_or_a_problem_of_their_own(delivered: Any, root: Path) -> None:
    names = [expected(ref) for ref in HOSTILE]
    folded = [name.casefold() for name in names]
    own = {name: number for number, name in enumerate(names) if folded.count(folded[number]) == 1 and len(name) <= 255}
    assert {path.name: path.read_bytes() for path in root.glob("*.pdf")} == {
        name: pdf(f"number {number}") for name, number in own.items()
    }
    assert {*map(str, root.iterdir())} == {f"{root}/{name}" for name in [*own, "csv_data_uploads"]}
    documents = delivered["plan"]["documents"]
    assert [*documents["broken"]] == [ref for ref in HOSTILE if len(expected(ref)) > 255]
    assert {ref for refs in documents["colliding"].values() for ref in refs} == {
        ref for ref, name in zip(HOSTILE, folded, strict=True) if folded.count(name) > 1
    }
    assert delivered["receipt"]["documents_failed"] == {}


@pytest.mark.openssh
def test_the_report_lists_hostile_numbers_to_the_letter(delivered: Any, root: Path) -> None:
    (report,) = root.joinpath("csv_data_uploads").iterdir()
    with report.open(encoding="utf-8", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [(row["invoice_ref"], row["memo"], row["balance"]) for row in rows] == [
        (ref, ref, "1.00") for ref in HOSTILE
    ]
    notes = " ".join(delivered["plan"]["notes"])
    assert "invoice numbers with characters that can't be seen: 'a\\tb', 'line\\nend', 'ret\\rurn' and" in notes
    assert "=, +, - or @ are sent as they are: invoice_ref 8, memo 8." in notes


@pytest.mark.openssh
@pytest.mark.parametrize(
    "other",
    [
        "inv 7", "INV\u00a07", "INV \u200b7", "\ufeffINV 7", "INV 7\u00ad", "INV 7\u202c", "INV\t7", "INV \x077",
        "INV 7 \u200b",
    ],
    ids=ascii,
)  # fmt: skip
def test_numbers_that_nobody_could_tell_apart_are_refused(
    arfeed: Cli, tmp_path: Path, openssh: OpenSSH, root: Path, other: str
) -> None:
    done = arfeed(feed_of(tmp_path / "feed", openssh, root, ["INV 7", other]), "sync", "--json")
    assert done.code == 4
    assert "2 rows share an invoice number" in done.json()["error"]["message"]
    assert repr(other) in done.json()["error"]["message"]


@pytest.mark.openssh
@pytest.mark.parametrize("ref", ["\u200b", "nul\0byte"], ids=["nothing to see", "NUL"])
def test_a_number_that_is_none_stops_the_run(
    arfeed: Cli, tmp_path: Path, openssh: OpenSSH, root: Path, ref: str
) -> None:
    done = arfeed(feed_of(tmp_path / "feed", openssh, root, ["INV-1", ref]), "sync", "--json")
    assert done.code == 4
    assert not [*root.iterdir()]


@pytest.mark.openssh
def test_a_number_that_gains_a_character_nobody_sees_is_not_taken_for_paid(
    arfeed: Cli, tmp_path: Path, openssh: OpenSSH, root: Path
) -> None:
    feed = feed_of(tmp_path / "feed", openssh, root, ["INV-1", "INV-2"])
    config = feed / "plugins.toml"
    config.write_text(config.read_text().replace('"erp.csv"', '"erp.csv"\nabsent_means_paid = true'))
    synced(arfeed, feed)
    export = feed / "erp.csv"
    export.write_text(export.read_text().replace('"INV-2"', '"INV-2\u200b"').replace("2026-04-07", "2026-04-08"))
    plan = arfeed(feed, "plan", "--json")
    assert plan.code == 3
    assert "still-open" in [objection["code"] for objection in plan.json()["objections"]]
    assert any("'INV-2\\u200b'" in note for note in plan.json()["notes"])
    assert json.loads(plan.out)["counts"]["missing"] == 1
