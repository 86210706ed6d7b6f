"""The guards object to sources that are stale or went back, and to PDFs that are required and lacking."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from arfeed.model.results import DocumentPlan
from arfeed.planning.guards import Guards
from support.plans import heard, invoices, lacking, planned, read_before, source

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
            f"erp speaks of {as_of}, {said}Export it again; approve if it is still right"
        )


def test_without_max_age_a_source_may_be_of_any_age() -> None:
    assert heard(planned(invoices(), invoices(), sources=(source(as_of=date(1999, 1, 1)), source()))) == {}


def test_a_source_that_states_no_date_cannot_keep_max_age() -> None:
    objections = heard(planned(invoices(), invoices(), sources=(source(max_age="2 days"),)))
    assert objections["stale-source"].message == (
        "erp states no date to judge by, and max_age allows 2 days; take max_age out, or approve if its data is of "
        "today"
    )


def test_every_stale_source_is_told_not_only_the_first() -> None:
    named = [source(name, max_age="1 day", as_of=day) for name, day in [("a", None), ("b", date(2026, 4, 1))]]
    sources = (source("fresh"), *named, source("c", max_age="1 day", as_of=date(2026, 4, 10)))
    said = Guards().arfeed_review(planned(invoices(), invoices(), sources=sources))
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
        f"{said} a PDF that can be sent, and documents_required is set: {examples}. Add or mend the PDFs; approve to "
        "deliver without them"
    )
