"""What a first plan shows and asks, when nothing can be compared with it."""

from __future__ import annotations

import pytest

from arfeed.model.errors import ProblemsError
from support.feeds.feed import HEADER, Feed, codes, invoice, invoices


def test_a_first_plan_counts_rows_by_status_as_the_file_words_it(feed: Feed) -> None:
    header = [*HEADER, "status"]
    rows = [{**invoice(number), "status": "Open"} for number in (1, 2)]
    feed.export([*rows, {**invoice(3), "status": "PAID", "balance": "0.00"}], header=header)
    assert "the rows of erp by status: 2 Open, 1 PAID" in feed.plan().notes
    feed.approved()
    assert not any("by status" in note for note in feed.plan().notes), "once it was looked at, it need not be again"


def test_a_source_without_a_status_has_no_such_note(feed: Feed) -> None:
    feed.export(invoices(3))
    assert not any("by status" in note for note in feed.plan().notes)


def test_balances_from_the_column_of_the_totals_are_objected_to_once(feed: Feed) -> None:
    feed.sources["erp"] = {"columns": {"balance": "Total"}}
    feed.export([{**row, "Total": row["balance"]} for row in invoices(3)], header=[*HEADER[:-1], "Total"])
    assert codes(feed.sync()) == ["unknown-baseline", "total-as-balance"]
    feed.approved()
    assert codes(feed.sync()) == []


def test_totals_that_were_declared_as_such_are_objected_to_with_the_words_for_part_payments(feed: Feed) -> None:
    feed.sources["erp"] = {"balance_is": "total", "values": {"status": {"Teilbezahlt": "open"}}}
    rows = [{**row, "status": word} for row, word in zip(invoices(3), ("open", "paid", "Teilbezahlt"), strict=True)]
    feed.export(rows, header=[*HEADER, "status"])
    outcome = feed.sync()
    assert codes(outcome) == ["unknown-baseline", "total-as-balance"]
    assert "Some have the status 'Teilbezahlt'." in outcome.plan.objections[1].message
    feed.approved()
    assert codes(feed.sync()) == []


def test_invoices_that_are_mostly_negative_are_objected_to_until_a_setting_says_what_that_means(feed: Feed) -> None:
    feed.export([{**row, "amount": "-5.00", "balance": "-5.00"} for row in invoices(3)])
    assert codes(feed.sync()) == ["unknown-baseline", "doubtful-reading"]
    feed.sources["erp"] = {"owed_is": "negative"}
    assert codes(feed.sync()) == ["unknown-baseline"]


def test_a_total_beside_a_balance_is_not_objected_to(feed: Feed) -> None:
    feed.sources["erp"] = {"columns": {"balance": "Open", "amount": "Total"}}
    rows = [{**row, "Total": row["balance"], "Open": row["balance"]} for row in invoices(3)]
    feed.export(rows, header=[*HEADER[:-2], "Total", "Open"])
    assert codes(feed.sync()) == ["unknown-baseline"]


def test_one_column_for_both_is_objected_to_whatever_it_is_called(feed: Feed) -> None:
    feed.sources["erp"] = {"columns": {"balance": "Sum", "amount": "Sum"}}
    feed.export([{**row, "Sum": row["balance"]} for row in invoices(3)], header=[*HEADER[:-2], "Sum"])
    assert codes(feed.sync()) == ["unknown-baseline", "total-as-balance"]


def test_a_status_that_is_not_read_has_to_be_approved_once(feed: Feed) -> None:
    rows = [{**row, "State": word} for row, word in zip(invoices(3), ("sent", "Makulerad", "sent"), strict=True)]
    feed.export(rows, header=[*HEADER, "State"])
    assert codes(feed.sync()) == ["unknown-baseline", "doubtful-reading"]
    feed.approved()
    assert codes(feed.sync()) == []


def test_a_column_by_which_rows_are_sorted_out_raises_no_doubt(feed: Feed) -> None:
    rows = [{**row, "State": word} for row, word in zip(invoices(3), ("sent", "Makulerad", "sent"), strict=True)]
    feed.export(rows, header=[*HEADER, "State"])
    feed.transforms.append({"use": "keep", "State": ["sent"]})
    assert codes(feed.sync()) == ["unknown-baseline"]


def test_a_source_that_joins_later_is_doubted_as_well(feed: Feed) -> None:
    feed.export(invoices(3))
    feed.approved()
    rows = [{**row, "invoice_ref": f"S-{row['invoice_ref']}", "State": "Makulerad"} for row in invoices(2)]
    feed.sources["shop"] = {}
    feed.export(rows, source="shop", header=[*HEADER, "State"])
    assert "doubtful-reading" in codes(feed.sync())


def test_a_column_that_comes_later_is_doubted_once(feed: Feed) -> None:
    feed.export(invoices(4))
    feed.approved()
    feed.export([{**row, "Notes": "to call"} for row in invoices(4)], header=[*HEADER, "Notes"])
    assert codes(feed.sync()) == []
    words = ("open", "Void", "open", "Void")
    rows = [{**row, "State": word} for row, word in zip(invoices(4), words, strict=True)]
    feed.export(rows, header=[*HEADER, "State"])
    refused = feed.sync()
    assert codes(refused) == ["doubtful-reading"]
    assert "the column 'State' is not mapped, but has 'Void' (2 rows)" in refused.plan.objections[0].message
    feed.approved()
    assert codes(feed.sync()) == []


