"""Texts are sent as they are; what somebody should know of them is noted."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from arfeed.model import arrow
from arfeed.planning.changes.texts import note_formulas, note_unseen_characters


def refs(*texts: str) -> pd.Series[str]:
    return pd.Series(texts, dtype="str")


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u00a0", "\u3000", "\u202e", "\u00ad", "\t", "\x07"], ids=ascii)
def test_a_number_with_a_character_that_nobody_sees_is_noted(mark: str) -> None:
    (note,) = note_unseen_characters(refs("INV-1", f"INV{mark}2", "é 3"))
    assert note == (
        f"1 invoice number with characters that can't be seen: {f'INV{mark}2'!r}. They are sent as they are, and the "
        "receiver would take the number without them for another invoice; retype it at the source"
    )


def test_plain_and_foreign_numbers_are_not_noted() -> None:
    assert [*note_unseen_characters(refs("", "INV 1", "Ångström 7", "田中さん", "🧾"))] == []


def test_texts_that_a_spreadsheet_would_take_for_formulas_are_counted_by_column() -> None:
    texts = ["=1+1", "+44 20", "-2", "@x", "-", "", "a=b", "=\n1"]
    table = pa.table({"memo": pa.array(texts, pa.large_string()), "balance": pa.array([1] * len(texts))})
    assert [*note_formulas(table)] == [
        "texts of the report that begin with =, +, - or @ are sent as they are: memo 5. A spreadsheet that opens the "
        "report may take them for formulas"
    ]
    assert [*note_formulas(table.slice(4, 3))] == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("INV-1", "inv-1"), ("INV-1", "INV-1\u200b"), ("\ufeffINV-1", "INV-1"), ("INV\u00a01", "INV 1"),
        ("A\tB", "A B"), ("A \u00a0B", "A  B"),
        ("A \u200b", "A"), ("\u00e9", "E\u0301"), ("a\x00b", "ab"), ("\u200b", ""),
    ],
    ids=ascii,
)  # fmt: skip
def test_numbers_that_look_alike_are_compared_as_one(one: str, other: str) -> None:
    first, second = arrow.fold(refs(one, other))
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [("A B", "AB"), ("A\u00a0\u00a0B", "A B"), ("1", "\u2160"), ("0071", "71"), ("a", "\u0430")],
    ids=ascii,
)
def test_numbers_that_differ_to_the_eye_or_by_letter_stay_two(one: str, other: str) -> None:
    first, second = arrow.fold(refs(one, other))
    assert first != second


def test_texts_that_look_like_formulas_are_counted_in_every_column_and_beside_blanks() -> None:
    memo = pa.chunked_array([pa.array(["=1", None], pa.large_string()), pa.array(["\tx", "=a"], pa.large_string())])
    names = pa.array(["+a", "b", "@", "\r\n"])
    dates = pa.array([None] * 4, pa.date32())
    assert [
        *note_formulas(pa.table({"memo": memo, "day": dates, "name": names, "blank": pa.nulls(4, pa.string())}))
    ] == [
        "texts of the report that begin with =, +, - or @ are sent as they are: memo 3, name 2. A spreadsheet that "
        "opens the report may take them for formulas"
    ]
    many = pa.table({"memo": pa.array(["=1"] * 1200)})
    assert next(note_formulas(many)).startswith(
        "texts of the report that begin with =, +, - or @ are sent as they are: "
    )
    assert "memo 1,200. A" in next(note_formulas(many))
    assert [*note_formulas(many.slice(0, 0))] == []


def test_several_numbers_with_unseen_characters_are_counted_and_the_first_named() -> None:
    (note,) = note_unseen_characters(refs("A\u200b1", "B", "A\u200b2", "A\u200b3", "A\u200b4"))
    assert note.startswith(
        "4 invoice numbers with characters that can't be seen: 'A\\u200b1', 'A\\u200b2', 'A\\u200b3' and 1 more. They "
    )
