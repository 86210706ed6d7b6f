"""The page of a receiver that was left running: its books, how to log in, and its faults to switch."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from html import escape
from types import NoneType
from typing import TYPE_CHECKING, get_args

from arfeed.delivery.rehearsal.switches import Switches

if TYPE_CHECKING:
    from arfeed.delivery.rehearsal.books import Books
    from arfeed.delivery.rehearsal.receiver import Receiver

MOST_ROWS = 200
"""This many rows of a table are shown; all of them are in books.json."""

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --line: #767676; --soft: #f2f2f2; --link: #0b57a4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #121212; --line: #8c8c8c; --soft: #262626; --link: #8ab8f0; }
}
html { color: var(--ink); background: var(--paper); }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
a { color: var(--link); }
h2 { margin-top: 2.5rem; }
pre { background: var(--soft); padding: .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: .5rem 0; }
caption { text-align: left; padding: .25rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left; }
th, td { overflow-wrap: anywhere; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
form p { margin: .5rem 0; }
input, button { font: inherit; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
"""


def page(name: str, at: Receiver, books: Books, switches: Switches, token: str) -> str:
    """Return the page as HTML. `token` proves to the server that a form was its own."""
    title = f"Rehearsal receiver {name}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        "<p>A receiver on this machine, which marks as paid what a report no longer lists. Nothing leaves it. "
        '<a href="/">Look again</a> · <a href="/books.json">books.json</a> · '
        '<a href="/faults.json">faults.json</a></p>',
        _summary(books),
        _reports(books),
        _describe_changes(books),
        f"<h2>Deliver to it</h2>\n<pre>{escape(destination_block(at))}</pre>",
        f"<p>Any SFTP client may log in:</p>\n<pre>{escape(sftp_command(at))}</pre>",
        _faults(switches, token),
        _lists(books),
    ]
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/style.css"></head>\n<body><main>\n'
        + "\n".join(parts)
        + "\n</main></body></html>\n"
    )


def destination_block(at: Receiver) -> str:
    """Return the lines of plugins.toml that lead to a receiver."""
    lines = {"url": at.url, "private_key": str(at.private_key), "known_hosts": str(at.known_hosts)}
    # A string of JSON is one of TOML, too, whatever the path holds.
    return "\n".join(
        ["[destination]", 'use = "kolleno"', 'mode = "open-ar"']
        + [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in lines.items()]
    )


def sftp_command(at: Receiver) -> str:
    """Return the command with which OpenSSH's client logs in to a receiver."""
    hosts = f'UserKnownHostsFile="{at.known_hosts}"'  # ssh itself splits the value at blanks
    return shlex.join(["sftp", "-i", str(at.private_key), "-o", "IdentitiesOnly=yes", "-o", hosts, at.url])


def _summary(books: Books) -> str:
    matched = sum(ref is not None for ref in books.documents.values())
    rows = [
        ("Open", len(books.open)),
        ("Paid, because a report left them out", len(books.paid_by_absence)),
        ("Reopened: paid by absence once, and back in a report", len(books.reopened)),
        ("PDFs whose invoice it found", matched),
        ("PDFs without an invoice", len(books.documents) - matched),
        ("Reports received", len(books.reports)),
        ("Reports that it could not read", len(books.rejected)),
    ]
    return "<h2>What it believes</h2>\n" + _table("Counts", ["", "number"], rows)


def _reports(books: Books) -> str:
    header = ["report", "received", "listed", "new", "paid by absence", "reopened"]
    rows = [
        (one.report, one.at, one.listed, one.new, one.paid_by_absence, one.reopened) for one in books.bookings[::-1]
    ]
    html = "<h2>Reports</h2>\n" + _table("What each report did, the newest first", header, rows)
    if books.rejected:
        html += _table("Could not be read; they changed nothing", ["report", "why"], [*books.rejected.items()])
    return html


def _describe_changes(books: Books) -> str:
    paid, back = [*books.paid_by_absence.items()][::-1], [*books.reopened.items()][::-1]
    return (
        "<h2>Paid by absence, and reopened</h2>\n"
        + _table("Paid, because a report left them out", ["invoice", "missing from"], paid)
        + _table("Paid by absence once, and reopened", ["invoice", "back in"], back)
    )


def _lists(books: Books) -> str:
    documents = [(name, ref or "none, or several") for name, ref in books.documents.items()]
    return (
        "<h2>Open invoices and PDFs</h2>\n"
        + _table("Open", ["invoice", "balance"], [*books.open.items()])
        + _table("PDFs", ["file", "invoice"], documents)
    )


def _table(caption: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    if not rows:
        return f"<p>{escape(caption)}: none.</p>\n"
    head = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in header)
    body = "".join(f"<tr>{_cells(row)}</tr>\n" for row in rows[:MOST_ROWS])
    html = (
        f"<table><caption>{escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"
    )
    if len(rows) > MOST_ROWS:
        html += f'<p>… and {len(rows) - MOST_ROWS} more in <a href="/books.json">books.json</a>.</p>\n'
    return html


def _cells(row: Iterable[object]) -> str:
    first, *others = row
    kinds = ["" if isinstance(cell, str) else ' class="number"' for cell in others]
    cells = [f"<td{kind}>{escape(str(cell))}</td>" for kind, cell in zip(kinds, others, strict=True)]
    return f'<th scope="row">{escape(str(first))}</th>' + "".join(cells)


def _faults(switches: Switches, token: str) -> str:
    inputs = "".join(_input(name, switches) for name in Switches.model_fields)
    return (
        '<h2 id="faults">Faults</h2>\n<form method="post" action="/faults">\n'
        f'<input type="hidden" name="token" value="{escape(token)}">\n'
        f"<fieldset><legend>What goes wrong at the receiver, from now on</legend>\n{inputs}</fieldset>\n"
        '<p><button name="do" value="switch">Switch</button> '
        '<button name="do" value="off">All off</button></p>\n</form>'
    )


def _input(name: str, switches: Switches) -> str:
    field, value = Switches.model_fields[name], getattr(switches, name)
    label = f'<label for="{name}">{escape(field.description or name)}</label>'
    if field.annotation is bool:
        checked = " checked" if value else ""
        return f'<p><input type="checkbox" id="{name}" name="{name}" value="true"{checked}> {label}</p>\n'
    if NoneType in get_args(field.annotation):
        least = 0 if name == "disk_full_after" else 1
        shown = "" if value is None else value
        return f'<p>{label} <input type="number" min="{least}" id="{name}" name="{name}" value="{shown}"></p>\n'
    return f'<p>{label} <input type="text" id="{name}" name="{name}" value="{escape(", ".join(value))}"></p>\n'
