"""Who the receiver is: whether the history knows it by another address, and whether it has seen a later report."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from arfeed.delivery.remote import Remote
from arfeed.delivery.signs import Sign
from arfeed.history import witness
from arfeed.history.store import History
from arfeed.history.witness import Witness
from arfeed.model.errors import RefusedError
from arfeed.model.results import Forgotten
from arfeed.planning.receivers import says_same_receiver
from arfeed.plugins.config import Project
from arfeed.runs.context import RunContext, identity, is_rehearsed, normalized
from arfeed.sftp.address import is_local, local_path


@dataclass(frozen=True, slots=True)
class Recognized:
    """What is known of the receiver: its other addresses, a later delivery that the history lacks, and notes."""

    also_known: tuple[str, ...]
    forgotten: Forgotten | None
    notes: tuple[str, ...]


def recognize(project: Project, history: History, where: str, server: Remote) -> Recognized:
    """Ask the receiver who it is, and compare that with the history and with this machine's own witness."""
    signs = server.signs()
    also_known = same_receivers(project, history, where, server, signs)
    forgotten, notes = _forgotten(history, where, signs)
    return Recognized(also_known, forgotten, (*_joined(project, history), *notes))


def same_receivers(
    project: Project, history: History, where: str, server: Remote, signs: tuple[Sign, ...] | None = None
) -> tuple[str, ...]:
    """Return the other destinations of this history that lead to the same receiver.

    One is the same that has shown the same host key, login and root, or would show them by known_hosts where an older
    arfeed has noted none; or is the same folder of this machine, or the same address spelled otherwise. `signs` are
    what the receiver shows, where it has been asked already.
    """
    others = [each for each in history.receivers.destinations() if each != where]
    if not others or is_rehearsed(where):
        return ()
    signs, address = server.signs() if signs is None else signs, identity(project)
    same = history.receivers.showing(signs)
    if same.isdisjoint(others) and signs and not history.receivers.alike(signs[0]).isdisjoint(others):
        # known_hosts may list another key of the same server under this name
        same = history.receivers.showing(server.signs(all_keys=True))
    noted = history.receivers.noted()
    return tuple(
        each
        for each in others
        if each in same
        or normalized(each) == address
        or _same_folder(each, address)
        or (each not in noted and not {*signs}.isdisjoint(server.signs_of(each)))
    )


def refuse_same_receiver(context: RunContext, server: Remote) -> None:
    """Raise `RefusedError` where the receiver is known under another address: its histories have to be joined first."""
    if known := same_receivers(context.project, context.history, context.destination, server):
        raise RefusedError(f"same-receiver: {says_same_receiver(context.destination, known)}")


def note_receiver(context: RunContext, server: Remote) -> tuple[Sign, ...]:
    """Remember what the receiver shows itself to be, before anything is delivered there; return that."""
    signs = server.signs()
    if not is_rehearsed(context.destination):
        context.history.receivers.note(context.destination, signs, context.clock())
    return signs


def leave_witness(
    context: RunContext, signs: tuple[Sign, ...], run: str, report: str, open_count: int, proof: str
) -> None:
    """Note outside the history what was delivered; `proof` is the receipt's hash. Where that can't be, go on."""
    try:
        witness.leave(
            Witness(
                context.destination,
                signs,
                run,
                context.clock(),
                proof,
                report,
                open_count,
                context.history.receivers.history,
            )
        )
    except OSError as exc:
        context.progress.warn(
            f"the delivery could not be noted outside the history ({exc}), so a history restored from an older backup "
            f"would not be noticed. Name a folder that can be written to in {witness.VARIABLE}"
        )


def _forgotten(history: History, where: str, signs: tuple[Sign, ...]) -> tuple[Forgotten | None, tuple[str, ...]]:
    """Return the last delivery from this machine that the history does not know, and what could not be looked at."""
    try:
        kept = [each for each in witness.witnesses() if each.is_of(where, signs)]
    except (OSError, ValueError) as exc:
        return None, (
            f"what this machine delivered last can't be looked up: {exc}. A history that was restored from an older "
            f"backup would not be noticed; fix that, or name another folder in {witness.VARIABLE}",
        )
    unknown = [each for each in kept if not history.receivers.counts(each.run)]
    if not unknown:
        return None, ()
    last, known = max(unknown, key=lambda each: each.at), history.receivers.latest(where)
    elsewhere = last.history if last.history != history.receivers.history else None
    run, at = known or (None, None)
    return Forgotten(last.run, last.at, last.report, last.open_count, elsewhere, run, at), ()


def _joined(project: Project, history: History) -> Iterable[str]:
    """Say under which name the history keeps this address, where that is another."""
    address = identity(project)
    if joined := history.receivers.joined(address):
        where, by, at = joined
        yield f"{address} is kept in this history as {where}, joined by {by} on {at:%Y-%m-%d}"


def _same_folder(other: str, address: str) -> bool:
    """Whether two addresses are one folder of this machine, through whatever links, mounts or letter case."""
    if not (is_local(other) and is_local(address)):
        return False
    with suppress(OSError, ValueError):
        return Path(local_path(other)).samefile(local_path(address))
    return False
