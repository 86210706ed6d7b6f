"""The second witness: what this machine delivered last to each receiver, kept outside the history.

A history that was restored from a backup, or lost its last commits, does not know that it is behind. A small file in
the user's state folder does.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from platformdirs import user_state_path

VARIABLE = "ARFEED_STATE"
"""The environment variable that names another folder than the user's own."""

Shown = tuple[str, str, str]
"""A host key's fingerprint, a login, and the root with all links resolved."""


@dataclass(frozen=True, slots=True)
class Witness:
    """The last delivery from this machine to a receiver.

    `signs` are how the receiver identified itself, `sha256` is the hash of the receipt (or of the adopted report, if
    there is none), `history` the database that has the run.
    """

    destination: str
    signs: tuple[Shown, ...]
    run: str
    at: datetime
    sha256: str
    report: str
    open_count: int
    history: str

    def is_of(self, destination: str, signs: tuple[Shown, ...]) -> bool:
        """Whether it is about a receiver. A rehearsed one is known by its key, since its name may be used again."""
        by_name = destination == self.destination and not _is_rehearsed(destination)
        return by_name or not {*signs}.isdisjoint(self.signs)


def state_folder() -> Path:
    """Return the folder of the witnesses. Raise `OSError` if the user has no home folder."""
    named = os.environ.get(VARIABLE)
    folder = Path(named).absolute() if named else user_state_path("arfeed")
    if not folder.is_absolute():
        raise FileNotFoundError("there is no home folder")
    return folder / "receivers"


def read_witnesses() -> Iterator[Witness]:
    """Yield all witnesses. Raise `OSError` if one can't be read, `ValueError` naming a damaged file."""
    folder = state_folder()
    if not folder.exists():
        return
    # All of them: the receiver may have been delivered to under another address, which only the signs inside show. An
    # accounting firm has thousands, so by plain calls: Path takes four times as long.
    for name in sorted(os.listdir(folder)):  # noqa: PTH208
        if name.endswith(".json") and not name.startswith("."):
            yield _read(f"{folder}{os.sep}{name}")


def write_witness(witness: Witness) -> None:
    """Replace the receiver's last witness. Raise `OSError` if it can't be written."""
    folder = state_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".witness-")  # readable by its owner only
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor, not a path
            json.dump({**asdict(witness), "at": witness.at.isoformat()}, file, ensure_ascii=False, indent=1)
            file.flush()
            # Onto the disk before it replaces the last witness, or a power cut could leave an empty file in its
            # place.
            os.fsync(file.fileno())
        Path(name).replace(folder / _file_name(witness))
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(file: str) -> Witness:
    with open(file, "rb") as content:  # noqa: PTH123 - as above
        written = content.read()
    try:
        kept = json.loads(written.decode("utf-8"))
        at = datetime.fromisoformat(kept.pop("at"))
        signs = tuple((str(key), str(login), str(root)) for key, login, root in kept.pop("signs"))
        return Witness(at=at, signs=signs, **kept)
    except (ValueError, TypeError, AttributeError, KeyError) as exc:
        raise ValueError(f"{file} is damaged ({type(exc).__name__}: {exc})") from exc


def _file_name(witness: Witness) -> str:
    who = [witness.destination, *(witness.signs if _is_rehearsed(witness.destination) else ())]
    # One file for each receiver and address: a hash, since an address has characters that no file name may have.
    return f"{hashlib.sha256(json.dumps(who).encode()).hexdigest()[:32]}.json"


def _is_rehearsed(destination: str) -> bool:
    return destination.startswith("rehearsal://")
