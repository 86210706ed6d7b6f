"""What the headings of a table mean: proposed with the evidence, corrected by the person who knows better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.model import arrow, schema
from arfeed.model.errors import ConfigError, SourceError
from arfeed.operations.init.answers import Answers, Asker
from arfeed.operations.init.document_types import check_document_types
from arfeed.operations.init.draft import Line
from arfeed.tables.grid import read_grid
from arfeed.tables.headings.header import MOST_ROWS
from arfeed.tables.headings.proposal import (
    REQUIRED,
    Proposal,
    count_usual_headers,
    find_currency_columns,
    propose_columns,
)
from arfeed.tables.read import read_tables

if TYPE_CHECKING:
    import pandas as pd

_MOST_WORDS = 4
_NEEDED = (*REQUIRED, "issued_on")


def find_columns(
    sample: Path, answers: Answers, asker: Asker, settings: Mapping[str, object]
) -> tuple[list[Line], Line | None]:
    """Return what the headings mean, and the decimal mark if needed; ask for what they leave open."""
    how = {name: str(settings[name]) for name in ("encoding", "delimiter", "sheet") if settings.get(name) is not None}
    rows = next(read_tables(str(sample), columns=_header(sample, how), **how))
    headers = [str(name) for name in rows.columns if name != "origin"]
    if not len(rows):
        raise SourceError(f"{sample}: it has headings and nothing below them; give a sample with some open invoices")
    proposal = propose_columns(rows)
    for name, why in proposal.unfit.items():
        asker.doubt(f"{name}: {why}")
    if not proposal.columns:
        asker.doubt(f"none of the headings is a usual one; if {', '.join(headers[:4])} are data, export with headings")
    chosen = {**_accept_proposed(proposal, rows, asker), **_said(answers.columns, headers)}
    for name, header in chosen.items():
        why = "as you said" if name in answers.columns else proposal.evidence.get(name, "")
        asker.found(f"{name}: the column {header!r}, such as {why}" if why != "as you said" else f"{name}: {header}")
    if not asker.agree("Is that what the headings mean?"):
        chosen = _correct(chosen, headers, asker)
    for name in _NEEDED:
        if name not in chosen and name not in headers:
            listed = {header: _sample_of(rows, header) for header in headers if header not in chosen.values()}
            question = f"Which column holds {_meaning(name)}?"
            chosen[name] = asker.choose(question, f"--column {name}=HEADING", listed)
    if "currency" not in (*chosen, *headers) and (held := _currency(rows, chosen, answers, asker)):
        chosen["currency"] = held
    read_again = partial(read_tables, str(sample), columns=headers, **how)
    check_document_types(chosen, headers, read_again, answers, asker)
    unused = [header for header in headers if header not in (*chosen.values(), *schema.SOURCE_COLUMNS)]
    if unused:
        asker.found(f"not used: {', '.join(unused)}")
    lines = [Line(name, header, proposal.evidence.get(name, "")) for name, header in chosen.items()]
    return lines, None if "decimal" in settings else _decimal(proposal, asker)


def _currency(rows: pd.DataFrame, chosen: Mapping[str, str], answers: Answers, asker: Asker) -> str | None:
    """Return the column that holds the currency under an unusual heading; None if the source's setting applies."""
    found = find_currency_columns(
        rows, [str(name) for name in rows.columns if name not in ("origin", *chosen.values())]
    )
    listed = {header: f"it has {', '.join(codes[:_MOST_WORDS])}" for header, codes in found.items()}
    if not listed:
        return None
    if answers.currency is None:
        none = {"-": "none of them; all rows are in one currency"}
        picked = asker.choose(
            "Which column holds the currency?", "--column currency=HEADING, or --currency CODE", listed | none
        )
        return None if picked == "-" else picked
    for header, codes in found.items():
        if {answers.currency.upper()} != set(codes):
            asker.doubt(
                f"currency: {answers.currency.upper()} for every row, as you said, though the column {header!r} has "
                f"{', '.join(codes[:_MOST_WORDS])}; if these are its currencies, pass --column currency={header}"
            )
    return None


def _header(sample: Path, how: Mapping[str, str]) -> list[str]:
    """Return the headings if they are below a banner; an empty list if they are the first row."""
    top = next(read_grid(str(sample), **how)).drop(columns="origin").head(MOST_ROWS).to_numpy().tolist()
    rows = [[str(cell).strip() for cell in row if str(cell).strip()] for row in top]
    best = max(range(len(rows)), key=lambda number: count_usual_headers(rows[number]))
    return rows[best] if count_usual_headers(rows[best]) > count_usual_headers(rows[0]) else []


def _accept_proposed(proposal: Proposal, rows: pd.DataFrame, asker: Asker) -> dict[str, str]:
    """Return the proposed columns, except a status whose values arfeed does not know."""
    columns = dict(proposal.columns)
    header = columns.get("status")
    if header:
        words = {
            str(word).strip().lower() or "nothing" for word in arrow.to_text_array(rows[header]).unique().to_pylist()
        }
        if not words <= set(schema.STATUSES):
            del columns["status"]
            asker.doubt(
                f"status: the column {header!r} has {', '.join(sorted(words)[:4])}, where arfeed knows "
                f"{', '.join(schema.STATUSES)}; left out, so that every row with a balance is reported "
                "(the transform `keep` takes only some of them)"
            )
    return columns


def _said(columns: Mapping[str, str], headers: Sequence[str]) -> Mapping[str, str]:
    for name, header in columns.items():
        if name not in schema.SOURCE_COLUMNS:
            raise ConfigError(f"--column {name}={header}: there are {', '.join(schema.SOURCE_COLUMNS)}")
        if header not in headers:
            raise ConfigError(f"--column {name}={header}: the file has no such heading; found {', '.join(headers)}")
    return columns


def _correct(chosen: Mapping[str, str], headers: Sequence[str], asker: Asker) -> dict[str, str]:
    """Ask about the columns one by one."""

    def wrong(answer: str) -> str | None:
        return None if answer in ("", "-", *headers) else f"the file has no such heading; found {', '.join(headers)}"

    result = {}
    for name in (*_NEEDED, *(name for name in chosen if name not in _NEEDED)):
        default = chosen.get(name, "-")
        answer = asker.ask(f"{_meaning(name)} (- for none)", f"--column {name}=HEADING", default, wrong)
        if answer not in ("", "-"):
            result[name] = answer
    return result


def _meaning(name: str) -> str:
    return next(column.meaning for column in schema.COLUMNS if column.name == name)


def _sample_of(rows: pd.DataFrame, header: str) -> str:
    given = [str(value) for value in rows[header].head(20).tolist() if str(value).strip()]
    return f"such as {given[0]}" if given else "blank in the first rows"


def _decimal(proposal: Proposal, asker: Asker) -> Line | None:
    if proposal.decimal is None:
        return None
    if proposal.decimal:
        asker.found(f"decimal: {proposal.decimal!r} is the only mark that all amounts fit")
        return Line("decimal", proposal.decimal, "the only mark that all amounts fit")
    choices = {",": "1.234,56 is a good thousand", ".": "1,234.56 is a good thousand"}
    return Line("decimal", asker.choose("Which is the decimal mark?", "--set decimal=MARK", choices), "as you said")
