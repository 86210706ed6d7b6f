"""What a sample file reveals about its source's settings; only what it leaves open is asked."""

from __future__ import annotations

import codecs
import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from arfeed.intake.evidence import Evidence, with_evidence
from arfeed.intake.extract import Extract, extract
from arfeed.model import arrow
from arfeed.model.errors import ArfeedError, ConfigError, SourceError
from arfeed.model.parts import Connector
from arfeed.model.text.legible import name_some
from arfeed.operations.init import evidence as absences
from arfeed.operations.init import naming, pdfs
from arfeed.operations.init.answers import Answers, Asker, use_or_ask
from arfeed.operations.init.connectors import ANY_TABLE, Offer, configure_for, encoding_of
from arfeed.operations.init.draft import Draft, Line, find_setting
from arfeed.operations.init.headings import find_columns, no_code
from arfeed.planning.wording import format_money
from arfeed.tables.files.opening import open_binary
from arfeed.tables.headings.banner import find_heading_row
from arfeed.tables.read import read_header
from arfeed.tables.separated.east import find_east_asian
from arfeed.tables.separated.misread import find_misread
from arfeed.tables.separated.text import head
from arfeed.tables.values.dates import ORDER_WORDS

_MOST_NAMED = 6
_MOST_FOREIGN = 3
"""At most one letter in this many is outside ASCII in a text of a Western language; Greek and Cyrillic have more."""

_ENCODING = "{sample} is not UTF-8, and read as Western European it has {words}. Which encoding is it ({such})?"
_EASTERN = (
    "{sample} is not UTF-8, and seems to be {it.encoding}, {it.region}: read so, it has {words}. Which encoding is it?"
)
_HEAD = 1 << 16
_SUCH = "such as cp1250 for Central Europe, cp1251 for Cyrillic, cp1253 for Greek"
_OF_TWO_BYTES = "such as gb18030 for China, big5 for Taiwan, cp932 for Japan, cp949 for Korea"
_FEWEST_RUNS = 5
_FOREIGN = re.compile(r"\w*[^\x00-\x7f\W]\w*")
_DATE = re.compile(r"\d{4}[-_. ]?\d{2}[-_. ]?\d{2}|\d{2}[-_. ]\d{2}[-_. ]\d{4}|\d{6,}")
_COPY = re.compile(r"\s*\(\d+\)$")
# A folder may hold years of exports, and each candidate is opened.
_MOST_FILES = 50


def fill(draft: Draft, offer: Offer, sample: Path, answers: Answers, asker: Asker) -> None:
    """Put what the sample reveals into the draft, and ask for what it leaves open."""
    draft.source += _path(sample, answers, asker)
    settings: dict[str, object] = dict(answers.settings)
    if answers.prefixes:
        draft.source.append(Line("prefix", answers.prefixes, "as you said"))
        settings["prefix"] = answers.prefixes
    if find_setting(draft.source, "files") == "all":
        settings |= {"files": "all", "path": str(answers.folder / str(find_setting(draft.source, "path")))}
    if "encoding" not in settings and (encoding := _encoding(sample, asker)):
        draft.source.append(encoding)
        settings["encoding"] = encoding.value
    # Connectors of a program know its headings; only tables of unknown origin need theirs explained.
    if offer.connector.name == ANY_TABLE or answers.columns:
        meaning = find_columns(sample, answers, asker, settings)
        draft.columns = meaning.columns
        settings["columns"] = {line.key: str(line.value) for line in draft.columns}
        if meaning.values:
            draft.values = [Line(name, words) for name, words in meaning.values.items()]
            settings["values"] = meaning.values
        draft.only = [Line(header, words) for header, words in meaning.only.items()]
        draft.source += meaning.settings
        settings |= {line.key: line.value for line in meaning.settings}
        # A heading such as "Balance EUR" may have named it.
        answers = replace(answers, currency=answers.currency or meaning.currency)
    # What was passed with --set goes last and replaces what the sample suggests.
    said = [Line(key, value, "as you said") for key, value in answers.settings.items()]
    draft.source = [line for line in draft.source if line.key not in answers.settings] + said

    def connector(more: Mapping[str, object]) -> Connector:
        return configure_for(offer, sample, {**settings, **more})

    settle(draft, connector, sample.absolute().parent, answers, asker)


