"""How commands end, and what they say: exit codes, one JSON document, messages that tell what to do next."""

from __future__ import annotations

import hashlib
import json
import shutil
from importlib.metadata import version
from pathlib import Path

import pytest

from support.feeds.command import Cli
from support.files.exports import SEVEN, document, xero
from support.servers.openssh import make_key


def change(feed: Path, right: str, wrong: str) -> None:
    config = feed / "plugins.toml"
    text = config.read_text()
    assert right in text
    config.write_text(text.replace(right, wrong))


def replace_line(feed: Path, key: str, value: str) -> None:
    config = feed / "plugins.toml"
    lines = [f'{key} = "{value}"' if line.startswith(key) else line for line in config.read_text().splitlines()]
    config.write_text("\n".join(lines))


def approved(arfeed: Cli, feed: Path) -> None:
    assert arfeed(feed, "sync", "--approve", arfeed(feed, "plan", "--json").json()["approval"]).code == 0


def test_the_version_is_told_without_a_feed(arfeed: Cli, tmp_path: Path) -> None:
    told = arfeed(tmp_path, "--version")
    assert (told.code, told.out) == (0, f"arfeed {version('arfeed')}\n")


def test_a_delivery_ends_with_0(arfeed: Cli, feed: Path, receiver: Path) -> None:
    approved(arfeed, feed)
    done = arfeed(feed, "sync")
    assert done.code == 0
    assert "delivered csv_data_uploads/open_ar_" in done.out
    assert sorted(path.name for path in receiver.glob("*.pdf")) == ["00071.pdf", "INV-001.pdf", "INV_2026_0042.pdf"]
    assert len([*receiver.joinpath("csv_data_uploads").iterdir()]) == 2


def test_the_whole_plan_stands_before_its_refusal_and_says_what_to_type(arfeed: Cli, feed: Path) -> None:
    done = arfeed(feed, "plan")
    assert done.code == 3
    for part in ("xero-uk", "GBP", "EUR", "1,580.94", "unknown-baseline", "arfeed sync --approve 0-"):
        assert part in done.out
    assert "Refused" in done.err


@pytest.mark.parametrize("command", ["plan", "sync"])
def test_a_refusal_ends_with_3_and_delivers_nothing(arfeed: Cli, feed: Path, receiver: Path, command: str) -> None:
    assert arfeed(feed, command).code == 3
    assert not [*receiver.iterdir()]


def test_a_plan_ends_as_the_delivery_would(arfeed: Cli, feed: Path) -> None:
    approved(arfeed, feed)
    assert arfeed(feed, "plan").code == 0


def test_an_approval_of_another_plan_is_refused(arfeed: Cli, feed: Path, receiver: Path) -> None:
    done = arfeed(feed, "sync", "--approve", "0-ffffff")
    assert done.code == 3
    assert "The approval 0-ffffff is for another plan than this one" in done.err
    assert not [*receiver.iterdir()]


def test_an_approval_holds_for_one_delivery_only(arfeed: Cli, feed: Path) -> None:
    code = arfeed(feed, "plan", "--json").json()["approval"]
    assert arfeed(feed, "sync", "--approve", code).code == 0
    xero(feed / "exports" / "SalesInvoices.csv", *SEVEN[1:])
    assert arfeed(feed, "sync", "--approve", code).code == 3


@pytest.mark.parametrize("command", ["plan", "sync", "check"])
@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('use = "xero"', 'use = "xreo"', "sources.xero-uk.use: there is no connector 'xreo' in the enabled plugins"),
        ('mode = "open-ar"', "", "destination.mode: it is required"),
        ('dates = "DMY"', 'date = "DMY"', "sources.xero-uk.date: there is no such key; did you mean 'dates'?"),
    ],
    ids=["plugin", "missing key", "unknown key"],
)  # fmt: skip
def test_a_wrong_configuration_ends_with_2(
    arfeed: Cli, feed: Path, command: str, right: str, wrong: str, said: str
) -> None:
    change(feed, right, wrong)
    done = arfeed(feed, command)
    assert (done.code, done.out) == (2, "")
    assert f"plugins.toml: {said}" in done.err


@pytest.mark.parametrize("arguments", [["synk"], ["sync", "--force"], ["plugins", "lst"]], ids=" ".join)
def test_a_wrong_command_line_ends_with_2(arfeed: Cli, tmp_path: Path, arguments: list[str]) -> None:
    done = arfeed(tmp_path, *arguments)
    assert (done.code, done.out) == (2, "")


def test_a_folder_without_a_feed_ends_with_2(arfeed: Cli, tmp_path: Path) -> None:
    done = arfeed(tmp_path, "sync")
    assert done.code == 2
    assert "plugins.toml: there is no such file; go to the folder with your plugins.toml" in done.err