def test_a_word_that_comes_later_is_doubted_too(feed: Feed) -> None:
    rows = [{**row, "State": "open"} for row in invoices(4)]
    feed.export(rows, header=[*HEADER, "State"])
    feed.approved()
    rows[2]["State"] = "Void"
    feed.export(rows, header=[*HEADER, "State"])
    assert codes(feed.sync()) == ["doubtful-reading"]
    feed.transforms.append({"use": "keep", "State": ["open"]})
    assert "doubtful-reading" not in codes(feed.sync())


def test_steps_know_a_column_by_its_heading_however_its_name_is_spelled(feed: Feed) -> None:
    rows = [{**row, "Currency": "GBP", "Memo": word} for row, word in zip(invoices(3), "ABA", strict=True)]
    feed.export(rows, header=[*(name for name in HEADER if name != "currency"), "Currency", "Memo"])
    feed.transforms.append({"use": "keep", "Memo": ["A"]})
    plan = feed.sync().plan
    assert plan.report["memo"].tolist() == ["A", "A"]
    assert plan.report["currency"].tolist() == ["GBP", "GBP"]


def test_a_status_that_comes_later_closes_nothing_unasked(feed: Feed) -> None:
    feed.export(invoices(4))
    feed.approved()
    rows = [
        {**row, "Status": word}
        for row, word in zip(invoices(5), ("Open", "Draft", "Open", "Open", "Void"), strict=True)
    ]
    feed.export(rows, header=[*HEADER, "Status"])
    refused = feed.sync()
    assert "doubtful-reading" in codes(refused)
    said = next(each.message for each in refused.plan.objections if each.code == "doubtful-reading")
    assert "the column 'Status' was not there at the last delivery" in said
    assert "It says 'Draft' (1 row), 'Void' (1 row) of what has a balance" in said
    assert "values.status = false" in said
    feed.approved()
    rows[2]["Status"] = "Draft"
    feed.export(rows, header=[*HEADER, "Status"])
    assert "doubtful-reading" not in codes(feed.sync()), "the column is known by now"


@pytest.mark.parametrize("heading", ["Status", "status"])
def test_a_status_that_comes_later_and_closes_nothing_is_no_matter(feed: Feed, heading: str) -> None:
    feed.export(invoices(4))
    feed.approved()
    feed.export([{**row, heading: "Open"} for row in invoices(4)], header=[*HEADER, heading])
    assert codes(feed.sync()) == []
    rows = [{**row, heading: "Open"} for row in invoices(4)]
    feed.export([*rows, invoice(9, balance="0.00") | {heading: "Paid"}], header=[*HEADER, heading])
    assert codes(feed.sync()) == []


def test_a_late_status_is_asked_about_after_a_report_that_was_sent_again(feed: Feed) -> None:
    feed.export(invoices(4))
    run = feed.approved().receipt
    assert run
    feed.resend(run.run)
    feed.export(
        [{**row, "STATUS": "Draft"} for row in invoices(4)[:1]]
        + [{**row, "STATUS": "open"} for row in invoices(4)[1:]],
        header=[*HEADER, "STATUS"],
    )
    assert "doubtful-reading" in codes(feed.sync())


@pytest.mark.parametrize(
    ("name", "heading", "words"),
    [
        ("kind", "Kind", ("Invoice", "Payment", "Invoice", "Invoice")),
        ("currency", "CURRENCY", ("EUR", "EUR", "EUR", "USD")),
        ("due_on", "Due On", ("2026-04-04", "2026-04-04", "2020-01-01", "2026-04-04")),
    ],
)
def test_another_column_of_a_known_name_that_comes_later_is_looked_at(
    feed: Feed, name: str, heading: str, words: tuple[str, ...]
) -> None:
    feed.sources["erp"] = {"currency": "EUR"}
    header = [column for column in HEADER if column != name and column not in ("currency", "kind")]
    rows = [
        {**row, "balance": "-5.00", "amount": "-5.00"} if word == "Payment" else row
        for row, word in zip(invoices(4), words, strict=True)
    ]
    feed.export(rows, header=header)
    feed.approved()
    more = [{**row, heading: words[0]} for row in rows]
    feed.export(more, header=[*header, heading])
    assert "doubtful-reading" not in codes(feed.plan())
    feed.export([{**row, heading: word} for row, word in zip(rows, words, strict=True)], header=[*header, heading])
    refused = feed.sync()
    said = next(each.message for each in refused.plan.objections if each.code == "doubtful-reading")
    assert heading in said or "due before" in said


def test_a_kind_that_is_no_kind_says_nothing_of_signs(feed: Feed) -> None:
    feed.export(
        [{**row, "Kind": "Service"} for row in invoices(2)], header=[*(n for n in HEADER if n != "kind"), "Kind"]
    )
    with pytest.raises(ProblemsError) as refused:
        feed.sync()
    assert "must be negative" not in str(refused.value)
