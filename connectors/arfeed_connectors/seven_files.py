"""The settings of Kolleno's CSV connector: the columns of its seven files, by help pages 11647004 and 15445456."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, Field, model_validator

from arfeed import Settings

FileName = Literal[
    "customers", "contacts", "invoices", "credit_notes", "payments", "payments_invoices", "credit_notes_invoices"
]
SEVEN: tuple[FileName, ...] = get_args(FileName)
"""The files of the CSV connector, in the order in which help page 11647004 has them uploaded."""


def _lower_case(headers: list[str]) -> list[str]:
    # Help page 15445456: column names in lower case, without spaces.
    if wrong := [header for header in headers if not re.fullmatch(r"[^\sA-Z\",]+", header)]:
        raise ValueError(f"{wrong[0]!r} is not a column name that Kolleno takes: lower case, without spaces")
    return headers


class FileColumns(Settings):
    """A table [destination.files.NAME]: the columns of one of the seven files, by Kolleno's own page."""

    header: Annotated[list[str], AfterValidator(_lower_case)] = Field(
        default_factory=list,
        examples=[["id", "customer_id"]],
        description="The columns, in order, of a file that is sent without rows.",
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        examples=[{"id": "invoice_ref", "balance": "balance"}],
        description="Kolleno's column = the canonical one, in the file's order, of a file with rows; blank for none.",
    )
    words: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        examples=[{"status": {"open": "open", "closed": "closed"}}],
        description="Kolleno's words for the values of a canonical column.",
    )

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        if bool(self.header) == bool(self.columns):
            raise ValueError("give columns for a file with rows, or header for one without")
        _lower_case([*self.columns])
        if strange := [name for name in self.words if name not in self.columns.values()]:
            raise ValueError(f"words are given for {strange[0]!r}, and no column is made from it")
        return self


def check_files(files: Mapping[FileName, FileColumns]) -> None:
    """Raise `ValueError` for settings by which the seven files could not be laid out."""
    if lacking := [name for name in SEVEN[1:] if name not in files]:
        raise ValueError(
            f"[destination.files.{lacking[0]}] is missing: all seven files belong to each upload, and the columns of "
            "this one are on Kolleno's page of the CSV connector, help.kolleno.com 11647004; copy them from there"
        )
    if "customers" in files and not files["customers"].columns:
        raise ValueError("files.customers always has rows; give columns, which are added to the published ones")
    # What a payment or a credit note settles is not in a list of open items, so their rows can't be made.
    if filled := [name for name in SEVEN[3:] if files[name].columns]:
        raise ValueError(f"files.{filled[0]} is sent without rows; give its header")
    made_from = files["invoices"].columns.values()
    if needed := [name for name in ("invoice_ref", "balance", "status") if name not in made_from]:
        hint = "; Kolleno takes extra columns, such as status" if needed[0] == "status" else ""
        raise ValueError(f"files.invoices: a column must be made from {needed[0]}{hint}")
