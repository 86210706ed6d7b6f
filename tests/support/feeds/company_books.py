"""A company's books as a stranger's connector reads them: a list, what it answers when asked, and a control account."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.feeds.feed import Feed, Row
from support.plugins.strangers import install

CONNECTOR = '''
import json
from decimal import Decimal
from pathlib import Path

import pandas as pd

from arfeed import Complete, Connector, ControlAccount, FileSettings, SourceError, hookimpl

ARFEED_CONTRACT = 1


class Books(Connector):
    """Reads a list of invoices, answers what became of others, and knows the control account."""

    name = "books"
    Settings = FileSettings

    def invoices(self):
        self.tell("invoices")
        book = self.book()
        if book["fails"]:
            raise SourceError(f"{self.source}: closed for today")
        yield pd.DataFrame(book["rows"], dtype="str")
        parts = ("balances", "customers", "received")
        account = {name: _amounts(book[name]) for name in parts if book[name] is not None}
        return Complete(
            lists_closed=book["lists_closed"], control_account=ControlAccount(**account) if account else None
        )

    def explain(self, missing):
        self.tell("explain " + " ".join(missing["invoice_ref"]))
        answers = self.book()["answers"]
        if answers is None:
            return None
        if answers == "raise":
            raise RuntimeError("the ledger is being closed")
        return pd.DataFrame(answers, dtype="str")

    def release(self):
        self.tell("release")
        if self.book()["answers"] == "raise":
            raise RuntimeError("cannot let go")

    def book(self):
        return json.loads(Path(self.settings.path).read_text())

    def tell(self, text):
        with Path(self.settings.path).with_suffix(".told").open("a") as file:
            print(text, file=file)


def _amounts(texts):
    """Keys are currencies, or customer and currency with a slash between them."""
    return {tuple(key.split("/")) if "/" in key else key: Decimal(text) for key, text in texts.items()}


@hookimpl
def arfeed_connectors():
    return [Books]
'''


@dataclass
class Book:
    """What a source says today. `told` is what it was asked, by what was called."""

    file: Path
    said: dict[str, Any] = field(default_factory=dict)

    def says(self, rows: Iterable[Mapping[str, str]], **known: Any) -> None:
        """List rows; `answers`, `balances`, `customers`, `received`, `lists_closed` and `fails` as they are given.

        With `lists_closed`, rows that state no status are open.
        """
        plain = dict.fromkeys(("answers", "balances", "customers", "received"))
        said = {"fails": False, "lists_closed": False, **plain, **known}
        listed = [{"status": "open", **row} if said["lists_closed"] else {**row} for row in rows]
        self.file.write_text(json.dumps({**said, "rows": listed}))

    def told(self) -> list[str]:
        """Return what was called since this was asked last, each time once."""
        log = self.file.with_suffix(".told")
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [*dict.fromkeys(lines)]


def keep_books(feed: Feed, monkeypatch: pytest.MonkeyPatch, *sources: str, **settings: object) -> list[Book]:
    """Install the connector in a feed, and let it read these sources."""
    site = install(feed.folder / "site", "books", CONNECTOR)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.delitem(sys.modules, "arfeed_books", raising=False)
    feed.plugins = (*feed.plugins, "books")
    books = [Book(feed.folder / f"{source}.json") for source in sources]
    for source, book in zip(sources, books, strict=True):
        feed.sources[source] = {"use": "books", "path": str(book.file), **settings}
    return books


def closed(row: Row, status: str = "paid", **changes: str) -> Row:
    return {**row, "status": status, "balance": "0.00", **changes}
