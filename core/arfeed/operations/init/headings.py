"""What the headings of a table mean: proposed with the evidence, corrected by the person who knows better."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from arfeed.model import schema
from arfeed.model.currencies import minor_digits
from arfeed.model.errors import ConfigError, SourceError
from arfeed.model.fields import PARTS_OF_BALANCE
from arfeed.operations.init.answers import Answers, Asker, Complaint
from arfeed.operations.init.document_types import check_document_types, check_settled
from arfeed.operations.init.draft import Line
from arfeed.operations.init.other_tables import refuse_ages, refuse_groups, refuse_other_tables
from arfeed.operations.init.signs import ask_sign, find_sign
from arfeed.operations.init.statuses import NONE, ask_total, read_status
from arfeed.tables.headings.banner import find_heading_row
from arfeed.tables.headings.canonical import name_headings
from arfeed.tables.headings.contents import are_lines
from arfeed.tables.headings.normalize import header_words
from arfeed.tables.headings.proposal import (
    REQUIRED,
    Proposal,
    find_by_values,
    find_currency_columns,
    find_decimal,
    find_worded,
    is_total,
    propose_columns,
)
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.read import read_header, read_tables

if TYPE_CHECKING:
    import pandas as pd

_MOST_WORDS = 4
_TERMS = frozenset("terms term days zahlungsziel tage frist delai plazo termini betalingstermijn villkor".split())  # noqa: SIM905 - short and plain
"""Words of a heading for days of payment, or for days past due."""

_NEEDED = (*REQUIRED, "issued_on")
_FEW_KNOWN = len(_NEEDED) // 2
"""If no more of them are found by their headings, those of other columns are in an unknown language as well."""

_MATTERS = ("due_on", "customer_id", "currency", "status", "amount")
"""Columns that an invoice may lack, but that are not passed over in silence if a heading seems to be theirs."""

_ASKED = {"currency": "the currency of each row (ISO 4217 codes)", "status": "what is paid, open or void"}
"""What a column is called in a question, where its meaning is not the words for it."""

_PARTS = ", or --column debit=HEADING and --column credit=HEADING"

_LEFT = "none of them"


@dataclass(slots=True)
class Meaning:
    """What a table's headings mean: settings of its source, and the currency of all rows if it was asked for here.

    `only` has, by heading, the values of the rows that alone are reported. `settings` are those beside columns and
    values, such as `sign` and `decimal`.
    """

    columns: list[Line] = field(default_factory=list)
    values: dict[str, Mapping[str, str] | Literal[False]] = field(default_factory=dict)
    only: dict[str, list[str]] = field(default_factory=dict)
    settings: list[Line] = field(default_factory=list)
    currency: str | None = None


def find_columns(sample: Path, answers: Answers, asker: Asker, settings: Mapping[str, object]) -> Meaning:
    """Return what the headings mean; ask for what they leave open."""
    how = {name: str(settings[name]) for name in ("encoding", "delimiter", "sheet") if settings.get(name) is not None}
    # All headings of that row, also `column 1` for one that is blank.
    headings = read_header(str(sample), columns=find_heading_row(str(sample), how), **how)
    rows = next(read_tables(str(sample), columns=headings, **how))
    headers = [str(name) for name in rows.columns if name != "origin"]
    # Headings alone are not enough: each is confirmed by the values below it.
    if not len(rows):
        raise SourceError(f"{sample}: it has headings and nothing below them; give a sample with some open invoices")
    # By headings and values together, so that no column is taken by its name alone.
    proposal = propose_columns(rows)
    # Before any question: the answers would describe a list that must not be delivered.
    refuse_other_tables(sample, headers, proposal, answers.columns)
    if not proposal.columns:
        asker.doubt(f"none of the headings is recognized; if {', '.join(headers[:4])} are data, export with headings")
    said = _find_said(answers.columns, headers)
    chosen = _without_taken({**_accept_proposed(proposal, rows, headers), **said}, said)
    refuse_groups(sample, rows, chosen)
    refuse_ages(sample, headers, chosen, proposal)
    meaning = Meaning()
    if parts := _take_repeated(chosen, proposal, rows, settings, asker):
        meaning.settings.append(parts)
    for name, why in proposal.unfit.items():
        if name not in chosen or name in said:
            asker.doubt(f"{name}: {why}")
    for name, header in chosen.items():
        why = "as you said" if name in said else proposal.evidence.get(name, "")
        asker.found(f"{name}: the column {header!r}, such as {why}" if why != "as you said" else f"{name}: {header}")
    if not asker.agree("Is that what the headings mean?"):
        chosen = _correct(chosen, headers, asker)
    chosen = {name: header for name, header in chosen.items() if header}
    # Collected, so that without a terminal all options that are lacking are named at once.
    open_questions = Questions(asker)
    _ask_needed(chosen, proposal, rows, open_questions)
    _ask_what_matters(chosen, said, proposal, rows, open_questions)
    meaning.currency = _currency(rows, chosen, said, answers, open_questions)
    open_questions.settle()
    read_again = partial(read_tables, str(sample), columns=headers, **how)
    _ask_of_rows(meaning, chosen, _Table(headers, read_again, answers, asker, settings))
    if "currency" not in chosen and _has_other_currencies(rows, chosen, meaning.currency or answers.currency):
        # Whoever was asked has chosen none of these columns, and later runs would refuse them.
        meaning.values["currency"] = False
    _doubt_total(chosen, asker)
    _doubt_terms(chosen, said, headers, asker)
    signs = [line.value["column"] for line in meaning.settings if isinstance(line.value, dict)]
    unused = [header for header in headers if header not in (*chosen.values(), *meaning.only, *signs)]
    if unused:
        asker.found(f"not used: {', '.join(unused)}")
    meaning.columns = [Line(name, header, proposal.evidence.get(name, "")) for name, header in chosen.items()]
    mark = None if "decimal" in settings else _decimal(find_decimal(rows, chosen), asker)
    meaning.settings += [mark] if mark else []
    return meaning


class _Table(NamedTuple):
    """The headings of a sample, how to read it from its start, and who says what it leaves open."""

    headers: Sequence[str]
    read: Callable[[], Iterator[pd.DataFrame]]
    answers: Answers
    asker: Asker
    settings: Mapping[str, object]


def _ask_of_rows(meaning: Meaning, chosen: dict[str, str], table: _Table) -> None:
    """Find out from all rows what the words and signs beside the amounts mean; this may choose a column of kinds."""
    headers, read, answers, asker, settings = table
    # With debit and credit there is no column of balances, and the words are weighed by what is owed.
    owed = {**chosen, "balance": _find_owed(chosen)}
    meaning.values = _values(owed, headers, read, answers, asker)
    if {"status", "balance"} <= chosen.keys() and "balance_is" not in settings:
        words = meaning.values.get("status") or {}
        if total := ask_total(chosen["status"], chosen["balance"], words, read, asker):
            why = "as you answered: paid and void documents owe nothing, whatever their total"
            meaning.settings.append(Line("balance_is", total, why))
    sign = find_sign(chosen, headers, read, answers, asker) if "balance" in chosen else None
    if sign is not None:
        meaning.settings.append(Line("sign", sign, "as the words beside the amounts show, or as you said"))
    if not sign:
        types = check_document_types(owed, headers, read, answers, asker)
        meaning.only = types.only
        chosen |= {"kind": types.header} if types.header else {}
        meaning.values |= {"kind": types.kinds} if types.kinds else {}
        if types.credits_positive:
            meaning.settings.append(Line("credits_positive", value=True, why="credits have no sign"))
        if owed_is := ask_sign(chosen, read, settings, asker):
            meaning.settings.append(Line("owed_is", owed_is, "as you said, since most balances are negative"))
    check_settled(owed, headers, read, answers, asker)


class Questions:
    """Questions that do not depend on each other: where nobody can be asked, all of them are named at once."""

    def __init__(self, asker: Asker) -> None:
        """Put them to this person."""
        self.asker = asker
        self._unanswered: list[str] = []

    def choose(self, question: str, option: str, choices: Mapping[str, str]) -> str | None:
        """Return one of the choices; None if nobody answers."""
        try:
            return self.asker.choose(question, option, choices)
        except ConfigError as exc:
            self._unanswered.append(str(exc))
            return None

    def ask(self, question: str, option: str, wrong: Complaint) -> str | None:
        """Return a valid answer; None if nobody answers."""
        try:
            return self.asker.ask(question, option, None, wrong)
        except ConfigError as exc:
            self._unanswered.append(str(exc))
            return None

    def settle(self) -> None:
        """Raise `ConfigError` with all questions that nobody answered."""
        if self._unanswered:
            raise ConfigError("\n".join(self._unanswered))


def _accept_proposed(proposal: Proposal, rows: pd.DataFrame, headers: Sequence[str]) -> dict[str, str]:
    """Return the proposed columns, and those that are called like a column that has no other common names."""
    own = {name: name for name in headers if name in schema.SOURCE_COLUMNS and name not in USUAL}
    if "kind" in own and not {str(word).strip().lower() for word in rows["kind"].unique()} <= {*schema.KINDS}:
        del own["kind"]
    if "document" in own and not rows["document"].str.contains(r"\.pdf\s*$|^\s*$", case=False, regex=True).all():
        del own["document"]
    return {**proposal.columns, **own}


def _take_repeated(
    chosen: dict[str, str], proposal: Proposal, rows: pd.DataFrame, settings: Mapping[str, object], asker: Asker
) -> Line | None:
    """Take numbers that repeat if a setting says what rows are, or if they are the lines of invoices by evidence."""
    number = proposal.repeated
    if "invoice_ref" in chosen or number is None:
        return None
    if "rows" in settings:
        chosen["invoice_ref"] = number
        return None
    lines = are_lines(rows, number, {name: header for name, header in chosen.items() if header})
    if lines is None:
        return None
    chosen["invoice_ref"] = number
    why = f"{lines!r} adds up to the invoice's amount, which each of its rows repeats"
    asker.found(f"rows: lines, since {why}")
    return Line("rows", "lines", why)


def _ask_needed(chosen: dict[str, str], proposal: Proposal, rows: pd.DataFrame, questions: Questions) -> None:
    """Ask for the columns without which there is no invoice, the likeliest headings first."""
    for name in _NEEDED:
        if name not in chosen and not (name == "balance" and {*PARTS_OF_BALANCE} & chosen.keys()):
            likely = [*proposal.several.get(name, ()), *proposal.called.get(name, ())]
            likely += [chosen["amount"]] if name == "balance" and "amount" in chosen else []
            headers = dict.fromkeys([*likely, *(str(header) for header in rows.columns if header != "origin")])
            taken = {header for column, header in chosen.items() if (name, column) != ("balance", "amount")}
            listed = {header: _sample_of(rows, header) for header in headers if header not in taken}
            option = f"--column {name}=HEADING{_PARTS if name == 'balance' else ''}"
            picked = questions.choose(f"Which column holds {_meaning(name)}?", option, listed)
            if picked is not None:
                chosen[name] = picked
                if picked == chosen.get("amount") and name == "balance":
                    del chosen["amount"]


def _ask_what_matters(
    chosen: dict[str, str], said: Mapping[str, str], proposal: Proposal, rows: pd.DataFrame, questions: Questions
) -> None:
    """Ask about columns whose heading or values seem to be there, but that are not sure enough to be taken."""
    # Again, since what was said of other columns shows more: in a language whose headings are not known, all of it.
    by_values = find_by_values(rows, chosen, [*proposal.several, *said])
    if sum(name in proposal.columns for name in _NEEDED) <= _FEW_KNOWN and {*_NEEDED} <= chosen.keys():
        by_values["status"] = find_worded(rows, chosen)
    for name in (name for name in _MATTERS if name not in (*chosen, *said)):
        fitting = (*proposal.several.get(name, ()), *by_values.get(name, ()))
        found = [header for header in dict.fromkeys(fitting) if header not in chosen.values()]
        if name in proposal.misfits:
            found += [header for header in proposal.called.get(name, ()) if header not in (*found, *chosen.values())]
        if not found or (name == "amount" and name not in proposal.several):
            continue
        listed = {header: _sample_of(rows, header) for header in found}
        option = f"--column {name}=HEADING, or --column {name}= for none"
        picked = questions.choose(f"Which column holds {_meaning(name)}?", option, {**listed, NONE: _LEFT})
        if picked not in (None, NONE):
            chosen[name] = picked


def _values(
    chosen: dict[str, str],
    headers: Sequence[str],
    read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers,
    asker: Asker,
) -> dict[str, Mapping[str, str] | Literal[False]]:
    """Return what the words of the status mean, and which columns are left alone though they have a canonical name."""
    values: dict[str, Mapping[str, str] | Literal[False]] = {}
    if "status" in chosen:
        if words := read_status(chosen["status"], chosen["balance"], read, answers, asker):
            values["status"] = words
    elif answers.statuses:
        raise ConfigError("--status: no column holds a status; name it with --column status=HEADING")
    for name, alike in name_headings(headers, chosen, ()).items():
        values[name] = False
        called = "of that name" if alike == [name] else " and ".join(map(repr, alike))
        asker.found(f"{name}: the column {called} is left alone")
    return values


def _find_owed(chosen: Mapping[str, str]) -> str:
    """Return the heading of what is owed, or of what it is made of before anything is taken off."""
    header = chosen.get("balance") or chosen.get("debit") or chosen.get("amount")
    if header is None:
        raise ConfigError("--column paid=…: name the column of amount as well")
    return header


def _doubt_total(chosen: Mapping[str, str], asker: Asker) -> None:
    """Point out a balance that is the invoice's total."""
    if "balance" not in chosen:
        return
    if is_total(chosen["balance"]) or chosen.get("amount") == chosen["balance"]:
        asker.doubt(
            f"balance: the column {chosen['balance']!r} seems to be the invoice's total, from which no part payment is "
            "taken off; the first plan asks about that"
        )


