"""The list of commands is printed without them, and says what they say."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import typer

from arfeed.cli.app import assemble
from arfeed.cli.catalog import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_itself_says(name: str) -> None:
    commands: dict[str, Any] = typer.main.get_command(assemble([name])).commands  # type: ignore[attr-defined]
    said = inspect.cleandoc(commands[name].help).split("\n\n")[0].replace("\n", " ")
    assert said == COMMANDS[name].says


def test_a_command_that_was_not_typed_cannot_be_run_by_accident() -> None:
    commands: dict[str, Any] = typer.main.get_command(assemble(["plan"])).commands  # type: ignore[attr-defined]
    assert list(commands) == list(COMMANDS)
    with pytest.raises(AssertionError, match="although it was not typed"):
        commands["sync"].callback()
    assert {param.name for param in commands["plan"].params} >= {"config", "html"}
    assert not {param.name for param in commands["sync"].params} & {"approve", "config"}
