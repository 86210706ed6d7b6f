"""The calls of a delivery to an API: written, proven, and refused if they are not the plan or not safe."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed import ApiDestination, Calls, Content, DestinationError, RefusedError
from arfeed.model.shipping.api import ApiSettings
from arfeed.planning.shipments.calls import stage_calls
from arfeed.planning.shipments.content import make_content
from arfeed.testing import frame
from arfeed.testing.destinations import AT, hostile_rows, open_rows

_INVOICE = {"invoice_ref": "no", "due_on": "due", "balance": "owed"}


class Larix(ApiDestination):
    name = "larix"
    documents = "none"
    change: Callable[[list[Calls]], Sequence[Calls]] = staticmethod(lambda calls: calls)

    def calls(self, content: Content) -> Sequence[Calls]:
        opened = content.invoices[[*_INVOICE]].rename(columns=_INVOICE)
        closed = content.closed[["invoice_ref", "reason"]].rename(columns={"invoice_ref": "no"})
        path, only = "/invoices/{no}", ("no",)
        return self.change(
            [
                Calls("invoices", "PUT", path, opened, "invoices", _INVOICE, only_in_path=only),
                Calls("closed", "POST", path, closed, "closed", {"invoice_ref": "no"}, only_in_path=only),
            ]
        )


def stage(folder: Path, content: Content, change: Callable[[list[Calls]], Sequence[Calls]] = lambda it: it) -> bytes:
    one = Larix(ApiSettings(url="https://api.example.com"))
    one.change = change
    (file,) = stage_calls(one, content, folder).files
    assert sum(part.size for part in file.contents) == file.size
    return file.path.read_bytes()


def _clash(calls: Calls) -> Calls:
    return replace(calls, frame=calls.frame.assign(**{"due.on": calls.frame["due"]}), nested=True)


def content_of(rows: object = None) -> Content:
    invoices = open_rows() if rows is None else rows
    gone = invoices.iloc[:1].assign(reason="paid", evidence="proven")  # type: ignore[attr-defined]
    return make_content(AT, invoices.iloc[1:], gone, AT.date())  # type: ignore[attr-defined]


def test_a_line_is_method_path_and_json_with_the_closings_last(tmp_path: Path) -> None:
    lines = stage(tmp_path, content_of()).decode().splitlines()
    refs = open_rows()["invoice_ref"].tolist()
    assert len(lines) == len(refs)
    assert lines[0].startswith("PUT /invoices/")
    assert '"owed":' in lines[0]
    assert lines[-1].startswith("POST /invoices/")
    assert lines[-1].endswith('{"reason":"paid"}')


def test_the_strangest_numbers_are_one_segment_of_an_address_and_read_back(tmp_path: Path) -> None:
    rows = hostile_rows()
    plain = rows[~rows["invoice_ref"].isin([".", ".."])]
    for line in stage(tmp_path, content_of(plain)).decode().split("\n")[:-1]:
        path = line.split(" ")[1]
        assert path.count("/") == 2
        assert path.isascii()


def test_a_column_with_dots_is_a_field_of_an_object_if_they_are_nested(tmp_path: Path) -> None:
    names = {"no": "no", "due": "terms.due", "owed": "sum.open.amount"}

    def nest(calls: list[Calls]) -> list[Calls]:
        frame, proves = calls[0].frame.rename(columns=names), {of: names[name] for of, name in _INVOICE.items()}
        return [replace(calls[0], frame=frame, proves=proves, nested=True), calls[1]]

    body = stage(tmp_path, content_of(), nest).decode().splitlines()[0].split(" ", 2)[2]
    second = open_rows().iloc[1]
    assert json.loads(body, parse_float=str) == {
        "terms": {"due": f"{second['due_on']:%Y-%m-%d}"},
        "sum": {"open": {"amount": str(second["balance"].quantize(Decimal("0.01")))}},
    }
    plain = stage(tmp_path, content_of(), lambda calls: [replace(nest(calls)[0], nested=False), calls[1]])
    assert b'"sum.open.amount":' in plain


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda calls: calls[::-1], "has to end with what is closed"),
        (lambda calls: calls[:1], "one of what is closed"),
        (lambda calls: [_clash(calls[0]), calls[1]], "has a field 'due' in invoices, which is an object with 'due.on'"),
        (lambda calls: [calls[0], replace(calls[1], name="invoices")], "calls two of its calls alike"),
        (lambda calls: [replace(calls[0], path="/{number}"), calls[1]], "names a column 'number'"),
        (lambda calls: [replace(calls[0], only_in_path=("no", "owed")), calls[1]], "is not the plan"),
        (lambda calls: [replace(calls[0], frame=calls[0].frame.iloc[1:]), calls[1]], "or another order"),
    ],
    ids=[
        "closings first",
        "no closings",
        "a field and an object",
        "one name",
        "unknown column",
        "no balance sent",
        "a row lost",
    ],
)
def test_what_is_not_the_plan_or_not_safe_is_refused(
    tmp_path: Path, change: Callable[[list[Calls]], Sequence[Calls]], why: str
) -> None:
    with pytest.raises(DestinationError, match=why):
        stage(tmp_path, content_of(), change)


def test_a_row_that_the_receiver_would_refuse_is_refused_first_by_its_number(tmp_path: Path) -> None:
    rows = open_rows()
    rows["due_on"] = rows["due_on"].where(rows["invoice_ref"] != rows["invoice_ref"].iloc[1])
    with pytest.raises(RefusedError, match="refuses a request if one required value is blank or 0"):
        stage(tmp_path, content_of(rows), lambda calls: [replace(calls[0], required=("due",)), calls[1]])


def test_a_number_that_would_lead_elsewhere_is_refused(tmp_path: Path) -> None:
    rows = open_rows()
    rows["invoice_ref"] = rows["invoice_ref"].where(rows["invoice_ref"] != rows["invoice_ref"].iloc[1], "..")
    with pytest.raises(DestinationError, match="can't be a part of an address"):
        stage(tmp_path, content_of(rows))


def test_a_delivery_without_a_row_has_no_line(tmp_path: Path) -> None:
    content = make_content(AT, frame([]), frame([]).assign(reason="", evidence=""), AT.date())
    assert stage(tmp_path, content) == b""
