"""Charts as SVG whose colours are the page's own, so that they follow light and dark."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from arfeed.model.currencies import written

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SVG = "http://www.w3.org/2000/svg"
_LINK = "{http://www.w3.org/1999/xlink}href"

_INK, _MUTED, _GRID, _LINE = "#00000a", "#00000b", "#00000c", "#00000d"
_BUCKETS = {
    "not due": "#0000a0",
    "1–30": "#0000a1",
    "31–60": "#0000a2",
    "61–90": "#0000a3",
    "over 90": "#0000a4",
    "no due date": "#0000a5",
}
"""Colours that nobody sees: each stands for a variable of the page's style sheet."""

_VARIABLES = {_INK: "--ink", _MUTED: "--muted", _GRID: "--grid", _LINE: "--line"} | {
    colour: f"--age-{number}" for number, colour in enumerate(_BUCKETS.values())
}
_STYLE: dict[Any, object] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "text.parse_math": False,
    "text.color": _INK,
    "axes.edgecolor": _GRID,
    "axes.labelcolor": _MUTED,
    "xtick.color": _MUTED,
    "ytick.color": _INK,
    "grid.color": _GRID,
}


_FACE = re.compile(r"font-family: [^;]*;? *")
"""It is the page's; only the size is the drawing's."""


def ageing(currency: str, owed: Mapping[str, Decimal], key: str) -> str:
    """Draw what is owed by bucket. `key` keeps the parts of several charts of a page apart."""
    buckets = [bucket for bucket in _BUCKETS if bucket in owed or bucket != "no due date"]
    amounts = [owed.get(bucket, Decimal(0)) for bucket in buckets]

    def draw(axes: Axes) -> None:
        lengths = [float(amount) for amount in amounts]  # of bars; the amounts themselves are written as they are
        bars = axes.barh(buckets, lengths, color=[_BUCKETS[bucket] for bucket in buckets], height=0.66)
        for bar, amount in zip(bars, amounts, strict=True):
            end = (max(bar.get_width(), 0.0), bar.get_y() + bar.get_height() / 2)
            said = written(amount, currency) if amount else "–"
            axes.annotate(said, end, (5, 0), textcoords="offset points", va="center", annotation_clip=False)
        axes.invert_yaxis()
        axes.set_xlim(min(0.0, *lengths), max(0.0, *lengths) * 1.45 or 1)
        axes.axvline(0, color=_MUTED, linewidth=0.8)
        axes.set_xticks([])
        axes.tick_params(length=0, pad=6)
        axes.spines[:].set_visible(False)

    said = "; ".join(f"{bucket}: {written(amount, currency)}" for bucket, amount in zip(buckets, amounts, strict=True))
    return _drawn(draw, (4.6, 2.1), f"Owed in {currency} by days past due", said, key)


def balances(currency: str, points: Sequence[tuple[datetime, Decimal]], key: str) -> str:
    """Draw how much was open after each of the last runs."""

    def draw(axes: Axes) -> None:
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        heights = [float(amount) for _, amount in points]  # of points
        axes.plot([at for at, _ in points], heights, color=_LINE, marker="o", markersize=4, linewidth=1.8)  # type: ignore[arg-type]  # dates are units of matplotlib
        axes.set_ylim(min(0.0, *heights, 0.0) * 1.15, max(*heights, 0.0) * 1.15 or 1)
        axes.margins(x=0.06)
        dates = AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]  # matplotlib.dates is not typed yet
        axes.xaxis.set_major_locator(dates)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(dates, show_offset=False))  # type: ignore[no-untyped-call]  # likewise
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
        axes.grid(axis="y", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)

    first, last = points[0], points[-1]
    said = f"{written(first[1], currency)} on {first[0]:%Y-%m-%d}, {written(last[1], currency)} on {last[0]:%Y-%m-%d}"
    return _drawn(draw, (4.6, 2.1), f"Open in {currency} over the last {len(points)} runs", said, key)


def _short(value: float) -> str:
    for size, unit in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:,.3g} {unit}".replace("-", "−")
    return f"{value:,.3g}".replace("-", "−")


def _drawn(draw: Any, inches: tuple[float, float], title: str, said: str, key: str) -> str:
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # it speaks of its caches, which are nobody's concern here
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure: Figure = Figure(figsize=inches, layout="constrained")
        figure.patch.set_visible(False)
        axes = figure.subplots()
        axes.patch.set_visible(False)
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _adopted(buffer.getvalue(), title, said, key)


def _adopted(text: str, title: str, said: str, key: str) -> str:
    """Make a drawing a part of the page: its colours and fonts, names of its own, and words for who can't see it."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _LINK[1:].partition("}")[0])
    svg = ElementTree.fromstring(text)  # noqa: S314 - drawn just now, by matplotlib
    for part in list(svg):
        if part.tag == f"{{{_SVG}}}metadata":
            svg.remove(part)
    for part in svg.iter():
        _own(part, key)
    for name in ("width", "height"):
        svg.attrib.pop(name)
    svg.attrib |= {"role": "img", "aria-labelledby": f"{key}-title {key}-said"}
    for place, (tag, words) in enumerate({"title": title, "desc": said}.items()):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{key}-{'title' if tag == 'title' else 'said'}"})
        element.text = words
        svg.insert(place, element)
    return ElementTree.tostring(svg, encoding="unicode")


def _own(part: ElementTree.Element, key: str) -> None:
    if part.tag == f"{{{_SVG}}}style":
        part.text = ""  # it would hold for the whole page
    if part.tag == f"{{{_SVG}}}g":
        part.attrib.pop("id", None)
    elif "id" in part.attrib:
        part.set("id", f"{key}-{part.get('id')}")
    if _LINK in part.attrib:
        part.set(_LINK, part.attrib[_LINK].replace("#", f"#{key}-"))
    if "clip-path" in part.attrib:
        part.set("clip-path", part.attrib["clip-path"].replace("url(#", f"url(#{key}-"))
    if "style" in part.attrib:
        style = _FACE.sub("", part.attrib["style"])
        part.set("style", re.sub(r"#0000[0-9a-f]{2}", lambda colour: f"var({_VARIABLES[colour[0]]})", style))
