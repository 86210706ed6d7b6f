"""`arfeed sync --all DIR`: one feed's failure is its own, and everybody's outcome is told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.operations.many.choice import find_feeds
from arfeed.operations.many.outcome import OUTCOMES
from arfeed.testing import Outcome
from cli.conftest import make_feed
from support.feeds.command import ARFEED, Cli
from support.files.exports import SEVEN, xero
from support.plugins.strangers import install

VANDAL = """
import os
from arfeed import Complete, Connector, SourceSettings, hookimpl

ARFEED_CONTRACT = 1

class Vandal(Connector):
    name = "vandal"
    class Settings(SourceSettings):
        pass

    def invoices(self):
        os.environ["OF_THE_FEED_BEFORE"] = "/nowhere"
        os._exit(77)
        yield

@hookimpl
def arfeed_connectors():
    return [Vandal]
"""
VANDALS_FEED = """
plugins = ["vandal", "kolleno"]

[sources.vandal]
use = "vandal"

[destination]
use = "kolleno"
mode = "open-ar"
url = "nowhere"
"""


@pytest.fixture
def fleet(tmp_path: Path, arfeed: Cli) -> Path:
    """Feeds that end in five ways; the one that is delivered comes last."""
    folder = tmp_path / "our feeds"
    for name in ("c-unexplained", "e-fine"):
        feed = make_feed(folder / name, f'url = "file://{tmp_path / name}"')
        approval = arfeed(feed, "plan", "--json").json()["approval"]
        assert arfeed(feed, "sync", "--approve", approval).code == 0
    xero(folder / "c-unexplained" / "exports" / "SalesInvoices.csv", *SEVEN[1:])
    (folder / "a-vandal").mkdir()
    (folder / "a-vandal" / "plugins.toml").write_text(VANDALS_FEED)
    make_feed(folder / "b-wants-a-variable", 'url = "${OF_THE_FEED_BEFORE}"')
    feed = make_feed(folder / "d-empty", f'url = "file://{tmp_path / "d"}"')
    (feed / "exports" / "SalesInvoices.csv").unlink()
    return folder


def sync_all(fleet: Path, *arguments: str) -> Outcome:
    environment = {
        **os.environ,
        "COLUMNS": "200",
        "PYTHONPATH": str(install(fleet.parent / "plugins", "vandal", VANDAL)),
    }
    command = [str(ARFEED), "sync", "--all", fleet.name, *arguments]
    ran = subprocess.run(command, cwd=fleet.parent, env=environment, capture_output=True, text=True)
    return Outcome(ran.returncode, ran.stdout, ran.stderr)


def test_one_feed_that_fails_does_not_stop_the_next(fleet: Path) -> None:
    done = sync_all(fleet, "--json")
    document = done.json()
    assert [(Path(feed["config"]).parent.name, feed["exit_code"]) for feed in document["feeds"]] == [
        ("a-vandal", 1),
        ("b-wants-a-variable", 2),
        ("c-unexplained", 3),
        ("d-empty", 4),
        ("e-fine", 0),
    ]
    assert (done.code, document["exit_code"]) == (4, 4)
    crashed, wrong, refused, failed, fine = [feed["result"] for feed in document["feeds"]]
    assert crashed is None
    assert "'OF_THE_FEED_BEFORE' is not set" in wrong["error"]["message"]
    assert [objection["code"] for objection in refused["plan"]["objections"]] == ["unexplained"]
    assert failed["error"]["kind"] == "SourceError"
    assert fine["delivered"] is True
    assert len(list((fleet.parent / "e-fine" / "csv_data_uploads").iterdir())) == 2
    assert len(list((fleet.parent / "c-unexplained" / "csv_data_uploads").iterdir())) == 1


def test_people_see_each_feed_and_one_summary_with_what_to_type_next(fleet: Path) -> None:
    done = sync_all(fleet)
    assert done.code == 4
    assert sorted(line.strip() for line in done.err.splitlines() if line.startswith("[")) == [
        f"[{number}/5] our feeds/{name}/plugins.toml"
        for number, name in enumerate(["a-vandal", "b-wants-a-variable", "c-unexplained", "d-empty", "e-fine"], 1)
    ]
    assert "1 of 5 feeds delivered" in done.out
    rows = {cells[1]: cells for cells in (re.split(r"  +", line) for line in done.out.splitlines()) if len(cells) > 2}
    assert rows["our feeds/e-fine/plugins.toml"][2] == "delivered"
    assert rows["our feeds/a-vandal/plugins.toml"][2] == "failed: a bug"
    (command,) = re.findall(r"arfeed (sync --config '.+' --approve 1-\w+)", done.out)
    approved = subprocess.run(["sh", "-c", f"{ARFEED} {command}"], cwd=fleet.parent, capture_output=True, text=True)
    assert approved.returncode == 0, approved.stderr


@pytest.mark.parametrize("option", [("--approve", "5-abcdef"), ("--config", "plugins.toml")], ids=lambda each: each[0])
def test_what_is_about_one_feed_is_refused_beside_all(fleet: Path, arfeed: Cli, option: tuple[str, str]) -> None:
    before = len(list((fleet.parent / "e-fine" / "csv_data_uploads").iterdir()))
    done = arfeed(fleet.parent, "sync", "--all", fleet.name, *option)
    assert done.code == 2
    assert f"{option[0]} is about one feed" in done.err
    assert len(list((fleet.parent / "e-fine" / "csv_data_uploads").iterdir())) == before


def test_the_events_of_every_feed_are_logged(tmp_path: Path, arfeed: Cli) -> None:
    for name in ("a.toml", "b.toml"):
        tmp_path.joinpath(name).write_text("plugins = []")
    assert arfeed(tmp_path, "--log-json", "run.log", "sync", "--all", ".").code == 2
    events = [json.loads(line) for line in (tmp_path / "run.log").read_text().splitlines()]
    # They run at once, so either may begin first.
    begun = {event["arguments"][-1] for event in events if event["event"] == "begin"}
    assert begun == {".", "a.toml", "b.toml"}
    assert [event["kind"] for event in events if event["event"] == "error"] == ["ConfigError"] * 2


def test_the_feed_of_the_environment_does_not_stand_in_the_way(
    tmp_path: Path, arfeed: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARFEED_CONFIG", "elsewhere.toml")
    done = arfeed(tmp_path, "sync", "--all", "feeds")
    assert done.code == 2
    assert "feeds: there is no feed" in done.err


def test_feeds_are_the_toml_files_and_the_folders_of_a_folder(tmp_path: Path) -> None:
    for name in (
        "b.toml",
        "a/plugins.toml",
        "a/other.toml",
        "a/b/plugins.toml",
        ".venv/plugins.toml",
        ".c.toml",
        "d.txt",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [str(feed.relative_to(tmp_path)) for feed in find_feeds(tmp_path)] == ["a/plugins.toml", "b.toml"]


def test_a_feed_behind_a_link_to_nothing_is_one_that_fails(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "plugins.toml").symlink_to("/mnt/unmounted/acme.toml")
    (tmp_path / "bolt").symlink_to("/mnt/unmounted/bolt", target_is_directory=True)
    (tmp_path / "crane.toml").symlink_to("/mnt/unmounted/crane.toml")
    names = ["acme/plugins.toml", "bolt/plugins.toml", "crane.toml"]
    assert [str(feed.relative_to(tmp_path)) for feed in find_feeds(tmp_path)] == names


def test_files_that_extend_each_other_in_a_circle_are_feeds_that_fail(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('extends = "b.toml"')
    (tmp_path / "b.toml").write_text('extends = "a.toml"')
    (tmp_path / "common.toml").write_text("")
    (tmp_path / "feed.toml").write_text('extends = "common.toml"\n[sources.books]\nuse = "folder"')
    assert [feed.name for feed in find_feeds(tmp_path)] == ["a.toml", "b.toml", "feed.toml"]


@pytest.mark.parametrize("folder", ["empty", "absent"])
def test_a_folder_without_feeds_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"there is no feed: neither a \*\.toml"):
        find_feeds(tmp_path / folder)


def test_every_exit_code_has_a_name() -> None:
    kinds: list[type[ArfeedError]] = [ArfeedError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert set(OUTCOMES) == {0} | {kind.exit_code for kind in kinds}


def test_told_to_end_it_ends_the_feed_that_is_running(tmp_path: Path) -> None:
    source = VANDAL.replace(
        "os._exit(77)", "open('started', 'w').write(str(os.getpid())); __import__('time').sleep(60)"
    )
    feed = tmp_path / "feeds" / "plugins.toml"
    feed.parent.mkdir()
    feed.write_text(VANDALS_FEED)
    environment = {**os.environ, "PYTHONPATH": str(install(tmp_path / "plugins", "vandal", source))}
    process = subprocess.Popen([ARFEED, "sync", "--all", "feeds"], cwd=tmp_path, env=environment)
    started = tmp_path / "started"
    deadline = time.monotonic() + 60
    while not (started.exists() and started.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