def settle(
    draft: Draft, made: Callable[[Mapping[str, object]], Connector], near: Path, answers: Answers, asker: Asker
) -> None:
    """Read the source to its end, and ask what its rows leave open: the order of dates, the currency, the PDFs.

    `made` makes the connector with further settings. Raise `SourceError` if it can't be read to its end.
    """
    # The whole file and not its head: the one date that proves an order may be in the last row.
    evidence = _read_evidence(made({}))
    lines = _dates(evidence, answers, asker) + _currency(evidence, answers, asker)
    settled = {line.key: line.value for line in lines}
    extracted = _extract(made(settled), [line.key for line in draft.only], asker)
    if extracted:
        lines += absences.ask(draft, lambda more: made({**settled, **more}), extracted, answers, asker)
    refs = extracted.open["source_ref"].tolist() if extracted else []
    draft.source += [*lines, *_documents(refs, near, answers, asker)]


_WHICH = {
    "one": "only {sample}, which has the same name every day; the others are something else",
    "all": "all of them: each has part of what is owed, such as one company's",
    "newest": "the newest of them: each is the complete list for a different day",
}


def _path(sample: Path, answers: Answers, asker: Asker) -> list[Line]:
    """Return the files that are meant, this one or all of its kind."""
    if "path" in answers.settings:
        return []
    how = {name: answers.settings[name] for name in ("encoding", "delimiter", "sheet") if name in answers.settings}
    siblings = _find_siblings(sample, how)
    if not siblings:
        return _path_of_one(sample, answers.folder, asker)
    names = name_some([file.name for file in siblings], _MOST_NAMED)
    said = answers.settings.get("files") or asker.choose(
        f"{sample.name} has the same headings as {names} beside it. Which files are the list?",
        f"--set files=all, --set files=newest, or --set path={shlex.quote(str(sample))} for this one alone",
        {name: what.format(sample=sample.name) for name, what in _WHICH.items()},
    )
    if said == "one":
        return _path_of_one(sample, answers.folder, asker)
    pattern = naming.find_common_pattern([sample, *siblings], answers.folder)
    fits = [file for file in sorted(answers.folder.glob(pattern)) if file.is_file()]
    asker.found(f"path: {pattern}, which matches {name_some([file.name for file in fits], _MOST_NAMED)}")
    return [Line("path", pattern, "as you said"), Line("files", said, "as you said")]


def _find_siblings(sample: Path, how: Mapping[str, str]) -> list[Path]:
    """Return the files beside a sample that have its headings, without its exports of other days.

    They may be other parts of one list, of other companies, or of nothing that is meant: only a person knows.
    """
    near = [file for file in sample.absolute().parent.iterdir() if file.suffix.casefold() == sample.suffix.casefold()]
    # `~$` is what Excel leaves beside a file that is open.
    others = [file for file in sorted(near) if file.name != sample.name and not file.name.startswith((".", "~$"))]
    others = [file for file in others if file.is_file() and not _is_of_another_day(sample.stem, file.stem)]
    if not others:
        return []
    try:
        headings = find_heading_row(str(sample), how) or read_header(str(sample), fallback="cp1252", **how)
    except SourceError:
        return []
    return [file for file in others[:_MOST_FILES] if _has(file, headings)]


def _is_of_another_day(stem: str, other: str) -> bool:
    """Whether a name has another date than a sample's, and is the same for the rest."""
    # Digits alone may be a company or a branch, whose files belong together; a date is another day of one list.
    ours, theirs = _DATE.search(stem), _DATE.search(other)
    plain = [re.sub(r"\d+", "0", _COPY.sub("", name)).casefold() for name in (stem, other)]
    return ours is not None and theirs is not None and ours[0] != theirs[0] and plain[0] == plain[1]


def _has(file: Path, headings: Sequence[str]) -> bool:
    try:
        read_header(str(file), columns=headings, fallback="cp1252")
    except SourceError:
        return False
    return True