@pytest.mark.parametrize("command", ["plan", "sync"])
@pytest.mark.parametrize(
    ("documents", "said"),
    [
        ([], "xero-uk: it has no rows at all"),
        (
            [*SEVEN, document("INV-9", InvoiceDate="31/02/2026")],
            "SalesInvoices.csv line 15, column InvoiceDate: '31/02/2026' is not a date in order day-month-year",
        ),
        ([*SEVEN, document("inv-001", ContactName="Bob")], "2 rows share an invoice number"),
    ],
    ids=["no rows", "a problem row", "a number twice"],
)
def test_a_failed_source_ends_with_4_and_delivers_nothing(
    arfeed: Cli, feed: Path, receiver: Path, command: str, documents: list[list[dict[str, str]]], said: str
) -> None:
    xero(feed / "exports" / "SalesInvoices.csv", *documents)
    done = arfeed(feed, command)
    assert (done.code, done.out) == (4, "")
    assert said in done.err
    assert not [*receiver.iterdir()]


def test_a_missing_export_ends_with_4(arfeed: Cli, feed: Path) -> None:
    feed.joinpath("exports/SalesInvoices.csv").unlink()
    done = arfeed(feed, "plan")
    assert done.code == 4
    assert "exports/SalesInvoices.csv: no file matches; export it again or correct `path`" in done.err


@pytest.mark.openssh
def test_a_server_that_lets_nobody_in_ends_with_5(arfeed: Cli, sftp_feed: Path, tmp_path: Path) -> None:
    stranger = make_key(tmp_path / "stranger")
    replace_line(sftp_feed, "private_key", str(stranger))
    done = arfeed(sftp_feed, "check")
    assert done.code == 5
    assert "destination sftp://" in done.out


@pytest.mark.openssh
def test_a_server_of_an_unknown_key_ends_with_5(arfeed: Cli, sftp_feed: Path, root: Path, tmp_path: Path) -> None:
    empty = tmp_path / "known_hosts"
    empty.touch()
    replace_line(sftp_feed, "known_hosts", str(empty))
    done = arfeed(sftp_feed, "check")
    assert done.code == 5
    assert "SHA256:" in done.out + done.err
    assert not [*root.iterdir()]


