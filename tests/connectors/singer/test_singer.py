"""Singer taps: what their messages mean, and what is taken for no whole table."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from arfeed import Complete, SourceError
from arfeed_connectors.singer import Singer
from support.feeds.sources import balances, complete, failure, opened, problems, read
from support.plugins.taps import COLUMNS, catalog, record, schema, singer, state

FORCED = {"metadata": {"forced-replication-method": "INCREMENTAL"}}


def notes(source: Singer) -> str:
    return "\n".join(complete(source).notes)


def test_the_last_record_of_a_key_counts_and_the_order_is_kept(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(2, 5), record(1, 7), record(2, 6), record(3, 0))
    assert list(balances(read(source)).items()) == [("INV-2", Decimal(6)), ("INV-1", Decimal(7)), ("INV-3", Decimal(0))]


def test_without_a_key_every_record_stands_for_itself(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(keys=()), record(1, 5), record(1, 6))
    assert read(source)["balance"].tolist() == [Decimal(5), Decimal(6)]


def test_records_of_older_versions_are_dropped_when_a_newer_is_activated(tmp_path: Path) -> None:
    activation = ("write", {"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 2})
    steps = (record(1, version=1), record(2, version=1), record(2, 7, version=2), record(3, version=2), activation)
    assert balances(read(singer(tmp_path, schema(), *steps))) == {"INV-2": Decimal(7), "INV-3": Decimal(10)}


def test_a_record_of_an_older_version_does_not_replace_a_newer(tmp_path: Path) -> None:
    steps = (record(1, 7, version=2), record(1, 5, version=1))
    assert balances(read(singer(tmp_path, schema(), *steps))) == {"INV-1": Decimal(7)}


def test_an_activated_version_that_records_do_not_name_is_refused(tmp_path: Path) -> None:
    activation = ("write", {"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 2})
    said = failure(singer(tmp_path, schema(), record(1), activation))
    assert said == "erp: invoices: version 2 is activated, but records name none, so it is not clear which are current"


@pytest.mark.parametrize(
    ("due", "balance"),
    [
        ("0.10", "0.10"),
        ("1e2", "100"),
        ("1234567890123456.78", "1234567890123456.78"),
        ("-0.5", "-0.5"),
        ("7", "7"),
    ],
)
def test_numbers_are_read_as_they_are_written(tmp_path: Path, due: str, balance: str) -> None:
    line = json.dumps(record(1, "DUE")[1]).replace('"DUE"', due)
    assert balances(read(singer(tmp_path, schema(), ("write", line)))) == {"INV-1": Decimal(balance)}


def test_a_number_that_a_tap_computed_with_floats_is_a_problem_and_not_rounded(tmp_path: Path) -> None:
    assert "'0.30000000000000004'" in problems(singer(tmp_path, schema(), record(1, 0.1 + 0.2)))[1]


def test_a_number_that_is_none_is_refused(tmp_path: Path) -> None:
    assert "due is the float nan" in failure(singer(tmp_path, schema(), record(1, float("nan"))))


def test_problems_are_named_by_stream_and_key(tmp_path: Path) -> None:
    assert problems(singer(tmp_path, schema(), record(41, None)))[1].startswith("invoices 41, column due: ''")


@pytest.mark.parametrize("time", ["T00:00:00Z", "T00:00:00.000000Z", " 00:00:00+00:00", ""])
def test_midnight_behind_a_date_is_no_time(tmp_path: Path, time: str) -> None:
    source = singer(tmp_path, schema(), record(1, date=f"2026-04-07{time}"))
    assert read(source)["issued_on"].tolist() == [date(2026, 4, 7)]


def test_another_time_of_day_is_not_guessed_to_be_a_date(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1, date="2026-04-06T23:00:00Z"))
    assert "'2026-04-06T23:00:00Z' is not a date" in problems(source)[1]


def test_words_are_translated_and_records_of_other_kinds_left_out(tmp_path: Path) -> None:
    words = {"status": {"AUTHORISED": "open", "PAID": "paid"}, "kind": {"ACCREC": "invoice", "CREDIT": "credit_note"}}
    source = singer(
        tmp_path,
        schema(),
        record(1, state="AUTHORISED", type="ACCREC"),
        record(2, 0, state="PAID", type="ACCREC"),
        record(3, 4.5, state="AUTHORISED", type="CREDIT"),
        record(4, state="AUTHORISED", type="ACCPAY"),
        columns={**COLUMNS, "status": "state", "kind": "type"},
        values=words,
        leave_out={"type": ["ACCPAY"]},
        credits_positive=True,
    )
    rows = read(source)
    assert rows["status"].tolist() == ["open", "paid", "open"]
    assert rows["kind"].tolist() == ["invoice", "invoice", "credit_note"]
    assert balances(rows) == {"INV-1": Decimal(10), "INV-2": Decimal(0), "INV-3": Decimal("-4.5")}
    assert complete(source).lists_closed


def test_open_documents_alone_are_not_said_to_be_all(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1, state="open"), columns={**COLUMNS, "status": "state"})
    assert not complete(source).lists_closed


def test_a_word_that_is_not_translated_is_a_problem(tmp_path: Path) -> None:
    source = singer(
        tmp_path,
        schema(),
        record(1, state="NEW"),
        columns={**COLUMNS, "status": "state"},
        values={"status": {"A": "open"}},
    )
    assert problems(source)[1] == "invoices 1, column state: 'NEW' is not one of open, paid, void, draft"


def test_a_status_that_no_record_has_is_a_problem_and_not_open(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1), columns={**COLUMNS, "status": "Status"})
    assert problems(source)[1] == "invoices 1, column Status: '' is not one of open, paid, void, draft"


@pytest.mark.parametrize(("paid", "status"), [(True, "paid"), (False, "open")])
def test_true_and_false_are_words_too(tmp_path: Path, paid: bool, status: str) -> None:
    source = singer(
        tmp_path,
        schema(),
        record(1, 0 if paid else 10, paid=paid),
        columns={**COLUMNS, "status": "paid"},
        values={"status": {"true": "paid", "false": "open"}},
    )
    assert read(source)["status"].tolist() == [status]


def test_a_stream_of_credit_notes_is_said_to_be_one(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1, 12.5), kind="credit_note", credits_positive=True)
    assert balances(opened(source)) == {"INV-1": Decimal("-12.5")}


def test_a_credit_note_that_comes_negative_though_said_to_be_positive_is_a_problem(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1, -5), kind="credit_note", credits_positive=True)
    assert "'5' must be negative" in problems(source)[1]


def test_a_field_that_no_record_has_is_noted(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1), columns={**COLUMNS, "memo": "custmer.memo"})
    assert "no record has the field 'custmer.memo' (memo)" in notes(source)


def test_an_object_is_no_value(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1), columns={**COLUMNS, "customer_name": "customer"})
    said = failure(source)
    assert said == 'erp: customer is an object, not a plain value; name a field inside of it, such as "customer.name"'


def test_fields_that_nobody_named_travel_along_only_if_wanted(tmp_path: Path) -> None:
    source = singer(tmp_path, schema(), record(1, region="North", depth={"x": 1}), extra=["region"])
    assert read(source)["region"].tolist() == ["North"]
    assert "id" not in read(source)


def test_several_streams_make_one_source(tmp_path: Path) -> None:
    known = catalog("uk", "de")
    steps = (schema("uk"), schema("de"), record(1, 1, stream="uk"), record(1, 2, stream="de", number="DE-1"))
    assert balances(read(singer(tmp_path, *steps, known=known, streams=["uk", "de"]))) == {"INV-1": 1, "DE-1": 2}


def test_other_streams_are_passed_over(tmp_path: Path) -> None:
    steps = (schema("contacts"), schema(), record(1, stream="contacts"), record(2))
    assert balances(read(singer(tmp_path, *steps))) == {"INV-2": Decimal(10)}


def test_the_wanted_streams_are_selected_with_their_fields_and_no_others(tmp_path: Path) -> None:
    known = catalog("invoices", "contacts")
    known["streams"][0]["metadata"] += [
        {"breadcrumb": ["properties", "number"], "metadata": {"inclusion": "available"}},
        {"breadcrumb": ["properties", "secret"], "metadata": {"selected": False}},
    ]
    read(singer(tmp_path, ("look", str(tmp_path / "seen")), schema(), record(1), known=known))
    invoices, contacts = json.loads(tmp_path.joinpath("seen").read_text())["catalog"]["streams"]
    assert [item["metadata"]["selected"] for item in invoices["metadata"]] == [True, True, False]
    assert [item["metadata"]["selected"] for item in contacts["metadata"]] == [False]


@pytest.mark.parametrize(
    "entry",
    [
        FORCED,
        {"metadata": {"replication-method": "LOG_BASED"}},
        {"replication_method": "INCREMENTAL"},
    ],
    ids=["forced", "chosen", "entry"],
)
def test_an_incremental_stream_is_refused(tmp_path: Path, entry: dict[str, Any]) -> None:
    source = singer(tmp_path, schema(), record(1), known=catalog("invoices", **entry))
    assert "would mark the rest as paid" in failure(source)
    with pytest.raises(SourceError, match=r"invoices: .*replication.method = "):
        source.check()


def test_another_stream_may_be_incremental(tmp_path: Path) -> None:
    known = catalog("contacts", **FORCED)
    known["streams"] += catalog("invoices")["streams"]
    assert balances(read(singer(tmp_path, schema(), record(1), known=known))) == {"INV-1": Decimal(10)}


@pytest.mark.parametrize(
    "bookmark",
    [
        {"updated": "2026-04-07"},
        {"replication_key": "updated", "replication_key_value": 7},
        {"partitions": [{"context": {"org": 1}, "replication_key_value": 7}]},
        {"last_replication_method": "LOG_BASED"},
        "2026-04-07",
    ],
    ids=["own", "sdk", "partition", "method", "plain"],
)
def test_a_stream_that_is_bookmarked_is_refused_whatever_its_catalog_says(tmp_path: Path, bookmark: object) -> None:
    assert "the tap remembers how far it read" in failure(
        singer(tmp_path, schema(), record(1), state(invoices=bookmark))
    )


@pytest.mark.parametrize(
    "bookmark",
    [{}, {"partitions": [{"context": {"org": 1}}]}, {"version": 7, "last_pk_fetched": 4}, None],
    ids=["empty", "partition", "full table", "none"],
)
def test_states_of_whole_tables_are_passed_over(tmp_path: Path, bookmark: object) -> None:
    steps = (schema(), record(1), state(invoices=bookmark, contacts={"updated": 1}))
    assert balances(read(singer(tmp_path, *steps))) == {"INV-1": Decimal(10)}


def test_an_incremental_stream_is_taken_from_its_start_where_the_settings_say_so(tmp_path: Path) -> None:
    known = catalog("invoices", **FORCED)
    steps = (schema(), record(1), state(invoices={"updated": 7}))
    source = singer(tmp_path, *steps, known=known, incremental="from-start", config={"start_date": "2020-01-01"})
    assert balances(read(source)) == {"INV-1": Decimal(10)}
    assert "whether the tap gives everything without a state is not known" in notes(source)
    assert "the tap reads from start_date 2020-01-01 on" in notes(source)


@pytest.mark.parametrize("config", [{"start_date": "2020-01-01"}, {}], ids=["start_date", "incremental"])
def test_an_absence_from_what_is_read_in_part_is_no_payment(tmp_path: Path, config: dict[str, str]) -> None:
    known = catalog("invoices", **({} if config else FORCED))
    source = singer(
        tmp_path, schema(), record(1), known=known, config=config, incremental="from-start", absent_means_paid=True
    )
    assert "absent_means_paid = true can't be relied on" in failure(source)


def test_a_tap_has_no_control_and_is_named_with_its_place(tmp_path: Path) -> None:
    said = complete(singer(tmp_path, schema(), record(1)))
    assert said == Complete(notes=(f"invoices read by {tmp_path / 'small-tap'}, without state",))


def test_a_stream_that_is_not_in_the_catalog_is_named_with_those_that_are(tmp_path: Path) -> None:
    said = failure(singer(tmp_path, known=catalog("contacts", "items")))
    assert said == "erp: the catalog has 0 streams 'invoices'; it has contacts, items"


def test_a_catalog_of_ones_own_is_not_asked_of_the_tap(tmp_path: Path) -> None:
    tmp_path.joinpath("own.json").write_text(json.dumps(catalog("invoices")))
    source = singer(tmp_path, schema(), record(1), known=catalog("invoices", **FORCED), catalog="own.json")
    assert balances(read(source)) == {"INV-1": Decimal(10)}


@pytest.mark.parametrize("argument", ["--state", "--state=state.json", "-s"])
def test_a_state_is_refused(tmp_path: Path, argument: str) -> None:
    with pytest.raises(ValidationError, match="would mark the rest as paid"):
        Singer.Settings.model_validate({"command": ["tap", argument], "streams": ["invoices"]})


def test_the_kind_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="`kind` says what every document is"):
        singer(tmp_path, kind="payment", values={"kind": {"A": "invoice"}})
