"""Who the receiver is: whether the history knows it by another address, and whether it has had a later report."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.model.errors import RefusedError
from arfeed.model.results import Forgotten
from arfeed.planning.guards.receivers import describe_same_receiver
from arfeed.runs.addresses import address_of, is_rehearsed, normalize
from arfeed.runs.receiver import witness
from arfeed.runs.receiver.witness import Witness
from arfeed.sftp.address import is_local, local_path

if TYPE_CHECKING:
    from arfeed.delivery.remote import Remote
    from arfeed.delivery.signs import Sign
    from arfeed.history.records import RunRecord
    from arfeed.history.store import History
    from arfeed.plugins.config import Project
    from arfeed.runs.context import OpenContext


@dataclass(frozen=True, slots=True)
class Recognized:
    """What is known about the receiver: its other addresses, a later delivery that the history lacks, and notes."""

    also_known: tuple[str, ...]
    forgotten: Forgotten | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Names:
    """The destination's name in the history, and its address as the feed has it."""

    destination: str
    address: str


def recognize(project: Project, history: History, destination: str, server: Remote) -> Recognized:
    """Ask the receiver who it is, and compare that with the history and with this machine's own witness."""
    signs, names = server.signs(), _Names(destination, address_of(project))
    also_known = _find_same(names, history, server, signs)
    forgotten, notes = _find_forgotten(history, destination, signs)
    return Recognized(also_known, forgotten, (*_note_joined(project, history), *notes))


def find_same_receivers(project: Project, history: History, destination: str, server: Remote) -> tuple[str, ...]:
    """Return the other destinations of this history that lead to the same receiver.

    Two are the same if they have shown the same host key, login and root, or would according to known_hosts if an
    older arfeed has noted none; or if they are one folder of this machine, or one address spelled differently.
    """
    return _find_same(_Names(destination, address_of(project)), history, server)


def _find_same(
    names: _Names, history: History, server: Remote, signs: tuple[Sign, ...] | None = None
) -> tuple[str, ...]:
    """Return the destinations that lead to the same receiver; `signs` are what it shows, if asked already."""
    others = [each for each in history.receivers.destinations() if each != names.destination]
    # A history of one destination, the usual case, asks the server nothing.
    if not others or is_rehearsed(names.destination):
        return ()
    signs = server.signs() if signs is None else signs
    same = history.receivers.find_by_signs(signs)
    if same.isdisjoint(others) and signs and not history.receivers.find_alike(signs[0]).isdisjoint(others):
        # A server has several host keys, and known_hosts may list a different one for this address.
        same = history.receivers.find_by_signs(server.signs(all_keys=True))
    noted = history.receivers.list_noted()
    return tuple(
        each
        for each in others
        if each in same
        or normalize(each) == names.address
        or _is_same_folder(each, names.address)
        # A destination of an older arfeed has no signs yet; what it would show is taken from known_hosts.
        or (each not in noted and not {*signs}.isdisjoint(server.signs_of(each)))
    )


def refuse_same_receiver(context: OpenContext, server: Remote) -> None:
    """Raise `RefusedError` if the receiver is known by another address: the histories must be joined first."""
    if known := find_same_receivers(context.project, context.history, context.destination, server):
        raise RefusedError(
            f"same-receiver: {describe_same_receiver(context.destination, known, context.project.chosen)}"
        )


def note_receiver(context: OpenContext, server: Remote) -> tuple[Sign, ...]:
    """Record the receiver's host key, login and root before anything is delivered there; return them."""
    signs = server.signs()
    if not is_rehearsed(context.destination):
        context.history.receivers.note(context.destination, signs, context.clock())
    return signs


def write_witness(context: OpenContext, signs: tuple[Sign, ...], record: RunRecord, proof: str) -> None:
    """Note outside the history what was delivered, or warn if that fails; `proof` is the receipt's hash.

    A database that was restored from a backup has forgotten deliveries; this file on the machine has not.
    """
    receivers = context.history.receivers
    now, report = context.clock(), record.report_name
    try:
        witness.write_witness(
            Witness(context.destination, signs, record.id, now, proof, report, record.open_count, receivers.history)
        )
    # The report has been delivered by now, so this can only be a warning.
    except OSError as exc:
        context.progress.warn(
            f"the delivery could not be recorded outside the history ({exc}), so a history restored from an older "
            f"backup would not be noticed. Name a folder that can be written to in {witness.VARIABLE}"
        )


def _find_forgotten(
    history: History, destination: str, signs: tuple[Sign, ...]
) -> tuple[Forgotten | None, tuple[str, ...]]:
    """Return the last delivery from this machine that the history does not know, and notes on unreadable witnesses."""
    try:
        kept = [each for each in witness.read_witnesses() if each.is_of(destination, signs)]
    except (OSError, ValueError) as exc:
        return None, (
            f"the record of what this machine delivered last can't be read: {exc}. A history that was restored from an "
            f"older backup would not be noticed; fix that, or name another folder in {witness.VARIABLE}",
        )
    # A run that the history knows says nothing, so machines that share a history need not share their witnesses.
    unknown = [each for each in kept if not history.receivers.may_have_arrived(each.run)]
    if not unknown:
        return None, ()
    last, known = max(unknown, key=lambda each: each.at), history.receivers.latest(destination)
    # Named only if it differs: it may be the very database to go back to.
    elsewhere = last.history if last.history != history.receivers.history else None
    run, at = known or (None, None)
    return Forgotten(last.run, last.at, last.report, last.open_count, elsewhere, run, at), ()


def _note_joined(project: Project, history: History) -> Iterable[str]:
    """Yield a note if the history keeps this address under another name."""
    address = address_of(project)
    if joined := history.receivers.find_joined(address):
        where, by, at = joined
        yield f"{address} is kept in this history as {where}, joined by {by} on {at:%Y-%m-%d}"


def _is_same_folder(other: str, address: str) -> bool:
    """Whether two addresses are one folder of this machine, by whatever links, mounts or letter case."""
    if not (is_local(other) and is_local(address)):
        return False
    with suppress(OSError, ValueError):
        return Path(local_path(other)).samefile(local_path(address))
    return False
