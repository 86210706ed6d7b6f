"""The guards object to sources that are stale or went back, and to PDFs that are required and lacking."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from arfeed.model.results import DocumentPlan, Doubt
from arfeed.model.settings import FileSettings, GuardSettings
from arfeed.planning.guards.builtin import find_objections
from arfeed.planning.guards.known import Known
from support.feeds.plans import heard, invoices, lacking, planned, read_before, source

NINTH, TENTH = date(2026, 4, 9), date(2026, 4, 10)


@pytest.mark.parametrize(
    ("max_age", "as_of", "said"),
    [
        ("3 days", date(2026, 4, 7), None),
        ("3 days", date(2026, 4, 6), "4 days ago; max_age allows 3 days. "),
        ("1 day", date(2026, 4, 8), "2 days ago; max_age allows 1 day. "),
        ("24h", date(2026, 4, 8), "2 days ago; max_age allows 1 day. "),
        ("36h", date(2026, 4, 9), None),
        ("36h", date(2026, 4, 8), "2 days ago; max_age allows 36 hours. "),
        ("1h", date(2026, 4, 9), "1 day ago; max_age allows 1 hour. "),
        ("1h", date(2026, 4, 10), None),
        ("1 day", date(2026, 4, 11), None),
    ],
)
def test_a_source_may_not_be_older_than_max_age(max_age: str, as_of: date, said: str | None) -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source(max_age=max_age, as_of=as_of),)))
    assert [*objections] == ["stale-source"] * (said is not None)
    if said:
        assert objections["stale-source"].message == (
            f"erp is as of {as_of}, {said}Export it again; approve if it is still right"
        )


def test_without_max_age_a_source_may_be_of_any_age() -> None:
    assert heard(planned(invoices(), invoices(), sources=(source(as_of=date(1999, 1, 1)), source()))) == {}


def test_a_source_that_states_no_date_cannot_keep_max_age() -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source(max_age="2 days"),)))
    assert objections["stale-source"].message == (
        "erp states no date to judge by, and max_age allows 2 days; remove max_age, or approve if its data is current"
    )


def test_every_stale_source_is_told_not_only_the_first() -> None:
    named = [source(name, max_age="1 day", as_of=day) for name, day in [("a", None), ("b", date(2026, 4, 1))]]
    sources = (source("fresh"), *named, source("c", max_age="1 day", as_of=date(2026, 4, 10)))
    said = find_objections(planned(invoices(), invoices(), sources=sources), Known(), {})
    assert [objection.message.split()[0] for objection in said] == ["a", "b"]


@pytest.mark.parametrize(("zone", "refused"), [("Europe/London", False), ("Pacific/Auckland", True)])
def test_the_day_is_the_one_in_the_feed_s_time_zone(zone: str, refused: bool) -> None:
    at = datetime(2026, 4, 10, 22, tzinfo=UTC).astimezone(ZoneInfo(zone))
    sources = (source(max_age="1 day", as_of=date(2026, 4, 9)),)
    assert [*heard(planned(invoices(), invoices(), at=at, sources=sources))] == ["stale-source"] * refused


@pytest.mark.parametrize(
    ("known", "refused"),
    [
        ({"as_of": NINTH, "before": read_before(TENTH)}, True),
        ({"as_of": TENTH, "before": read_before(TENTH)}, False),
        ({"as_of": TENTH, "before": read_before(NINTH)}, False),
        ({"as_of": NINTH, "latest": TENTH, "before": read_before(TENTH, NINTH)}, True),
        ({"latest": NINTH, "before": read_before(None, TENTH)}, False),
        ({"before": read_before(TENTH)}, False),
        ({"as_of": NINTH}, False),
        ({"as_of": NINTH, "before": read_before(TENTH), "failed": "no"}, False),
    ],
    ids=[
        "back", "the same", "forward", "back, newer invoices", "the newest invoice was paid", "unknown now",
        "never read", "carried forward",
    ],
)  # fmt: skip
def test_a_source_may_not_go_back_behind_the_baseline(known: dict[str, Any], refused: bool) -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source("calm"), source(**known))))
    assert [*objections] == ["as-of-backwards"] * refused
    if refused:
        assert objections["as-of-backwards"].message == (
            "erp has gone back: its as-of date is 2026-04-09, and was 2026-04-10 in the last delivery. This looks like "
            "an older export; export it again, or approve if it is the right one"
        )


@pytest.mark.parametrize(
    ("documents", "refs"),
    [
        (lacking(without=("A1",)), ("A1",)),
        (lacking(broken={"A2": "cut off"}), ("A2",)),
        (lacking(colliding={"a.pdf": ("A1", "A2")}), ("A1", "A2")),
        (
            lacking(without=("A1", "A3"), broken={"A2": "x"}, colliding={"a.pdf": ("A3", "A4")}),
            ("A1", "A3", "A2", "A4"),
        ),
        (lacking(present=3), ()),
    ],
    ids=["without", "broken", "colliding", "all of these, each once", "all there"],
)
@pytest.mark.parametrize("required", [False, True], ids=["optional", "required"])
def test_pdfs_that_cannot_be_sent_are_refused_only_if_required(
    documents: DocumentPlan, refs: tuple[str, ...], required: bool
) -> None:
    objections = heard(planned(invoices(), invoices(), documents=documents, documents_required=required))
    assert [*objections] == ["documents"] * (required and bool(refs))
    assert all(objection.refs == refs for objection in objections.values())


@pytest.mark.parametrize(
    ("without", "said"),
    [(("A1",), "1 invoice without"), (("A", "B", "C", "D"), "4 invoices without")],
    ids=["one", "four"],
)
def test_invoices_without_a_pdf_are_counted_and_named(without: tuple[str, ...], said: str) -> None:
    documents = lacking(without=without)
    objections = heard(planned(invoices(), invoices(), documents=documents, documents_required=True))
    examples = "A1" if len(without) == 1 else "A, B, C and 1 more"
    assert objections["documents"].message == (
        f"{said} a PDF that can be sent, and documents_required is set: {examples}. Add or fix the PDFs; approve to "
        "deliver without them"
    )


# --- PDFs that are another invoice's ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ((("A1", "A2"),), "1 PDF is that of several invoices at once, byte for byte: A1 = A2. "),
        ((("A1", "A2", "A3"),), "1 PDF is that of several invoices at once, byte for byte: A1 = A2 = A3. "),
        (
            (tuple("ABCD"), tuple("EF"), tuple("GH"), tuple("IJ")),
            "4 PDFs are that of several invoices at once, byte for byte: A = B = C = …, E = F, G = H and 1 more. ",
        ),
    ],
    ids=["two", "three", "many"],
)
def test_one_pdf_under_several_numbers_is_named_with_them(groups: tuple[tuple[str, ...], ...], said: str) -> None:
    objection = heard(planned(invoices(), invoices(), documents=lacking(shared=groups)))["same-document"]
    assert objection.message == (
        f"{said}A customer would see what another owes; put each invoice's own PDF in its place, or approve if one PDF "
        "is meant for all of them"
    )
    assert objection.refs == tuple(ref for group in groups for ref in group)


def test_an_old_pdf_under_the_name_of_new_invoices_is_named_with_whose_it_is() -> None:
    old = {"B1": "A1", "B2": "an earlier invoice B2, issued 2025-04-01"}
    report = invoices(["A1", "B1", "B2"])
    objection = heard(planned(invoices(), report, documents=lacking(old=old)))["old-document"]
    assert objection.message == (
        "the receiver has another invoice's PDF under the name of 2 new invoices, and there is none to replace it: B1 "
        "(sent for A1), B2 (sent for an earlier invoice B2, issued 2025-04-01). Its customer would see what another "
        "owed; add the PDF, or approve to deliver without, and have the old one removed"
    )
    assert objection.refs == ("B1", "B2")
    (_, first) = find_objections(planned(None, report, documents=lacking(old=old)), Known(), {})
    assert (first.code, first.refs) == ("old-document", ("B1", "B2"))


@pytest.mark.parametrize(
    ("before", "asked"),
    [({}, False), ({"customer_id": "C-9"}, False), ({"issued_on": NINTH}, False),
     ({"customer_id": "C-9", "issued_on": NINTH}, True)],
    ids=["the same", "its customer corrected", "its date corrected", "another invoice"],
)  # fmt: skip
def test_an_old_pdf_of_an_invoice_that_stood_in_the_last_report_was_asked_about_then(
    before: dict[str, Any], asked: bool
) -> None:
    plan = planned(invoices(2, **before), invoices(2), documents=lacking(old={"A2": "A1"}))
    assert ("old-document" in heard(plan)) is asked


def test_pdfs_that_are_held_back_are_lacking_where_they_are_required() -> None:
    objection = heard(planned(invoices(), invoices(), documents=lacking(withheld=("A1",)), documents_required=True))
    assert objection["documents"].refs == ("A1",)


# --- what a first delivery is read from -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "asked"),
    [({"balance": "Total"}, True), ({"balance": "Due", "amount": "Due"}, True), ({"balance": "Due"}, False),
     ({"balance": "Due", "amount": "Total"}, False), ({}, False)],
    ids=["a total", "the amount's own column", "what is due", "beside a total", "not set"],
)  # fmt: skip
def test_balances_read_from_a_column_of_totals_are_asked_about_once(columns: dict[str, str], asked: bool) -> None:
    sources = (source("calm"), source(columns=columns)._replace(open=2), source("last", columns=columns))
    found = [
        [each for each in find_objections(planned(before, invoices(2), sources=sources), Known(), {})
         if each.code == "total-as-balance"]
        for before in (None, invoices(2))
    ]  # fmt: skip
    assert (len(found[0]), found[1]) == (2 * asked, [])
    if asked:
        assert found[0][0].message == (
            f"the balances of erp come from the column {columns['balance']!r}, which seems to hold the totals of the 2 "
            "open invoices: one that was paid in part would be reported as owed in full. Name the column of what is "
            "still owed in `columns`; approve if this one is that column, or if no invoice is ever paid in part"
        )
        assert "the 1 open invoice: one" in found[0][1].message


def test_totals_that_the_settings_call_balances_are_asked_about_without_any_name() -> None:
    told = source()._replace(settings=FileSettings.model_validate({"balance_is": "total", "path": "ar.csv"}))
    message = heard(planned(None, invoices(2), sources=(told,)))["total-as-balance"].message
    assert message.startswith("the balances of erp come from the column 'balance', which holds the totals of the 1 ope")


def test_what_makes_a_reading_doubtful_is_asked_about() -> None:
    doubts = (Doubt("a column is not used", "x"), Doubt("so is another", "y"))
    known = source("till", before=read_before(TENTH))
    sources = (known, source("shop")._replace(doubts=doubts[:1]), source("erp")._replace(doubts=doubts))
    assert heard(planned(invoices(), invoices(), sources=sources))["doubtful-reading"].message == (
        "the file may have been read wrongly. shop: a column is not used; erp: a column "
        "is not used; erp: so is another. Approve if all of it is right"
    )
    assert heard(planned(invoices(), invoices(), sources=(known,))) == {}
    later = known._replace(doubts=doubts[:1])
    assert (
        "till: a column is not used."
        in heard(planned(invoices(), invoices(), sources=(later,)))["doubtful-reading"].message
    )


# --- what the receiver makes of it ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("compared", "said"),
    [
        (None, "was never compared"),
        (timedelta(days=30), None),
        (timedelta(days=30, seconds=1), "was last compared on 2026-03-11, 30 days ago"),
        (timedelta(days=45), "was last compared on 2026-02-24, 45 days ago"),
    ],
    ids=["never", "just in time", "a second late", "late"],
)
def test_the_receivers_list_is_to_be_compared_every_so_often(compared: timedelta | None, said: str | None) -> None:
    plan = planned(invoices(), invoices(), guards=GuardSettings(reconcile_every=timedelta(days=30)))
    last = None if compared is None else plan.at - compared
    found = [*find_objections(plan, Known(reconciled=last), {})]
    assert [each.code for each in found] == ["reconcile-due"] * bool(said)
    if said:
        assert found[0].message == (
            f"the receiver's own list {said}, and reconcile_every allows 30 days. Export what it has as open and "
            "compare it: arfeed reconcile EXPORT; approve if that has to wait"
        )


def test_without_a_delivery_or_a_limit_nothing_is_to_be_compared() -> None:
    limited = GuardSettings(reconcile_every=timedelta(days=30))
    assert [*heard(planned(None, invoices(), guards=limited))] == ["unknown-baseline"]
    assert heard(planned(invoices(), invoices())) == {}
