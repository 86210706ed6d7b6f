"""Every column of an export is accounted for by what it holds, or a person is asked about it, once for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arfeed.model.errors import ConfigError
from arfeed.model.settings import ReconcileSettings
from arfeed.runs.reconciliation.export import read_export
from arfeed.runs.reconciliation.verdict import Verdict, judge
from support.files.receiver_lists import HEADINGS, Row, delivered, judged, outcomes, report, sent, write_csv

ROWS = [
    {**row, "amount": f"{Decimal(row['balance']) + (20 if number % 9 == 0 else 0)}", "po_number": f"PO-{7 * number}"}
    for number, row in enumerate(sent(30))
]
PAID = ("INV-0003", "INV-0007", "INV-0012")

Value = Callable[[Row], str]


def saved(folder: Path, columns: Mapping[str, Value], rows: list[Row] = ROWS, leave: tuple[str, ...] = ()) -> Path:
    """Save an export with further columns, and without some of the usual ones."""
    names = {name: heading for name, heading in HEADINGS.items() if name not in leave}
    lines = [{**row, **{heading: value(row) for heading, value in columns.items()}} for row in rows]
    return write_csv(folder / "open.csv", lines, headings={**names, **{name: name for name in columns}})


def verdict_of(folder: Path, columns: Mapping[str, Value], rows: list[Row] = ROWS, **settings: Any) -> Verdict:
    return judged(saved(folder, columns, rows), delivered(ROWS), **settings)


def on(word: str, other: str = "") -> Value:
    return lambda row: word if row["invoice_ref"] in PAID else other


def late(row: Row) -> str:
    return str(max(0, (date(2026, 4, 20) - date.fromisoformat(row["due_on"])).days))


def due(row: Row, days: str) -> str:
    return row["balance"] if (days == "0") == (late(row) == "0") else "0.00"


def paid(row: Row) -> str:
    return str(Decimal(row["amount"]) - Decimal(row["balance"]))


# --- what accounts for a column -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        {"Litige": lambda _: "", "Lettrage": lambda _: "-"},
        {"Order": lambda row: row["po_number"], "Invoice date": lambda row: row["issued_on"]},
        {"Total": lambda row: row["amount"], "Amount paid": paid},
        {"Days overdue": late},
        {"Verzug": lambda row: f"{late(row)} Tage"},
        {"#": lambda row: str(int(row["invoice_ref"][4:]))},
        {"Current": lambda row: due(row, "0"), "1-30": lambda _: "", "> 30": lambda row: due(row, "31")},
        {"Phase": lambda row: "Overdue" if late(row) != "0" else "Sent"},
        {"Is paid": lambda _: "No"},
        {"Sort": lambda _: "Rechnung"},
        {"D/C": lambda _: "D"},
        {"Gross total": lambda row: f"{Decimal(row['amount']) * Decimal('1.19'):.2f}"},
    ],
    ids=lambda columns: " ".join(columns),
)  # fmt: skip
def test_what_was_sent_or_follows_from_it_is_no_question(tmp_path: Path, columns: Mapping[str, Value]) -> None:
    verdict = verdict_of(tmp_path, columns)
    assert (verdict.outcome, verdict.reasons) == ("same", ())


def test_what_accounts_for_each_column_is_printed(tmp_path: Path) -> None:
    file = saved(tmp_path, {"Order": lambda row: row["po_number"], "Days overdue": late})
    export = read_export(file, ReconcileSettings(), delivered(ROWS), Answering("none of them"))
    assert export.evidence["other columns"] == (
        "'Order': po_number as sent; 'Days overdue': days from due_on to 2026-04-20"
    )


def test_what_is_sent_in_the_destinations_layout_accounts_for_a_column(tmp_path: Path) -> None:
    file = saved(tmp_path, {"Branch": lambda row: f"B{row['invoice_ref'][-1]}"})
    layout = report(ROWS)[["invoice_ref"]].assign(unit=[f"B{row['invoice_ref'][-1]}" for row in ROWS])
    export = read_export(
        file, ReconcileSettings(), replace(delivered(ROWS), cells=lambda: layout), Answering("none of them")
    )
    assert export.evidence["other columns"] == "'Branch': unit as sent"


def test_what_is_said_of_closed_invoices_alone_is_no_question(tmp_path: Path) -> None:
    old = [{**ROWS[0], "invoice_ref": f"OLD-{number}", "balance": "0.00", "by": "Ann"} for number in range(9)]
    rows = [*({**row, "by": ""} for row in ROWS), *old]
    file = write_csv(tmp_path / "open.csv", rows, headings={**HEADINGS, "by": "Cleared by"})
    assert judged(file, delivered(ROWS)).outcome == "same"


# --- what is asked about --------------------------------------------------------------------------------------------

ASKED: dict[str, Value] = {
    "Cleared by": on("J. Smith"),
    "Clearing document": lambda row: f"1400{row['invoice_ref'][4:]}" if row["invoice_ref"] in PAID else "",
    "Cancel reason": on("Duplicate"),
    "Comments": on("cheque banked", "will pay"),
    "Lettrage": on("AB"),
    "Conciliada": on("✔"),
    "Fecha abono": on("01/04/2026"),
    "Rozliczono": on("tak", "nie"),
    "Row colour": on("green", "white"),
    "Reg.": lambda _: "J",
    "Paid so far": lambda row: row["balance"] if row["invoice_ref"] in PAID else "0.00",
    "Rest": lambda row: "0.00" if row["invoice_ref"] in PAID or int(row["invoice_ref"][4:]) > 25 else row["balance"],
    "Regolato": lambda row: row["balance"],
    "Soldée le": lambda row: row["due_on"],
    "Zugeordnet": lambda row: row["invoice_ref"],
    "Zahlungskennzeichen": lambda _: "S",
    "Days to pay": late,
    "Payment": lambda row: str(int(row["invoice_ref"][4:])),
    "Type": on("Sales Credit Memo", "Invoice"),
    "D/C": on("X", "D"),
    "Open?": lambda _: "0.00",
    "": on("x"),
}


@pytest.mark.parametrize("heading", ASKED)
def test_a_column_with_what_was_not_sent_is_asked_about(tmp_path: Path, heading: str) -> None:
    with pytest.raises(
        ConfigError, match=r"^1 column with data that was not sent, and that may say an invoice is paid, closed"
    ):
        verdict_of(tmp_path, {heading: ASKED[heading]})


def test_all_columns_are_asked_about_at_once_with_the_line_to_paste(tmp_path: Path) -> None:
    columns = {"Assigned to": on("Ann", "Bob"), "Notes": on("called"), "Paid via": on("card")}
    with pytest.raises(ConfigError) as raised:
        verdict_of(tmp_path, columns, ignore=["Rep"])
    assert "3 columns with data that was not sent" in str(raised.value)
    assert "\n  'Assigned to': Ann (3 rows), Bob (27 rows)\n  'Notes': called\n  'Paid via': card\n" in str(
        raised.value
    )
    # What is said of a few rows only may be what closes them, and stands in no line that is pasted without a look.
    assert "ignore = [" not in str(raised.value)
    assert "for 'Notes', columns.balance or columns.status = \"Notes\"" in str(raised.value)
    told = {"Rep": "texts", "assigned to ": ["ann", "Bob"], "Notes": ["called", ""], "Paid via": "anything"}
    assert verdict_of(tmp_path, columns, ignore=told).outcome == "same"


def test_the_rarest_words_come_first_and_their_column_stands_in_no_line_to_paste(tmp_path: Path) -> None:
    stages = {"INV-0003": "Written down", "INV-0007": "Reminder 2"}
    columns: dict[str, Value] = {
        "Stage": lambda row: stages.get(row["invoice_ref"], "Reminder 1"),
        "Id": lambda row: f"x{row['invoice_ref']}",
        "Team": by_customer,
        "Batch": on("A", "B"),
        "All of them": lambda _: "Gesloten",
    }
    with pytest.raises(ConfigError) as raised:
        verdict_of(tmp_path, columns, ignore=["Rep"])
    assert "'Stage': Written down (1 row), Reminder 2 (1 row), Reminder 1 (28 rows)" in str(raised.value)
    # What goes by the customer, or numbers the rows, can hardly say what is closed.
    assert 'ignore = { "Rep" = "texts", "Id" = "texts", "Team" = ["North", "South"] }\n' in str(raised.value)
    for name in ("Stage", "Batch", "All of them"):
        assert f'or ignore = {{ "{name}" = ["…"] }} with those of its words that close nothing' in str(raised.value)


def by_customer(row: Row) -> str:
    return "North" if row["customer_name"][-1] in "135" else "South"


def test_what_goes_by_the_customer_but_for_one_invoice_stands_in_no_line(tmp_path: Path) -> None:
    columns: dict[str, Value] = {
        "Team": lambda row: "South" if row["invoice_ref"] == "INV-0003" else by_customer(row),
        "Memo": lambda row: f"settled {row['invoice_ref']}" if row["invoice_ref"] in PAID else row["invoice_ref"][::-1],
        "Link": lambda row: f"x{row['invoice_ref']}{'/done' if row['invoice_ref'] in PAID else ''}",
        "Key": lambda row: f"{row['invoice_ref']}{'done' if row['invoice_ref'] in PAID else 'todo'}",
    }
    with pytest.raises(ConfigError) as raised:
        verdict_of(tmp_path, columns)
    assert "for those that don't" not in str(raised.value)


NOW = {"Stage": on("Written down", "Reminder 1"), "Rep": on("Ann", "Bob")}


@pytest.mark.parametrize(
    ("said", "new"),
    [
        ({"Stage": ["Reminder 1"], "Rep": ["Ann", "Bob"]}, "'Stage': .*; `ignore` does not name 'Written down'"),
        ({"Stage": ["Written down", "Reminder 1"], "Rep": ["ANN"]}, "'Rep': .*; `ignore` does not name 'Bob'"),
        (["Stage", "Rep"], "2 columns .*'Stage': .*'Rep': "),
    ],
    ids=["a word", "another column", "no words"],
)
def test_a_word_that_ignore_does_not_name_is_asked_about(tmp_path: Path, said: Any, new: str) -> None:
    with pytest.raises(ConfigError, match=f"(?s){new}"):
        verdict_of(tmp_path, NOW, ignore=said)
    every = {"Stage": ["Written down", "Reminder 1"], "Rep": "anything"}
    assert verdict_of(tmp_path, NOW, ignore=every).outcome == "same"


def test_a_blank_is_a_word_that_ignore_names_or_not(tmp_path: Path) -> None:
    columns = {"Stage": on("", "Reminder 1")}
    with pytest.raises(ConfigError, match="`ignore` does not name ''"):
        verdict_of(tmp_path, columns, ignore={"Stage": ["Reminder 1"]})
    assert verdict_of(tmp_path, columns, ignore={"Stage": ["Reminder 1", ""]}).outcome == "same"


def test_a_word_that_closes_is_passed_over_in_the_column_that_names_it_alone(tmp_path: Path) -> None:
    columns = {"Phase": on("Paid", "Open"), "Closed on": on("2026-04-01")}
    with pytest.raises(ConfigError, match=r"^1 column .*\n  'Closed on': .*; it closes 3 rows"):
        verdict_of(tmp_path, columns, ignore={"Phase": ["Paid", "Open"]})
    both = {"Phase": ["Paid", "Open"], "Closed on": "anything"}
    assert verdict_of(tmp_path, columns, ignore=both).outcome == "same"
    # Nor does a column that is said to be the status speak for others.
    with pytest.raises(ConfigError, match=r"'Closed on': .*; it closes 3 rows"):
        judged(saved(tmp_path, {**columns, "Phase": lambda _: "Open"}), delivered(ROWS), columns={"status": "Phase"})


def test_a_status_of_false_is_refused_with_what_to_write_instead() -> None:
    with pytest.raises(ValueError, match=r"name the one that says something else in ignore, with its words"):
        ReconcileSettings.model_validate({"values": {"status": False}})


@pytest.mark.parametrize(
    ("heading", "words", "asked"),
    [
        ("Payment Status", ("Posted", "Unpaid"), True),
        ("Payment Status", ("Authorized", "Authorized"), True),
        ("Zahlung", ("Versendet", "Offen"), True),
        ("Payment Status", ("Overdue", "Unpaid"), False),
        ("Status", ("Sent", "Posted"), False),
        ("Status", ("Vervallen", "Openstaand"), True),
    ],
)
def test_words_that_mean_a_payment_under_a_heading_of_payments_close_nothing_silently(
    tmp_path: Path, heading: str, words: tuple[str, str], asked: bool
) -> None:
    columns = {heading: on(*words)}
    if not asked:
        assert verdict_of(tmp_path, columns).outcome == "same"
        return
    said = ""
    with suppress(ConfigError):
        said = outcomes(verdict_of(tmp_path, columns))["INV-0003"][0]
    assert said in ("", "unreadable")
    told = {"columns": {"status": heading}, "values": {"status": dict.fromkeys(words, "open")}}
    assert judged(saved(tmp_path, columns), delivered(ROWS), **told).outcome == "same"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words", [("Sì", "Sì"), ("Sì", "No"), ("Si", "No"), ("S", "N")], ids=["all", "accent", "plain", "letters"]
)
def test_yes_and_no_are_no_kinds_of_documents(tmp_path: Path, words: tuple[str, str]) -> None:
    with pytest.raises(ConfigError) as raised:
        verdict_of(tmp_path, {"Quietanzata": on(*words)})
    assert "'Quietanzata': " in str(raised.value)
    assert "values.kind" not in str(raised.value)


def test_a_total_with_another_tax_in_one_row_is_asked_about(tmp_path: Path) -> None:
    def gross(row: Row) -> str:
        return f"{Decimal(row['amount']) * Decimal('1.07' if row['invoice_ref'] == 'INV-0003' else '1.19'):.2f}"

    with pytest.raises(ConfigError, match=r'"Gross total" .* if it is what is open, not what was billed'):
        verdict_of(tmp_path, {"Gross total": gross})


def test_all_that_is_open_is_told_at_once(tmp_path: Path) -> None:
    rows = [{**row, "currency": "$", "due_on": f"0{number % 9 + 1}/04/2026"} for number, row in enumerate(ROWS)]
    with pytest.raises(ConfigError) as raised:
        judged(saved(tmp_path, {"Stage": on("A", "B")}, rows), delivered([{**row, "due_on": ""} for row in ROWS]))
    for said in ("'Currency' holds '$'", "which order they are in", "'Stage': A (3 rows)"):
        assert said in str(raised.value)


def test_a_share_of_nothing_closes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        verdict_of(tmp_path, {"Paid %": lambda _: "0%"})
    assert "it closes" not in str(raised.value)


def test_a_name_in_ignore_that_is_nearly_a_heading_is_pointed_out(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`ignore` has 'Asigned to', and the export 'Assigned to'"):
        verdict_of(tmp_path, {"Assigned to": on("Ann", "Bob")}, ignore=["Asigned to"])


def test_rows_beyond_those_that_tell_what_columns_mean_count_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arfeed.runs.reconciliation.export._LOOKED_AT", 20)
    with pytest.raises(ConfigError, match="'Stage': Won"):
        verdict_of(tmp_path, {"Stage": lambda row: "Won" if row["invoice_ref"] == "INV-0030" else ""})


def test_a_status_that_is_blank_for_some_that_are_open_is_asked_about(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"(?s)'Status': Open; it is blank in some .* values.status = \{ \"\" = \"…\" \}"
    ):
        verdict_of(tmp_path, {"Status": on("", "Open")})
    assert verdict_of(tmp_path, {"Status": on("", "Open")}, values={"status": {"": "open"}}).outcome == "same"
    with pytest.raises(ConfigError, match="'Stage': Open"):
        verdict_of(tmp_path, {"Stage": on("", "Open"), "Status": on("Open", "Open")})


def test_a_balance_of_which_only_its_values_tell_is_asked_about(tmp_path: Path) -> None:
    headings = {**HEADINGS, "balance": "Regolato", "due_on": "Soldata il"}
    file = write_csv(tmp_path / "open.csv", ROWS, headings=headings)
    with pytest.raises(ConfigError, match=r"'Regolato': it has what was sent in 30 of 30 rows\. Which column"):
        judged(file, delivered(ROWS))
    with pytest.raises(ConfigError, match="'Soldata il'"):
        judged(file, delivered(ROWS), columns={"balance": "Regolato"})


@dataclass
class Answering:
    """Somebody who gives one answer."""

    answer: str
    asked: list[str] = field(default_factory=list)

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        del option, default
        self.asked.append(question)
        assert self.answer in choices
        return self.answer


def test_a_person_answers_once_and_is_told_the_line_to_keep(tmp_path: Path) -> None:
    file = saved(tmp_path, {"Assigned to": on("Ann", "Bob"), "Notes": on("called")})
    asker = Answering("none of them")
    export = read_export(file, ReconcileSettings(), delivered(ROWS), asker)
    assert len(asker.asked) == 1
    kept = 'ignore = { "Assigned to" = ["Bob", "Ann"], "Notes" = ["called", ""] }'
    assert export.notes == (f"left out, as you said; to keep that, write {kept} in [destination.reconcile]",)
    with pytest.raises(ConfigError, match=r"'Notes': say columns\.balance or columns\.status = \"Notes\" in"):
        read_export(file, ReconcileSettings(), delivered(ROWS), Answering("Notes"))


@pytest.mark.parametrize(
    "value",
    [
        on("Paid", "Called"),
        lambda row: "paid" if row["invoice_ref"] in PAID else f"called {row['invoice_ref']}",
        on("✓"),
        on("2026-04-01"),
    ],
    ids=["word", "word among texts", "tick", "day of payment"],
)
def test_an_ignored_column_is_asked_about_once_it_closes_invoices(tmp_path: Path, value: Value) -> None:
    columns = {"Closed on": value}
    assert verdict_of(tmp_path, {"Closed on": on("", "–")}, ignore={"Closed on": ["–", ""]}).outcome == "same"
    closing = r"it closes 3 rows whose balance is not 0|`ignore` does not name 'paid'"
    with pytest.raises(ConfigError, match=rf"'Closed on': .*; ({closing})"):
        verdict_of(tmp_path, columns, ignore=["Closed on"])
    assert verdict_of(tmp_path, columns, ignore={"Closed on": "anything"}).outcome == "same"


# --- what is compared with what was sent ----------------------------------------------------------------------------


def test_two_columns_of_names_that_agree_nearly_always_are_both_compared(tmp_path: Path) -> None:
    rows = [{**row, "ship": row["customer_name"]} for row in ROWS]
    rows[4]["ship"], rows[8]["customer_name"] = "Somebody", "Nobody"
    headings = {**HEADINGS, "customer_name": "Bill-to", "ship": "Ship-to"}
    found = outcomes(judged(write_csv(tmp_path / "open.csv", rows, headings=headings), delivered(ROWS)))
    assert {ref for ref, (outcome, _) in found.items() if outcome == "differs"} == {"INV-0005", "INV-0009"}


def test_a_difference_in_another_column_says_what_was_sent_and_what_is_there(tmp_path: Path) -> None:
    verdict = verdict_of(tmp_path, {"Left": lambda row: "0.00" if row["invoice_ref"] == "INV-0003" else row["balance"]})
    assert verdict.outcome == "differences"
    assert verdict.found["others"].tolist()[2:4] == ["Left 103.50 → 0.00", ""]


def test_a_kind_there_that_is_another_here_is_a_difference(tmp_path: Path) -> None:
    rows = [{**row} for row in ROWS]
    rows[4] |= {"kind": "credit_note", "balance": "-20.00"}
    file = saved(tmp_path, {"Type": lambda row: "Invoice"}, [*rows[:4], {**rows[4], "balance": "20.00"}, *rows[5:]])
    verdict = judged(file, delivered(rows))
    assert outcomes(verdict)["INV-0005"] == ("differs", "balance others")
    assert verdict.found["others"][4] == "Type credit → Invoice"
    # Its sign is given by a column that says what it is.
    file = saved(
        tmp_path,
        {"Type": lambda row: "Sales Credit Memo" if row["invoice_ref"] == "INV-0005" else "Invoice"},
        [*rows[:4], {**rows[4], "balance": "20.00"}, *rows[5:]],
    )
    with pytest.raises(ConfigError, match=r"'Type': Sales Credit Memo .*; unknown: 'Sales Credit Memo'"):
        judged(file, delivered(rows))
    told = {"kind": {"Sales Credit Memo": "credit_note"}}
    assert judged(file, delivered(rows), values=told).outcome == "same"


@pytest.mark.parametrize("headings", [("Status",), ("Payment status", "Invoice status")])
def test_a_part_that_was_paid_of_a_whole_balance_is_a_difference(tmp_path: Path, headings: tuple[str, ...]) -> None:
    columns = {headings[0]: on("Partially paid", "Open"), **{name: on("Open", "Open") for name in headings[1:]}}
    verdict = verdict_of(tmp_path, columns)
    assert [ref for ref, (outcome, _) in outcomes(verdict).items() if outcome == "differs"] == [*PAID]
    assert verdict.found["others"][2] == f"{headings[0]} 'Partially paid', and Outstanding is the whole amount"
    assert verdict_of(tmp_path, columns, values={"status": {"partially paid": "open"}}).outcome == "same"


def test_a_part_that_was_paid_here_as_well_is_none(tmp_path: Path) -> None:
    parts = {"Status": lambda row: "Partially paid" if row["amount"] != row["balance"] else "Open"}
    assert verdict_of(tmp_path, parts).outcome == "same"


# --- notation -------------------------------------------------------------------------------------------------------


def in_utc(row: Row, hour: str = "22") -> str:
    return f"{date.fromordinal(date.fromisoformat(row['due_on']).toordinal() - 1)}T{hour}:00:00Z"


def moments(folder: Path, zone: str, rows: list[Row], last: list[Row] = ROWS) -> Verdict:
    there = replace(delivered(last), timezone=zone)
    export = read_export(saved(folder, {}, rows), ReconcileSettings(), there, Answering("-"))
    return judge(there, export, ReconcileSettings(), whole=None)


def test_moments_in_utc_are_the_days_of_the_feeds_time_zone(tmp_path: Path) -> None:
    summer = [{**row, "due_on": f"2026-06-{number % 28 + 1:02}"} for number, row in enumerate(ROWS)]
    rows = [{**row, "due_on": in_utc(row)} for row in summer]
    assert moments(tmp_path, "Europe/Berlin", rows, summer).outcome == "same"
    # What begins no day there is not taken for the day that its text begins with.
    file = saved(tmp_path, {}, rows)
    with pytest.raises(
        ConfigError, match=r"'Due date': .*; timestamps not all of which are midnight in the feed's time"
    ):
        judged(file, delivered(summer))
    with pytest.raises(ConfigError, match=r"'Due date' holds timestamps, such as 2026-05-31T22:00:00Z, not all"):
        judged(file, delivered(summer), columns={"due_on": "Due date"})


def test_a_sparse_column_of_numbers_is_not_where_the_numbers_are(tmp_path: Path) -> None:
    unknown = [{**row, "invoice_ref": "NEW-1"} if row["invoice_ref"] == "INV-0020" else row for row in ROWS]
    columns = {"Linked": lambda row: "INV-0004" if row["invoice_ref"] == "INV-0003" else ""}
    with pytest.raises(ConfigError, match="'Linked': INV-0004"):
        verdict_of(tmp_path, columns, unknown)


def test_names_that_are_cut_off_at_one_length_are_the_same(tmp_path: Path) -> None:
    rows = [{**row, "customer_name": f"Holding of Works {number % 9} by the Sea"} for number, row in enumerate(ROWS)]
    cut = [{**row, "customer_name": row["customer_name"][:20]} for row in rows]
    assert judged(write_csv(tmp_path / "open.csv", cut), delivered(rows)).outcome == "same"
    # One that is the longest may be another's name.
    rows = [rows[0], *ROWS[1:]]
    alone = [{**rows[0], "customer_name": rows[0]["customer_name"][:20]}, *ROWS[1:]]
    assert judged(write_csv(tmp_path / "open.csv", alone), delivered(rows)).outcome == "differences"


def test_all_signs_turned_are_named_with_the_setting(tmp_path: Path) -> None:
    turned = [{**row, "balance": f"-{row['balance']}"} for row in ROWS]
    verdict = verdict_of(tmp_path, {}, turned)
    assert verdict.outcome == "differences"
    assert 'set owed_is = "negative" in [destination.reconcile]' in " ".join(verdict.notes)
    assert verdict_of(tmp_path, {}, turned, owed_is="negative").outcome == "same"


def test_what_stands_before_the_numbers_there_is_named(tmp_path: Path) -> None:
    rows = [{**row, "invoice_ref": f"KOL-{row['invoice_ref']}"} for row in ROWS]
    (reason,) = verdict_of(tmp_path, {}, rows).reasons
    assert "30 of its 30 open numbers have 'KOL-' before ours, such as 'KOL-INV-0001' for 'INV-0001'" in reason
