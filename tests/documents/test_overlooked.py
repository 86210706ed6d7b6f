"""Files that hold the number of an invoice without a PDF, and why `check` says that they were not taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.operations.check.sources import examine_sources
from arfeed.runs.context import utc_now
from support.feeds.feed import Feed, invoice


def a_feed(folder: Path, template: str, refs: list[str], files: list[str]) -> Feed:
    feed = Feed(folder)
    feed.sources["erp"] = {"documents": f"pdf/{template}"}
    feed.export([invoice(number, invoice_ref=ref) for number, ref in enumerate(refs, 1)])
    folder.joinpath("pdf").mkdir()
    for file in files:
        folder.joinpath("pdf", file).write_bytes(b"%PDF-1.4 %%EOF")
    return feed


def told(feed: Feed) -> tuple[str, str]:
    """Return the state and the words of the finding on the PDFs."""
    (found,) = (each for each in examine_sources(feed.project(), utc_now, quick=False) if "documents" in each.what)
    return found.state, found.said


def test_a_point_may_stand_for_a_slash_where_there_are_no_wildcards(tmp_path: Path) -> None:
    feed = a_feed(tmp_path, "FV-{invoice_ref}.pdf", ["01/02/2026", "02/02/2026"], ["FV-01.02.2026.pdf"])
    assert told(feed) == ("ok", "1 of 2 open invoices have a PDF")


def test_a_name_that_two_numbers_share_by_a_point_is_nobodys(tmp_path: Path) -> None:
    feed = a_feed(tmp_path, "{invoice_ref}.pdf", ["101/02", "101.02"], ["101.02.pdf"])
    state, said = told(feed)
    assert state == "doubt"
    assert "101.02.pdf holds 101.02, but it could also belong to 101/02" in said


@pytest.mark.parametrize(
    ("template", "ref", "file", "why"),
    [
        ("{invoice_ref}.pdf", "INV-0042", "inv-0042.pdf", "letter case matters"),
        ("{invoice_ref}.pdf", "INV-0042", "INV-0042.PDF", "the rest of its name does not fit {invoice_ref}.pdf"),
        ("{invoice_ref}.pdf", "INV-0042", "INV-0042 (1).pdf", "the rest of its name does not fit"),
        ("Invoice {invoice_ref}.pdf", "INV-0042", "Invoice_INV-0042.pdf", "the rest of its name does not fit"),
        ("{invoice_ref}.pdf", "00042", "42.pdf", None),
        ("{invoice_ref}.pdf", "001042", "1042.pdf", "other leading zeros"),
        ("{invoice_ref}.pdf", "INV/2026/7", "INV 2026 7.pdf", "other characters between its parts"),
        ("{invoice_ref}.pdf", "INV/2026/7", "INV20267.pdf", "other characters between its parts"),
        ("{invoice_ref}.pdf", "INV-0042", "INV-00421.pdf", None),
        ("*{invoice_ref}*.pdf", "01/02/2026", "FV 01.02.2026.pdf", "other characters between its parts"),
    ],
)
def test_a_file_that_holds_a_number_is_named_with_why_it_was_not_taken(
    tmp_path: Path, template: str, ref: str, file: str, why: str | None
) -> None:
    state, said = told(a_feed(tmp_path, template, [ref], [file]))
    assert state == "doubt"
    assert said.startswith("none of 1 open invoices has a PDF")
    assert (f"{file} holds {ref}, but" in said) == (why is not None)
    assert why is None or why in said


def test_no_more_than_three_are_named_and_all_are_in_the_facts(tmp_path: Path) -> None:
    refs = [f"INV-{number:04}" for number in range(1, 7)]
    feed = a_feed(tmp_path, "{invoice_ref}.pdf", refs, [f"{ref.lower()}.pdf" for ref in refs[1:]] + ["INV-0001.pdf"])
    (found,) = (each for each in examine_sources(feed.project(), utc_now, quick=False) if "documents" in each.what)
    assert found.said.startswith("1 of 6 open invoices have a PDF; not taken: inv-0002.pdf holds INV-0002")
    assert found.said.endswith("and 2 more")
    assert len(found.facts["overlooked"]) == 5  # type: ignore[arg-type]
