"""What is known of makes of SFTP servers, from trying them: see the table in docs/delivery.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Make:
    """A make of server: how the name begins that it gives itself, the version that was tried, and what was seen.

    `shares_handles` says that it gives several open files one handle: then one may be open at once on a channel.
    """

    begins: str
    tried: str
    seen: str
    shares_handles: bool = False


_LOOKED_AT = "it renames onto taken names, so arfeed checks each name first"

_MAKES = (
    Make(
        "OpenSSH_", "OpenSSH 9.2", "its own SFTP server never renames onto a taken name; PDFs are replaced in one step"
    ),
    Make("dropbear_", "dropbear 2022.83", "its sessions are served by OpenSSH's sftp-server, and behave as it does"),
    Make("mod_sftp", "ProFTPD 1.3.8", "it never renames onto a taken name; PDFs are replaced in one step"),
    Make(
        "Erlang/",
        "Erlang/OTP 25.2.3",
        "it gives several open files one handle, so arfeed sends one at a time over each channel; changed PDFs "
        'stay as they were unless replace_by is "remove"',
        shares_handles=True,
    ),
    Make("Twisted_", "Twisted Conch 26.10", f'{_LOOKED_AT}; changed PDFs need replace_by = "rename"'),
    Make("rclone/", "rclone 1.60", f"{_LOOKED_AT}; blocks that it refuses are sent again in order"),
    Make("AsyncSSH_", "asyncssh 2.24", "it never renames onto a taken name; PDFs are replaced in one step"),
)


def find_make(software: str) -> Make | None:
    """Return the make of a server by the name it gives itself, None if arfeed was not tried with it.

    It is a name and no proof: behind OpenSSH's there may be another program's subsystem.
    """
    return next((make for make in _MAKES if software.startswith(make.begins)), None)