def _path_of_one(sample: Path, folder: Path, asker: Asker) -> list[Line]:
    """Return the file that is meant: if the name holds a date, tomorrow's export will have another."""
    absolute = sample.absolute()
    pattern, why = naming.find_next_pattern(sample, folder)
    if why != naming.DATED:
        return [Line("path", pattern, why)]
    fits = sorted(folder.glob(pattern)) if not Path(pattern).is_absolute() else [absolute]
    asker.found(f"path: {pattern}, because {why}; {len(fits)} file{'s match' if len(fits) != 1 else ' matches'} now")
    # By time and not by name: names of dates written day first do not sort.
    newest = max(fits, key=lambda file: file.stat().st_mtime, default=absolute)
    if newest != absolute:
        asker.doubt(f"the newest of them is {newest.name}, not {sample.name}: that one will be read")
    return [Line("path", pattern, why), Line("files", "newest", "old exports may stay in the folder")]


def _encoding(sample: Path, asker: Asker) -> Line | None:
    encoding = encoding_of(sample)
    if encoding is None:
        return None
    with open_binary(str(sample)) as data:
        eastern = find_east_asian(data.read(_HEAD))
    if eastern:
        some = [*dict.fromkeys(_FOREIGN.findall(eastern.text))]
        question = _EASTERN.format(sample=sample, it=eastern, words=", ".join(some[:3]))
        return Line("encoding", asker.ask(question, "--set encoding=NAME", None, no_encoding), "as you said")
    text = head(str(sample), encoding)
    words = dict.fromkeys(_FOREIGN.findall(text))
    letters = [letter for letter in text if letter.isalpha()]
    misread = find_misread([text])
    # Any bytes can be read as Western European, so that it works proves nothing: the letters have to look right.
    if misread or _MOST_FOREIGN * sum(not letter.isascii() for letter in letters) > len(letters):
        some, such = [*words], _SUCH
        if _has_pairs(text, encoding):
            such = _OF_TWO_BYTES
        elif misread:
            some = [f"{word} (for {new})" for word, new in misread.words.items()]
            such = f"it seems to be {misread.encoding}, {misread.region}"
        question = _ENCODING.format(sample=sample, words=", ".join(some[:3]), such=such)
        name = asker.ask(question, "--set encoding=NAME", None, no_encoding)
        return Line("encoding", name, "as you said")
    why = f"it is not UTF-8; read so, it has {', '.join([*words][:3])}"
    asker.found(f"encoding: {encoding}, because {why}")
    return Line("encoding", encoding, why)


def _has_pairs(text: str, encoding: str) -> bool:
    """Whether what is beyond ASCII comes in pairs everywhere, as the bytes of Chinese and Korean letters do."""
    runs = {*re.findall(rb"[\x80-\xff]+", text.encode(encoding, "replace"))}
    return len(runs) >= _FEWEST_RUNS and all(len(run) % 2 == 0 for run in runs)


def no_encoding(text: str) -> str | None:
    """Return what is wrong with the name of an encoding, or None."""
    try:
        codecs.lookup(text)
    except LookupError:
        return f"there is no encoding {text!r}; name one such as cp1251"
    return None


def _read_evidence(connector: Connector) -> Evidence:
    """Read the sample to its end. Raise `SourceError` if it is cut off or not such a report."""
    evidence = Evidence(connector)
    for _ in with_evidence(connector, evidence).invoices():
        pass
    return evidence


def _dates(evidence: Evidence, answers: Answers, asker: Asker) -> list[Line]:
    """Return in which order the dates are, or those of each column; ask for it if no date proves it."""
    if evidence.undated and answers.dates is None:
        return []
    if answers.dates is not None:
        return [Line("dates", answers.dates, "as you said")]
    # Proven means that some date fits one order only, and no date contradicts it. Nothing is guessed from the country.
    if order := evidence.proven:
        why = evidence.example(order)
        asker.found(f"dates: {evidence.in_words(order)}, because {why}")
        return [Line("dates", order, why)]
    if apart := evidence.orders_apart:
        said = " and ".join(f"{name} {ORDER_WORDS[order]}" for name, order in apart.items())
        why = f"each of the two columns proves its own order: {said}"
        asker.found(f"dates: {why}")
        return [Line("dates", apart["issued_on"], why), Line("due_dates", apart["due_on"], why)]
    return [_ask_order(evidence, asker)]


