"""The figures of a plan as tables and bars for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from rich.columns import Columns
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from arfeed.model.currencies import format_amount
from arfeed.model.figures import BUCKETS, Aged, Movement, Reason, Sum
from arfeed.model.text.legible import make_legible

NO_SOURCE = "(adopted report)"
IN_WORDS = {
    "paid": "paid, as the source says",
    "void": "void, as the source says",
    "draft": "back to draft, as the source says",
    "settled": "settled: listed with nothing open",
    "balance of 0": "listed with a balance of 0, unconfirmed",
    "source removed": "of a source that this feed no longer has",
    "gone": "no longer listed",
    "still open": "still open, as the source says when asked",
}
_BAR = 12
_EIGHTHS = " ▏▎▍▌▋▊▉"
_HEADINGS = ("last report", "+ new", "~ changed", "− missing", "= now")
_PARTS = {"before": "", "new": "green", "changed": "yellow", "missing": "red", "now": "bold"}
_COLOURS = ("green", "yellow", "dark_orange", "red", "bright_red", "cyan")


def movements(moves: Sequence[Movement], console: Console) -> Table:
    """Return by source and currency what there was, came, changed, went and is, in the widest layout that fits.

    Nothing is ever cut off: the widest layout has one line each; the next has counts below the amounts; the last has
    one line for each figure.
    """
    # Measured without limits: rich would otherwise shrink the table to fit, and cut amounts.
    unbounded = console.options.update(width=10_000)
    layouts = (_across(moves, between) for between in ("  ", "\n"))
    fitting = (table for table in layouts if Measurement.get(console, unbounded, table).maximum <= console.width)
    return next(fitting, None) or _down(moves)


def _across(moves: Sequence[Movement], between: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("source")
    table.add_column("")
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for move in moves:
        table.add_row(
            move.source or NO_SOURCE, move.currency, *(Text(between).join(cell) for cell in _cells(move, between))
        )
    return table


def _down(moves: Sequence[Movement]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for justify in ("left", "right", "right"):
        table.add_column(justify=justify)
    for move in moves:
        # Given to rich as Text, which is not read as markup.
        table.add_row(Text(make_legible(f"{move.source or NO_SOURCE} {move.currency}"), "bold"))
        for heading, cell in zip(_HEADINGS, _cells(move), strict=True):
            table.add_row(f"  {heading}", *cell)
    return table


def _cells(move: Movement, between: str = "") -> Iterator[list[Text]]:
    """Yield count and amount of each part, the amount first if the count goes below it."""
    for name, style in _PARTS.items():
        part: Sum = getattr(move, name)
        moved = f" ({move.moved:+,} moved)" if name == "changed" and move.moved else ""
        if not (part.documents or part.balance or moved):
            yield [Text("–", "dim")]
            continue
        cell = [Text(f"{part.documents:,}{moved}", "dim"), Text(format_amount(part.balance, move.currency), style)]
        yield cell[::-1] if between == "\n" else cell


def ageing(aged: Sequence[Aged]) -> RenderableType:
    """Return one bar chart for each currency, as many side by side as there is room for."""
    charts = [_chart(currency, [*rows]) for currency, rows in groupby(aged, attrgetter("currency"))]
    return Padding(Columns(charts, padding=(0, 3)), (0, 0, 0, 2))


def _chart(currency: str, rows: Sequence[Aged]) -> Table:
    owed = {aged.bucket: aged.owed for aged in rows}
    # By currency, since bars of two currencies can't be compared; 1 where all of them are 0, to divide by.
    most = max(abs(part.balance) for part in owed.values()) or Decimal(1)
    lines: list[tuple[Text, Text, Text]] = []
    for bucket, colour in zip(BUCKETS, _COLOURS, strict=True):
        part = owed.get(bucket)
        # Only credit notes usually lack a due date, so most feeds would show an empty line.
        if part is None and bucket == BUCKETS[-1]:
            continue
        balance = part.balance if part else Decimal(0)
        amount = Text(format_amount(balance, currency)) if part else Text("–", "dim")
        label = f"{currency} {bucket}" if bucket == BUCKETS[0] else f"{' ' * len(currency)} {bucket}"
        lines.append((Text(label), amount, Text(bar(balance / most), colour)))
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), show_header=False)
    # With its widths, or rich would measure every cell several times, which takes longer than to read a small source.
    table.add_column(no_wrap=True, width=max(label.cell_len for label, _, _ in lines))
    table.add_column(no_wrap=True, width=max(amount.cell_len for _, amount, _ in lines), justify="right")
    table.add_column(no_wrap=True, width=_BAR)
    for line in lines:
        table.add_row(*line)
    return table


def bar(share: Decimal, width: int = _BAR) -> str:
    """Draw a share of the width in eighths of a character; negative ones are hatched, and only 0 is blank."""
    if share < 0:
        # Another pattern and not only another colour, which a log does not have.
        return "░" * max(1, round(-share * width))
    eighths = max(round(share * width * 8), 1 if share else 0)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def reasons(found: Sequence[Reason]) -> Iterator[str]:
    """Write for each reason how many documents it explains, how much in each currency, and how good the evidence is."""
    for (reason, evidence), rows in groupby(found, attrgetter("reason", "evidence")):
        parts = [*rows]
        amounts = ", ".join(f"{format_amount(part.owed.balance, part.currency)} {part.currency}" for part in parts)
        count = sum(part.owed.documents for part in parts)
        yield f"{count:,} {evidence}: {IN_WORDS.get(reason, reason)}: {amounts}"
