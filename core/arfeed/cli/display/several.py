"""How the runs to a feed's several destinations ended: one after the other, and as one document."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable

from arfeed.cli.display.output import complain
from arfeed.model.errors import ArfeedError, ConfigError, RefusedError, worst_exit_code
from arfeed.model.events import event
from arfeed.plugins.config import Project
from arfeed.runs.chapters import Result

Document = dict[str, object]


def insist_on_one(project: Project, **typed: object) -> None:
    """Raise `ConfigError` for an option that is about one destination, since the feed has several."""
    for name, value in typed.items():
        if value is not None:
            raise ConfigError(
                f"--{name} is about one destination, and {project.path.name} has {', '.join(project.destinations)}: "
                f"choose one, as in --destination {next(iter(project.destinations))}"
            )


def show_each(
    names: Iterable[str], endings: Iterable[Result | Exception], show: Callable[[str, Result], Document], refused: str
) -> tuple[dict[str, Document], int]:
    """Show how each run ended, by `show` if it has a plan; return the documents by name, and the worst exit code.

    `refused` is said of a plan that was not delivered, with the destination's name.
    """
    documents: dict[str, Document] = {}
    codes: list[int] = []
    for name, ending in zip(names, endings, strict=True):
        if isinstance(ending, Exception):
            code = _complain(name, ending)
            documents[name] = {
                "error": {"kind": type(ending).__name__, "message": str(ending), "exit_code": code},
            }
        else:
            documents[name] = show(name, ending)
            code = RefusedError.exit_code if _is_refused(ending) else 0
            if code:
                complain(RefusedError(refused.format(name=name)))
        codes.append(code)
    return documents, worst_exit_code(codes)


def _is_refused(ending: Result) -> bool:
    return ending.receipt is None and bool(ending.plan.objections)


def _complain(name: str, error: Exception) -> int:
    code = error.exit_code if isinstance(error, ArfeedError) else ArfeedError.exit_code
    if isinstance(error, ArfeedError):
        complain(type(error)(f"{name}: {error}"))
    else:
        traceback.print_exception(error)
    event("error", logging.ERROR, kind=type(error).__name__, message=str(error), exit_code=code, named=name)
    return code
