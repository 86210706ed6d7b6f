"""The geometry of the page's charts; the template draws them as SVG, and the style sheet adds the colours.

Places are hundredths of the drawing's own width or height, so a chart fits any window while its text keeps its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from arfeed.model.currencies import format_amount, minor_digits
from arfeed.model.figures import BUCKETS

_ZERO = Decimal(0)
# The round numbers of an axis, up to the next power of ten.
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
_INTERVALS = 4
"""At most this many steps between the ticks of an axis, so that their labels fit on a phone."""

_UNITS = {0: "", 3: " k", 6: " m", 9: " bn", 12: " tn"}
_LONGEST = 18
"""How many characters fit beside a bar on a phone; the table below the chart shows longer amounts in full."""

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bucket: `colour` is the number of its `--age-…` variable."""

    bucket: str
    colour: int
    label: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Ageing:
    """A chart of what is owed by bucket. `room` names the CSS class that leaves room for the longest label."""

    title: str
    description: str
    bars: Sequence[Bar]
    zero: float
    room: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A label of an axis, and a second line below it."""

    at: float
    label: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """What was open after one run."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Course:
    """How much was open after each of the last runs."""

    title: str
    description: str
    points: Sequence[Point]
    amounts: Sequence[Tick]
    dates: Sequence[Tick]
    zero: float


def ageing(currency: str, owed: Mapping[str, Decimal]) -> Ageing:
    """Lay out what is owed by bucket. The last bucket is drawn only if `owed` has it."""
    amounts = {bucket: owed.get(bucket, _ZERO) for bucket in BUCKETS if bucket in owed or bucket != BUCKETS[-1]}
    # 0 is always within: bars begin there, and a credit's bar goes the other way.
    low, high = min(_ZERO, *amounts.values()), max(_ZERO, *amounts.values())
    zero = _percent(_ZERO, low, high)
    bars = []
    for colour, (bucket, amount) in enumerate(amounts.items()):
        # The smallest bar is visible, too.
        width = max(round(abs(_percent(amount, low, high) - zero), 2), 0.5) if amount else 0.0
        left = round(zero - width, 2) if amount < 0 else zero
        bars.append(Bar(bucket, colour, _beside(amount, currency), left, width))
    longest = max(len(bar.label) for bar in bars)
    room = "narrow" if longest <= 8 else "middle" if longest <= 13 else "wide"
    description = "; ".join(f"{bucket}: {format_amount(amount, currency)}" for bucket, amount in amounts.items())
    return Ageing(f"Owed in {currency} by days past due", description, bars, zero, room)


def course(currency: str, balances: Sequence[tuple[datetime, Decimal]]) -> Course:
    """Lay out how much was open after each of the last runs, at least one, the oldest first."""
    # Half a yen is not an amount, however small the sums are.
    smallest = Decimal(1).scaleb(-minor_digits().get(currency, 2))
    return _course(f"Open in {currency}", balances, smallest, lambda amount: format_amount(amount, currency))


def course_of_numbers(title: str, numbers: Sequence[tuple[datetime, Decimal]]) -> Course:
    """Lay out a whole number of each of the last runs, at least one, the oldest first."""
    return _course(title, numbers, Decimal(1), "{:,}".format)


def _course(
    title: str, values: Sequence[tuple[datetime, Decimal]], smallest: Decimal, write: Callable[[Decimal], str]
) -> Course:
    (first, was), (last, now) = values[0], values[-1]
    amounts = [amount for _, amount in values]
    # From 0, or a small rise would fill the whole height.
    ticks = _round_amounts(min(_ZERO, *amounts), max(_ZERO, *amounts), smallest)
    low, high = ticks[0], ticks[-1]
    points = [
        Point(
            _moment(at, first, last),
            round(100 - _percent(amount, low, high), 2),
            f"{at:%Y-%m-%d %H:%M}: {write(amount)}",
        )
        for at, amount in values
    ]
    largest = max(abs(low), abs(high))
    return Course(
        f"{title} over the last {len(points)} runs",
        f"{write(was)} on {first:%Y-%m-%d}, {write(now)} on {last:%Y-%m-%d}",
        points,
        [Tick(round(100 - _percent(tick, low, high), 2), shorten(tick, largest)) for tick in ticks],
        [*_label_moments(_round_moments(first, last), first, last)],
        round(100 - _percent(_ZERO, low, high), 2),
    )


