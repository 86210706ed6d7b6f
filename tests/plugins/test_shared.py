"""`extends`: what feeds share is written once, and each feed is what it would be with all of it in its own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError
from arfeed.operations.many.choice import find_feeds
from arfeed.plugins.config import Project, enabled_plugins, read_project, variables
from arfeed.plugins.fingerprint import settings_hash
from support.feeds.command import run

COMMON = """
plugins = ["notify", "kolleno"]

[feed]
history = "sqlite:///histories/all.db"
pages = "pages"

[guards]
missing_floor = 3
caution = 30

[notifiers.chat]
use = "webhook"
url = "https://chat.example.com/hooks/abcdefgh"

[destination]
use = "kolleno"
mode = "open-ar"
private_key = "keys/id"
"""
FEED = """
extends = "../common.toml"
plugins = ["folder"]

[feed]
name = "acme"

[sources.erp]
use = "folder"
path = "erp.csv"
dates = "YMD"

[guards]
missing_floor = 4

[destination]
url = "sftp://acme@sftp.example.com"
"""
ALONE = """
plugins = ["notify", "kolleno", "folder"]

[feed]
name = "acme"
history = "sqlite:///../histories/all.db"
pages = "../pages"

[sources.erp]
use = "folder"
path = "erp.csv"
dates = "YMD"

[guards]
missing_floor = 4
caution = 30

[notifiers.chat]
use = "webhook"
url = "https://chat.example.com/hooks/abcdefgh"