# --- JSON -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "code"),
    [(["plan"], 3), (["sync"], 3), (["check"], 0), (["plugins", "list"], 0), (["plugins", "show", "xero"], 0)],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_json_is_one_document_on_stdout_and_nothing_else_there(
    arfeed: Cli, feed: Path, command: list[str], code: int
) -> None:
    done = arfeed(feed, *command, "--json")
    assert done.code == code
    json.loads(done.out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["synk"], "No such command 'synk'"),
        (["sync", "--force"], "No such option: --force"),
        (["plan", "--config"], "Option '--config' requires an argument"),
        (["resend"], "Missing parameter: run"),
        (["plan"], "plugins.toml: there is no such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_json_document_too(arfeed: Cli, tmp_path: Path, arguments: list[str], said: str) -> None:
    done = arfeed(tmp_path, arguments[0], "--json", *arguments[1:])
    assert done.code == 2
    error = done.json()["error"]
    assert (error["kind"], error["exit_code"]) == ("ConfigError", 2)
    assert said in error["message"]
    assert said in done.err


def test_what_people_read_goes_to_stderr_beside_json(arfeed: Cli, feed: Path) -> None:
    done = arfeed(feed, "plan", "--json")
    assert "unknown-baseline" in done.err
    assert "arfeed sync --approve" in done.err


def test_amounts_in_json_are_text_and_exact(arfeed: Cli, feed: Path) -> None:
    totals = {total["currency"]: total for total in arfeed(feed, "plan", "--json").json()["totals"]}
    assert {currency: (total["count"], total["balance"]) for currency, total in totals.items()} == {
        "EUR": (totals["EUR"]["count"], "1580.9400"),
        "GBP": (totals["GBP"]["count"], "439.5500"),
    }
    assert [int(total["count"]) for total in totals.values()] == [1, 4]


def test_the_json_of_a_delivery_holds_plan_and_receipt(arfeed: Cli, feed: Path) -> None:
    code = arfeed(feed, "plan", "--json").json()["approval"]
    done = arfeed(feed, "sync", "--json", "--approve", code).json()
    assert done["delivered"] is True
    assert done["plan"]["counts"] == {"new": 5, "changed": 0, "unchanged": 0, "missing": 0}
    assert done["receipt"]["report"]["name"].startswith("open_ar_")
    assert arfeed(feed, "plan", "--json").json()["counts"] == {"new": 0, "changed": 0, "unchanged": 5, "missing": 0}


# --- where a feed lives ---------------------------------------------------------------------------------------------


def test_a_feed_runs_from_anywhere(arfeed: Cli, feed: Path, tmp_path: Path, receiver: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    config = str(feed / "plugins.toml")
    code = arfeed(elsewhere, "plan", "--json", "--config", config).json()["approval"]
    assert arfeed(elsewhere, "sync", "--config", config, "--approve", code).code == 0
    assert not [*elsewhere.iterdir()]
    assert receiver.joinpath("00071.pdf").exists()
    assert arfeed(feed, "plan").code == 0


def test_the_environment_may_name_the_feed(
    arfeed: Cli, feed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARFEED_CONFIG", str(feed / "plugins.toml"))
    assert arfeed(tmp_path, "plan").code == 3


def test_a_feed_can_deliver_into_memory(arfeed: Cli, feed: Path, receiver: Path) -> None:
    import fsspec

    change(feed, f"file://{receiver}", "memory://receiver-of-a-test")
    memory = fsspec.filesystem("memory")
    memory.makedirs("/receiver-of-a-test", exist_ok=True)
    approved(arfeed, feed)
    assert [path.rpartition("/")[2] for path in sorted(memory.glob("/receiver-of-a-test/*.pdf"))] == [
        *("00071.pdf", "INV-001.pdf", "INV_2026_0042.pdf")
    ]
    assert len(memory.ls("/receiver-of-a-test/csv_data_uploads")) == 1


# --- what the receiver gets -----------------------------------------------------------------------------------------


def delivered(arfeed: Cli, feed: Path, receiver: Path) -> list[str]:
    approved(arfeed, feed)
    (report,) = receiver.joinpath("csv_data_uploads").iterdir()
    return report.read_text(encoding="utf-8").replace('"', "").splitlines()


def test_only_the_kinds_asked_for_are_reported(arfeed: Cli, feed: Path, receiver: Path) -> None:
    change(feed, 'mode = "open-ar"', 'mode = "open-ar"\nkinds = ["invoice"]')
    lines = delivered(arfeed, feed, receiver)
    assert "00071" in "\n".join(lines)
    assert "CN-001" not in "\n".join(lines)


def test_headers_and_extra_columns_are_what_the_settings_say(arfeed: Cli, feed: Path, receiver: Path) -> None:
    more = 'columns = { invoice_ref = "Invoice No" }\nextra_columns = ["Sent"]'
    change(feed, 'mode = "open-ar"', f'mode = "open-ar"\n{more}')
    header, first, *_ = delivered(arfeed, feed, receiver)
    assert header.startswith("Invoice No,kind,customer_id,")
    assert header.endswith(",po_number,memo,Sent")
    assert first.startswith("INV-001,invoice,")


def test_an_extra_column_that_no_source_has_ends_with_an_error_that_names_it(arfeed: Cli, feed: Path) -> None:
    change(feed, 'mode = "open-ar"', 'mode = "open-ar"\nextra_columns = ["Sentt"]')
    done = arfeed(feed, "plan")
    assert done.code == 2
    assert "destination.extra_columns: no source has a column 'Sentt'" in done.err


def test_a_transform_changes_what_is_sent(arfeed: Cli, feed: Path, receiver: Path) -> None:
    step = '[[transforms]]\nuse = "rename"\nprefix = "UK-"\n\n[destination]'
    change(feed, "[destination]", step)
    assert [line.partition(",")[0] for line in delivered(arfeed, feed, receiver)[1:3]] == ["UK-INV-001", "second line"]
    assert sorted(path.name for path in receiver.glob("*.pdf"))[0] == "UK-00071.pdf"


def test_a_folder_with_brackets_in_its_name_is_no_pattern(
    arfeed: Cli, feed: Path, receiver: Path, tmp_path: Path
) -> None:
    moved = feed.rename(tmp_path / "acme [uk]")
    assert arfeed(moved, "plan").code == 3


def test_the_plan_names_the_files_that_were_read_with_their_hashes(arfeed: Cli, feed: Path, receiver: Path) -> None:
    (source,) = arfeed(feed, "plan", "--json").json()["sources"]
    (read,) = source["inputs"]
    (file,) = feed.glob("exports/*.csv")
    assert read == {"file": "exports/" + file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


def test_check_looks_for_the_folder_of_the_pdfs(arfeed: Cli, feed: Path) -> None:
    shutil.rmtree(feed / "pdf")
    done = arfeed(feed, "check")
    assert done.code == 4
    assert "✗ documents of xero-uk: xero-uk: the folder of `documents` does not exist: pdf" in done.out
