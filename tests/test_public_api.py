"""What a plugin author imports."""

from __future__ import annotations

from types import ModuleType

import arfeed


def test_everything_that_can_be_imported_without_an_underscore_is_promised() -> None:
    names = [
        name for name, value in vars(arfeed).items() if not name.startswith("_") and not isinstance(value, ModuleType)
    ]
    assert sorted(names) == sorted(arfeed.__all__)


def test_the_promise_is_sorted_and_holds_nothing_twice() -> None:
    assert arfeed.__all__ == sorted(set(arfeed.__all__), key=lambda name: (not name.isupper(), name))  # as ruff sorts
