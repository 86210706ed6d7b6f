"""What people read: on stderr if stdout has a JSON document, and on stdout otherwise."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterable, Mapping
from textwrap import indent
from typing import Any, NoReturn

from rich.console import Console
from rich.text import Text

from arfeed.model.errors import ArfeedError, RefusedError
from arfeed.model.text.legible import escape_json, make_legible

# Without a terminal rich assumes 80 columns, in which the tables of a plan would be folded.
_WIDTH_OF_A_LOG = 200


class _LegibleConsole(Console):
    """Escapes in every text what could move a terminal's cursor, and carries on if its reader has gone."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Render a text; of its control characters only line feeds keep their effect."""
        return super().render_str(make_legible(text, keep="\n"), **options)

    def on_broken_pipe(self) -> None:
        """Be silent from now on; the run continues, and its exit code does not change."""
        self.quiet = True
        _discard(sys.stderr if self.stderr else sys.stdout)


def console(*, beside_json: bool = False) -> Console:
    """Return the console for text that people read."""
    # No highlighting and no emoji: rich would colour numbers in invoices' texts, and turn :x: in a name into a
    # picture.
    target = _LegibleConsole(stderr=beside_json, highlight=False, soft_wrap=True, emoji=False)
    if not target.is_terminal:
        target.width = _WIDTH_OF_A_LOG
    return target


def complain(error: ArfeedError) -> None:
    """Print an expected error as a paragraph."""
    console(beside_json=True).print(f"arfeed: {error}", markup=False, style="red")


def refuse(text: str) -> NoReturn:
    """End with the exit code of a refused plan, which has been shown already."""
    complain(RefusedError(text))
    sys.exit(RefusedError.exit_code)


def print_json(document: object) -> None:
    """Print the one document that `--json` promises. A reader that has gone changes nothing."""
    stream = getattr(sys.stdout, "document", sys.stdout)  # as `masked_output` leads it, past what plugins print
    try:
        stream.write(_as_json(document) + "\n")
        stream.flush()
    except BrokenPipeError:
        _discard(stream)


def print_json_list(facts: Mapping[str, object], name: str, items: Iterable[object]) -> None:
    """Print a document as `print_json` does: some facts, and a long list that need not be in memory as a whole."""
    stream = getattr(sys.stdout, "document", sys.stdout)
    try:
        stream.write(f"{_as_json(facts)[:-2]},\n  {_as_json(name)}: [")
        for number, item in enumerate(items):
            stream.write(("," if number else "") + "\n" + indent(_as_json(item), "    "))
        stream.write("\n  ]\n}\n")
        stream.flush()
    except BrokenPipeError:
        _discard(stream)


def _as_json(value: object) -> str:
    return escape_json(json.dumps(value, ensure_ascii=False, indent=2))


def _discard(stream: Any) -> None:
    """Discard all further output, including what is buffered; report the error unless the reader has merely gone."""
    error = sys.exc_info()[1]
    # By descriptor, or Python would fail again when it flushes the stream at exit, and end with code 120.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    if isinstance(error, OSError) and error.errno != errno.EPIPE and stream is not sys.stderr:
        complain(ArfeedError(f"the output can't be written: {error.strerror}; the run itself is not affected"))
