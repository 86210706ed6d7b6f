"""Two machines run one feed, and share its history in PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.feeds.feed import Feed, invoices


@pytest.fixture
def machines(over_sftp: Feed, postgresql: str, tmp_path: Path) -> tuple[Feed, Feed]:
    """Two checkouts of a feed, delivered once, whose 60 PDFs are new."""
    over_sftp.history = postgresql
    other = Feed(
        tmp_path / "other",
        receiver=over_sftp.receiver,
        sources=over_sftp.sources,
        destination=over_sftp.destination,
        history=postgresql,
    )
    other.print_pdfs([])
    for machine in (over_sftp, other):
        machine.export(invoices(200))
    over_sftp.approved()
    for machine in (over_sftp, other):
        machine.print_pdfs(row["invoice_ref"] for row in invoices(60))
    return over_sftp, other


def test_of_two_runs_at_once_one_delivers_and_one_ends_with_6(machines: tuple[Feed, Feed]) -> None:
    one, _ = machines
    runs = [machine.start("sync") for machine in machines]
    ended = sorted(run.wait() for run in runs)
    assert [code for code, _ in ended] == [0, 6], ended
    assert one.states() == ["delivered", "delivered"]
    assert len(one.reports()) == 2
    assert len(one.held()) == 2 + 60
    assert "has held the lock" in ended[1][1]


def test_what_one_machine_sent_the_other_does_not_send_again(machines: tuple[Feed, Feed]) -> None:
    one, other = machines
    assert len(one.sync().plan.documents.send) == 60
    for file in (one.folder / "pdf").iterdir():
        (other.folder / "pdf" / file.name).touch()
    again = other.sync()
    assert (again.plan.documents.present, len(again.plan.documents.send)) == (60, 0)
    assert again.plan.counts == (0, 0, 200, 0)
