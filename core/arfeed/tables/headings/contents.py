"""What the values of columns say where their headings do not: a due date, a customer's number, what is settled."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from arfeed.tables.headings.document_words import are_yes_and_no
from arfeed.tables.headings.normalize import header_words, normalize_header
from arfeed.tables.headings.synonyms import FLAGS
from arfeed.tables.headings.words import CLEARED, MISLEADING, SETTLED

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_CODE = r"^[\p{L}\d._/-]*\d[\p{L}\d._/-]*$"
_SHORT_CODE = r"^[\p{L}\d._/-]{1,12}$"
_WORDS = r"^\p{L}[\p{L}\p{M} ./'’-]*$"
_MOST_WORDS = 30
_FEW_WORDS = 6
_MOST_FLAGS = 3
_FEW_ROWS = 2
"""Rows that may well be one customer's in two spellings."""

_NO_NUMBERS = frozenset(
    (  # noqa: SIM905 - fifty quoted words are harder to read
        "zip plz postal postcode phone telephone telefon mobile fax vat tax iban bic terms days year rate percent "
        "group bank ust siret discount line item qty quantity"
    ).split()
)

_OF_CUSTOMERS = frozenset(
    (  # noqa: SIM905 - as above
        "konto account acct acc ac kunde kunden kd debitor debitoren debiteur deudor client cliente klant customer "
        "cust debtor party partner relatie contact tiers kund kontrahent odberatel asiakas"
    ).split()
)
"""Words of a heading that may be that of a customer's number, whatever it is called in full."""


def distinct_columns(texts: Mapping[str, pa.Array], headers: Sequence[str]) -> list[str]:
    """Return these headers without those whose values are, row by row, the values of one before them."""
    found: list[str] = []
    for header in headers:
        if not any(texts[header].equals(texts[known]) for known in found):
            found.append(header)
    return found


def find_by_values(
    chosen: Mapping[str, str], known: Collection[str], texts: Mapping[str, pa.Array]
) -> dict[str, list[str]]:
    """Return, for columns that are neither chosen nor `known`, the headers whose values may be theirs."""
    texts = _of_documents(chosen, texts)
    free = [header for header in texts if header not in chosen.values()]
    found: dict[str, list[str]] = {}
    if "due_on" not in (*chosen, *known) and "issued_on" in chosen:
        found["due_on"] = [name for name in free if _may_be_due(name, texts[name], texts[chosen["issued_on"]])]
    if "customer_id" not in (*chosen, *known) and "customer_name" in chosen:
        names = texts[chosen["customer_name"]]
        found["customer_id"] = [name for name in free if _may_number(name, texts[name], names)]
    return {column: headers for column, headers in found.items() if headers}


def _of_documents(chosen: Mapping[str, str], texts: Mapping[str, pa.Array]) -> Mapping[str, pa.Array]:
    """Return the texts without rows that lack a number or a customer, such as one of totals."""
    import pyarrow.compute as pc

    for name in ("invoice_ref", "customer_name"):
        if name in chosen and len(texts[chosen[name]]):
            filled = pc.not_equal(texts[chosen[name]], "")
            texts = {header: column.filter(filled) for header, column in texts.items()}
    return texts


def may_be_customer_numbers(numbers: pa.Array, names: pa.Array) -> bool:
    """Whether these may be the customers' numbers: nearly always the same for a name, and not one for several names.

    A customer's own reference differs from invoice to invoice; an account of the ledger is the same for all.
    """
    import numpy as np
    import pyarrow.compute as pc

    both = pc.and_(pc.not_equal(names, ""), pc.not_equal(numbers, ""))
    name, number = (np.asarray(texts.filter(both).dictionary_encode().indices, np.int64) for texts in (names, numbers))
    count = int(number.max(initial=-1)) + 1
    pairs = np.unique(name * count + number)
    by_name, by_number = np.bincount(pairs // max(count, 1)), np.bincount(pairs % max(count, 1), minlength=count)
    repeated = np.bincount(name) > 1
    several = int((by_name[repeated] > 1).sum())
    shared = int((by_number > 1).sum()) if len(name) > _FEW_ROWS else 0
    return 2 * several <= int(repeated.sum()) and 2 * shared <= count


def find_flags(texts: Mapping[str, pa.Array], headers: Sequence[str]) -> list[str]:
    """Return those of the headers whose columns say by yes or no what is paid or void."""
    return [
        name
        for name in headers
        if normalize_header(name) in FLAGS and len(texts[name].unique()) <= _MOST_FLAGS and _is_no_amount(texts[name])
    ]


def is_status(texts: pa.Array) -> bool:
    """Whether the values, none of which is blank, are few words and no dates."""
    words = texts.unique()
    return len(words) <= _MOST_WORDS and not any(True for _ in _readings(words))


def count_settled(rows: pd.DataFrame, header: str, balance: str) -> int:
    """Return how many rows have a day of payment, or what settled them, in a column, and a balance all the same."""
    import pyarrow.compute as pc

    from arfeed.model import arrow

    texts, amounts = (pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])) for name in (header, balance))
    return pc.sum(pc.and_(are_settled(header, texts), pc.match_substring_regex(amounts, "[1-9]"))).as_py() or 0


