"""Each source's own statements are kept beside its rows, since the review depends on them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, sleep

import pandas as pd
import pytest

from arfeed import Complete, ConfigError, Connector, FileSettings, SourceError
from arfeed.intake.extract import Extract, extract
from arfeed.intake.joining import join_frames
from arfeed.model.results import SourceRead, StatusWord
from support.feeds.sources import HEADER, Given, balances, failure, folder, given, problems, rows

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
TWO = rows(issued_on=["2026-04-09", "2026-04-01"], status=["void", "open"])


def named(name: str, source: Given) -> Given:
    source.source = name
    return source


def extracted(*sources: Connector) -> Extract:
    return extract(sources, lambda: NOON)


def test_a_source_is_reported_as_it_was_read() -> None:
    complete = Complete(rows=2, as_of=date(2026, 4, 8), lists_closed=True)
    source = given(TWO, complete=complete, absent_means_paid=True)
    (report,) = extracted(source).reports
    assert (report.source, report.connector, report.settings) == ("given", "given", source.settings)
    assert (report.rows, report.open, report.complete) == (2, 1, complete)
    assert report.read == SourceRead(NOON, date(2026, 4, 8), date(2026, 4, 9))
    assert (report.before, report.failed) == (None, None)


def test_the_files_that_were_read_are_named_with_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    read = extract([folder(file, HEADER, "INV-1,Ada,GBP,2026-04-07,10.00"), given(rows())], lambda: NOON)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert [report.inputs for report in read.reports] == [((str(file), digest),), ()]


@pytest.mark.parametrize("frames", [(), (TWO.iloc[:0],)], ids=["no frame", "an empty one"])
def test_an_empty_source_has_no_latest_invoice(frames: tuple[pd.DataFrame, ...]) -> None:
    (report,) = extracted(given(*frames, allow_empty=True)).reports
    assert (report.rows, report.open, report.read.latest_issue) == (0, 0, None)


def test_invoices_without_a_date_are_not_the_latest() -> None:
    (report,) = extracted(given(rows(kind="payment", balance="-1", issued_on=["", "2026-04-01"]))).reports
    assert report.read.latest_issue == date(2026, 4, 1)


def test_each_source_is_reported_in_turn_with_the_time_it_was_read() -> None:
    times = iter([NOON, NOON.replace(hour=13)])
    read = extract([named("a", given(rows())), named("b", given(TWO))], lambda: next(times))
    assert [(report.source, report.rows, report.read.at.hour) for report in read.reports] == [
        ("a", 1, 12),
        ("b", 2, 13),
    ]
    assert read.rows["source"].tolist() == ["a", "b", "b"]
    assert read.failed == {}


def test_no_source_at_all_has_no_rows() -> None:
    read = extracted()
    assert (len(read.rows), read.reports, read.failed) == (0, (), {})
    assert "invoice_ref" in read.rows


@pytest.mark.parametrize(
    "word",
    [Complete(rows=1), Complete(totals={"GBP": Decimal("20.01")}), None],
    ids=["count", "total", "no word"],
)
def test_a_failed_source_that_may_be_carried_forward_is_named_and_the_others_are_read(
    word: Complete | None,
) -> None:
    failing = named("bad", given(TWO, complete=word, on_failure="carry-forward"))
    read = extracted(named("a", given(rows())), failing, named("z", given(rows())))
    assert [report.source for report in read.reports] == ["a", "z"]
    assert read.rows["source"].tolist() == ["a", "z"]
    assert [*read.failed] == ["bad"]
    assert str(read.failed["bad"]).startswith("bad: ")


def test_problem_rows_are_never_carried_forward() -> None:
    lines = problems(given(rows(balance="x"), on_failure="carry-forward"), given(TWO))
    assert len(lines) == 2


def test_a_source_with_problem_rows_is_not_also_blamed_for_its_total() -> None:
    source = given(rows(balance=["x", "10"]), complete=Complete(totals={"GBP": Decimal(99)}))
    assert "total" not in " ".join(problems(source))


def test_without_carrying_forward_the_first_failure_is_raised() -> None:
    with pytest.raises(SourceError, match=r"^b: "):
        extracted(named("a", given(rows())), named("b", given(complete=None)), named("c", given(complete=None)))


def test_the_messages_say_what_to_do() -> None:
    assert failure(given()) == (
        "given: it has no rows at all, which would mark everything as paid; if that can be right, set "
        "allow_empty = true"
    )
    assert failure(given(TWO, complete=Complete(totals={"GBP": Decimal(21)}))) == (
        "given: its total is 21 GBP, but the rows read sum to 20.0000; it is not complete: export it again; if a "
        "database keeps the balance as REAL or FLOAT, CAST it AS numeric in the query: its sums are not exact"
    )
    assert failure(given(TWO, complete=None)) == (
        "given: its connector 'given' ended without returning Complete(…), so nothing says that it read everything; "
        "found None"
    )


def test_open_rows_are_the_frame_itself_if_all_are_open_and_renumbered_if_not() -> None:
    all_open, some = extracted(given(rows(balance=["1", "2"]))), extracted(given(TWO))
    assert all_open.open is all_open.rows
    assert some.open["invoice_ref"].to_dict() == {0: "INV-2"}
    assert [*some.open] == [*some.rows]


def test_frames_are_joined_without_their_index() -> None:
    first, second = rows(branch="Leeds").set_axis([7]), rows()
    both = join_frames([first, second])
    assert both.index.tolist() == [0, 1]
    assert [*both] == [*first]
    assert both["branch"].tolist() == ["Leeds", ""]


def test_a_frame_alone_is_taken_as_it_is() -> None:
    frame = rows()
    assert join_frames([frame]) is frame


def test_all_frames_of_a_source_are_read() -> None:
    first, second = rows(), rows().assign(invoice_ref="INV-2", balance="5")
    assert balances(extracted(given(first, second)).rows) == {"INV-1": Decimal(10), "INV-2": Decimal(5)}


# --- what is known of each source besides its rows --------------------------------------------------------------------


def test_the_words_of_a_status_are_counted_the_commonest_first() -> None:
    frame = rows(status=["Open", "open", "open", "void"], balance=["1", "2", "3", "4"])
    (report,) = extracted(given(frame)).reports
    assert report.states_status
    assert report.statuses == (
        StatusWord("open", "open", 2),
        StatusWord("Open", "open", 1),
        StatusWord("void", "void", 1),
    )
    (silent,) = extracted(given(rows())).reports
    assert (silent.states_status, silent.statuses) == (False, ())


def test_the_time_in_the_connector_is_measured_and_its_rows_are_counted_on_the_way() -> None:
    def frames() -> Iterator[pd.DataFrame]:
        sleep(0.05)
        yield TWO
        sleep(0.05)
        yield rows().assign(invoice_ref="INV-3")

    source, seen = given(), list[tuple[str, int]]()
    source.frames = frames
    began = perf_counter()
    (report,) = extract([source], lambda: NOON, None, lambda name, count: seen.append((name, count))).reports
    assert 0.1 <= report.seconds <= perf_counter() - began
    assert seen[-1] == ("given", 3)
    assert [count for _, count in seen] == sorted(count for _, count in seen)


def test_a_source_that_has_failed_already_is_not_read() -> None:
    error = SourceError("given: its file changed")
    with pytest.raises(SourceError) as caught:
        extract([given(rows())], lambda: NOON, {"given": error})
    assert caught.value is error
    carried = given(rows(), on_failure="carry-forward")
    assert extract([carried, named("z", given(rows()))], lambda: NOON, {"given": error}).failed == {"given": error}


@pytest.mark.parametrize(("count", "said"), [(1, "1 open document is in HRK"), (2, "2 open documents are in HRK")])
def test_open_documents_in_a_currency_that_was_withdrawn_are_noted(count: int, said: str) -> None:
    frame = rows(
        currency=["HRK"] * count + ["HRK", "ITL", "GBP"], status=["open"] * count + ["void"] * 2 + ["open"], balance="5"
    )
    (report,) = extracted(given(frame, complete=Complete(notes=("read",)))).reports
    assert report.complete.notes == (
        "read",
        f"{said}, which ISO 4217 withdrew in 2023-01 (its successor is EUR); nothing is converted",
    )


LIST = ("No,Customer,Date,Due", "1,Ada,2026-04-07,5", "2,Bo,2026-04-08,7")
NAMES = {"invoice_ref": "No", "customer_name": "Customer", "issued_on": "Date", "balance": "Due"}


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"prefix": {"credit_note": "C-"}}, "prefix.credit_note"), ({"credits_positive": True}, "credits_positive")],
)
def test_a_setting_about_credit_notes_needs_a_column_that_tells_them(
    tmp_path: Path, settings: dict[str, object], named: str
) -> None:
    source = folder(tmp_path / "open.csv", *LIST, columns=NAMES, currency="GBP", **settings)
    with pytest.raises(ConfigError) as caught:
        extracted(source)
    assert str(caught.value) == (
        f"[sources.files]: `{named}` is about credit notes or payments, but no column says which rows these are; name "
        "it in columns.kind, with `values.kind` for its words, or remove the setting"
    )
    typed = [f"{line},{kind}" for line, kind in zip(LIST, ("Kind", "invoice", "invoice"), strict=True)]
    told = folder(tmp_path / "open.csv", *typed, columns=NAMES | {"kind": "Kind"}, currency="GBP", **settings)
    assert len(extracted(told).rows) == 2
    plain = folder(tmp_path / "open.csv", *LIST, columns=NAMES, currency="GBP", prefix={"invoice": "I-"})
    assert len(extracted(plain).rows) == 2


def test_a_row_of_totals_proves_a_file_and_is_no_document(tmp_path: Path) -> None:
    whole = folder(tmp_path / "open.csv", *LIST, "Total,,,12", columns=NAMES, currency="GBP")
    (report,) = extracted(whole).reports
    assert (report.rows, report.complete.totals) == (2, {"GBP": Decimal(12)})
    cut = folder(tmp_path / "open.csv", *LIST, "Total,,,13", columns=NAMES, currency="GBP")
    with pytest.raises(SourceError):
        extracted(cut)


def test_a_note_on_negative_debts_names_the_source_whose_setting_would_answer_it(tmp_path: Path) -> None:
    lines = (LIST[0], *(line.replace("-08,7", "-08,-7").replace("-07,5", "-07,-5") for line in LIST[1:]))
    (report,) = extracted(folder(tmp_path / "open.csv", *lines, columns=NAMES, currency="GBP")).reports
    assert 'set owed_is = "negative" in [sources.files]' in " ".join(report.complete.notes)


@pytest.mark.parametrize(
    ("more", "kinds", "said"),
    [
        (("Memo", *"abc"), {}, "overpaid, credited after payment, or a credit note or payment, which no column"),
        (("Kind", *["invoice"] * 3), {"kind": "Kind"}, "overpaid, or credited after payment; the sign is kept"),
        (("Kind", "invoice", "invoice", "credit_note"), {"kind": "Kind"}, None),
    ],
    ids=["untold", "an invoice", "a credit note"],
)
def test_an_invoice_with_a_negative_balance_is_noted(
    tmp_path: Path, more: tuple[str, ...], kinds: dict[str, str], said: str | None
) -> None:
    lines = [*LIST, "3,Bo,2026-04-09,-5"]
    listed = folder(
        tmp_path / "open.csv",
        *(f"{line},{word}" for line, word in zip(lines, more, strict=True)),
        columns=NAMES | kinds,
        currency="GBP",
    )
    notes = [note for note in extracted(listed).reports[0].complete.notes if "below 0" in note]
    assert len(notes) == (said is not None)
    for note in notes:
        assert note.startswith("1 invoice has a balance below 0: 3, ")
        assert said
        assert said in note


def test_a_column_of_a_file_that_nobody_named_makes_its_reading_doubtful(tmp_path: Path) -> None:
    lines = [f"{line},{word}" for line, word in zip(LIST, ("State", "Offen", "Storniert"), strict=True)]
    read = extracted(folder(tmp_path / "open.csv", *lines, columns=NAMES, currency="GBP"))
    assert [doubt.column for doubt in read.doubts(read.reports[0])] == ["State"]


def test_what_one_source_says_makes_the_reading_of_another_no_more_doubtful(tmp_path: Path) -> None:
    sources = []
    for name, words in (("open", ("Offen", "Offen")), ("other", ("Storniert", "Storniert"))):
        lines = [f"{line},{word}" for line, word in zip(LIST, ("State", *words), strict=True)]
        sources.append(folder(tmp_path / f"{name}.csv", *lines, columns=NAMES, currency="GBP"))
        sources[-1].source = name
    read = extracted(*sources)
    calm, doubtful = (extracted(each) for each in sources)
    assert [read.doubts(report) for report in read.reports] == [
        calm.doubts(calm.reports[0]),
        doubtful.doubts(doubtful.reports[0]),
    ]
    assert calm.doubts(calm.reports[0]) == ()


def test_a_control_account_by_customer_is_read_beside_the_rows_of_its_list(tmp_path: Path) -> None:
    account = tmp_path / "account.csv"
    account.write_text("Customer,Balance\nAda,5\nBo,9\n")
    lines = [f"{line},{number}" for line, number in zip(LIST, ("Id", "K1", "K2"), strict=True)]
    source = folder(
        tmp_path / "open.csv",
        *lines,
        columns=NAMES | {"customer_id": "Id"},
        currency="GBP",
        control_account={"path": str(account), "customer": "Customer", "balance": "Balance"},
    )
    found = extracted(source).reports[0].complete.control_account
    assert found is not None
    assert found.balances == {"GBP": Decimal(14)}
    assert found.customers == {("K1", "GBP"): Decimal(5), ("K2", "GBP"): Decimal(9)}
    account.write_text("Customer,Balance\nAda,ten\n")
    with pytest.raises(SourceError, match=r"^\[sources\.files\.control_account\] "):
        extracted(source)


def test_a_total_of_a_file_that_is_wrong_names_no_database(tmp_path: Path) -> None:
    (tmp_path / "open.csv").touch()
    source = Given("given", FileSettings.model_validate({"path": str(tmp_path / "open.csv")}))
    source.frames = lambda: (TWO,)
    source.complete = Complete(totals={"GBP": Decimal(21)})
    with pytest.raises(SourceError) as caught:
        extract([source], lambda: NOON)
    assert str(caught.value) == (
        "given: its total is 21 GBP, but the rows read sum to 20.0000; it is not complete: export it again"
    )


def test_another_number_of_rows_is_told_with_what_to_do() -> None:
    assert failure(given(TWO, complete=Complete(rows=3))) == (
        "given: the source reports 3 rows, but 2 were read; it was not read completely, so export it again or run again"
    )


def test_a_failed_source_is_named_with_its_error_and_a_raised_one_is_kept() -> None:
    def frames() -> Iterator[pd.DataFrame]:
        yield TWO
        raise KeyError("x")

    source = given(on_failure="carry-forward")
    source.frames = frames
    (error,) = extracted(source).failed.values()
    assert str(error) == "given: KeyError: 'x'"
    assert isinstance(error.__cause__, KeyError)
