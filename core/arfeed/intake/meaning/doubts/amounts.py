"""Amounts that are not what is owed of each document, in its currency, with its sign."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import MOST_NAMED, SAMPLE, Case, begin_doubt
from arfeed.intake.meaning.negative import note_negative_debts
from arfeed.model import arrow
from arfeed.model.currencies import minor_digits
from arfeed.model.results import Doubt
from arfeed.model.text.legible import quote
from arfeed.tables.headings.balances import (
    contradict,
    find_ages,
    find_moves,
    is_in_own_currency,
    named_currencies,
    other_side,
)
from arfeed.tables.headings.normalize import header_words
from arfeed.tables.headings.proposal import is_total
from arfeed.tables.headings.units import other_unit

_AN_AMOUNT = r"^[^\p{L}\d]*(\d[\d.,' ]*)?[^\d]{0,5}$"
_DEDUCTED = frozenset(
    (  # noqa: SIM905 - fifty quoted words are harder to read
        "credited credit credits creditnotes discount discounts skonto rabatt writeoff written refunded refund refunds "
        "adjusted adjustment adjustments applied paid payments payment received receipts deposit deposits prepaid "
        "retention retained bezahlt gezahlt zahlungen gutschrift gutschriften anzahlung paye avoir avoirs acompte "
        "pagado cobrado pagato incassato betaald gecrediteerd betalt betald inbetalt recebido pago"
    ).split()
)
"""Words of a heading for amounts that lower what is owed of a total."""

_NOT_DEDUCTED = frozenset(
    ["days", "day", "limit", "terms", "date", "rate", "percent", "id", "no", "number", "type", "tax"]
)
_ENOUGH = 3
"""Rows in which two columns have one relation not by chance."""

_WITH_CENTS = r"^[^\p{L}\d]*\d[\d.,' ]*[.,]\d{2}\D{0,5}$"
_LINE = frozenset(["line", "item", "position", "pos", "zeile", "ligne", "linea", "regel", "rad", "linje"])


def unused_deductions(case: Case) -> Iterator[Doubt]:
    """Yield columns of what was credited or paid that a balance made of totals leaves out."""
    header = case.headers.get("balance") or case.settings.columns.get("amount", "")
    if "paid" not in case.settings.columns and not is_total(header):
        return
    for name in case.unused:
        words = header_words(name)
        if not words & _DEDUCTED or words & _NOT_DEDUCTED:
            continue
        texts = arrow.to_text_array(case.rows[name])
        if not pc.all(pc.match_substring_regex(texts, _AN_AMOUNT)).as_py():
            continue
        count = pc.sum(pc.match_substring_regex(texts.filter(case.debts), "[1-9]")).as_py()
        if count:
            yield Doubt(
                f"{begin_doubt(name, count, 'amounts')}, and is not deducted from them. Name a column of what is owed "
                "as `balance`, or export it",
                name,
            )


def parts_by_age(case: Case) -> Iterator[Doubt]:
    """Yield a balance that is a column of an ageing, beside others with what is older or younger."""
    header = case.headers.get("balance", "")
    ages = find_ages([header, *case.unused])
    if header in ages and len(ages) > 1:
        others = ", ".join(repr(name) for name in ages if name != header)
        yield Doubt(
            f"the column {header!r} is read as the balance, and seems to be one ageing bucket: {others} have the "
            "rest. Name a column of the whole as `balance`, or export it"
        )


def amounts_of_lines(case: Case) -> Iterator[Doubt]:
    """Yield a balance that may be that of a line, of which the lines of an invoice would be taken once."""
    header = case.headers.get("balance", "")
    if case.settings.rows == "lines" and header_words(header) & _LINE:
        yield Doubt(
            f"the column {header!r} seems to hold line amounts, and identical lines count once. If the "
            'lines of an invoice add up, set rows = "instalments"'
        )


def other_units(case: Case) -> Iterator[Doubt]:
    """Yield headings of amounts that are not in whole units of their currency."""
    for column in ("balance", "amount", "debit", "credit", "paid"):
        header = case.headers.get(column) or case.settings.columns.get(column, "")
        if unit := other_unit(header):
            yield Doubt(
                f"the column {header!r} seems to hold amounts in {unit!r}, and is read as whole units of the currency. "
                "Export the amounts as they stand on the invoices"
            )


def hundredfold(case: Case) -> Iterator[Doubt]:
    """Yield balances that are a hundred times what a column beside them has, so they are in cents."""
    first = case.rows.head(SAMPLE)
    owed = pc.cast(arrow.as_single_chunk(pa.array(first["balance"])), pa.large_string())
    whole = pc.match_substring_regex(owed, r"^-?[1-9]\d{2,}(\.0+)?$")
    if not pc.all(pc.or_kleene(whole, pc.match_substring_regex(owed, r"^-?0(\.0+)?$"))).as_py():
        return
    mine = pc.replace_substring_regex(owed, r"^-|\.0+$", "").filter(whole)
    for name in case.unused if len(mine) >= _ENOUGH else ():
        texts = arrow.to_text_array(first[name]).filter(whole)
        cents = pc.match_substring_regex(texts, _WITH_CENTS)
        digits = pc.utf8_ltrim(pc.replace_substring_regex(texts, r"\D", ""), "0")
        if pc.all(pc.and_(cents, pc.equal(digits, mine))).as_py():
            header = case.headers.get("balance", "")
            yield Doubt(
                f"the column {header!r} is read as whole units of the currency, and has a hundred times what the "
                f"column {name!r} has: it seems to be in cents. Name {name!r} as `balance`, or export the amounts as "
                "they stand on the invoices",
                name,
            )


def without_cents(case: Case) -> Iterator[Doubt]:
    """Yield balances none of which is written with decimals: a program that keeps cents writes them so."""
    if not case.whole or any(hundredfold(case)) or any(other_units(case)):
        return
    owed = case.money("balance").filter(case.owed)
    codes = pc.unique(arrow.to_text_array(case.rows["currency"]).filter(case.owed)).to_pylist()
    # What was paid has an amount as well, which is evidence of the same.
    billed = case.money("amount")
    billed = billed.filter(pc.invert(case.owed)).drop_null()
    every = pc.abs(pa.concat_arrays([owed, billed.filter(pc.not_equal(billed, pa.scalar(Decimal(0), billed.type)))]))
    small = pc.any(pc.less(every, pa.scalar(Decimal(100), every.type))).as_py()
    if not len(owed) or len(every) < _ENOUGH or small or any(minor_digits().get(code, 0) < len("00") for code in codes):
        return
    # A column beside them that has the same with decimals proves whole units.
    units = pc.replace_substring_regex(_as_texts(case.rows["balance"].head(SAMPLE)), r"^-|\.0+$", "")
    for name in case.unused:
        texts = arrow.to_text_array(case.rows[name].head(SAMPLE))
        digits = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"[.,]00\D*$", ""), r"\D", "")
        if pc.any(pc.match_substring_regex(texts, _WITH_CENTS)).as_py() and pc.any(pc.equal(digits, units)).as_py():
            return
    most = pc.max(pc.abs(owed)).as_py()
    yield Doubt(
        f"none of the {len(owed):,} open balances has decimals, the largest being {most:,.0f} {codes[0]}: if the file "
        "has them in cents, they are read as a hundred times what is owed. Compare one with its invoice, and export "
        "the amounts as they stand on the invoices"
    )


def negative_debts(case: Case) -> Iterator[Doubt]:
    """Yield invoices that are mostly negative: what customers owe would be reported as what is owed to them."""
    for said in note_negative_debts(case.rows, case.source, case.settings):
        yield Doubt(said)


def foreign_headings(case: Case) -> Iterator[Doubt]:
    """Yield headings of amounts that name another currency than the rows have."""
    currency = arrow.to_text_array(case.rows["currency"])
    codes = {*currency.unique().to_pylist()}
    for column in ("balance", "amount", "debit", "credit", "paid"):
        header = case.headers.get(column) or case.settings.columns.get(column, "")
        if others := contradict(named_currencies(header), codes):
            count = pc.sum(pc.is_in(currency, value_set=pa.array(others, pa.large_string()))).as_py()
            yield Doubt(
                f"the heading {header!r} names a different currency from {', '.join(others[:MOST_NAMED])}, in which "
                f"{count:,} {'row is' if count == 1 else 'rows are'} read. Correct `currency`, or name another column",
            )
        elif len(codes) > 1 and is_in_own_currency(header):
            yield Doubt(
                f"the column {header!r} seems to be in the company's own currency, and the rows are in "
                f"{', '.join(sorted(codes)[:MOST_NAMED])}. Name the column in the invoices' own currency",
            )


def running_balances(case: Case) -> Iterator[Doubt]:
    """Yield a balance that runs on from row to row, so it is that of an account."""
    header = case.headers.get("balance")
    if header is None:
        return
    first = case.rows.head(SAMPLE)
    others = {name: arrow.to_text_array(first[name]) for name in case.unused}
    if "amount" in case.headers:
        others[case.headers["amount"]] = _as_texts(first["amount"])
    owed = _as_texts(first["balance"])
    moves = find_moves(owed, others)
    if not moves and case.settings.sign and pc.any(pc.starts_with(owed, "-")).as_py():
        # That column may have been taken for its sign, which it has already.
        moves = find_moves(pc.replace_substring(owed, "-", ""), others)
    if moves:
        yield Doubt(
            f"the column {header!r} runs on by {' and '.join(moves)} from row to row, so it is not what is open of "
            "each invoice. Name another column as `balance`, or export the list of open invoices",
        )


def _as_texts(column: pd.Series) -> pa.Array:
    return pc.fill_null(pc.cast(arrow.as_single_chunk(pa.array(column)), pa.large_string()), "")


def sides_apart(case: Case) -> Iterator[Doubt]:
    """Yield a balance read from debit or credit alone: amounts in the other would be lost."""
    header = case.headers.get("balance", "")
    other = other_side(header, case.unused)
    if other and pc.any(pc.match_substring_regex(arrow.to_text_array(case.rows[other]), "[1-9]")).as_py():
        yield Doubt(
            f"the balance is read from {header!r} alone, and {other!r} has amounts as well. Set columns.debit = "
            f"{quote(header)} and columns.credit = {quote(other)} instead of columns.balance",
            other,
        )
