"""What a sample file says of its source's settings; only what it leaves open is asked."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed import schema
from arfeed.currencies import minor_digits
from arfeed.errors import ArfeedError, ConfigError, SourceError
from arfeed.intake.evidence import Evidence, watched
from arfeed.intake.extract import extract
from arfeed.intake.grid import read_grid
from arfeed.intake.header import MOST_ROWS
from arfeed.intake.proposal import REQUIRED, Proposal, propose, usual_headers
from arfeed.intake.read import read_tables
from arfeed.intake.text import head
from arfeed.interfaces import Connector
from arfeed.planning.wording import money
from arfeed.setup import pdfs
from arfeed.setup.answers import Answers, Asker, answered
from arfeed.setup.connectors import ANY_TABLE, Offer, encoding_of, looked_at
from arfeed.setup.draft import Draft, Line

if TYPE_CHECKING:
    import pandas as pd

_DATED = re.compile(r"^(.*?\D)[-_ .]?(?:\(\d+\)|\d{4}[-_. ]?\d{2}[-_. ]?\d{2}.*|\d{2}[-_. ]\d{2}[-_. ]\d{4}.*|\d{6,})$")
_NEEDED = (*REQUIRED, "issued_on")
_FOREIGN = re.compile(r"\w*[^\x00-\x7f\W]\w*")


def fill(draft: Draft, offer: Offer, sample: Path, answers: Answers, asker: Asker) -> None:
    """Put what the sample says into the draft, and ask for what it leaves open."""
    draft.source += _path(sample, answers.folder, asker)
    settings: dict[str, object] = dict(answers.settings)
    if encoding := _encoding(sample, asker):
        draft.source.append(encoding)
        settings["encoding"] = encoding.value
    if offer.connector.name == ANY_TABLE or answers.columns:
        draft.columns, decimal = _columns(sample, answers, asker, settings)
        settings["columns"] = {line.key: str(line.value) for line in draft.columns}
        if decimal:
            draft.source.append(decimal)
            settings["decimal"] = decimal.value
    draft.source += [Line(key, value, "as you said") for key, value in answers.settings.items()]

    def connector(more: Mapping[str, object]) -> Connector:
        return looked_at(offer, sample, {**settings, **more})

    settle(draft, connector, sample.absolute().parent, answers, asker)


def settle(
    draft: Draft, made: Callable[[Mapping[str, object]], Connector], near: Path, answers: Answers, asker: Asker
) -> None:
    """Read the source to its end, and settle what its rows leave open: the order of dates, the currency, the PDFs.

    `made` makes the connector with further settings. Raise `SourceError` where it can't be read to its end.
    """
    evidence = _seen(made({}))
    lines = [line for line in (_dates(evidence, answers, asker), _currency(evidence, answers, asker)) if line]
    refs = _refs(made({line.key: line.value for line in lines}), asker)
    draft.source += [*lines, *_documents(refs, near, answers, asker)]


def _path(sample: Path, folder: Path, asker: Asker) -> list[Line]:
    """Say which files are meant: where the name holds a date, tomorrow's will have another."""
    absolute = sample.absolute()
    near = absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute
    match = _DATED.match(sample.stem)
    if not match:
        return [Line("path", glob.escape(str(near)), "the next export has to go under the same name")]
    pattern = glob.escape(str(near.with_name(match[1]))) + "*" + sample.suffix
    fits = sorted(folder.glob(pattern)) if not Path(pattern).is_absolute() else [absolute]
    why = "its name holds a date, so the next one is called otherwise"
    asker.found(f"path: {pattern}, since {why}; {len(fits)} file{'s fit' if len(fits) != 1 else ' fits'} now")
    newest = max(fits, key=lambda file: file.stat().st_mtime, default=absolute)
    if newest != absolute:
        asker.doubt(f"the newest of them is {newest.name}, not {sample.name}: that one will be read")
    return [Line("path", pattern, why), Line("files", "newest", "old exports may stay in the folder")]


def _encoding(sample: Path, asker: Asker) -> Line | None:
    encoding = encoding_of(sample)
    if encoding is None:
        return None
    words = dict.fromkeys(_FOREIGN.findall(head(str(sample), encoding)))
    why = f"it is not UTF-8; read so, it has {', '.join([*words][:3])}"
    asker.found(f"encoding: {encoding}, since {why}")
    return Line("encoding", encoding, why)


# --- columns --------------------------------------------------------------------------------------------------------


def _columns(
    sample: Path, answers: Answers, asker: Asker, settings: Mapping[str, object]
) -> tuple[list[Line], Line | None]:
    """Say what the headings mean; what they do not say is asked."""
    encoding = None if settings.get("encoding") is None else str(settings["encoding"])
    rows = next(read_tables(str(sample), columns=_header(sample, encoding), encoding=encoding))
    headers = [str(name) for name in rows.columns if name != "origin"]
    if not len(rows):
        raise SourceError(f"{sample}: it has headings and nothing below them; give a sample with some open invoices")
    proposal = propose(rows)
    for name, why in proposal.unfit.items():
        asker.doubt(f"{name}: {why}")
    if not proposal.columns:
        asker.doubt(f"none of the headings is a usual one; if {', '.join(headers[:4])} are data, export with headings")
    chosen = {**_taken(proposal, rows, asker), **_said(answers.columns, headers)}
    for name, header in chosen.items():
        why = "as you said" if name in answers.columns else proposal.evidence.get(name, "")
        asker.found(f"{name}: the column {header!r}, such as {why}" if why != "as you said" else f"{name}: {header}")
    if not asker.agree("Is that what the headings mean?"):
        chosen = _corrected(chosen, headers, asker)
    for name in _NEEDED:
        if name not in chosen and name not in headers:
            listed = {header: _sample_of(rows, header) for header in headers if header not in chosen.values()}
            question = f"Which column holds {_meaning(name)}?"
            chosen[name] = asker.choose(question, f"--column {name}=HEADING", listed)
    lines = [Line(name, header, proposal.evidence.get(name, "")) for name, header in chosen.items()]
    return lines, _decimal(proposal, asker)


