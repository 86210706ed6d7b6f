"""What `arfeed init` makes of a status: each word is understood, asked about or refused, and none is passed over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arfeed import FileSettings
from arfeed.model.errors import ConfigError
from arfeed_connectors.folder import Folder
from support.feeds.sources import opened, read
from support.people.interviews import Interview, Person

HEADINGS = "Invoice,Customer,Date,Due,Balance,{heading}\n"
WORDS = ("Bezahlt", "offen", "Überfällig", "storniert", "Entwurf")


@pytest.fixture
def init(tmp_path: Path) -> Interview:
    return Interview(tmp_path)


def listed(*words: str, heading: str = "Status", paid: str = "0.00") -> str:
    """A list with an invoice for each word; `paid` is the balance of those that owe nothing."""
    owing = ("offen", "überfällig", "overdue", "sent", "no", "open", "sent back", "0")
    rows = [
        f"R-{number},Kunde {number},2026-09-14,2026-10-14,{'5.00' if word.casefold() in owing else paid},{word}"
        for number, word in enumerate(words, 1)
    ]
    return HEADINGS.format(heading=heading) + "\n".join([*rows, ""])


def refused(init: Interview, table: str, **said: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        init.source(table, **said)
    return str(caught.value)


def connector(init: Interview, source: dict[str, Any]) -> Folder:
    settings = {**source, "path": str(init.folder / source["path"]), "settle_seconds": 0}
    del settings["use"]
    return Folder("erp", FileSettings.model_validate(settings))


def test_words_that_mean_one_thing_everywhere_are_taken_and_counted(init: Interview) -> None:
    source = init.source(listed(*WORDS))
    assert source["columns"]["status"] == "Status"
    assert source["values"]["status"] == {
        "Bezahlt": "paid", "offen": "open", "Überfällig": "open", "storniert": "void", "Entwurf": "draft",
    }  # fmt: skip
    assert "✓ status: open is 'offen' (1 row), 'Überfällig' (1 row)" in init.reported
    assert opened(connector(init, source))["invoice_ref"].tolist() == ["R-2", "R-3"]
    assert read(connector(init, source))["status"].tolist() == ["paid", "open", "open", "void", "draft"]


def test_arfeeds_own_words_need_no_values(init: Interview) -> None:
    assert "values" not in init.source(listed("Open", "PAID", "void"))


@pytest.mark.parametrize("word", ["Closed", "new", "pending", "Reversed", "uncollectible", "Sent back", "3", ""])
def test_a_word_that_may_mean_several_things_is_refused_with_its_rows(init: Interview, word: str) -> None:
    message = refused(init, listed("Overdue", word, word))
    assert (
        f"{word!r} (2 rows, {2 if word == 'Sent back' else 0} of them with a balance)".replace("''", "nothing")
        in message
    )
    assert "pass --status WORD=MEANING" in message


def test_all_words_that_are_not_understood_are_named_at_once(init: Interview) -> None:
    message = refused(init, listed("Overdue", "Closed", "pending"))
    assert ("'Closed' (1 row" in message, "'pending' (1 row" in message, "'Overdue'" in message) == (True, True, False)


def test_what_somebody_says_of_a_word_is_taken(init: Interview) -> None:
    said = {"Closed": "paid", "pending": "open"}
    assert init.source(listed("Overdue", "Closed", "pending"), statuses=said)["values"]["status"] == {
        "Overdue": "open", "Closed": "paid", "pending": "open",
    }  # fmt: skip
    person = Person({"--status Closed": "paid", "--status pending": "open"})
    assert init.source(listed("Overdue", "Closed", "pending"), person)["values"]["status"]["Closed"] == "paid"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"Closed": "done"}, "--status Closed=done: a status is one of open, paid, void, draft"),
        ({"Shut": "paid"}, "--status Shut=paid: the column 'Status' has no such word; it has 'Overdue', 'Closed'"),
    ],
)
def test_what_can_not_be_meant_is_refused(init: Interview, said: dict[str, str], why: str) -> None:
    assert why in refused(init, listed("Overdue", "Closed"), statuses=said)


def test_a_heading_that_is_called_exactly_status_is_no_exception(init: Interview) -> None:
    table = listed("Overdue", "Closed", heading="status")
    assert "What do these words of the column 'status' mean: 'Closed'" in refused(init, table)
    source = init.source(table, statuses={"Closed": "paid"})
    assert read(connector(init, source))["status"].tolist() == ["open", "paid"]


@pytest.mark.parametrize("heading", ["Status", "status"])
def test_a_status_that_says_nothing_about_payment_is_left_alone_where_somebody_says_so(
    init: Interview, heading: str
) -> None:
    source = init.source(listed("sent", "emailed", heading=heading, paid="5.00"), columns={"status": ""})
    assert "status" not in source["columns"]
    assert len(opened(connector(init, source))) == 2


@pytest.mark.parametrize(("heading", "yes", "no"), [("Paid", "Yes", "No"), ("isOpen", "0", "1"), ("Bezahlt", "x", "")])
def test_a_flag_is_asked_about_as_the_status(init: Interview, heading: str, yes: str, no: str) -> None:
    table = listed(yes, no, heading=heading)
    assert f"The choices are {heading}: such as" in refused(init, table)
    said = {yes: "paid", no: "open"} if heading != "isOpen" else {yes: "open", no: "paid"}
    assert init.source(table, columns={"status": heading}, statuses=said)["values"]["status"] == said


def test_two_columns_of_a_status_are_asked_about(init: Interview) -> None:
    table = (
        "Invoice,Customer,Date,Due,Balance,Invoice status,Payment status\n1,Ada,2026-09-14,2026-10-14,5.00,sent,open\n"
    )
    assert "The choices are Invoice status: such as sent; Payment status: such as open" in refused(init, table)


def test_other_canonical_headings_are_confirmed_or_left_alone(init: Interview) -> None:
    headings = "invoice_ref,customer_name,issued_on,due_on,balance,kind,document"
    table = f"{headings}\n1,Ada,2026-09-14,2026-10-14,5.00,Pledge,Invoice\n"
    assert "In 'kind', what are Pledge" in refused(init, table)
    assert init.source(table.replace("Pledge", "Rental"))["values"] == {"kind": False, "document": False}
    source = init.source(table, all_debts=True)
    assert source["values"] == {"kind": False, "document": False}
    assert "✓ kind: the column of that name is left alone" in init.reported
    assert len(opened(connector(init, source))) == 1


@pytest.mark.parametrize("word", ["Storno", "Entwurf", "void", "Draft"])
def test_what_is_void_or_a_draft_and_has_a_balance_is_asked_about(init: Interview, word: str) -> None:
    message = refused(init, listed("overdue", word, word, paid="7.00"))
    assert f"'{word}' (2 rows, 2 of them with a balance)" in message
    source = init.source(listed("overdue", word, paid="7.00"), statuses={word: "void"})
    assert opened(connector(init, source))["invoice_ref"].tolist() == ["R-1"]


def test_amounts_under_the_heading_of_a_flag_are_not_asked_about(init: Interview) -> None:
    table = "Invoice,Customer,Date,Due,Balance,Paid\n1,Ada,2026-09-14,2026-10-14,$5.00,$0.00\n"
    source = init.source(table + "2,Bo,2026-09-15,2026-10-15,$7.00,US$2.00\n", currency="USD")
    assert "status" not in source["columns"]


@pytest.mark.parametrize("heading", ["payment_terms_days", "Tage bis Zahlung", "Days overdue"])
def test_days_of_payment_without_a_due_date_are_warned_about(init: Interview, heading: str) -> None:
    table = f"Invoice,Customer,Date,Balance,{heading}\n1,Ada,2026-09-14,5.00,30\n2,Bo,2026-09-15,7.00,14\n"
    init.source(table, currency="EUR")
    warned = f"! due_on: no column holds a due date, and none is computed from {heading!r}"
    assert any(line.startswith(warned) for line in init.reported)
    init.source(table, currency="EUR", columns={"due_on": ""})
    assert "! due_on" not in " ".join(init.reported)


def test_dates_that_no_order_reads_are_named_and_not_asked_about(init: Interview) -> None:
    table = "Invoice,Customer,Date,Balance\n1,Ada,126274,5.00\n2,Bo,126287,7.00\n"
    said = refused(init, table, currency="EUR", columns={"issued_on": "Date"})
    assert "126274" in said
    assert "export the dates as 2026-10-31" in said
    assert "whether the day or the month" not in said