[destination]
use = "kolleno"
mode = "open-ar"
url = "sftp://acme@sftp.example.com"
private_key = "../keys/id"
"""


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    folder = tmp_path / "feeds"
    (folder / "acme").mkdir(parents=True)
    (folder / "common.toml").write_text(COMMON)
    (folder / "acme" / "plugins.toml").write_text(FEED)
    return folder


def acme(feeds: Path, feed: str | None = None, common: str | None = None) -> Project:
    if feed is not None:
        (feeds / "acme" / "plugins.toml").write_text(feed)
    if common is not None:
        (feeds / "common.toml").write_text(common)
    return read_project(feeds / "acme" / "plugins.toml")


def test_a_feed_says_more_and_what_it_says_counts(feeds: Path) -> None:
    project = acme(feeds)
    assert (project.guards.missing_floor, project.guards.caution) == (4, 30)
    assert project.feed.name == "acme"
    assert [notifier.notifier for notifier in project.notifiers] == ["chat"]
    assert enabled_plugins(project.path) == ["notify", "kolleno", "folder"]


def test_a_path_is_meant_from_the_file_that_it_stands_in(feeds: Path) -> None:
    project = acme(feeds)
    assert project.destination.settings.private_key == (str(feeds / "keys" / "id"),)
    assert project.feed.history.get_secret_value() == f"sqlite:///{feeds / 'histories' / 'all.db'}"
    assert project.feed.pages == str(feeds / "pages")
    assert project.sources[0].settings.path == str(feeds / "acme" / "erp.csv")  # type: ignore[attr-defined]


def test_a_file_may_extend_another_and_both_have_their_own_folder(feeds: Path) -> None:
    firm = feeds / "firm" / "firm.toml"
    firm.parent.mkdir()
    firm.write_text('[destination]\nknown_hosts = "hosts"\nprivate_key = "other"\n[guards]\nunproven_share = 0.2\n')
    project = acme(feeds, common='extends = "firm/firm.toml"\n' + COMMON)
    assert project.destination.settings.known_hosts == str(firm.parent / "hosts")
    assert project.destination.settings.private_key == (str(feeds / "keys" / "id"),)
    assert project.guards.unproven_share == 0.2


def test_it_shapes_the_report_as_if_it_stood_in_one_file(feeds: Path) -> None:
    apart = settings_hash(acme(feeds))
    assert settings_hash(acme(feeds, ALONE)) == apart


def test_what_shapes_reports_is_seen_wherever_it_changes(feeds: Path) -> None:
    before = settings_hash(acme(feeds))
    assert settings_hash(acme(feeds, common=COMMON.replace('"keys/id"', '"keys/new"'))) == before  # only logs in
    changed = COMMON.replace('mode = "open-ar"', 'mode = "open-ar"\nkinds = ["invoice"]')
    assert settings_hash(acme(feeds, common=changed)) != before


def test_it_is_the_same_on_another_machine(feeds: Path, tmp_path: Path) -> None:
    local = COMMON.replace('private_key = "keys/id"', 'url = "out"')
    here = settings_hash(acme(feeds, FEED.replace('url = "sftp://acme@sftp.example.com"', ""), local))
    there = tmp_path / "elsewhere" / "deeper"
    there.parent.mkdir()
    feeds.rename(there)
    assert settings_hash(acme(there)) == here


def test_a_feed_may_do_without_a_shared_notifier(feeds: Path) -> None:
    assert acme(feeds, f"{FEED}\n[notifiers]\nchat = false\n").notifiers == ()


def test_several_destinations_are_shared_by_name(feeds: Path) -> None:
    alone = settings_hash(acme(feeds))
    named = {
        "feed": FEED.replace("[destination]", "[destinations.a]"),
        "common": COMMON.replace("[destination]", "[destinations.a]"),
    }
    further = '\n[destinations.b]\nuse = "kolleno"\nmode = "open-ar"\nurl = "sftp://b@sftp.example.com"\n'
    both = acme(feeds, named["feed"], named["common"] + further)
    assert [*both.destinations] == ["a", "b"]
    assert both.destinations["a"].settings.private_key == (str(feeds / "keys" / "id"),)
    # By its name it is the same destination.
    assert settings_hash(both.choose("a")) == alone != settings_hash(both.choose("b"))
    without = acme(feeds, f"{named['feed']}\n[destinations]\nb = false\n")
    assert without.chosen == "a"


def test_one_destination_that_is_shared_is_refused_beside_several(feeds: Path) -> None:
    with pytest.raises(ConfigError, match=r"beside it, common\.toml has \[destination\]"):
        acme(feeds, FEED.replace("[destination]", "[destinations.a]"))


def test_a_secret_of_the_shared_file_is_one(feeds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_WORDS", "correct horse battery")
    project = acme(feeds, common=COMMON.replace('"keys/id"', '"keys/id"\npassphrase = "${KEY_WORDS}"'))
    assert "correct horse battery" in project.secrets
    assert variables(project.path) == ["KEY_WORDS"]


@pytest.mark.parametrize(
    ("feed", "common", "said"),
    [
        (
            FEED,
            f"{COMMON}\n[[transforms]]\nuse = 'exclude'\n",
            "common.toml: transforms: a file that feeds",
        ),
        (FEED, f"{COMMON}\n[sources.more]\nuse = 'folder'\n", "common.toml: sources: a file that feeds"),
        (
            FEED,
            f'extends = "acme/plugins.toml"\n{COMMON}',
            "is circular: plugins.toml → common.toml → plugins",
        ),
        (FEED.replace("../common", "../none"), COMMON, "plugins.toml: extends: there is no file"),
        (FEED.replace('"../common.toml"', "5"), COMMON, "plugins.toml: extends: found 5: name one file"),
        (FEED, COMMON.replace("caution = 30", "caution = 1"), "common.toml: guards.caution: found 1"),
        (
            FEED.replace("missing_floor = 4", "missing_floor = -1"),
            COMMON,
            "plugins.toml: guards.missing_floor: found",
        ),
        (
            FEED,
            COMMON.replace("missing_floor = 3\ncaution", "missing_flor = 3\ncaution"),
            "common.toml: guards.missing_fl",
        ),
        (FEED, "plugins = [", "common.toml: it is not valid TOML"),
    ],
    ids=["steps", "sources", "circle", "absent", "number", "wrong there", "wrong here", "misspelt there", "no TOML"],
)
def test_what_is_wrong_is_named_with_the_file_it_stands_in(feeds: Path, feed: str, common: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        acme(feeds, feed, common)
    assert said in str(caught.value)


def test_the_shared_file_is_no_feed_of_its_folder(feeds: Path) -> None:
    assert find_feeds(feeds) == [feeds / "acme" / "plugins.toml"]
    (feeds / "other.toml").write_text(COMMON)  # which nothing extends: somebody forgot its sources
    assert find_feeds(feeds) == [feeds / "acme" / "plugins.toml", feeds / "other.toml"]


def test_check_shows_what_is_shared_and_all_of_it_together(feeds: Path) -> None:
    done = run(feeds / "acme", "check", "--quick", "--json")
    (found,) = [each for each in done.json()["checks"] if each["what"] == "shared settings"]
    assert "../common.toml gives feed.history, feed.pages, guards.caution, notifiers.chat.use" in found["said"]
    assert found["facts"]["resolved"]["guards"] == {"missing_floor": 4, "caution": 30}
    assert found["facts"]["resolved"]["destination"]["url"] == "sftp://acme@sftp.example.com"
    assert "abcdefgh" not in done.out + done.err