def _doubt_terms(chosen: Mapping[str, str], said: Mapping[str, str], headers: Sequence[str], asker: Asker) -> None:
    """Point out days of payment where no due date is listed: nothing is computed from them."""
    terms = [name for name in headers if name not in chosen.values() and header_words(name) & _TERMS]
    if terms and not {"due_on"} & {*chosen, *said}:
        asker.doubt(
            f"due_on: no column holds a due date, and none is computed from {', '.join(map(repr, terms))}; without "
            "it, nothing counts as overdue at the receiver, so export the due date, too"
        )


def _currency(
    rows: pd.DataFrame, chosen: dict[str, str], said: Mapping[str, str], answers: Answers, questions: Questions
) -> str | None:
    """Find or ask for the column that holds the currency, or return the one currency of all rows."""
    if "currency" in chosen:
        return None
    others = [str(name) for name in rows.columns if name not in ("origin", *chosen.values())]
    found = {} if "currency" in said else find_currency_columns(rows, others)
    listed = {header: f"it has {', '.join(codes[:_MOST_WORDS])}" for header, codes in found.items()}
    if answers.currency is not None:
        for header, codes in found.items():
            if {answers.currency.upper()} != set(codes):
                questions.asker.doubt(
                    f"currency: {answers.currency.upper()} for every row, as you said, though the column {header!r} "
                    f"has {', '.join(codes[:_MOST_WORDS])}; if these are its currencies, pass "
                    f"--column currency={header}"
                )
        return None
    if listed:
        none = {NONE: f"{_LEFT}; all rows are in one currency"}
        option = "--column currency=HEADING, or --currency CODE"
        picked = questions.choose("Which column holds the currency?", option, listed | none)
        if picked is None:
            return None
        if picked != NONE:
            chosen["currency"] = picked
            return None
    question = "No column in use names the currency. Which is it (ISO code, such as GBP)?"
    return questions.ask(question, "--currency CODE", no_code)


