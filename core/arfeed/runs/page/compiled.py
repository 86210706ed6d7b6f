"""Templates as they were compiled, kept in the user's cache folder: to compile takes longer than to fill them.

What is kept counts only for exactly this text, this arfeed and this Jinja, and only if it is as it was written.
"""

from __future__ import annotations

import hashlib
import inspect
import os
from contextlib import suppress
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2 import compiler as jinja_compiler
from jinja2.bccache import Bucket

_DIGEST = hashlib.sha256().digest_size


class CompiledTemplates(BytecodeCache):
    """Compiled templates in a folder; where there can't be one, each page compiles for itself."""

    def __init__(self, maker: str) -> None:
        """Keep templates compiled by the code in the file `maker`, whose options they depend on."""
        # Jinja itself compares the text only, and not who compiled it with which options.
        makers = [Path(maker).read_bytes(), Path(inspect.getfile(jinja_compiler)).read_bytes()]
        self._made_by = hashlib.sha256(b"\0".join(makers)).hexdigest()[:16]

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load what is kept; leave the bucket empty if there is nothing of use."""
        with suppress(OSError, RuntimeError):
            kept = (_folder() / self._name(bucket)).read_bytes()
            # A damaged file must not be run, and must not cost the page.
            if hashlib.sha256(kept[_DIGEST:]).digest() == kept[:_DIGEST]:
                bucket.bytecode_from_string(kept[_DIGEST:])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        compiled = bucket.bytecode_to_string()
        with suppress(OSError, RuntimeError):
            file = _folder() / self._name(bucket)
            part = file.with_name(f".{file.name}.{os.getpid()}.part")
            part.write_bytes(hashlib.sha256(compiled).digest() + compiled)
            os.replace(part, file)  # noqa: PTH105 - Path.replace says the same; this is the call that is atomic

    def _name(self, bucket: Bucket) -> str:
        return f"{self._made_by}-{bucket.key}"


def _folder() -> Path:
    """Return the folder. Raise `OSError` unless it is the user's own, since what it holds is run."""
    from platformdirs import user_cache_path

    folder = user_cache_path("arfeed") / "templates"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    held = folder.stat()
    if hasattr(os, "getuid") and (held.st_uid != os.getuid() or held.st_mode & 0o022):
        raise PermissionError(f"{folder} belongs to others, too")
    return folder
