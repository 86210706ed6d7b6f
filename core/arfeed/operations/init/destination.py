"""Where the report goes: the rehearsal on this machine, a folder, or Kolleno by SFTP with a key."""

from __future__ import annotations

from pathlib import Path

from arfeed.model.errors import ArfeedError
from arfeed.operations.init.answers import Answers, Asker
from arfeed.operations.init.draft import Draft, Line
from arfeed.operations.init.naming import slug
from arfeed.sftp.address import sftp_address
from arfeed.sftp.keys import make_key_pair

_CHOICES = {
    "rehearsal": "a receiver on this machine that behaves like Kolleno; nothing leaves the machine",
    "sftp": "Kolleno, by SFTP: its support gives you the address; a key can be made here",
    "folder": "a folder, for a look at the files or for something else to pick up",
}
_KEY = "~/.ssh/arfeed_ed25519"
_UNKNOWN = "sftp://USERNAME@HOST"


def fill(draft: Draft, answers: Answers, asker: Asker) -> None:
    """Put the destination into the draft."""
    to = answers.to or asker.choose(
        "Where does the report go?", "--to rehearsal, --to sftp://USER@HOST", _CHOICES, "rehearsal"
    )
    if to == "rehearsal" or to.startswith("rehearsal://"):
        _rehearsal(draft, to if "://" in to else f"rehearsal://{slug(draft.name)}")
    elif to == "sftp" or to.startswith("sftp://") or ("@" in to and "://" not in to):
        _sftp(draft, "" if to == "sftp" else to, answers, asker)
    else:
        folder = asker.ask("Which folder?", "--to FOLDER", "out") if to == "folder" else to
        draft.destination.append(Line("url", folder, "a folder; Kolleno's address would be sftp://USER@HOST"))


def _rehearsal(draft: Draft, url: str) -> None:
    draft.destination.append(Line("url", url, "a receiver on this machine, to rehearse with"))
    draft.notes += [
        "Kolleno's support gives you an address like the one below; `arfeed keygen` makes the key:",
        'url = "sftp://acme@sftp.example.com"',
        f'private_key = "{_KEY}"',
        'known_hosts = "~/.ssh/known_hosts"',
    ]


def _sftp(draft: Draft, said: str, answers: Answers, asker: Asker) -> None:
    question = "The address, as in sftp://USER@HOST? Blank if Kolleno's support has not sent it yet."
    address = said or asker.ask(question, "--to sftp://USER@HOST", "", _no_address)
    key = _key(draft, answers, asker)
    why = "to rehearse with, until Kolleno's support has sent the address"
    draft.destination += [
        Line("url", _as_url(address)) if address else Line("url", f"rehearsal://{slug(draft.name)}", why),
        *([Line("private_key", key, "its public half goes to the receiver")] if key else []),
        Line("known_hosts", "~/.ssh/known_hosts", "the server's key must be listed here"),
    ]
    # A feed that can be rehearsed today is worth more than one that waits for an address.
    if not address:
        draft.notes.append(f'url = "{_UNKNOWN}"')


def _as_url(address: str) -> str:
    return address if "://" in address else f"sftp://{address}"


def _no_address(text: str) -> str | None:
    if not text:
        return None
    try:
        sftp_address(_as_url(text))
    except ArfeedError as exc:
        return str(exc)
    return None


def _key(draft: Draft, answers: Answers, asker: Asker) -> str:
    """Return the key to log in with, made if it does not exist; blank for none."""
    if answers.key == "":
        return ""
    name = answers.key or _KEY
    file = Path(name).expanduser().absolute()
    # Never made anew: the receiver may know its public half already.
    if file.exists():
        asker.found(f"private_key: {name} already exists, and is used")
        public = file.with_name(f"{file.name}.pub")
        if public.exists():
            draft.send.append(public.read_text(encoding="utf-8").strip())
        return name
    if not asker.agree(f"Make a key pair, {name} and {name}.pub?"):
        return name
    # Without a passphrase, since runs start with nobody there to type one.
    pair = make_key_pair(file, "ed25519", None)
    asker.found(f"private_key: made {name}; it stays on this machine. Its fingerprint is {pair.fingerprint}")
    draft.send.append(pair.public_key)
    return name
