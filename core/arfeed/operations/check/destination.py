"""The destination: reached, trusted, logged in to; its folders, what its server offers, its clock; and a probe."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from arfeed.delivery.remote import Remote
from arfeed.delivery.server import About, failed_step, passed_steps
from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.shipping.api import ApiDestination
from arfeed.model.shipping.destination import folders_of
from arfeed.model.text.commands import with_destination
from arfeed.operations.check.finding import Finding, doubt, make_failure, ok
from arfeed.plugins.config import Project
from arfeed.runs.addresses import address_of, name_in_history
from arfeed.runs.context import Clock, find_unknown_reports, open_history
from arfeed.runs.receiver.connection import connect
from arfeed.runs.receiver.recognition import recognize
from arfeed.sftp.servers import find_make

if TYPE_CHECKING:
    from arfeed.delivery.http.sending import ApiRemote

_LEAST_FREE = 200 * 1024**2
_SKEW_SECONDS = 120
_ASK = "Ask the receiver to grant this permission."


def examine_destination(project: Project, clock: Clock, *, history_is_there: bool, probe: bool) -> Iterator[Finding]:
    """Yield how far the connection gets, and what is there."""
    what, reached = f"destination {address_of(project)}", False
    try:
        with connect(project) as server:
            reached = True
            yield from _server(what, project, server)
            yield from _folders(project, server, history_is_there=history_is_there)
            yield from _clock(project, server, clock, history_is_there=history_is_there, probe=probe)
            # A check must be harmless by default: the receiver may collect whatever appears in its folders.
            if probe:
                yield from _probe(project, server)
            else:
                yield ok(
                    "permissions",
                    "not tested, because that writes; `arfeed check --probe` tests them with a scratch file",
                    probed=False,
                )
    except DestinationError as exc:
        yield from [make_failure(what, exc)] if reached else _not_reached(what, exc)
    except ArfeedError as exc:
        yield make_failure(what, exc)


def _not_reached(what: str, error: DestinationError) -> Iterator[Finding]:
    """Report the steps that succeeded and the one that failed."""
    # Steps that went well are named too: "login failed" is less of a riddle if host and key were right.
    step = failed_step(error)
    for name in passed_steps(error):
        yield ok(
            what if name == "address" else name, "reached" if name == "address" else "it is the one in known_hosts"
        )
    yield make_failure(what if step == "address" else f"{step} of {what.removeprefix('destination ')}", error)


def _ask_api(what: str, destination: ApiDestination, server: ApiRemote) -> Finding:
    """Ask an API what its plugin finds harmless."""
    answer = destination.probe(server.api)
    if answer is None:
        return ok(what, "an API that is not asked anything before a delivery, since its plugin has no probe()")
    return ok(what, f"reached: {answer}")


def _server(what: str, project: Project, server: Remote) -> Iterator[Finding]:
    if isinstance(project.destination, ApiDestination):
        yield _ask_api(what, project.destination, cast("ApiRemote", server))
        return
    server.check_root()
    about = server.about()
    # A folder or an object store, which has no keys, extensions or login to speak of.
    if about is None:
        yield ok(what, "it can be opened")
        return
    yield ok(
        what, f"reached: {about.software}, SFTP {about.protocol}", software=about.software, protocol=about.protocol
    )
    yield ok("host key", f"{about.host_key} is the one in known_hosts", fingerprint=about.host_key)
    yield ok("login", "accepted")
    yield _describe_known(about)
    yield _offers(project, about)
    if about.free is not None and about.free < _LEAST_FREE:
        said = f"only {about.free / 1024**2:,.0f} MB are free on its disk"
        yield doubt("room", said, "ask the receiver for space before a delivery fails half-way", free=about.free)


def _describe_known(about: About) -> Finding:
    """Report what arfeed knows of the server's make."""
    make = find_make(about.software)
    if make is None:
        said = f"{about.software} is not among the servers that arfeed was tried with; --probe tries what matters"
        return ok("server", said, make=None)
    return ok("server", f"tried with {make.tried}: {make.seen}", make=make.tried)


def _offers(project: Project, about: About) -> Finding:
    facts: dict[str, object] = {
        "extensions": list(about.extensions),
        "largest_write": about.largest_write,
        "open_files": about.open_files,
        "free": about.free,
    }
    free = f", {about.free / 1024**3:,.1f} GB free" if about.free is not None else ""
    room = f"writes of {about.largest_write // 1024} KiB, {about.open_files} files at once{free}"
    said = f"{', '.join(about.extensions) or 'none'}; {room}"
    settings = project.destination.settings
    if "posix-rename" in about.extensions or settings.publish == "direct" or settings.replace_by != "posix-rename":
        return ok("extensions", said, **facts)
    advice = (
        "a PDF that has changed stays as it was, and the plan names it; ask the receiver to allow it, or let "
        "`arfeed check --probe` say which replace_by would do"
    )
    return doubt("extensions", f"{said}; no posix-rename", advice, **facts)