def are_settled(header: str, texts: pa.Array) -> pa.Array:
    """Return where a column of days of payment, or of what settled an invoice, has one."""
    import pyarrow.compute as pc

    from arfeed.tables.values.dates import means_none

    if normalize_header(header) in SETTLED:
        return pc.and_(pc.match_substring_regex(texts, r"\d"), pc.invert(means_none(texts)))
    return pc.invert(
        pc.match_substring_regex(texts, r"(?i)^(?:\W*|0+|no?|n[eo]in|non|nej|nie|f|false|open|none|null)$")
    )


def is_settled_header(header: str) -> bool:
    """Whether a header is a common one of the day of payment, or of what settled an invoice."""
    return normalize_header(header) in (*SETTLED, *CLEARED)


def are_codes(texts: pa.Array) -> bool:
    """Whether all values, at least one, are codes such as `D-10042`, and not names."""
    import pyarrow.compute as pc

    given = texts.filter(pc.not_equal(texts, ""))
    return len(given) > 0 and bool(pc.all(pc.match_substring_regex(given, _CODE)).as_py())


def are_lines(rows: pd.DataFrame, number: str, chosen: Mapping[str, str]) -> str | None:
    """Return the column that proves that rows of one number are the lines of an invoice; None if none does.

    They agree in all columns that are `chosen`, and such a column adds up to the amount or balance of each invoice.
    """
    import pyarrow.compute as pc

    from arfeed.model import arrow
    from arfeed.tables.values.amounts import parse_money

    if "balance" not in chosen or len(rows[[number, *chosen.values()]].drop_duplicates()) > rows[number].nunique():
        return None
    stated = [chosen[name] for name in ("amount", "balance") if name in chosen]
    for header in (str(name) for name in rows.columns if name not in (number, "origin", *chosen.values())):
        for mark in (None, ".", ","):
            read = {
                name: parse_money(pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])), mark)
                for name in (header, *stated)
            }
            if any(pc.any(parsed.wrong).as_py() or parsed.values.null_count for parsed in read.values()):
                continue
            values = rows[[number]].assign(**{name: parsed.values.to_pylist() for name, parsed in read.items()})
            sums, first = values.groupby(number)[header].sum(), values.groupby(number).first()
            if any((first[name] == sums).all() for name in stated):
                return header
    return None


def _is_no_amount(texts: pa.Array) -> bool:
    words = {word for word in texts.unique().to_pylist() if word}
    return bool(words) and (
        # Signs and codes of currencies may stand before an amount.
        words <= {"0", "1"} or not any(re.match(r"[^\W\d_]{0,3}[^\w]{0,4}\d", word) for word in words)
    )


def _readings(texts: pa.Array) -> Iterator[pa.Array]:
    """Yield the texts as dates, in each order that all of them fit."""
    import pyarrow.compute as pc

    from arfeed.tables.values.dates import ORDERS, parse_dates

    for order in ORDERS if len(texts) else ():
        parsed = parse_dates(texts, order, declared=True)
        if not pc.any(parsed.wrong).as_py() and parsed.values.null_count < len(texts):
            yield parsed.values


def _may_be_due(header: str, texts: pa.Array, issued: pa.Array) -> bool:
    """Whether these may be due dates: dates, none of them before the document's, and not all of them the same day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if header_words(header) & MISLEADING["due_on"] or not pc.any(pc.not_equal(texts, "")).as_py():
        return False
    for days in _readings(pa.concat_arrays([texts, issued])):
        due, since = days[: len(texts)], days[len(texts) :]
        if pc.all(pc.greater_equal(due, since)).as_py() and pc.any(pc.greater(due, since)).as_py():
            return True
    return False


def _may_number(header: str, texts: pa.Array, names: pa.Array) -> bool:
    """Whether these may be the customers' numbers: codes, always the same for the same name, and not few in all."""
    import pandas as pd
    import pyarrow.compute as pc

    if header_words(header) & (MISLEADING["customer_id"] | _NO_NUMBERS):
        return False
    # Of letters alone, such as Sage's ABC, only where the heading is that of a customer.
    of_customers = bool(header_words(header) & _OF_CUSTOMERS)
    if not pc.all(pc.match_substring_regex(texts, _SHORT_CODE if of_customers else _CODE)).as_py():
        return False
    if texts.equals(names) or any(True for _ in _readings(texts)):
        return False
    pairs = pd.DataFrame({"name": names.to_pandas(), "number": texts.to_pandas()})
    distinct = pairs.drop_duplicates()
    customers = distinct["name"].nunique()
    if len(distinct) != customers or not distinct["number"].nunique() * 2 > customers > 1:
        return False
    # If no customer has two rows, any code is always the same for a customer; only the heading can tell.
    return customers < len(pairs) or of_customers


def find_worded(texts: Mapping[str, pa.Array], headers: Sequence[str]) -> list[str]:
    """Return those of the headers whose columns have a word of letters in each row, few in all, and not yes and no.

    In a language whose words are not known, any of these may say what is paid.
    """
    import pyarrow.compute as pc

    found = []
    for name in headers:
        words = texts[name].unique()
        few = 1 < len(words) <= max(_FEW_WORDS, len(texts[name]) // 10)
        if not few or len(words) > _MOST_WORDS or are_yes_and_no(words.to_pylist()):
            continue
        if pc.all(pc.match_substring_regex(words, _WORDS)).as_py():
            found.append(name)
    return found
