"""Texts for people."""

from __future__ import annotations

import pytest

from arfeed.model.text.legible import list_some


@pytest.mark.parametrize(
    ("lines", "text"), [(["a"], "  a"), (["a", "b"], "  a\n  b"), (["a", "b", "c", "d"], "  a\n  b\n  … and 2 more")]
)
def test_the_first_lines_are_listed_and_the_rest_counted(lines: list[str], text: str) -> None:
    assert list_some(lines, most=2) == text