def _has_other_currencies(rows: pd.DataFrame, chosen: Mapping[str, str], currency: str | None) -> bool:
    """Whether a column that is not used holds currencies other than the one that somebody named for all rows."""
    others = [str(name) for name in rows.columns if name not in ("origin", *chosen.values())]
    found = find_currency_columns(rows, others) if currency else {}
    return any({str(currency).upper()} != {*codes} for codes in found.values())


def no_code(text: str) -> str | None:
    """Return what is wrong with a currency's code, or None."""
    return None if text.upper() in minor_digits() else f"{text!r} is not an ISO 4217 code, such as EUR or GBP"


def _without_taken(chosen: dict[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """Return the columns without what was proposed for a heading, or for a balance, that somebody names otherwise."""
    made = ["balance"] if {*PARTS_OF_BALANCE} & said.keys() else []
    taken = {said[name] for name in PARTS_OF_BALANCE if name in said}
    return {name: header for name, header in chosen.items() if name in said or not (name in made or header in taken)}


def _find_said(columns: Mapping[str, str], headers: Sequence[str]) -> Mapping[str, str]:
    for name, header in columns.items():
        known = (*schema.SOURCE_COLUMNS, *PARTS_OF_BALANCE)
        if name not in known:
            raise ConfigError(f"--column {name}={header}: there are {', '.join(known)}")
        if header not in ("", NONE, *headers):
            raise ConfigError(f"--column {name}={header}: the file has no such heading; found {', '.join(headers)}")
    if not columns.keys().isdisjoint(PARTS_OF_BALANCE) and not {"debit", "paid"} & columns.keys():
        raise ConfigError("--column credit=…: name the column of debit as well")
    return {name: "" if header == NONE else header for name, header in columns.items()}


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
    stated = next(column.meaning for column in schema.COLUMNS if column.name == name)
    return _ASKED.get(name) or stated.partition(";")[0]


def _sample_of(rows: pd.DataFrame, header: str) -> str:
    given = [str(value) for value in rows[header].head(20).tolist() if str(value).strip()]
    return f"such as {given[0]}" if given else "blank in the first rows"


def _decimal(mark: str | None, asker: Asker) -> Line | None:
    if mark is None:
        return None
    if mark:
        asker.found(f"decimal: {mark!r} is the only mark that all amounts fit")
        return Line("decimal", mark, "the only mark that all amounts fit")
    choices = {",": "comma, as in 1.234,56", ".": "point, as in 1,234.56"}
    return Line("decimal", asker.choose("Which is the decimal mark?", "--set decimal=MARK", choices), "as you said")
