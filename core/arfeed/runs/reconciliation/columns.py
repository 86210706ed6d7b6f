"""What the headings of a receiver's export mean: by their names, and by how their values agree with the last report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.currencies import minor_digits
from arfeed.model.errors import ConfigError
from arfeed.model.fields import headings_of
from arfeed.model.legible import quote
from arfeed.planning.wording import counted
from arfeed.runs.reconciliation.numbers import are_known, match_numbers
from arfeed.runs.reconciliation.words import (
    CLOSED,
    CREDIT,
    DOLLARS,
    NO_MONEY,
    NOT_CLOSED,
    NOT_YET,
    OF_TAXES,
    PAID,
    SETTLING,
    SYMBOLS,
    VOID,
)
from arfeed.tables.headings.contents import find_flags, is_settled_header
from arfeed.tables.headings.document_words import is_flag_column, is_yes, status_of
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.headings.proposal import Proposal, propose_columns
from arfeed.tables.values.amounts import MONEY, parse_money
from arfeed.tables.values.dates import ORDERS, means_none, parse_dates

if TYPE_CHECKING:
    from arfeed.model.settings import ReconcileSettings

Mask = np.typing.NDArray[np.bool_]

COMPARED = ("invoice_ref", "balance", "customer_name", "currency", "due_on", "status")
MARKS = (None, ".", ",")

_NUMBERS = 0.5
"""A column holds the numbers if at least this share of its values are numbers of the last report."""

_AGREES = 0.9
_DISAGREES = 0.5

_MOST_NAMED = 5


class Asker(Protocol):
    """Somebody who answers; raises `ConfigError` naming the setting if nobody does."""

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        """Return one of the choices, each of which is explained."""


@dataclass(slots=True)
class Meaning:
    """What was found out about an export: its columns by canonical name, and the evidence for each of these settings.

    `left` are columns that are there and not compared, with the reason.
    """

    columns: dict[str, str] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    decimal: str | None = None
    dates: str | None = None
    left: list[str] = field(default_factory=list)


def find_meaning(rows: pd.DataFrame, delivered: pd.DataFrame, settings: ReconcileSettings, asker: Asker) -> Meaning:
    """Return what the columns of some rows, all text, mean. Raise `ConfigError` if that is open and nobody answers."""
    return _Finder(rows, delivered, settings, asker).meaning()


class _Finder:
    def __init__(self, rows: pd.DataFrame, delivered: pd.DataFrame, settings: ReconcileSettings, asker: Asker) -> None:
        self.headers = [str(name) for name in rows.columns if name != "origin"]
        self.texts = {name: pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])) for name in self.headers}
        self.delivered, self.settings, self.asker = delivered, settings, asker
        self.proposal: Proposal = propose_columns(rows)
        self.found = Meaning()

    def meaning(self) -> Meaning:
        self._take_said()
        self._find_numbers()
        self._pair_rows()
        self._find_balance()
        for name in ("currency", "due_on", "customer_name", "status"):
            if name in self.found.columns:
                continue
            if self.settings.values.get(name) is not False:
                self._find_other(name)
            elif header := self._named(name) or next(iter(self.proposal.called.get(name, ())), None):
                self.found.left.append(f"{name}: {header!r} is not compared, as values.{name} = false says")
        self._find_decimal()
        self._find_order()
        self._leave_other_names()
        self._settle_status()
        return self.found

    # --- the columns ------------------------------------------------------------------------------------------------

    def _take_said(self) -> None:
        for name, header in self.settings.columns.items():
            self._take(name, header, "as plugins.toml says")

    def _find_numbers(self) -> None:
        if "invoice_ref" in self.found.columns:
            return
        shares = {name: self._share_known(name) for name in self._free()}
        best = max(shares.values(), default=(0.0, 0))
        alike = [name for name, share in shares.items() if share == best]
        if best[0] >= _NUMBERS:
            distinct = [name for name in alike if not self.texts[name].equals(self.texts[alike[0]])]
            named = self.proposal.columns.get("invoice_ref")
            header = named if named in alike else alike[0] if not distinct else self._ask("invoice_ref", alike)
            known = f"{best[1]:,} of {self._filled(header):,} are numbers of the last report"
            self._take("invoice_ref", header, known)
        elif named := self.proposal.columns.get("invoice_ref"):
            self._take("invoice_ref", named, f"its heading, and values such as {self._example(named)}")
        else:
            likely = [*self.proposal.several.get("invoice_ref", ()), *self.proposal.called.get("invoice_ref", ())]
            self._take("invoice_ref", self._ask("invoice_ref", likely or self._free()), "as you said")

    def _share_known(self, header: str) -> tuple[float, int]:
        given = self.texts[header].filter(pc.not_equal(self.texts[header], ""))
        count = int(are_known(given, self.delivered["invoice_ref"]).sum()) if len(given) else 0
        return (count / len(given) if len(given) else 0.0, count)

    def _pair_rows(self) -> None:
        """Pair the rows with the invoices of the last report, for the evidence of all other columns."""
        header = self.found.columns["invoice_ref"]
        refs = self.texts.get(header)
        self.rows, self.invoices = np.array([], np.int64), self.delivered.iloc[:0]
        if refs is not None:
            places = match_numbers(pd.Series(refs, dtype="str"), self.delivered["invoice_ref"])
            self.rows = np.flatnonzero(places >= 0)
            self.invoices = self.delivered.iloc[places[self.rows]].reset_index(drop=True)

    def _find_balance(self) -> None:
        if {"balance", "debit", "paid"} & self.found.columns.keys():
            return
        found = {name: self._agreement("balance", name) for name in self._free()}
        agreeing = {name: share for name, share in found.items() if share is not None}
        good = [name for name, share in agreeing.items() if share >= _AGREES]
        named = self._named("balance")
        several = [name for name in self.proposal.several.get("balance", ()) if name in agreeing]
        header, rivals = None, []
        if named is not None and named in agreeing and not (agreeing[named] < _DISAGREES and good):
            header = named
        elif several and len([name for name in several if name in good]) == 1:
            header = next(name for name in several if name in good)
            rivals = self._rivals(header, several)
        elif not several and named is None and len(self._distinct(good)) == 1:
            # It agrees best, but its heading does not say that it is what is open: that may be another column.
            header = good[0]
            rivals = self._rivals(header, self._of_money(header))
        if header is None or rivals:
            asked = [header, *rivals] if header else [*several, *good] or [*agreeing] or self._free()
            header = self._ask_balance(header, rivals, asked)
        if header:
            self._take("balance", header, self._agreed(agreeing.get(header)))

    def _of_money(self, header: str) -> list[str]:
        """Return the free columns that may hold an amount beside another, whatever it is of."""
        others = [taken for name, taken in self.proposal.columns.items() if name not in schema.MONEY]
        called = self.proposal.called.get("balance", ())
        free = [name for name in self._free() if name != header and name not in others and not self._is_flag(name)]
        return [name for name in free if name in called or self._may_be_money(name, header)]

    def _may_be_money(self, header: str, beside: str) -> bool:
        words = header_words(header)
        if words & NO_MONEY or (words and words <= OF_TAXES) or self._agreement("balance", header) is None:
            return False
        given = self.texts[header].filter(pc.not_equal(self.texts[header], ""))
        if any(not pc.any(parse_dates(given, order, declared=True).wrong).as_py() for order in ORDERS):
            return False
        if normalize_header(header) in PAID:
            return bool(pc.any(pc.match_substring_regex(given, "[1-9]")).as_py())
        # Days overdue and the like: whole numbers beside cents, none of them nothing, and none what was sent.
        whole = pc.all(pc.match_substring_regex(given, "^[1-9][0-9]*$")).as_py()
        cents = pc.any(pc.match_substring_regex(self.texts[beside], r"[.,]\d\d?$")).as_py()
        return not (whole and cents and not self._agreement("balance", header))

    def _rivals(self, header: str, others: Sequence[str]) -> list[str]:
        """Return those of the other columns that have another amount than this one for an invoice that was sent.

        What was paid is one in any case: if all of it was, it is the same amount, and nothing is open.
        """
        apart = [name for name in others if name != header]
        return [name for name in apart if normalize_header(name) in PAID or self._count_others(header, name)]

    def _count_others(self, header: str, other: str) -> int:
        """Return in how many paired rows another column has another amount, or none."""
        way = max(self._ways("balance"), key=lambda way: self._agreeing("balance", header, way))
        mine, its = (
            pc.abs(parse_money(self.texts[name].take(pa.array(self.rows)), way).values) for name in (header, other)
        )
        same = pc.or_(pc.fill_null(pc.equal(mine, its), fill_value=False), pc.and_(pc.is_null(mine), pc.is_null(its)))
        return pc.sum(pc.invert(same)).as_py() or 0

    def _ask_balance(self, header: str | None, rivals: Sequence[str], headers: Sequence[str]) -> str | None:
        """Ask for the balance; return None if it is what is left of two columns, which are taken then."""
        if header is None or not rivals:
            return self._ask("balance", headers)
        found = f"{header!r}: {self._agreed(self._agreement('balance', header))}; but "
        found += ", ".join(f"{name!r} has another amount in {self._count_others(header, name):,}" for name in rivals)
        paid = next((name for name in rivals if normalize_header(name) in PAID), None)
        if paid is None:
            return self._ask("balance", headers, found)
        less = f"{header} less {paid}"
        instead = f"columns = {{ amount = {quote(header)}, paid = {quote(paid)} }} there if it is {less}"
        answer = self._ask("balance", [*headers, less], found, instead)
        if answer != less:
            return answer
        self._take("amount", header, "as you said")
        self._take("paid", paid, "as you said")
        return None

    def _find_other(self, name: str) -> None:
        free = self._free()
        named = self._named(name)
        if named is not None and named in free:
            self._take(
                name, named, self._agreed(self._agreement(name, named)) or f"values such as {self._example(named)}"
            )
            return
        agreeing = [header for header in free if (self._agreement(name, header) or 0) >= _AGREES]
        if len(self._distinct(agreeing)) == 1 and name != "status":
            self._take(name, agreeing[0], self._agreed(self._agreement(name, agreeing[0])))
        elif name == "currency" and (called := self._called_currency()):
            self._take_symbols(called[0] if len(self._distinct(called)) == 1 else self._ask(name, called))
        elif several := [header for header in self.proposal.several.get(name, ()) if header in free]:
            if name == "status":
                self.found.left.append(f"status: {' or '.join(several)} may say it; balances alone are compared")
            else:
                self._take(name, self._ask(name, several), "as you said")

    def _called_currency(self) -> list[str]:
        """Return the headings that are called a currency, whose values are no codes of one."""
        return [header for header in self.proposal.called.get("currency", ()) if header in self._free()]

    def _take_symbols(self, header: str) -> None:
        """Take a column of currencies if the settings say what its words mean; raise `ConfigError` if they do not."""
        said = {theirs.strip().lower(): ours for theirs, ours in (self.settings.values.get("currency") or {}).items()}
        words = [word for word in self.texts[header].unique().to_pylist() if word]
        open_words = [word for word in words if word.lower() not in said and word.upper() not in minor_digits()]
        if not open_words:
            if words:
                self._take("currency", header, "by values.currency")
            return
        meant = {
            word: said.get(word.lower()) or self._symbol(word)
            for word in words
            if word in open_words or word.lower() in said
        }
        listed = ", ".join(f'{quote(word)} = "{ours}"' for word, ours in meant.items())
        raise ConfigError(
            f"{header!r} holds {', '.join(map(repr, open_words[:_MOST_NAMED]))}, and no ISO 4217 codes: say what that "
            f"means by values.currency = {{ {listed} }} in [destination.reconcile], or leave the currencies uncompared "
            "by values.currency = false"
        )

    def _symbol(self, word: str) -> str:
        """Return the code that a symbol can only mean, of dollars the only ones sent; an ellipsis if there is none."""
        sent = self.delivered["currency"].unique().tolist()
        dollars = [code for code in sent if code in DOLLARS]
        return SYMBOLS.get(word) or (dollars[0] if word == "$" and len(dollars) == 1 else "…")

    def _named(self, name: str) -> str | None:
        """Return the heading that is called like a column, also if some of its values can't be read."""
        if header := self.proposal.columns.get(name):
            return header
        called = [header for header in self.proposal.called.get(name, ()) if header in self._free()]
        good = [header for header in called if (self._agreement(name, header) or 0) >= _DISAGREES]
        return good[0] if len(good) == 1 else None

    def _leave_other_names(self) -> None:
        """Leave a column of names out if most of them were sent for no invoice at all: it is another kind of name."""
        if self.settings.columns.get("customer_name") or (header := self.found.columns.get("customer_name")) is None:
            return
        names = _folded(self.texts[header].take(pa.array(self.rows)))
        names = names.filter(pc.not_equal(names, ""))
        known = pc.is_in(names, value_set=_folded(arrow.to_text_array(self.delivered["customer_name"])))
        share = (pc.sum(known).as_py() or 0) / len(names) if len(names) else 1.0
        # A name that was sent for another invoice is no other kind of name: it is a difference.
        if share < _DISAGREES:
            del self.found.columns["customer_name"]
            self.found.left.append(
                f"customer_name: {header} has the names that were sent in {share:.0%} of the rows, so it is not "
                "compared; name it in [destination.reconcile] columns to have it compared"
            )

    # --- what says beside the balance that an invoice is closed -----------------------------------------------------

    def _settle_status(self) -> None:
        """Ask about each column by which invoices with a balance are closed, unless the settings name the status."""
        if "status" in self.settings.columns or self.settings.values.get("status") is False:
            return
        header = self.found.columns.get("balance")
        if header not in self.texts:
            return
        amounts = parse_money(self.texts[header], self.found.decimal).values
        owed = pc.fill_null(pc.not_equal(amounts, pa.scalar(0, MONEY)), fill_value=False)
        if (status := self.found.columns.get("status")) in self.texts:
            owed = pc.and_not(owed, self._has_word(self.texts[status], self._closing(status)))
        for name in self._free():
            words = self._closing(name)
            closed = self._has_word(self.texts[name], words) if words else self._days_of_payment(name)
            if closed is not None and (count := pc.sum(pc.and_(closed, owed)).as_py()):
                self._ask_closed(name, words, f"{name!r} closes {counted(count, 'row')} whose {header!r} is not 0")

    def _ask_closed(self, header: str, words: Sequence[str], found: str) -> None:
        """Ask whether such rows are open; raise `ConfigError` with what to type or export if they are not."""
        others = [word for word in self.texts[header].unique().to_pylist() if word and word not in words]
        meant = {**dict.fromkeys(words, _closes_as(header)), **dict.fromkeys(others, "open")}
        meant = {word: self._meant(word) or ours for word, ours in meant.items()}
        listed = ", ".join(f'{quote(word)} = "{ours}"' for word, ours in meant.items())
        advice = "export only what is open, or a column with what is open as well"
        if words:
            advice = f"columns.status = {quote(header)} and values.status = {{ {listed} }} in [destination.reconcile]"
        answer = self.asker.choose(
            f"{found}. Is that open all the same?",
            f"values.status = false in [destination.reconcile] if it is; if not, {advice}",
            {"open": "the balances alone are compared", "closed": advice},
        )
        if answer == "closed":
            raise ConfigError(f"{found}: {'say' if words else 'so'} {advice}")

    def _closing(self, header: str) -> list[str]:
        """Return the words of a column by which an invoice is closed; none if it does not say what is."""
        words = self.texts[header].unique().to_pylist()
        if header == self.found.columns.get("status") or (
            header in self.proposal.several.get("status", ()) and not self._is_flag(header)
        ):
            return [word for word in words if self._meant(word) in CLOSED]
        if not self._is_flag(header) or any(word.startswith(CREDIT) for word in header_words(header)):
            return []
        if header_words(header) & NOT_CLOSED:
            return [word for word in words if not is_yes(word) and self._meant(word) != "open"]
        said = [word for word in words if any(letter.isalnum() for letter in word)]
        return [word for word in said if not _is_no(word) and self._meant(word) != "open"]

    def _meant(self, word: str) -> str | None:
        said = self.settings.values.get("status") or {}
        return {theirs.strip().lower(): ours for theirs, ours in said.items()}.get(word.lower()) or status_of(word)

    def _has_word(self, texts: pa.Array, words: Sequence[str]) -> pa.Array:
        return pc.is_in(texts, value_set=pa.array(words, texts.type))

    def _is_flag(self, header: str) -> bool:
        words = [word for word in self.texts[header].unique().to_pylist() if word]
        if not words:
            return False
        yes_or_no = is_flag_column("paid", words) and bool(header_words(header) & NOT_CLOSED)
        return yes_or_no or is_flag_column(header, words) or bool(find_flags(self.texts, [header]))

    def _days_of_payment(self, header: str) -> pa.Array | None:
        """Return which rows have a day in a column of days of payment; None if it is none."""
        words = header_words(header)
        if not is_settled_header(header) and (not words & SETTLING or words & NOT_YET):
            return None
        given = pc.and_(pc.match_substring_regex(self.texts[header], r"\d"), pc.invert(means_none(self.texts[header])))
        days = self.texts[header].filter(given)
        wrong = min(pc.sum(parse_dates(days, order, declared=True).wrong).as_py() or 0 for order in ORDERS)
        # A day with its time may be written in a way that is not read here; it is no amount.
        return given if wrong * 2 <= len(days) or self._agreement("balance", header) is None else None

    # --- the notation -----------------------------------------------------------------------------------------------

    def _find_decimal(self) -> None:
        self.found.decimal = self.settings.decimal
        named = [name for name in ("balance", "debit", "credit", "amount", "paid") if name in self.found.columns]
        if self.settings.decimal or not named:
            return
        texts = pa.concat_arrays([self.texts[self.found.columns[name]] for name in named])
        wrong = {mark: pc.sum(parse_money(texts, mark).wrong).as_py() or 0 for mark in MARKS}
        fitting = [mark for mark in MARKS if wrong[mark] == min(wrong.values())]
        if None in fitting:
            return
        right = {mark: self._agreeing("balance", self.found.columns[named[0]], mark) for mark in fitting}
        best = [mark for mark in fitting if right[mark] == max(right.values())]
        choices = {",": "1.234,56 is a good thousand", ".": "1,234.56 is a good thousand"}
        why = (
            "the only mark that its amounts fit" if len(fitting) == 1 else "by it the balances are those of the report"
        )
        mark = (
            best[0]
            if len(best) == 1
            else self.asker.choose("Which is the export's decimal mark?", "decimal in [destination.reconcile]", choices)
        )
        self.found.decimal = mark
        self.found.evidence["decimal"] = f"{mark!r}, {why if len(best) == 1 else 'as you said'}"

    def _find_order(self) -> None:
        self.found.dates = self.settings.dates
        header = self.found.columns.get("due_on")
        if self.settings.dates or header is None:
            return
        given = self.texts[header].filter(pc.not_equal(self.texts[header], ""))
        wrong = {order: pc.sum(parse_dates(given, order, declared=True).wrong).as_py() or 0 for order in ORDERS}
        fitting = [order for order in ORDERS if wrong[order] == min(wrong.values())]
        if "YMD" in fitting or len(fitting) == 1:
            self.found.dates = "YMD" if "YMD" in fitting else fitting[0]
            return
        right = {order: self._agreeing("due_on", header, order) for order in fitting}
        best = [order for order in fitting if right[order] == max(right.values())]
        if len(best) == 1:
            self.found.dates = best[0]
            self.found.evidence["dates"] = (
                f"{best[0]}, by which {max(right.values()):,} are the due dates of the report"
            )
            return
        choices = {"DMY": "day, month, year", "MDY": "month, day, year"}
        self.found.dates = self.asker.choose(
            "No date in the export says which order they are in. Which is it?",
            "dates in [destination.reconcile]",
            choices,
        )

    # --- evidence ---------------------------------------------------------------------------------------------------

    def _agreement(self, name: str, header: str) -> float | None:
        """Return the share of paired rows in which a column has what was sent; None if its values do not fit at all."""
        texts = self.texts[header]
        given = texts.filter(pc.not_equal(texts, ""))
        if not len(given):
            return None
        if name == "balance" and min(pc.sum(parse_money(given, mark).wrong).as_py() or 0 for mark in MARKS) * 2 > len(
            given
        ):
            return None
        count = max((self._agreeing(name, header, way) for way in self._ways(name)), default=0)
        return count / len(self.rows) if len(self.rows) else 0.0

    def _ways(self, name: str) -> Sequence[str | None]:
        if name in schema.MONEY:
            return [self.settings.decimal] if self.settings.decimal else MARKS
        if name in schema.DATES:
            return [self.settings.dates] if self.settings.dates else ORDERS
        return [None]

    def _agreeing(self, name: str, header: str, way: str | None) -> int:
        """Count the paired rows in which a column, read in one way, has what was sent."""
        if name == "status":
            return 0
        texts = self.texts[header].take(pa.array(self.rows))
        sent = arrow.as_single_chunk(pa.array(self.invoices[name]))
        if name in schema.MONEY:
            same = pc.equal(pc.abs(parse_money(texts, way).values), pc.abs(pc.cast(sent, MONEY)))
        elif name in schema.DATES:
            same = pc.equal(parse_dates(texts, way or "YMD", declared=True).values, sent)
        else:
            same = pc.equal(_folded(texts), _folded(sent))
        return pc.sum(same).as_py() or 0

    def _agreed(self, share: float | None) -> str:
        if not share or not len(self.rows):
            return ""
        return f"it has what was sent in {round(share * len(self.rows)):,} of {len(self.rows):,} rows"

    # --- asking -----------------------------------------------------------------------------------------------------

    def _ask(self, name: str, headers: Sequence[str], found: str = "", instead: str = "") -> str:
        """Ask for a column; `found` is why that is open, and `instead` what else the settings may say."""
        meaning = next(column.meaning for column in schema.COLUMNS if column.name == name)
        choices = {header: self._explained(header) for header in dict.fromkeys(headers)}
        option = f'columns.{name} = "HEADING" in [destination.reconcile]'
        question = f"Which column of the export holds {meaning}?"
        return self.asker.choose(
            f"{found}. {question}" if found else question, f"{option}, or {instead}" if instead else option, choices
        )

    def _explained(self, header: str) -> str:
        return f"such as {self._example(header)}" if header in self.texts else "what is left of the one"

    def _take(self, name: str, header: str, why: str) -> None:
        self.found.columns[name] = header
        self.found.evidence[name] = why

    def _free(self) -> list[str]:
        taken = headings_of(self.found.columns)
        return [name for name in self.headers if name not in taken]

    def _distinct(self, headers: Sequence[str]) -> list[str]:
        return [*self._without_twins(headers)]

    def _without_twins(self, headers: Sequence[str]) -> Iterator[str]:
        seen: list[str] = []
        for header in headers:
            if not any(self.texts[header].equals(self.texts[known]) for known in seen):
                seen.append(header)
                yield header

    def _filled(self, header: str) -> int:
        return pc.sum(pc.not_equal(self.texts[header], "")).as_py() or 0

    def _example(self, header: str) -> str:
        given = self.texts[header].filter(pc.not_equal(self.texts[header], ""))
        return str(given[0].as_py()) if len(given) else "nothing"


def _closes_as(header: str) -> str:
    return "void" if any(word.startswith(VOID) for word in header_words(header)) else "paid"


def _is_no(word: str) -> bool:
    return is_flag_column("paid", [word]) and not is_yes(word)


def _folded(texts: pa.Array) -> pa.Array:
    return arrow.to_text_array(arrow.fold(pd.Series(texts, dtype="str")))
