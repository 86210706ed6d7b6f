"""Whole runs to servers of several makes, with the line cut or silent in each phase: what stands there, and after.

After each fault either everything is delivered or nothing is half-published, the next run converges, and OpenSSH's own
client finds exactly what the receipt says.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from arfeed.model.errors import DestinationError
from arfeed.sftp import channels, connection
from support.feeds.feed import Feed
from support.servers.makes import SERVERS, Server
from support.servers.proofs import converges, feed_with_new_pdfs
from support.servers.relay import Fault, Relay, relaying

PHASES = {
    "PDFs, the first request": ("Sending the PDFs", 0),
    "PDFs, in mid-file": ("Sending the PDFs", 40_000),
    "barrier": ("Sending the report", 0),
    "report, in mid-file": ("Sending the report", 5_000),
    "report, near its end": ("Sending the report", 7_000),
}

# The normal suite takes the two that break a file; make soak takes the whole matrix.
SOME_PHASES = [
    pytest.param(phase, marks=[] if "mid-file" in phase else [pytest.mark.soak], id=phase) for phase in PHASES
]


@pytest.fixture(scope="module", params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with SERVERS[request.param]() as started:
        yield started


@pytest.fixture
def relay(server: Server) -> Iterator[Relay]:
    with relaying(server.port) as started:
        yield started


@pytest.fixture
def feed(server: Server, relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feed:
    monkeypatch.setattr(channels, "ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(connection, "LOGIN_SECONDS", 1)
    return feed_with_new_pdfs(server, tmp_path / "feed", relay=relay.port)


@pytest.mark.parametrize("for_good", [False, True], ids=["once", "for good"])
@pytest.mark.parametrize("phase", SOME_PHASES)
@pytest.mark.parametrize("fault", ["cut", pytest.param("stall", marks=pytest.mark.soak)])
def test_a_line_that_breaks_leaves_nothing_half_and_the_next_run_converges(
    server: Server, relay: Relay, feed: Feed, fault: Fault, phase: str, for_good: bool
) -> None:
    step, after = PHASES[phase]
    feed.steps.during[step] = lambda: relay.arm(fault, after, for_good=for_good)
    if for_good:
        with pytest.raises(DestinationError, match="Run the same command again"):
            feed.sync()
    else:
        assert feed.sync().receipt is not None
    assert relay.happened
    feed.steps.during.clear()
    relay.heal()
    converges(feed, server)


@pytest.mark.parametrize("step", ["Sending the PDFs", "Sending the report"])
def test_a_server_whose_sessions_are_killed_is_connected_to_anew(server: Server, feed: Feed, step: str) -> None:
    killed: list[int] = []
    feed.steps.during[step] = lambda: killed.extend(kill_sessions(server.pid) if server.pid else ())
    assert feed.sync().receipt is not None
    if not killed:
        pytest.skip("this server has no processes of its own for sessions")
    feed.steps.during.clear()
    converges(feed, server)


@pytest.mark.parametrize("required", [False, True], ids=["wanted", "required"])
def test_a_pdf_that_cannot_be_put_there_stops_the_report_only_where_it_is_required(
    server: Server, feed: Feed, required: bool
) -> None:
    feed.destination["documents_required"] = required
    feed.steps.during["Sending the PDFs"] = feed.receiver.joinpath("INV-0007.pdf").mkdir
    if required:
        with pytest.raises(DestinationError, match=r"1 of 20 PDFs did not arrive, so the report was not sent"):
            feed.approved()
        assert feed.states()[-1] == "failed"
    else:
        receipt = feed.sync().receipt
        assert receipt is not None
        assert list(receipt.documents_failed) == ["INV-0007.pdf"]
    assert len(feed.reports()) == (1 if required else 2)
    feed.steps.during.clear()
    feed.receiver.joinpath("INV-0007.pdf").rmdir()
    feed.destination["documents_required"] = False  # most of its invoices have no PDF at all
    converges(feed, server)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_sessions(pid: int) -> list[int]:
    """Kill the processes that a server of ours has started for its sessions."""
    killed = [grandchild for child in children(pid) for grandchild in kill_sessions(child)]
    for child in children(pid):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
            killed.append(child)
    return killed
