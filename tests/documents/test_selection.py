"""The PDFs that are new or changed are sent, under the destination's names, and none whose name is claimed twice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arfeed import DestinationError
from arfeed.documents.selection import Selection, find_touched, select, settle
from arfeed.model.results import DocumentPlan, SentDocument
from arfeed_connectors.kolleno import Kolleno
from support.feeds.plans import invoices

NOTHING: Mapping[str, SentDocument] = {}


def found(refs: list[str], versions: list[str] | None = None, source: str = "erp") -> pd.DataFrame:
    columns = {"source": source, "source_ref": refs, "version": versions or ["v1"] * len(refs)}
    return pd.DataFrame(columns, index=range(len(refs)), dtype="str")


def pdf(ref: str) -> str:
    return ref.replace("/", "_") + ".pdf"


def sent(*names: str, version: str = "v1", sha256: str = "old") -> dict[str, SentDocument]:
    return {name: SentDocument(name.removesuffix(".pdf"), version, sha256, 3) for name in names}


def chosen(selection: Selection | DocumentPlan) -> list[tuple[str, ...]]:
    return [*selection.send[["name", "change"]].itertuples(index=False, name=None)]


def test_pdfs_that_were_never_sent_are_new() -> None:
    selection = select(invoices(3), found(["A3", "A1"], ["v3", "v1"]), pdf, NOTHING)
    assert chosen(selection) == [("A1.pdf", "new"), ("A3.pdf", "new")]
    assert (selection.present, (*selection.without,), selection.colliding) == (0, ("A2",), {})
    assert selection.send.to_dict("records")[1] == {
        "invoice_ref": "A3", "source": "erp", "source_ref": "A3", "name": "A3.pdf", "version": "v3", "change": "new",
    }  # fmt: skip


def test_pdfs_of_another_version_have_changed_and_of_the_same_are_there() -> None:
    known = sent("A1.pdf", "A2.pdf", "B9.pdf")
    selection = select(invoices(3), found(["A1", "A2", "A3"], ["v1", "v2", "v1"]), pdf, known)
    assert chosen(selection) == [("A2.pdf", "changed"), ("A3.pdf", "new")]
    assert (selection.present, (*selection.without,)) == (1, ())
    assert selection.send.index.tolist() == [0, 1]


@pytest.mark.parametrize("listed", [[], ["A3"]], ids=["nothing found", "others found"])
def test_a_pdf_that_was_sent_is_there_though_the_source_has_it_no_more(listed: list[str]) -> None:
    selection = select(invoices(3), found(listed), pdf, sent("A1.pdf", "A3.pdf"))
    assert (chosen(selection), selection.present, (*selection.without,)) == ([], 2, ("A2",))
    assert {str(dtype) for dtype in selection.send.dtypes} == {"str"}


def test_what_was_sent_under_a_name_of_ours_does_not_count_if_its_content_is_not_known() -> None:
    known = sent("A1.pdf", version="", sha256="")
    selection = select(invoices(1), found([]), pdf, known)
    assert (chosen(selection), selection.present, (*selection.without,)) == ([], 0, ("A1",))
    assert chosen(select(invoices(1), found(["A1"]), pdf, known)) == [("A1.pdf", "changed")]


@pytest.mark.parametrize("refs", [0, 3])
def test_without_any_pdf_every_invoice_is_without(refs: int) -> None:
    selection = select(invoices(refs), found([]), pdf, NOTHING)
    assert (selection.present, (*selection.without,), selection.colliding) == (0, ("A1", "A2", "A3")[:refs], {})
    assert [*selection.send] == ["invoice_ref", "source", "source_ref", "name", "version", "change"]
    assert {str(dtype) for dtype in selection.send.dtypes} == {"str"}
    assert selection.send.empty


def test_a_pdf_belongs_to_one_source() -> None:
    selection = select(invoices(2, source=["erp", "shop"]), found(["A1", "A2"]), pdf, NOTHING)
    assert (chosen(selection), (*selection.without,)) == ([("A1.pdf", "new")], ("A2",))


def test_a_renamed_invoice_keeps_its_pdf_under_its_new_name() -> None:
    selection = select(invoices(["UK-1"], source_ref="1"), found(["1"]), pdf, NOTHING)
    assert chosen(selection) == [("UK-1.pdf", "new")]


@pytest.mark.parametrize("second", ["a/1", "a_1", "A_1", "É", "e\u0301"])
@pytest.mark.parametrize("having", [["first"], ["second"], ["first", "second"]], ids=lambda having: "+".join(having))
def test_two_invoices_whose_names_are_equal_but_for_case_collide(second: str, having: list[str]) -> None:
    one = "é" if second in ("É", "e\u0301") else "A/1"
    report = invoices([one, second, "B1"], source_ref=["first", "second", "third"])
    selection = select(report, found([*having, "third"]), pdf, sent(pdf(one)))
    assert selection.colliding == {pdf(one): (one, second)}
    assert chosen(selection) == [("B1.pdf", "new")]
    assert selection.present == 0
    assert (*selection.without,) == tuple(
        {"first": one, "second": second}[ref] for ref in ("first", "second") if ref not in having
    )


def test_names_that_collide_without_any_pdf_do_not_matter() -> None:
    selection = select(invoices(["A/1", "A_1", "B1"]), found(["B1"]), pdf, NOTHING)
    assert (selection.colliding, (*selection.without,)) == ({}, ("A/1", "A_1"))


def test_every_collision_is_named_and_so_is_a_file_that_two_invoices_claim() -> None:
    report = invoices(["B/1", "B_1", "A/1", "A_1", "B 1"])
    selection = select(report, found(["A/1", "B_1"]), pdf, NOTHING, {"pdf/x.pdf": ("C1", "C2")})
    assert [*selection.colliding.items()] == [
        ("B_1.pdf", ("B/1", "B_1")),
        ("A_1.pdf", ("A/1", "A_1")),
        ("pdf/x.pdf", ("C1", "C2")),
    ]
    assert select(report, found([]), pdf, NOTHING, {"x": ("C1",)}).colliding == {"x": ("C1",)}


def test_a_listing_that_names_one_pdf_twice_is_a_bug() -> None:
    with pytest.raises(pd.errors.MergeError):
        select(invoices(), found(["A1", "A1"]), pdf, NOTHING)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b.pdf", "a\\b.pdf", "a\0.pdf"])
def test_a_name_that_is_not_a_bare_file_name_is_refused(name: str) -> None:
    with pytest.raises(DestinationError) as caught:
        select(invoices(), found(["A1"]), lambda ref: name, NOTHING)
    assert str(caught.value) == (
        f"the destination names a PDF {name!r}, which is not a bare file name; its plugin must be fixed"
    )


@pytest.mark.parametrize(
    ("ref", "sent"), [("x" * 251, True), ("x" * 252, False), ("é" * 126, False)], ids=["255", "256", "256 in UTF-8"]
)
def test_a_name_that_no_server_takes_is_a_problem_of_that_document(ref: str, sent: bool) -> None:
    report = invoices([ref, "B1"])
    plan = settle(select(report, found([ref, "B1"]), pdf, NOTHING), {}, {}, NOTHING)
    assert [name for name, _ in chosen(plan)] == [pdf(ref)] * sent + ["B1.pdf"]
    why = "its file name would be longer than 255 bytes; shorten its number"
    assert (plan.broken, (*plan.without,)) == ({} if sent else {ref: why}, ())


def test_a_long_name_without_a_pdf_is_not_a_problem() -> None:
    selection = select(invoices(["x" * 300, "B1"]), found(["B1"]), pdf, NOTHING)
    assert (selection.broken, (*selection.without,)) == ({}, ("x" * 300,))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300), min_size=2, unique=True))
def test_any_numbers_get_distinct_safe_names_or_are_reported(refs: list[str]) -> None:
    name_of = Kolleno(Kolleno.Settings(url="memory://", mode="open-ar")).document_name
    selection = select(invoices(refs), found(refs), name_of, NOTHING)
    names = selection.send["name"].tolist()
    assert len({name.casefold() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+\.pdf", name) and len(name) <= 255 for name in names)
    said = [*selection.broken, *(ref for claimed in selection.colliding.values() for ref in claimed)]
    assert sorted([*selection.send["invoice_ref"], *said]) == sorted(refs)


@pytest.mark.parametrize("name", ["...", ".a", "a b.pdf", "ä.pdf"])
def test_any_other_name_is_taken(name: str) -> None:
    assert chosen(select(invoices(), found(["A1"]), lambda ref: name, NOTHING)) == [(name, "new")]


def test_what_staging_found_settles_what_is_sent() -> None:
    known = sent("A1.pdf", "A2.pdf", version="v0")
    selection = select(invoices(5), found(["A1", "A2", "A3", "A4"]), pdf, known)
    hashes = {"A1.pdf": "old", "A2.pdf": "new", "A3.pdf": "old"}
    plan = settle(selection, hashes, {"A4.pdf": "the file is empty"}, known)
    assert chosen(plan) == [("A2.pdf", "changed"), ("A3.pdf", "new")]
    assert plan.send.index.tolist() == [0, 1]
    assert [*plan.send] == ["invoice_ref", "source", "source_ref", "name", "version", "change"]
    assert (plan.present, (*plan.without,), plan.broken) == (1, ("A5",), {"A4": "the file is empty"})


def test_a_file_that_was_only_touched_counts_as_there() -> None:
    known = sent("A1.pdf", "A2.pdf")
    selection = select(invoices(2), found(["A1", "A2"], ["v1", "v2"]), pdf, known)
    assert (selection.present, chosen(selection)) == (1, [("A2.pdf", "changed")])
    assert settle(selection, {"A2.pdf": "old"}, {}, known).present == 2


def test_a_broken_file_is_not_there_though_another_was_sent_before() -> None:
    known = sent("A1.pdf", version="v0")
    plan = settle(select(invoices(), found(["A1"]), pdf, known), {}, {"A1.pdf": "cut off"}, known)
    assert (chosen(plan), plan.present, plan.broken) == ([], 0, {"A1": "cut off"})


def test_without_anything_to_send_there_is_nothing_to_settle() -> None:
    plan = settle(select(invoices(1), found([]), pdf, NOTHING, {"x": ("A1", "A2")}), {}, {}, NOTHING)
    assert (len(plan.send), plan.present, (*plan.without,), plan.broken) == (0, 0, ("A1",), {})
    assert plan.colliding == {"x": ("A1", "A2")}


def test_the_pdf_of_another_invoice_under_the_same_name_is_not_its_own() -> None:
    known = {"A_1.pdf": SentDocument("A/1", "v1", "old", 3)}
    without = select(invoices(["A#1"]), found([]), lambda _: "A_1.pdf", known)
    assert (without.present, (*without.without,)) == (0, ("A#1",))
    its_own = select(invoices(["A#1"]), found(["A#1"], ["v1"]), lambda _: "A_1.pdf", known)
    assert chosen(its_own) == [("A_1.pdf", "changed")]


# --- numbers that were used before -----------------------------------------------------------------------------------


EARLIER = {"A1.pdf": SentDocument("A1", "v1", "old", 3, "C-A1", date(2025, 4, 1))}


def again(change: str = "new", **columns: object) -> pd.DataFrame:
    return invoices(1, issued_on=date(2026, 4, 1), **columns).assign(change=change)


@pytest.mark.parametrize(
    ("now", "whose"),
    [
        (again(), "an earlier invoice A1, issued 2025-04-01"),
        (again(customer_id="C-9"), "an earlier invoice A1, issued 2025-04-01"),
        (again("unchanged", customer_id="C-9"), "an earlier invoice A1, issued 2025-04-01"),
        (again("unchanged"), None),
        (again("changed"), None),
        (invoices(1, issued_on=date(2025, 4, 1)).assign(change="new"), None),
        (
            invoices(1, issued_on=date(2025, 4, 1), customer_id="C-9").assign(change="new"),
            "an earlier invoice A1, issued 2025-04-01",
        ),
    ],
    ids=[
        "a year later",
        "of another",
        "reused at once",
        "its date corrected",
        "likewise",
        "back again",
        "another's date",
    ],
)
def test_the_pdf_of_an_earlier_invoice_of_a_number_is_not_a_new_ones(now: pd.DataFrame, whose: str | None) -> None:
    selection = select(now, found([]), pdf, EARLIER)
    plan = settle(selection, {}, {}, EARLIER)
    assert plan.old == ({} if whose is None else {"A1": whose})
    assert (plan.present, [*plan.without]) == ((1, []) if whose is None else (0, ["A1"]))


def test_what_was_sent_before_arfeed_remembered_whose_it_was_is_not_taken_for_a_new_invoices() -> None:
    known = sent("A1.pdf")
    assert settle(select(again(), found([]), pdf, known), {}, {}, known).old == {"A1": "an earlier invoice A1"}
    assert settle(select(again("unchanged"), found([]), pdf, known), {}, {}, known).old == {}


def test_a_new_invoices_own_pdf_replaces_the_one_of_an_earlier_invoice() -> None:
    selection = select(again(), found(["A1"]), pdf, EARLIER)
    plan = settle(selection, {"A1.pdf": "new"}, {}, EARLIER)
    assert (chosen(plan), plan.old, plan.shared) == ([("A1.pdf", "changed")], {}, ())


def test_a_file_that_was_only_touched_need_not_be_read_again() -> None:
    known = sent("A1.pdf", "A2.pdf")
    selection = select(invoices(3), found(["A1", "A2", "A3"], ["v2", "v3", "v1"]), pdf, known)
    assert find_touched(selection, {"A1.pdf": "old", "A2.pdf": "new", "A3.pdf": "old"}, known) == {"A1.pdf": "v2"}


def test_last_years_file_in_the_folder_is_not_the_new_invoices_pdf() -> None:
    selection = select(again(), found(["A1"]), pdf, EARLIER)
    plan = settle(selection, {"A1.pdf": "old"}, {}, EARLIER)
    assert (chosen(plan), plan.present, [*plan.without]) == ([], 0, ["A1"])
    assert plan.old == {"A1": "an earlier invoice A1, issued 2025-04-01"}
    assert find_touched(selection, {"A1.pdf": "old"}, EARLIER) == {}


def test_a_broken_pdf_leaves_the_earlier_one_in_place_and_that_is_named() -> None:
    selection = select(again(), found(["A1"]), pdf, EARLIER)
    assert [*settle(selection, {}, {"A1.pdf": "the file is empty"}, EARLIER).old] == ["A1"]


def test_another_number_with_the_same_file_name_is_named_if_nothing_replaces_it() -> None:
    known = {"A_1.pdf": SentDocument("A/1", "v1", "old", 3, "C-1", date(2026, 4, 1))}
    plan = settle(select(invoices(["A 1"]), found([]), lambda _: "A_1.pdf", known), {}, {}, known)
    assert plan.old == {"A 1": "A/1, issued 2026-04-01"}


# --- one content under two numbers -----------------------------------------------------------------------------------


def shared(hashes: dict[str, str], known: Mapping[str, SentDocument] = NOTHING, **columns: object) -> DocumentPlan:
    report = invoices(3, **columns)
    refs = [name.removesuffix(".pdf") for name in hashes]
    return settle(select(report, found(refs), pdf, known), hashes, {}, known)


def test_one_content_under_two_numbers_is_found_now_and_against_what_was_sent() -> None:
    assert shared({"A1.pdf": "x", "A2.pdf": "y", "A3.pdf": "x"}).shared == (("A1", "A3"),)
    gone = {"B7.pdf": SentDocument("B7", "v1", "x", 3)}
    assert shared({"A1.pdf": "x", "A2.pdf": "y"}, gone).shared == (("A1", "B7"),)
    assert shared({"A1.pdf": "y", "A2.pdf": "z"}, gone).shared == ()


def test_a_pdf_that_was_sent_under_the_number_of_the_source_is_the_same_invoices() -> None:
    earlier = {"1.pdf": SentDocument("1", "v1", "x", 3)}
    report = invoices(["UK-1"], source_ref="1")
    assert settle(select(report, found(["1"]), pdf, earlier), {"UK-1.pdf": "x"}, {}, earlier).shared == ()
