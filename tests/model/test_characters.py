"""What the bytes of a column tell, against the texts themselves."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arfeed.intake.columns import Columns
from arfeed.model.text.characters import byte_at, find_byte_range, hash_texts
from arfeed.planning.changes.texts import note_formulas
from arfeed.tables.values.amounts import as_units, parse_money

texts = st.lists(st.one_of(st.text(max_size=5), st.sampled_from(["", "a", "é", "\x00"])), max_size=8)
kinds = st.sampled_from([pa.string(), pa.large_string()])


@given(texts, kinds, st.integers(0, 3), st.integers(-4, 3))
def test_the_byte_at_a_place_is_that_of_the_text_also_in_a_slice(
    values: list[str], kind: pa.DataType, first: int, place: int
) -> None:
    column = pa.array(values, kind).slice(first)
    written = [value.encode() for value in values[first:]]
    expected = [text[place] if -len(text) <= place < len(text) else 0 for text in written]
    assert byte_at(column, place).tolist() == expected


long = st.lists(
    st.builds("{}{}{}".format, st.text(max_size=3), st.sampled_from(["12345678", "éééééééé"]), st.text("0é"))
)


@given(long, kinds, st.integers(0, 3))
def test_equal_texts_have_equal_numbers_also_in_a_slice(values: list[str], kind: pa.DataType, first: int) -> None:
    column = pa.array(values, kind).slice(first)
    if not len(column):
        assert hash_texts(column) is None
        return
    numbers = hash_texts(column)
    assert numbers is not None
    assert len(numbers) == len(column)
    by_text = dict(zip(values[first:], numbers.tolist(), strict=True))
    assert [by_text[value] for value in values[first:]] == numbers.tolist()


@pytest.mark.parametrize("values", [["12345678", "1234567"], ["12345678", ""], ["12345678", None], []])
def test_short_texts_and_nulls_have_no_number(values: list[str | None]) -> None:
    assert hash_texts(pa.array(values, pa.large_string())) is None


@given(texts, kinds, st.integers(0, 3))
def test_the_extremes_are_those_of_all_bytes_of_a_slice(values: list[str], kind: pa.DataType, first: int) -> None:
    content = "".join(values[first:]).encode()
    assert find_byte_range(pa.array(values, kind).slice(first)) == (
        (min(content), max(content)) if content else (255, 0)
    )


def test_many_texts_are_looked_at_piece_by_piece() -> None:
    column = pa.array([str(number) for number in range(200_000)], pa.large_string())
    assert byte_at(column, -1).tolist() == [ord("0") + number % 10 for number in range(200_000)]


@given(st.lists(st.one_of(st.text(max_size=4), st.sampled_from([" a", "a\t", "\u00a0a", "a\u2003", "é", "\x85"]))))
def test_texts_lose_their_outer_white_space_whatever_it_is(values: list[str]) -> None:
    raw = pa.table({"memo": pa.array(values, pa.large_string())})
    trimmed = Columns({"memo": "memo"}, raw, "erp", 0).text("memo")
    assert trimmed.equals(pc.utf8_trim_whitespace(pa.array(values, pa.large_string())))


_SHORT = re.compile(r"-?\d{1,16}(\.\d{1,4}0*)?")


@given(
    st.lists(
        st.one_of(
            st.text("0123456789.-", max_size=6),
            st.text("0123456789.-/+eE, ", max_size=4),
            st.decimals(allow_nan=False, allow_infinity=False, places=5).map(str),
            st.sampled_from(["1.", ".5", "-.5", "-", "--1", "1-", "1/2", "1e3", "+3", "1.00000", "1.00001", "0" * 17]),
        ),
        min_size=1,
        max_size=3,
    )
)
@example(["1."])
@example([".5"])
@example(["-.5"])
@example(["1e3"])
@example(["+3"])
@example(["9" * 16])
@example(["9" * 17])
@example(["0" * 16 + "1.5"])
def test_only_plain_amounts_that_fit_are_taken_as_plain(values: list[str]) -> None:
    parsed = parse_money(pa.array(values, pa.large_string()), None)
    assert parsed.plain == all(not value or (len(value) <= 16 and _SHORT.fullmatch(value)) for value in values)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (["1.5", "-0.0001"], [15_000, -1]),
        (["922337203685477.5807"], [2**63 - 1]),
        (["-922337203685477.5808"], [-(2**63)]),
        (["922337203685477.5808"], None),
        ([], []),
    ],
)
def test_amounts_are_counted_in_units_of_their_last_decimal(amounts: list[str], expected: list[int] | None) -> None:
    column = pa.array(["7", *amounts], pa.large_string()).cast(pa.decimal128(20, 4)).slice(1)
    found = as_units(column)
    assert (None if found is None else found.tolist()) == expected


@given(st.lists(st.one_of(st.none(), st.text("=+-@\t\ra ", max_size=3))))
def test_texts_that_may_be_formulas_are_counted(values: list[str | None]) -> None:
    found = [text for text in values if text and len(text) > 1 and text[0] in "=+-@\t\r"]
    notes = [*note_formulas(pa.table({"memo": pa.array(values, pa.string())}))]
    assert len(notes) == bool(found)
    assert not found or f" as they are: memo {len(found)}. " in notes[0]
