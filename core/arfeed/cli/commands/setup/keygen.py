"""`arfeed keygen`: a key pair to log in with, and what to do with its halves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from arfeed.cli.display.output import console, print_json
from arfeed.cli.options import Json

if TYPE_CHECKING:
    from pydantic import SecretStr

    from arfeed.sftp.keys import KeyPair

PASSPHRASE = "ARFEED_PASSPHRASE"  # noqa: S105 - the variable's name

File = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="Where the private key goes: ~/.ssh/arfeed_ed25519 by default."),
]
Kind = Annotated[
    Literal["ed25519", "rsa"], typer.Option("--type", help="rsa (4096 bits) only if a server supports nothing newer.")
]
Passphrase = Annotated[
    bool, typer.Option("--passphrase", help=f"Protect the key; asks, unless {PASSPHRASE} is set in the environment.")
]


def keygen(file: File = None, kind: Kind = "ed25519", passphrase: Passphrase = False, as_json: Json = False) -> None:
    """Make a key pair for SFTP. Overwrites nothing; prints what to send to the receiver and what to configure."""
    from arfeed.sftp.keys import make_key_pair

    # Absolute, since the line for plugins.toml is copied into another folder's file.
    target = (file or Path("~/.ssh", f"arfeed_{kind}")).expanduser().absolute()
    pair = make_key_pair(target, kind, _passphrase() if passphrase else None)
    _report(pair, beside_json=as_json, protected=passphrase)
    if as_json:
        print_json(
            {
                "type": kind,
                "private_key": str(pair.file),
                "public_key_file": str(pair.public_file),
                "public_key": pair.public_key,
                "fingerprint": pair.fingerprint,
            }
        )


def _passphrase() -> SecretStr:
    from pydantic import SecretStr

    given = os.environ.get(PASSPHRASE)
    # Asked on stderr, since stdout may be a JSON document; never an option, which shells and process lists keep.
    return SecretStr(given or typer.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True))


def _report(pair: KeyPair, *, beside_json: bool, protected: bool) -> None:
    lines = [
        f"✓ {pair.file} is the private key: it stays on this machine, and nobody else may read it.",
        f"✓ {pair.public_file} is the public key, with the fingerprint {pair.fingerprint}:",
        "",
        f"  {pair.public_key}",
        "",
        "Send the receiver (for Kolleno: its support) the public key, and nothing else. Ask them for the host, the "
        "username and the fingerprint of the server's host key. Then write into plugins.toml:",
        "",
        "  [destination]",
        '  url = "sftp://USERNAME@HOST"',
        # In single quotes, in which TOML leaves the backslashes of a Windows path alone.
        f"  private_key = '{pair.file}'",
        *([f'  passphrase = "${{{PASSPHRASE}}}"'] if protected else []),
        '  known_hosts = "~/.ssh/known_hosts"',
        "",
        "`arfeed check` tries it, and shows the line that known_hosts lacks.",
    ]
    console(beside_json=beside_json).print("\n".join(lines), markup=False)