def _header(sample: Path, encoding: str | None) -> list[str]:
    """Return the headings where they stand below a banner; nothing where they are the first row."""
    top = next(read_grid(str(sample), encoding=encoding)).drop(columns="origin").head(MOST_ROWS).to_numpy().tolist()
    rows = [[str(cell).strip() for cell in row if str(cell).strip()] for row in top]
    best = max(range(len(rows)), key=lambda number: usual_headers(rows[number]))
    return rows[best] if usual_headers(rows[best]) > usual_headers(rows[0]) else []


def _taken(proposal: Proposal, rows: pd.DataFrame, asker: Asker) -> dict[str, str]:
    """Return the proposed columns, but for a status whose words arfeed does not know."""
    columns = dict(proposal.columns)
    header = columns.get("status")
    if header:
        words = {
            str(word).strip().lower() or "nothing" for word in schema.text_array(rows[header]).unique().to_pylist()
        }
        if not words <= set(schema.STATUSES):
            del columns["status"]
            asker.doubt(
                f"status: the column {header!r} says {', '.join(sorted(words)[:4])}, where arfeed knows "
                f"{', '.join(schema.STATUSES)}; left out, so that every row with a balance is reported "
                "(the transform `keep` takes only some of them)"
            )
    return columns


def _said(columns: Mapping[str, str], headers: Sequence[str]) -> Mapping[str, str]:
    for name, header in columns.items():
        if name not in schema.MAPPABLE:
            raise ConfigError(f"--column {name}={header}: there are {', '.join(schema.MAPPABLE)}")
        if header not in headers:
            raise ConfigError(f"--column {name}={header}: the file has no such heading; found {', '.join(headers)}")
    return columns


def _corrected(chosen: Mapping[str, str], headers: Sequence[str], asker: Asker) -> dict[str, str]:
    """Go through the columns one by one."""

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


# --- dates, currency, PDFs ------------------------------------------------------------------------------------------


def _seen(connector: Connector) -> Evidence:
    """Read the sample to its end. Raise `SourceError` where it can't be: cut off, or no such report."""
    evidence = Evidence(connector)
    for _ in watched(connector, evidence).invoices():
        pass
    return evidence


def _dates(evidence: Evidence, answers: Answers, asker: Asker) -> Line | None:
    if evidence.undated and answers.dates is None:
        return None
    if answers.dates is not None:
        return Line("dates", answers.dates, "as you said")
    if order := evidence.proven:
        why = evidence.example(order)
        asker.found(f"dates: {evidence.in_words(order)}, since {why}")
        return Line("dates", order, why)
    choices = {order: evidence.means(order) for order in evidence.orders or ("DMY", "MDY")}
    if not evidence.orders:
        asker.doubt(f"dates: no order fits all of them; {evidence.example('DMY')}")
    chosen = asker.choose("No date in the file says which order they are in. Which is it?", "--dates ORDER", choices)
    return Line("dates", chosen, f"as you said: {evidence.means(chosen)}")


def _currency(evidence: Evidence, answers: Answers, asker: Asker) -> Line | None:
    if answers.currency is None and not evidence.needs_currency:
        if evidence.currencies:
            asker.found(f"currency: each row names its own: {', '.join(sorted(evidence.currencies)[:6])}")
        return None
    named = "Some rows name no" if evidence.currencies else "The file names no"
    question = f"{named} currency. Which is it (ISO code, such as GBP)?"
    code = answered(asker, answers.currency, question, "--currency CODE", None, _no_code)
    return Line("currency", code.upper(), "the file names none")


def _no_code(text: str) -> str | None:
    return None if text.upper() in minor_digits() else f"{text!r} is no ISO 4217 code, such as EUR or GBP"


def _refs(connector: Connector, asker: Asker) -> list[str]:
    """Read the sample with these settings, say what is in it, and return the numbers of what is open."""
    try:
        opened = extract([connector], lambda: datetime.now(UTC)).open
    except ArfeedError as exc:
        asker.doubt(str(exc))
        return []
    totals = schema.totals(opened, ("currency",)).to_dict("records")
    sums = ", ".join(money(total["balance"], total["currency"]) for total in totals)
    asker.found(
        f"it holds {len(opened)} open invoices and credit notes: {sums or 'nothing'}; compare that with your books"
    )
    refs: list[str] = opened["source_ref"].tolist()
    return refs


def _documents(refs: Sequence[str], near: Path, answers: Answers, asker: Asker) -> list[Line]:
    """Say where the PDFs are, by those that lie near the sample."""
    if answers.documents is not None:
        return [Line("documents", answers.documents, "as you said")] if answers.documents else []
    folders = [near, *([answers.folder] if not near.is_relative_to(answers.folder) else [])]
    found = pdfs.proposed([*folders, answers.folder], refs, answers.folder) if refs else None
    if found:
        pattern, count = found
        why = f"{count} PDFs are called so; there are {len(refs)} open invoices"
        asker.found(f"documents: {pattern}, since {why}")
        return [Line("documents", pattern, why)]
    question = "Where are the PDFs, as in pdf/Invoice {invoice_ref}.pdf? Blank for none."
    pattern = asker.ask(question, "--documents PATTERN", "", _no_pattern)
    return [Line("documents", pattern, "as you said")] if pattern else []


def _no_pattern(text: str) -> str | None:
    return None if not text or "{invoice_ref}" in text else "it has to contain {invoice_ref}, the invoice's number"