def _folders(project: Project, server: Remote, *, history_is_there: bool) -> Iterator[Finding]:
    destination = project.destination
    for folder in folders_of(destination):
        what = f"folder {folder or '(the root)'}"
        if not server.has_folder(folder):
            said = "does not exist yet; the first delivery makes it, if permitted"
            yield doubt(what, said, "`arfeed check --probe` tries that now", there=False)
            continue
        names = [*server.sizes(folder)]
        yield ok(what, f"there, with {len(names)} file{'s' if len(names) != 1 else ''}", there=True, files=len(names))
    if history_is_there:
        yield from _reports(project, server)
        yield from _recognize(project, server)


def _reports(project: Project, server: Remote) -> Iterator[Finding]:
    """Yield a doubt about reports that this history does not know: somebody else delivers there, or did."""
    with open_history(project) as history:
        unknown = sorted(find_unknown_reports(project, history, name_in_history(project, history), server))
    if unknown:
        said = f"{len(unknown)} unknown to this history, the last being {unknown[-1]}"
        advice = f"find out who else delivers there; then {_typed(project, 'arfeed adopt')}"
        yield doubt("reports there", said, advice, unknown=unknown)


def _typed(project: Project, command: str) -> str:
    return f"`{with_destination(command, project.chosen)}`"


def _recognize(project: Project, server: Remote) -> Iterator[Finding]:
    """Yield a doubt if the history knows the receiver by another address, or lacks a report that it got."""
    with open_history(project) as history:
        recognized = recognize(project, history, name_in_history(project, history), server)
    if known := recognized.also_known:
        said = f"this history knows the same receiver as {', '.join(known)}"
        advice = _typed(project, f"arfeed history join {shlex.quote(known[0])}")
        yield doubt("receiver", said, advice, also_known=list(known))
    if lost := recognized.forgotten:
        said = f"this history does not know run {lost.run}, delivered from here on {lost.at:%Y-%m-%d %H:%M} UTC"
        advice = f"restore the newer history, or {_typed(project, f'arfeed adopt {shlex.quote(lost.report)}')}"
        yield doubt("last delivery", said, advice, run=lost.run, report=lost.report)


def _clock(project: Project, server: Remote, clock: Clock, *, history_is_there: bool, probe: bool) -> Iterator[Finding]:
    """Compare this machine's clock with the last delivery's and, by a scratch file, with the server's."""
    now, latest = clock(), None
    if history_is_there:
        with open_history(project) as history:
            latest = history.latest_report_at(name_in_history(project, history))
    # A clock that is behind makes names that sort before the last report, which the receiver may then take for old.
    if latest and latest > now + timedelta(seconds=_SKEW_SECONDS):
        said = f"it is {now:%Y-%m-%d %H:%M} UTC here, but the last report is of {latest:%Y-%m-%d %H:%M} UTC"
        yield doubt("clock", said, "set this machine's clock", now=now.isoformat())
        return
    ahead = server.clock_ahead(project.destination.document_folder) if probe else None
    if ahead is not None and abs(ahead) > _SKEW_SECONDS:
        said = f"the server's is {abs(ahead):,.0f} seconds {'ahead of' if ahead > 0 else 'behind'} this machine's"
        yield doubt(
            "clock", said, "set the clock that is wrong; report names use this machine's", ahead=round(ahead, 1)
        )
        return
    compared = "--probe compares the server's" if ahead is None else "and the server's agrees"
    yield ok("clock", f"{now:%Y-%m-%d %H:%M} UTC here, {compared}", now=now.isoformat(), ahead=ahead)


def _probe(project: Project, server: Remote) -> Iterator[Finding]:
    for folder in folders_of(project.destination):
        for tried in server.probe(folder):
            name = f"{tried.what} in {folder or 'the root'}"
            if tried.answer is None:
                yield ok(name)
            # Deliveries do without it, so that it is no reason to fail.
            elif tried.advice:
                yield doubt(name, f"the server answered {tried.answer!r}", tried.advice)
            else:
                yield make_failure(name, DestinationError(f"the server answered {tried.answer!r}. {_ASK}"))
