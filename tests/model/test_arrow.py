"""Operations on whole columns."""

from __future__ import annotations

import pyarrow as pa
import pytest

from arfeed.model.arrow import are_distinct


@pytest.mark.parametrize(
    ("texts", "distinct"),
    [
        ([], True),
        (["1"], True),
        (["1", "2", "3"], True),
        (["3", "2", "1"], True),
        (["2", "1", "3"], True),
        (["1", "1"], False),
        (["1", "2", "2"], False),
        (["2", "2", "1"], False),
        (["2", "1", "2"], False),
        ([*map(str, range(1_000, 5_000)), "1"], True),
        ([*map(str, range(1_000, 5_000)), "4999"], False),
        ([*map(str, range(1_000, 5_000)), "1000"], False),
        (["INV-000002", "INV-000001", "INV-000003"], True),
        (["INV-000002", "INV-000001", "INV-000002"], False),
        (["2026-10-INVOICE", "2026-1-INVOICE", "2027-10-INVOICE", "2026-10-INVOICES"], True),
        (["12345678x12345678", "12345678y12345678", "12345678x12345678"], False),
        (["12345678x12345678", "12345678z12345678", "12345678y12345678"], True),
    ],
)
def test_a_text_that_is_there_twice_is_found_in_any_order(texts: list[str], distinct: bool) -> None:
    assert are_distinct(pa.array(texts, pa.large_string())) == distinct
