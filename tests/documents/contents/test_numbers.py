"""An invoice's number is found as the programs that write PDFs break and space it, and never as a part of another."""

from __future__ import annotations

import pytest

from arfeed.documents.contents.amounts import find_amounts, find_whole_amounts
from arfeed.documents.contents.numbers import finds, make_number
from arfeed.documents.contents.words import close_short_lines, fold, is_empty, is_garbled, is_in_pieces


def surely(ref: str, text: str, *known: str) -> int:
    number = make_number(ref)
    assert number is not None
    return finds(number, fold(text), {*known}.__contains__)


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ("INV-2026-0042", "Invoice INV-2026-0042, of today"),
        ("INV-2026-0042", "INV\x022026-\r\n0042"),
        ("INV-2026-0042", "INV\ufffe2026-\n0042"),
        ("INV-2026-0042", "INV-2\r\n026-0\r\n042"),
        ("INV-2026-0042", "INV\u20112026\u20130042"),
        ("INV-2026-0042", "inv-2026-0042"),
        ("INV-2026-0042", "I N V - 2 0 2 6 - 0 0 4 2"),
        ("INV-2026-0042", "i c e I N V-2026-004 2\nDate"),
        ("INV-2026-0042", "INV-2026-0042SO-2026-0041"),
        ("INV-2026-0042", "INV\xad-2026\u200b-0042"),
        ("INV-2026-0042", "חשבונית מס -2026-0042INV"),
        ("A-122", "חשבונית מס עבור -122A"),
        ("INV-2026-0042", "INV-2026-٠٠٤٢"),
        ("INV_2026_0042", "INV 2026 0042"),
        ("RE 2026/0042", "Rechnung RE 2026 / 0042."),
        ("2026-0042", "Rechnungs-Nr.2026-0042"),
        ("2026.0042", "2026.0042."),
        ("42", "Invoice no. 42\nof"),
        ("(42)", "Invoice (42)"),
    ],
)
def test_a_number_is_found_as_programs_write_it(ref: str, text: str) -> None:
    assert surely(ref, text) == 2


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ("INV-10", "INV-101"),
        ("INV-10", "I N V - 1 0 1"),
        ("INV-1", "INV-1-2 and INV-1.2 and INV-1/3"),
        ("0042", "2026-0042"),
        ("42", "1.42 and 42,50 and 42.5"),
        ("42", "A42"),
        ("5", "4,5"),
        ("INV-2026-004", "I N V - 2 0 2 6 - 0 0 4 2"),
        ("INV-2026-0042", "INV-2026-0043"),
    ],
)
def test_a_number_is_not_found_in_a_longer_one(ref: str, text: str) -> None:
    assert surely(ref, text) == 0


def test_a_number_that_may_go_on_in_the_next_line_as_a_known_one_is_not_sure() -> None:
    assert surely("INV-2026-004", "INV-2026-004\r\n2", "inv-2026-0042") == 1
    assert surely("INV-2026-004", "INV-2026-004\r\n2") == 2
    assert surely("INV-2026-004", "INV-2026-004\r\nDate", "inv-2026-0042") == 2


def test_a_number_without_a_letter_or_a_digit_is_not_looked_for() -> None:
    assert make_number("---") is None


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("1,234.50", 123450), ("1.234,50", 123450), ("1 234,50 €", 123450), ("1'234.50", 123450), ("1’234.50", 123450),
        ("12,34,567.00", 123456700), ("£99.00", 9900), ("EUR1,00", 100), ("1 , 2 3 4 . 5 0".replace(" ", ""), 123450),
        ("15,817.6\r\n3", 1581763),
        ("596,38 8 עבור", 859638), ("567,00 234 1 עבור", 123456700), ("452.04'2 עבור", 245204),
        ("13€655,41", 1365541), ("13€655,41", 65541),
        ("2 123.45", 12345), ("2 123.45", 212345), ("1, 234. 50", 123450), ("1, 234. 50", 23450),
        ("١٬٢٣٤٫٥٠", 123450),
    ],
)  # fmt: skip
def test_amounts_are_read_in_every_notation(text: str, cents: int) -> None:
    assert cents in find_amounts(fold(text), 2)


@pytest.mark.parametrize("text", ["28.11.2026", "1,234", "12.345", "7.5"])
def test_what_is_no_amount_of_cents_is_none(text: str) -> None:
    assert find_amounts(fold(text), 2) == set()


def test_numbers_of_a_list_are_no_amount_together() -> None:
    assert find_amounts("items 1, 234.50", 2) == {23450}


def test_currencies_have_decimals_of_their_own() -> None:
    assert 2057187 in find_amounts("jpy 2,057,187", 0)
    assert 1234500 in find_amounts("kwd 1,234.500", 3)
    assert 120000 in find_whole_amounts("eur 1,200", 2)


def test_turned_text_is_closed_up() -> None:
    assert "inv-2026-0042" in close_short_lines(fold("Total\nIN\nV-2\n026-\n0\n042"))


def test_texts_that_say_nothing_are_told() -> None:
    assert is_garbled([",\x01QYRLFH\x03" * 9]) is True
    assert is_garbled(["Invoice INV-7 " * 9]) is False
    assert is_empty(["", " -- "]) is True
    assert is_in_pieces("CR\nED\nIT") is True
    assert is_in_pieces("") is False
    assert is_empty(["12345"]) is False
