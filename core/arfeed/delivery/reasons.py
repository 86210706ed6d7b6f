"""Why one file could not be published, in the words of whoever has to settle it."""

from __future__ import annotations

import errno


def reason(exc: Exception) -> str:
    """Say why one file could not be published, and what would help."""
    match exc:
        case FileExistsError():
            return "a file of that name is there already, which arfeed did not deliver; it was left as it is."
        case PermissionError():
            return "the server does not allow it. Ask the receiver for the right to write and rename there."
        case FileNotFoundError():
            return "the folder is not there. Check the path in destination.url, or ask the receiver to make it."
        case OSError(errno=errno.ENOTSUP):
            return (
                "the server can't replace a file by renaming another; the old one still stands. Ask the receiver, or "
                'set publish = "direct" in [destination].'
            )
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return "the receiver's disk or quota is full. Ask the receiver for space."
        case OSError():
            return f"the server answered {exc.strerror or str(exc)!r}. Its disk or quota may be full; ask the receiver."
    return str(exc)
