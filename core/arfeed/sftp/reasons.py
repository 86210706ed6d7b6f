"""Explaining to whoever has to fix it why a file could not be published."""

from __future__ import annotations

import errno

IRREPLACEABLE = (
    "the server can't replace a file by renaming another, so the old one stays. Ask the receiver to allow it (it is "
    'posix-rename in OpenSSH) or to take the old one away, or set publish = "direct" in [destination].'
)

TAKEN = (
    "a file of that name already exists that this history did not send; it was left as it is. Find out whose it "
    "is. If an earlier history of this feed sent it, `arfeed adopt --pdfs` takes it over with the last report; "
    "otherwise have it removed or renamed there."
)

SHARED_HANDLES = (
    "the server gives several open files one handle, so it would mix up what is written to them. What was under way "
    "was sent again, and from now on one file at once goes over each channel there. Tell the receiver: others who send "
    "many files at once may find them exchanged."
)

NO_RENAME = (
    "the server took the file and does not let us rename it. Ask the receiver for the right to rename, or set "
    'publish = "direct" in [destination].'
)


class WriteRefusedError(OSError):
    """The server opened a file, and then refused a part of its content, or to close it."""


def reason(exc: Exception) -> str:
    """Return why a file could not be published, and what would help."""
    match exc:
        case FileExistsError():
            return TAKEN
        case PermissionError():
            return "the server does not allow it. Ask the receiver for the right to write there."
        case FileNotFoundError():
            return "the folder is not there. Check the path in destination.url, or ask the receiver to make it."
        case OSError(errno=errno.ENOTSUP):
            return IRREPLACEABLE
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "the receiver's disk or quota is full. Ask the receiver for space."
        case OSError():
            return f"the server answered {exc.strerror or str(exc)!r}. Its disk or quota may be full; ask the receiver."
    return str(exc)