def _ask_order(evidence: Evidence, asker: Asker) -> Line:
    if not evidence.orders and (forms := evidence.moments):
        choices = {form: f"{evidence.means(form)}, as it is written" for form in forms}
        chosen = asker.choose("Its dates have a time of day. Which format are they in?", "--dates FORMAT", choices)
        return Line("dates", chosen, f"as you said: {evidence.means(chosen)}")
    if "MDY" in evidence.orders and evidence.seem_of_access:
        choices = {"MDY": f"{evidence.means('MDY')}, as mdb-export writes it", "DMY": evidence.means("DMY")}
        question = (
            "All dates are written as mdb-export writes those of Access, with the month first. Is that right for this "
            "file?"
        )
        chosen = asker.choose(question, "--dates ORDER", choices)
        return Line("dates", chosen, f"as you said: {evidence.means(chosen)}")
    likely = [evidence.year_first] if evidence.year_first else []
    choices = {order: evidence.means(order) for order in (*likely, *(evidence.orders or ("DMY", "MDY")))}
    if not evidence.orders and all(said.endswith("is not a date") for said in choices.values()):
        raise ConfigError(
            f"{evidence.example('DMY')}; export the dates as 2026-10-31, name another column by --column "
            "issued_on=HEADING, or pass --dates FORMAT"
        )
    if not evidence.orders:
        asker.doubt(f"dates: no order fits all of them; {evidence.example('DMY')}")
    chosen = asker.choose(
        "No date in the file shows whether the day or the month comes first. Which is it?", "--dates ORDER", choices
    )
    return Line("dates", chosen, f"as you said: {evidence.means(chosen)}")


def _currency(evidence: Evidence, answers: Answers, asker: Asker) -> list[Line]:
    if answers.currency is None and not evidence.needs_currency:
        if evidence.currencies:
            asker.found(f"currency: each row names its own: {', '.join(sorted(evidence.currencies)[:6])}")
        return []
    named = "Some rows name no currency" if evidence.currencies else "No column in use names the currency"
    question = f"{named}. Which is it (ISO code, such as GBP)?"
    code = use_or_ask(asker, answers.currency, question, "--currency CODE", None, no_code)
    return [Line("currency", code.upper(), "as you said, for rows that name none")]


def _extract(connector: Connector, settled: Collection[str], asker: Asker) -> Extract | None:
    """Read the sample with these settings, report what is in it, and return it; None if it can't be read."""
    try:
        extracted = extract([connector], lambda: datetime.now(UTC))
    except ArfeedError as exc:
        asker.doubt(str(exc))
        return None
    for each in extracted.doubts(extracted.reports[0]):
        if each.column not in settled:
            asker.doubt(each.said)
    opened = extracted.open
    totals = arrow.sum_balances(opened, ("currency",)).to_dict("records")
    sums = ", ".join(format_money(total["balance"], total["currency"]) for total in totals)
    asker.found(
        f"it holds {len(opened)} open invoices and credit notes: {sums or 'nothing'}; compare that with your books"
    )
    return extracted


def _documents(refs: Sequence[str], near: Path, answers: Answers, asker: Asker) -> list[Line]:
    """Return where the PDFs are, judging by those near the sample."""
    if answers.documents is not None:
        return [Line("documents", answers.documents, "as you said")] if answers.documents else []
    folders = [near, *([answers.folder] if not near.is_relative_to(answers.folder) else [])]
    found = pdfs.propose_pattern([*folders, answers.folder], refs, answers.folder) if refs else None
    # Proposed by the names that are there, and said with the count, so that a chance hit is noticed.
    if found:
        pattern, count = found
        why = f"{count} PDFs match; there are {len(refs)} open invoices"
        asker.found(f"documents: {pattern}, because {why}")
        return [Line("documents", pattern, why)]
    question = "Where are the PDFs, as in pdf/Invoice {invoice_ref}.pdf? Blank for none."
    pattern = asker.ask(question, "--documents PATTERN", "", _no_pattern)
    return [Line("documents", pattern, "as you said")] if pattern else []


def _no_pattern(text: str) -> str | None:
    return None if not text or "{invoice_ref}" in text else "it has to contain {invoice_ref}, the invoice's number"
