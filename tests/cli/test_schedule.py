from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from cli.conftest import make_feed
from support.feeds.command import Cli


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SFTP_PASSWORD", "s3cret")
    return make_feed(tmp_path / "feed", 'url = "sftp://acme@sftp.example.com"\npassword = "${SFTP_PASSWORD}"')


def test_stdout_is_the_schedule_and_stderr_what_to_do_with_it(feed: Path, arfeed: Cli) -> None:
    cron = arfeed(feed, "schedule", "cron", "--at", "7:15", "--days", "weekdays")
    assert cron.code == 0
    assert "15 7 * * 1,2,3,4,5 cd " in cron.out
    assert "crontab -e" in cron.err
    assert ET.fromstring(arfeed(feed, "schedule", "windows").out).tag.endswith("Task")
    manifest = arfeed(feed, "schedule", "kubernetes", "--image", "arfeed:1", "--claim", "acme")
    assert yaml.safe_load(manifest.out)["spec"]["schedule"] == "0 6 * * *"
    units = arfeed(feed, "schedule", "systemd")
    assert units.out.startswith("# arfeed-acme-uk.service\n[Unit]\n")
    for done in (cron, manifest, units):
        assert "SFTP_PASSWORD" in done.err
        assert "s3cret" not in done.out + done.err


def test_the_files_are_written_into_a_folder(feed: Path, arfeed: Cli) -> None:
    done = arfeed(feed, "schedule", "systemd", "--output", "units", "--alert", "cat")
    assert (done.code, done.out) == (0, "")
    names = ["arfeed-acme-uk-alert.service", "arfeed-acme-uk.service", "arfeed-acme-uk.timer"]
    assert sorted(file.name for file in (feed / "units").iterdir()) == names


def test_the_task_is_made_from_where_it_was_written(feed: Path, arfeed: Cli) -> None:
    done = arfeed(feed, "schedule", "windows", "--output", "out")
    assert f"/XML {Path('out', 'arfeed-acme-uk.xml')}\n" in done.err + "\n"


def test_a_feed_that_could_not_run_is_not_scheduled(feed: Path, arfeed: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SFTP_PASSWORD")
    done = arfeed(feed, "schedule", "cron")
    assert (done.code, done.out) == (2, "")
    assert "'SFTP_PASSWORD' is not set" in done.err


def test_a_cron_job_without_a_lasting_history_is_refused(feed: Path, arfeed: Cli) -> None:
    done = arfeed(feed, "schedule", "kubernetes", "--image", "arfeed:1")
    assert (done.code, done.out) == (2, "")
    assert "would end with its pod" in done.err


def test_a_secret_in_the_keyring_is_refused(feed: Path, arfeed: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed.plugins.config.look_up", lambda name: "s3cret")
    config = feed / "plugins.toml"
    config.write_text(config.read_text().replace("${SFTP_PASSWORD}", "${keyring:arfeed/acme}"))
    done = arfeed(feed, "schedule", "cron")
    assert done.code == 2
    assert "is kept in a keyring" in done.err


def test_a_name_with_a_line_break_is_refused(feed: Path, arfeed: Cli) -> None:
    config = feed / "plugins.toml"
    config.write_text(config.read_text().replace('name = "acme-uk"', 'name = "acme\\nExecStartPre=/bin/false"'))
    done = arfeed(feed, "schedule", "systemd")
    assert (done.code, done.out) == (2, "")
    assert "line break" in done.err


def test_a_reconciliation_is_scheduled_beside_the_delivery(feed: Path, arfeed: Cli) -> None:
    cron = arfeed(feed, "schedule", "cron", "--reconcile", "exports/open*.csv", "--at", "8:00", "--days", "mon")
    assert cron.code == 0, cron.err
    assert f"reconcile '{feed}/exports/open*.csv' --config" in cron.out
    assert "begin of arfeed-acme-uk-reconcile, by arfeed schedule" in cron.out
    assert "It prints only if it found differences or could not compare" in cron.out
    # The same secrets as the delivery.
    assert "/arfeed-acme-uk.env" in cron.out
    units = arfeed(feed, "schedule", "systemd", "--reconcile", "exports/open*.csv").out
    assert "Description=arfeed reconciles acme-uk" in units
    name = "x" * 60
    feed.joinpath("plugins.toml").write_text(feed.joinpath("plugins.toml").read_text().replace("acme-uk", name))
    arguments = ("--image", "arfeed:1", "--claim", "acme", "--reconcile", "open.csv")
    manifest = yaml.safe_load(arfeed(feed, "schedule", "kubernetes", *arguments).out)
    assert len(manifest["metadata"]["name"]) <= 52
