"""Rules across a printed list, in whatever pieces a file is read."""

from __future__ import annotations

import pytest

from arfeed.tables.separated.quotes import Quotes
from arfeed.tables.separated.rules import blank_rules

LIST = (
    b'-----------\r\nNo;Name;Open\r\n===========\r\n1;"Ada\n-------\nLtd";5 -----\r\n  -----------  \r\n'
    b"2;Bob ------;6\r\n3;------;7\r\n-----------"
)
BLANKED = LIST.replace(b"===========", b";;").replace(b"  -----------  ", b";;").replace(b"-----------", b";;")


def blanked(*pieces: bytes) -> bytes:
    return b"".join(blank_rules(iter(pieces), Quotes(";"), ";", 3))


@pytest.mark.parametrize("size", [*range(1, 20), len(LIST)])
def test_rules_are_the_same_however_a_file_is_cut_into_pieces(size: int) -> None:
    assert BLANKED.count(b"-----") == 4
    assert blanked(*(LIST[at : at + size] for at in range(0, len(LIST), size))) == BLANKED


def test_the_end_of_a_line_that_a_piece_begins_with_is_no_rule() -> None:
    assert blanked(b"1;Ada;due ", b"-----\n2;Bob;3\n") == b"1;Ada;due -----\n2;Bob;3\n"
