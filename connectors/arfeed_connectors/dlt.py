"""A dlt resource (https://dlthub.com/docs/general-usage/resource), iterated without a pipeline: nothing is kept.

No state, no incremental loading, no storage of dlt's: the whole of what the resource yields, or nothing.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import Field, Secret

from arfeed import Complete, Connector, Location, SourceError, hookimpl, mask_secrets
from arfeed_connectors.records import Records, RecordSettings, named, texts

if TYPE_CHECKING:
    import pandas as pd
    from dlt.extract import DltResource

ARFEED_CONTRACT = 1

_REFUSED_HINTS = {"hard_delete", "dedup_sort"}


class Dlt(Connector):
    """A resource in a module of the user's own or in an installed one."""

    name = "dlt"

    class Settings(RecordSettings):
        """Settings of the connector `dlt`."""

        resource: str = Field(
            pattern=r"^[\w.]+:\w+$", examples=["erp:invoices"], description="Module and function of the resource."
        )
        arguments: Secret[dict[str, Any]] = Field(
            default=Secret({}), description="Arguments for the function; kept secret."
        )
        folder: Location = Field(
            default=".",
            validate_default=True,
            description="Where its module lies; the folder of plugins.toml if unset.",
        )

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield the last record of each primary key once the resource has ended. Resources have no control total."""
        records = Records(self.settings)
        with named(self.source), self._resource() as resource:
            # First: only once it is iterated does dlt know what is incremental.
            items = iter(resource)
            _refuse_what_is_no_whole_table(resource)
            keys = _primary_key(resource)
            # Anything but a dictionary may be a page of rows or a table, of which only dlt's loading makes records.
            for item in items:
                if not isinstance(item, Mapping):
                    raise SourceError(f"{resource.name} yields {type(item).__name__}; let it yield dictionaries")
                records.put(resource.name, keys, item)
        said = f"{self.settings.resource} read with dlt {version('dlt')}, without state"
        yield from records.frames()
        return Complete(lists_closed=records.lists_closed, notes=(said, *records.notes()))

    def check(self) -> None:
        """Check that the resource can be made, without reading it."""
        with named(self.source), self._resource() as resource:
            _refuse_what_is_no_whole_table(resource)

    @contextmanager
    def _resource(self) -> Iterator[DltResource]:
        """Make the resource, and name it in whatever it raises, without its secrets."""
        module, _, function = self.settings.resource.partition(":")
        arguments = self.settings.arguments.get_secret_value()
        _insist_on_dlt()
        try:
            with _importing_from(self.settings.folder):
                made = getattr(_import_module(module, self.settings.folder), function)
                # A resource of plain data is bound already, and raises if it is called.
                yield _call_decorated(made if getattr(made, "args_bound", False) else made(**arguments))
        except Exception as exc:
            what = str(exc) if isinstance(exc, SourceError) else f"{type(exc).__name__}: {exc}"
            raise SourceError(f"{self.settings.resource}: {mask_secrets(what, texts(arguments))}") from exc


def _insist_on_dlt() -> None:
    if not find_spec("dlt"):
        raise SourceError('dlt is not installed here; install it with pip install "arfeed[dlt]"')


def _call_decorated(made: object) -> DltResource:
    from dlt.extract import DltResource

    if not isinstance(made, DltResource):
        raise SourceError(f"it returns {type(made).__name__}, which is not a resource; put @dlt.resource above it")
    return made


@contextmanager
def _importing_from(folder: str) -> Iterator[None]:
    """Let modules of a folder be imported, and forget them afterwards: another feed's may have the same names."""
    before = {*sys.modules}
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)
        # Only those of the folder: an installed library may not bear being imported twice.
        for name in {*sys.modules} - before:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").is_relative_to(folder):
                del sys.modules[name]


def _import_module(name: str, folder: str) -> ModuleType:
    """Import a module. Raise `SourceError` if the folder's own is hidden by another one of its name."""
    module = importlib.import_module(name)
    # Python imports no second module of a name: it returns the one that something else has loaded.
    own = PathFinder.find_spec(name.partition(".")[0], [folder])
    if own and not Path(module.__file__ or "/").is_relative_to(folder):
        raise SourceError(f"another module {name!r} is loaded already, from {module.__file__}; rename {own.origin}")
    return module


def _refuse_what_is_no_whole_table(resource: DltResource) -> None:
    """Raise `SourceError` for what leaves rows out, or needs dlt's own loading to be understood."""
    part: DltResource | None = resource
    # A transformer yields for what its parent yields, so a limit on the parent cuts it, too.
    while part is not None:
        for what in _not_whole(part):
            raise SourceError(f"{part.name} {what}; make it without")
        part = part._parent  # noqa: SLF001 - dlt has no public way to what a transformer reads from


def _not_whole(resource: DltResource) -> Iterator[str]:
    if resource.has_dynamic_table_name:
        yield "has a table_name that changes with the row, so it may be several tables"
    table = resource.compute_table_schema()
    hinted = {hint for column in table.get("columns", {}).values() for hint, value in column.items() if value}
    # dlt wraps any resource that could be incremental; only with something inside the wrapper is it so.
    step: Any = resource.incremental
    if "incremental" in hinted or getattr(step, "incremental", step):
        yield "is incremental: it gives what changed, which would mark the rest as paid"
    if resource.limit is not None:
        yield "has a limit (add_limit): the rest would be marked as paid"
    if table.get("write_disposition") == "skip":
        yield 'has write_disposition = "skip", so it is not meant to be read on its own'
    for hint in _REFUSED_HINTS & hinted:
        yield f"has the hint {hint}, which only dlt's own loading understands"


def _primary_key(resource: DltResource) -> list[str]:
    columns = resource.compute_table_schema().get("columns", {})
    return [name for name, column in columns.items() if column.get("primary_key")]


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer dlt's resources."""
    return [Dlt]
