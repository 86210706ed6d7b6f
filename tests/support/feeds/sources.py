"""Sources made on the spot, and the ways to read them that tests need."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest

from arfeed import Complete, Connector, FileSettings, ProblemsError, SourceError, SourceSettings
from arfeed.intake.explaining import ask_sources, release_all
from arfeed.intake.extract import extract
from arfeed.model.arrow import empty_invoices
from arfeed_connectors.folder import Folder

UNCONTROLLED = Complete()
HEADER = "invoice_ref,customer_name,currency,issued_on,balance"


class Given(Connector):
    """A source that yields what it is given."""

    name = "given"
    frames: Callable[[], Iterable[pd.DataFrame]] = staticmethod(tuple)
    complete: Any = UNCONTROLLED

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        yield from self.frames()
        return cast("Complete", self.complete)  # what a stranger's generator ends with is for arfeed to judge


def given(*frames: object, complete: Complete | None = UNCONTROLLED, **settings: Any) -> Given:
    source = Given("given", SourceSettings.model_validate(settings))
    source.frames = lambda: cast("Iterable[pd.DataFrame]", frames)
    source.complete = complete
    return source


def rows(**columns: object) -> pd.DataFrame:
    """A frame of invoices, all of it plausible but for what a test names. Single values repeat."""
    count = max((len(value) for value in columns.values() if isinstance(value, list)), default=1)
    plain: dict[str, object] = {
        "invoice_ref": [f"INV-{number}" for number in range(1, count + 1)],
        "customer_name": "Ada",
        "currency": "GBP",
        "issued_on": "2026-04-07",
        "balance": "10.00",
    }
    return pd.DataFrame(plain | columns, index=range(count))


def folder(file: Path, *lines: str, **settings: object) -> Folder:
    """A CSV file of these lines, as a source."""
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Folder("files", FileSettings.model_validate({"path": str(file), **settings}))


def read(*sources: Connector) -> pd.DataFrame:
    with release_all(sources):
        return extract(sources, lambda: datetime.now(UTC)).rows


def opened(*sources: Connector) -> pd.DataFrame:
    with release_all(sources):
        return extract(sources, lambda: datetime.now(UTC)).open


def balances(frame: pd.DataFrame) -> dict[str, Decimal]:
    return dict(zip(frame["invoice_ref"], frame["balance"], strict=True))


def complete(source: Connector) -> Complete:
    """What a source says at its end."""

    def ended() -> Generator[object, None, None]:
        words.append((yield from source.invoices()))

    words: list[Complete] = []
    assert [*ended()]
    return words[0]


def problems(*sources: Connector) -> list[str]:
    with pytest.raises(ProblemsError) as caught:
        read(*sources)
    return list(caught.value.problems)


def failure(*sources: Connector) -> str:
    with pytest.raises(SourceError) as caught:
        read(*sources)
    assert not isinstance(caught.value, ProblemsError)
    return str(caught.value)


def explained(source: Connector, refs: Iterable[str]) -> pd.DataFrame:
    """What a source says of these documents after it has been read: typed rows, as a plan takes them."""
    with release_all([source]):
        extract([source], lambda: datetime.now(UTC))
        return ask_sources([source], lost(source, refs))


def lost(source: Connector, refs: Iterable[str]) -> pd.DataFrame:
    """Rows of a baseline that a source no longer lists; nothing but their numbers is known."""
    rows = empty_invoices().reindex(range(len(refs := [*refs])))
    for name, kind in rows.dtypes.items():
        if kind == "str":
            rows[name] = ""
    return rows.assign(invoice_ref=refs, source_ref=refs, source=source.source)
