"""Texts are sent as they are; what somebody should know of them is noted."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from arfeed.model import arrow
from arfeed.planning.changes.texts import formula_notes, unseen_notes


def refs(*texts: str) -> pd.Series[str]:
    return pd.Series(texts, dtype="str")


@pytest.mark.parametrize("mark", ["\u200b", "\ufeff", "\u00a0", "\u3000", "\u202e", "\u00ad", "\t", "\x07"], ids=ascii)
def test_a_number_with_a_character_that_nobody_sees_is_noted(mark: str) -> None:
    (note,) = unseen_notes(refs("INV-1", f"INV{mark}2", "é 3"))
    assert note == (
        f"1 invoice number with characters that can't be seen: {f'INV{mark}2'!r}. They are sent as they are, and the "
        "receiver takes the number without them for another invoice; retype it at the source"
    )


def test_plain_and_foreign_numbers_are_not_noted() -> None:
    assert [*unseen_notes(refs("", "INV 1", "Ångström 7", "田中さん", "🧾"))] == []


def test_texts_that_a_spreadsheet_would_take_for_formulas_are_counted_by_column() -> None:
    texts = ["=1+1", "+44 20", "-2", "@x", "-", "", "a=b", "=\n1"]
    table = pa.table({"memo": pa.array(texts, pa.large_string()), "balance": pa.array([1] * len(texts))})
    assert [*formula_notes(table)] == [
        "5 texts of the report begin with =, +, - or @ (memo 5). They are sent as they are; a spreadsheet that opens "
        "the report may take them for formulas"
    ]
    assert [*formula_notes(table.slice(4, 3))] == []


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
