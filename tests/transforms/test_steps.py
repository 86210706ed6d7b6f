"""The built-in steps: exclude, keep, rename, set."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from arfeed import SourceError, Transform
from arfeed.intake.transform import transform
from arfeed_transforms.steps import Exclude, Keep, Rename, Set
from support.feeds.sources import given, opened, rows


def after(part: type[Transform], settings: dict[str, object], **columns: object) -> pd.DataFrame:
    names = {"customer_name": ["Acme Holdings", "ACME holdings ", "Acme Holdings Ltd"], "branch": ["N", "S", "N"]}
    frame = opened(given(rows(**(names | columns))))
    return transform(frame, [part(part.Settings.model_validate(settings))]).invoices


def refs(part: type[Transform], **settings: object) -> list[str]:
    return after(part, settings)["invoice_ref"].tolist()


def test_exclude_removes_what_matches_whatever_its_case_and_spaces() -> None:
    assert refs(Exclude, customer_name=["acme holdings"]) == ["INV-3"]
    assert refs(Exclude, customer_name=["Nobody"]) == ["INV-1", "INV-2", "INV-3"]


def test_keep_keeps_what_matches_and_nothing_else() -> None:
    assert refs(Keep, customer_name=["Acme Holdings", "Nobody"]) == ["INV-1", "INV-2"]


def test_several_columns_must_match_together() -> None:
    assert refs(Exclude, customer_name=["acme holdings"], branch=["n"]) == ["INV-2", "INV-3"]


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("custumer_name", "there is no column 'custumer_name'; there are invoice_ref, "), ("balance", "is not text")],
)
def test_a_column_that_can_not_match_fails_the_run(column: str, wrong: str) -> None:
    with pytest.raises(SourceError, match="transform 'exclude': ") as caught:
        refs(Exclude, **{column: ["x"]})
    assert wrong in str(caught.value)


@pytest.mark.parametrize("settings", [{}, {"sources": ["given"]}, {"customer_name": "Acme"}], ids=str)
def test_exclude_must_name_a_column_and_its_values(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Exclude.Settings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "renamed"),
    [
        ({"prefix": "UK-"}, ["UK-INV-1", "UK-INV-2", "UK-INV-3"]),
        ({"pattern": "^INV-"}, ["1", "2", "3"]),
        ({"pattern": r"^INV-(\d)$", "replace": r"\1/2026"}, ["1/2026", "2/2026", "3/2026"]),
        ({"pattern": "INV", "replace": "R", "prefix": "UK-"}, ["UK-R-1", "UK-R-2", "UK-R-3"]),
        ({"prefix": "UK-", "sources": ["other"]}, ["INV-1", "INV-2", "INV-3"]),
    ],
    ids=["prefix", "pattern", "group", "both", "another source"],
)
def test_rename_changes_the_number_and_keeps_the_one_of_the_source(
    settings: dict[str, object], renamed: list[str]
) -> None:
    frame = after(Rename, settings)
    assert frame["invoice_ref"].tolist() == renamed
    assert frame["source_ref"].tolist() == ["INV-1", "INV-2", "INV-3"]


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, "name a prefix, or a pattern"),
        ({"replace": "x"}, "name a prefix"),
        ({"pattern": "("}, "not a valid regular expression"),
    ],
)
def test_rename_must_do_something(settings: dict[str, str], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        Rename.Settings.model_validate(settings)


def test_set_fills_a_column_and_adds_one_that_is_not_there() -> None:
    frame = after(Set, {"values": {"memo": "UK entity", "entity": "UK"}})
    assert (frame["memo"] == "UK entity").all()
    assert (frame["entity"] == "UK").all()


def test_set_can_leave_what_is_filled() -> None:
    frame = after(Set, {"values": {"memo": "none"}, "only_blank": True}, memo=["mine", "", ""])
    assert frame["memo"].tolist() == ["mine", "none", "none"]


@pytest.mark.parametrize(("column", "wrong"), [("balance", "made 'balance'"), ("source_ref", "invented or repeated")])
def test_set_can_not_touch_money_or_the_number_of_the_source(column: str, wrong: str) -> None:
    with pytest.raises(SourceError, match=wrong):
        after(Set, {"values": {column: "1"}})


def test_set_declares_what_its_settings_name() -> None:
    made = Set(Set.Settings(values={"currency": "EUR", "memo": "x", "customer_id": "C-1"}))
    assert {*made.changes} == {"currency", "customer_id"}
    assert after(Set, {"values": {"customer_name": "Ada"}})["customer_name"].tolist() == ["Ada"] * 3
