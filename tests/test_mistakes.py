"""docs/mistakes.md says of each mistake what arfeed says: every one is made here, and the texts are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.feeds.command import run
from support.people.mistakes import MISTAKES, Mistake, right, row, said
from support.servers.openssh import OpenSSH

PAGE = Path(__file__).parents[1] / "docs" / "mistakes.md"


def made(mistake: Mistake, folder: Path, openssh: OpenSSH | None) -> str:
    right(folder)
    mistake.make(folder)
    if openssh and mistake.at_server:
        mistake.at_server(folder, openssh)
    done = run(folder, *mistake.command)
    return row(mistake, said(done.out, done.err, folder), done.code)


@pytest.mark.parametrize("mistake", [each for each in MISTAKES if not each.at_server], ids=lambda each: each.what)
def test_a_mistake_is_answered_as_the_page_says(mistake: Mistake, tmp_path: Path) -> None:
    assert made(mistake, tmp_path / "acme", None) in PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.openssh
@pytest.mark.parametrize("mistake", [each for each in MISTAKES if each.at_server], ids=lambda each: each.what)
def test_a_mistake_about_the_server_is_answered_as_the_page_says(
    mistake: Mistake, tmp_path: Path, openssh: OpenSSH
) -> None:
    assert made(mistake, tmp_path / "acme", openssh) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_has_these_mistakes_and_no_others() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ") and "``" in line]
    assert [line.split(" | ")[0].removeprefix("| ") for line in rows] == [mistake.what for mistake in MISTAKES]
