"""What a plugin author imports."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType

import pytest

import arfeed

TYPED = Path(__file__).parent / "typing" / "api.py"


def test_everything_that_can_be_imported_without_an_underscore_is_promised() -> None:
    names = [
        name for name in dir(arfeed) if not name.startswith("_") and not isinstance(getattr(arfeed, name), ModuleType)
    ]
    assert sorted(names) == sorted(arfeed.__all__)


def test_the_promise_is_sorted_and_holds_nothing_twice() -> None:
    assert arfeed.__all__ == sorted(set(arfeed.__all__), key=lambda name: (not name.isupper(), name))  # as ruff sorts


def test_every_public_name_is_in_the_file_of_typed_uses() -> None:
    tree = ast.parse(TYPED.read_text(encoding="utf-8"))
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert set(arfeed.__all__) - used == set()


@pytest.mark.parametrize(
    ("former", "name"),
    [
        ("table", "table_from_records"),
        ("masked", "mask_secrets"),
        ("place_of", "locate"),
        ("propose", "propose_columns"),
        ("MAPPABLE", "SOURCE_COLUMNS"),
        ("Delivered", "DeliveredFile"),
    ],
)
def test_a_former_name_still_works_and_warns(former: str, name: str) -> None:
    assert name in arfeed.__all__
    assert former not in arfeed.__all__
    with pytest.warns(DeprecationWarning, match=rf"^arfeed\.{former} is now arfeed\.{name}$") as caught:
        assert getattr(arfeed, former) is getattr(arfeed, name)
    assert [warning.filename for warning in caught] == [__file__]  # the line to change is the plugin's


def test_a_name_that_never_was_is_an_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'arfeed' has no attribute 'tables_from_records'$"):
        getattr(arfeed, "tables_from_records")  # noqa: B009 - mypy knows that it does not exist
