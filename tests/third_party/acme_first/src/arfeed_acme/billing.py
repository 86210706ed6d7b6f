"""Acme's billing: a JSON document with a count, invoices and their PDFs' text."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from arfeed import Complete, Connector, Document, Location, SourceError, SourceSettings, table

if TYPE_CHECKING:
    import pandas as pd


class AcmeBilling(Connector):
    """Acme's billing: a JSON document with a count, invoices and their PDFs' text."""

    name = "acme-billing"
    columns = {"invoice_ref": "no", "customer_name": "client", "issued_on": "date", "balance": "due"}  # noqa: RUF012

    class Settings(SourceSettings):
        """Settings of the connector `acme-billing`."""

        file: Location = Field(description="The JSON document that Acme's billing writes.")

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield all invoices at once; the document says how many there are."""
        answer = self._answer()
        yield table(answer["invoices"], origin="acme")
        return Complete(rows=answer["count"])

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        """Yield what Acme keeps of the invoices asked for."""
        pdfs = self._answer()["pdfs"]
        return [Document(ref, "1", pdfs[ref].encode) for ref in refs if ref in pdfs]

    def check(self) -> None:
        """See that the file is there."""
        if not Path(self.settings.file).exists():
            raise SourceError(f"{self.source}: {self.settings.file} is not there")

    def _answer(self) -> Any:
        return json.loads(Path(self.settings.file).read_text(encoding="utf-8"), parse_float=str)
