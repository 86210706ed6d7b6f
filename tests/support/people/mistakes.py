"""The mistakes that are likeliest, each made on purpose in a feed that is right but for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.feeds.command import write
from support.files.exports import SEVEN, XERO_44, XERO_IMPORT_TEMPLATE, document, xero
from support.servers.openssh import OpenSSH, make_key

FEED = """
plugins = ["xero", "folder", "transforms", "kolleno"]

[feed]
name = "acme-uk"

[sources.xero-uk]
use = "xero"
path = "exports/SalesInvoices.csv"
dates = "DMY"

[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""
FOLDER_SOURCE = '[sources.depot]\nuse = "folder"\npath = "open.csv"\ndates = "DMY"\ncurrency = "EUR"\n'
HEADER = "invoice_ref,customer_name,issued_on,balance\n"
ROWS = "A-1,Ada,31/03/2026,10.00\nA-2,Bob,01/04/2026,20.00\n"
TAIL = '\n[destination]\nuse = "kolleno"\nmode = "open-ar"\nurl = "out"\n'


@dataclass(frozen=True, slots=True)
class Mistake:
    """What was done wrong, how, and the command that says so."""

    what: str
    make: Callable[[Path], object] = lambda _: None
    command: Sequence[str] = ("plan",)
    at_server: Callable[[Path, OpenSSH], object] | None = None


def change(old: str, new: str) -> Callable[[Path], object]:
    """A word of plugins.toml that is another."""

    def make(folder: Path) -> None:
        config = folder / "plugins.toml"
        text = config.read_text(encoding="utf-8")
        assert old in text
        config.write_text(text.replace(old, new), encoding="utf-8")

    return make


def export(*documents: Sequence[dict[str, str]], header: Sequence[str] = XERO_44) -> Callable[[Path], object]:
    """Another export than the right one."""
    return lambda folder: xero(folder / "exports" / "SalesInvoices.csv", *documents, header=header)


def table(content: str, settings: str = FOLDER_SOURCE, encoding: str = "utf-8") -> Callable[[Path], object]:
    """A feed of a plain CSV file."""

    def make(folder: Path) -> None:
        write(folder, f'plugins = ["folder", "kolleno"]\n\n{settings}{TAIL}')
        folder.joinpath("open.csv").write_text(content, encoding=encoding)

    return make


def cut(folder: Path) -> None:
    file = folder / "exports" / "SalesInvoices.csv"
    file.write_bytes(file.read_bytes()[:-60])


def server(openssh: OpenSSH, **other: str) -> Callable[[Path], object]:
    """A destination on a real server, with something wrong about getting in."""
    lines = {
        "url": openssh.url(openssh.new_root()),
        "private_key": str(openssh.private_key),
        "known_hosts": str(openssh.known_hosts),
    }
    return change('url = "out"', "\n".join(f'{key} = "{value}"' for key, value in {**lines, **other}.items()))


def unknown_host(folder: Path, openssh: OpenSSH) -> None:
    folder.joinpath("known_hosts").touch()
    server(openssh, known_hosts="known_hosts")(folder)


def stranger(folder: Path, openssh: OpenSSH) -> None:
    make_key(folder / "arfeed_ed25519")
    server(openssh, private_key="arfeed_ed25519")(folder)


def open_key(folder: Path, openssh: OpenSSH) -> None:
    make_key(folder / "arfeed_ed25519").chmod(0o644)
    server(openssh, private_key="arfeed_ed25519")(folder)


def right(folder: Path) -> Path:
    """The feed without a mistake."""
    write(folder, FEED)
    xero(folder / "exports" / "SalesInvoices.csv", *SEVEN)
    return folder


MISTAKES = (
    Mistake("The command is typed in another folder.", lambda folder: (folder / "plugins.toml").unlink()),
    Mistake("A setting is misspelt.", change('dates = "DMY"', 'date = "DMY"')),
    Mistake("A source's plugin is not enabled.", change('"xero", ', "")),
    Mistake("A Windows path is in double quotes.", change("exports/SalesInvoices.csv", r"C:\Users\open.csv")),
    Mistake("The password's variable is not set.", change('url = "out"', 'url = "out"\npassword = "${SFTP_PASSWORD}"')),
    Mistake("The export has another name.", change("exports/SalesInvoices.csv", "exports/SalesInvoice.csv")),
    Mistake("Yesterday's export is still beside today's.", lambda folder: (
        xero(folder / "exports" / "SalesInvoices-2.csv", *SEVEN),
        change("SalesInvoices.csv", "SalesInvoices*.csv")(folder))),
    Mistake("The export is open in Excel or LibreOffice.",
            lambda folder: (folder / "exports" / ".~lock.SalesInvoices.csv#").touch()),
    Mistake("Xero's import template is taken for the export.", export(*SEVEN, header=XERO_IMPORT_TEMPLATE)),
    Mistake("Bills are exported instead of invoices.", export(document("B-1", Type="Bill"))),
    Mistake("The file is a web page that is called CSV or Excel.",
            lambda folder: (folder / "exports" / "SalesInvoices.csv").write_text("<html><table>")),
    Mistake("The download broke off.", cut),
    Mistake("Nothing says whether 3/04 is in April or in March.",
            lambda folder: (export(document("INV-1", InvoiceDate="3/04/2026", DueDate="4/05/2026"))(folder),
                            change('dates = "DMY"\n', "")(folder))),
    Mistake("Amounts are written with a comma.", table(HEADER.replace(",", ";") + "A-1;Ada;31/03/2026;1.234,56\n")),
    Mistake("The file is not in UTF-8.", table(HEADER + "A-1,Söhne,31/03/2026,10.00\n", encoding="cp1252")),
    Mistake("Nobody said what a file's headings mean.", table(HEADER.replace("balance", "Owed") + ROWS)),
    Mistake("Neither the file nor the settings name a currency.",
            table(HEADER + ROWS, FOLDER_SOURCE.replace('currency = "EUR"\n', ""))),
    Mistake("Two invoices have one number.", export(*SEVEN, document("inv-001", ContactName="Bob"))),
    Mistake("The server's key is not known yet.", command=("check",), at_server=unknown_host),
    Mistake("The receiver has another key than this one, or none yet.", command=("check",), at_server=stranger),
    Mistake("Others can read the private key.", command=("check",), at_server=open_key),
    Mistake("Yesterday's approval is typed again.", command=("sync", "--approve", "0-c8f635")),
)  # fmt: skip


def said(out: str, err: str, folder: Path) -> str:
    """Return the message, without what differs from machine to machine."""
    messages = re.findall(r"^arfeed: (.*)\Z", err.strip(), re.MULTILINE | re.DOTALL)
    text: str = messages[0] if messages else re.findall(r"^✗ (.*?)(?=^[✓!✗] |\Z)", out, re.MULTILINE | re.DOTALL)[0]
    text = text.replace(f"{folder}/", "").strip()
    for pattern, word in (
        (r"SHA256:[\w+/]+", "SHA256:…"),
        (r"ssh-ed25519 \S+", "ssh-ed25519 AAAA…"),
        (r"\[127\.0\.0\.1\]:\d+", "sftp.example.com"),
        (r"127\.0\.0\.1(?::\d+)?", "sftp.example.com"),
        (r"\(port \d+\)", "(port 22)"),
        (r"sftp://[\w%.-]+@sftp\.example\.com\S*?(?=:? |$)", "sftp://acme@sftp.example.com"),
        (r"log '?\w*'? in|let '\w+' log", "let 'acme' log"),
    ):
        text = re.sub(pattern, word, text)
    return text


def row(mistake: Mistake, text: str, code: int) -> str:
    """Return a row of the table."""
    cell = "<br>".join(f"`` {line.strip()} ``" for line in text.splitlines() if line.strip())
    return f"| {mistake.what} | {cell.replace('|', chr(92) + '|')} | {code} |"
