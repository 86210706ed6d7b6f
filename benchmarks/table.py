"""The results as one Markdown table, for the terminal and for docs/performance.md."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.contest import Contest, Pair, Run

DOCS = Path(__file__).parents[1] / "docs" / "performance.md"
START, END = "<!-- benchmarks: start -->", "<!-- benchmarks: end -->"

Row = tuple[str, ...]
HEADER = ("", "seconds", "peak MB", "arfeed takes", "its source takes", "target", "met")


def table(contest: Contest, size: str, pairs: Sequence[Pair]) -> str:
    """Return the Markdown of a contest; every figure is the median of its runs, a ratio that of its pairs."""
    rows = [HEADER, *_rows(contest, pairs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [" | ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    lines.insert(1, " | ".join(rule))
    return "\n".join([f"**{contest.title}, {size}**", "", *(f"| {line} |" for line in lines)])


def write(text: str) -> None:
    """Put the results between the two markers of docs/performance.md."""
    before, rest = DOCS.read_text("utf-8").split(START)
    _, after = rest.split(END)
    DOCS.write_text(f"{before}{START}\n{text}\n{END}{after}", "utf-8")


def _rows(contest: Contest, pairs: Sequence[Pair]) -> Iterator[Row]:
    ours = _typical([pair.ours for pair in pairs])
    limit = contest.megabytes
    memory = (f"< {limit} MB", _yes(ours.megabytes < limit)) if limit else ("", "")
    yield ("**arfeed sync**", *_figures(ours), "", "", *memory)
    yield ("of it, reading the source", f"{ours.reading:.1f}", "", "", "", "", "")
    for peer in contest.peers:
        met = [pair for pair in pairs if pair.peer is peer]
        whole = [pair.ours.seconds / pair.theirs.seconds for pair in met]
        reading = [pair.ours.reading / pair.theirs.seconds for pair in met]
        limited = median(reading if peer.reading_only else whole)
        target = (f"≤ {peer.limit:g} ×", _yes(limited <= peer.limit)) if peer.limit else ("", "")
        theirs = _figures(_typical([pair.theirs for pair in met]))
        yield (peer.name, *theirs, _ratio(whole), _ratio(reading), *target)


def _typical(runs: Sequence[Run]) -> Run:
    figures = ([run.seconds for run in runs], [run.megabytes for run in runs], [run.reading for run in runs])
    return Run(*map(median, figures))


def _ratio(ratios: Sequence[float]) -> str:
    return f"{median(ratios):.2f} × ({min(ratios):.2f}–{max(ratios):.2f})"


def _figures(run: Run) -> tuple[str, str]:
    return f"{run.seconds:.1f}", f"{run.megabytes:.0f}"


def _yes(met: bool) -> str:
    return "yes" if met else "no"