def shorten(amount: Decimal, largest: Decimal) -> str:
    """Write a round amount in the unit of the largest on the same axis: `0.5 m`, `7,500`, `2×10¹⁸`."""
    # One unit for the whole axis, in powers of a thousand: "0.5 m" below "2 m" is read faster than "500 k".
    power = largest.adjusted() // 3 * 3 if largest >= 10_000 else 0
    if not amount:
        return "0"
    number = f"{amount.scaleb(-power).normalize():,f}".replace("-", "−")
    return number + _UNITS.get(power, f"×10{str(power).translate(_SUPERSCRIPTS)}")


def _beside(amount: Decimal, currency: str) -> str:
    """Return the label of a bar."""
    if not amount:
        return "–"
    label = format_amount(amount, currency)
    if len(label) <= _LONGEST:
        return label
    rounded = Decimal(f"{amount:.2e}")
    return shorten(rounded, abs(rounded))


def _percent(amount: Decimal, low: Decimal, high: Decimal) -> float:
    """Return where an amount lies between two others, in hundredths: a position, no longer money."""
    return round(float((amount - low) / (high - low) * 100), 2) if high > low else 0.0


def _round_amounts(low: Decimal, high: Decimal, smallest: Decimal) -> list[Decimal]:
    """Return round amounts in equal steps that enclose both, and 0 among them."""
    if high == low:
        return [_ZERO]
    rough = max((high - low) / _INTERVALS, smallest)
    power = Decimal(1).scaleb(rough.adjusted())
    steps = (step * power for step in _STEPS if step * power >= rough)
    # Two and a half of what can't be split is not a tick; of tens and more there is always a whole number.
    step = next(step for step in steps if step >= 10 * smallest or step % smallest == 0)
    first = int((low / step).to_integral_value(ROUND_FLOOR))
    last = int((high / step).to_integral_value(ROUND_CEILING))
    return [step * number for number in range(first, last + 1)]


def _moment(at: datetime, first: datetime, last: datetime) -> float:
    """Return where a moment lies between two others, in hundredths."""
    return round((at - first) / (last - first) * 100, 2) if last > first else 50.0


def _round_moments(first: datetime, last: datetime) -> list[datetime]:
    """Return round moments between two: minutes, hours or days apart, or months that begin."""
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    for minutes in (5, 15, 30, *(60 * hours for hours in (1, 2, 3, 6, 12, 24, 48, 96, 168, 240, 336, 504))):
        step = timedelta(minutes=minutes)
        if (last - first) / step <= _INTERVALS:
            # Steps within a day count from midnight, and longer ones from the first day.
            align = min(step, timedelta(days=1))
            start = midnight - (midnight - first) // align * align
            return [start + number * step for number in range(_INTERVALS + 1) if start + number * step <= last]
    following = 12 * first.year + first.month  # the month after, counted from 0
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 240, 600):
        numbers = range(-(-following // months) * months, 12 * last.year + last.month, months)
        if len(numbers) <= _INTERVALS + 1:
            return [midnight.replace(year=number // 12, month=number % 12 + 1, day=1) for number in numbers]
    return []


def _label_moments(moments: Sequence[datetime], first: datetime, last: datetime) -> Iterator[Tick]:
    """Label moments, with the day or the year below if it differs from that of the tick before."""
    moments = moments or [first]
    before = ""
    by_day = all((at.hour, at.minute) == (0, 0) for at in moments)
    for at in moments:
        day = f"{at.day} {at:%b}"
        label, below = (day, str(at.year)) if by_day else (f"{at:%H:%M}", day)
        yield Tick(_moment(at, first, last), label, below if below != before else "")
        before = below
