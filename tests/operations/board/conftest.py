from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.feeds.feed import Feed
from support.people.boards import Board, add_person, refused_feed, running_board

PEOPLE = {
    "vera": ["viewer:*"],
    "anna": ["approver:*"],
    "ben": ["approver:*"],
    "otto": ["operator:*"],
    "bolt-only": ["approver:bolt", "operator:bolt"],
}


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    """A feed that delivered, and whose plan is refused now; there are people on the board of its folder."""
    feed = refused_feed(tmp_path / "feeds")
    for name, roles in PEOPLE.items():
        add_person(feed.folder.parent, name, *roles)
    return feed


@pytest.fixture
def board(feed: Feed) -> Iterator[Board]:
    with running_board(feed.folder.parent) as one:
        yield one


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """A board that a module's tests share, over a feed that has never run; tests add people of their own."""
    folder = tmp_path_factory.mktemp("feeds")
    Feed(folder / "acme").configure()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARFEED_STATE", str(folder / "state"))
        for name, roles in PEOPLE.items():
            add_person(folder, name, *roles)
        with running_board(folder) as board:
            yield board
