"""Registering feeds: what may be run, and by which text."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import fsspec
import pytest
import sqlalchemy as sa
from fsspec.implementations.memory import MemoryFileSystem

from arfeed.model.errors import ConfigError
from arfeed.operations.fleet.origin import Copies, digest_feed, fetch
from arfeed.operations.fleet.registering import register
from arfeed.operations.fleet.store import FLEET, Fleet
from support.databases.schemas import describe, migrate_from_nothing
from support.databases.servers import run_statements
from support.feeds.feed import invoices
from support.feeds.fleets import SmallFleet

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.fixture
def fleet(tmp_path: Path, postgresql: str) -> SmallFleet:
    made = SmallFleet(tmp_path, postgresql)
    made.add("acme", invoices(2), cron="0 6 * * *")
    return made


def test_a_registered_feed_is_due_next_when_its_cron_line_says(fleet: SmallFleet) -> None:
    fleet.register(NOW)
    assert fleet.entries()["acme"].next_due == datetime(2026, 3, 28, 6, tzinfo=UTC)


def test_registering_again_keeps_what_is_due_unless_the_schedule_changed(fleet: SmallFleet) -> None:
    config = fleet.add("weekly", invoices(2), cron="0 6 * * MON")
    fleet.register(NOW)
    config.write_text(config.read_text().replace("MON", "SUN"))
    fleet.register(NOW + timedelta(days=1))
    entries = fleet.entries()
    assert entries["acme"].next_due == datetime(2026, 3, 28, 6, tzinfo=UTC)
    assert entries["weekly"].next_due == datetime(2026, 3, 29, 6, tzinfo=UTC)


def test_a_feed_that_is_gone_is_registered_no_more(fleet: SmallFleet) -> None:
    config = fleet.add("closed", invoices(2))
    fleet.register(NOW)
    config.unlink()
    fleet.register(NOW)
    assert fleet.entries().keys() == {"acme"}


@pytest.mark.parametrize(
    ("replaced", "by", "mistake"),
    [
        pytest.param("history = ", "history_ = ", "feed.history: the history is a file", id="no history"),
        pytest.param("[feed]", "[feed", "it can't be read", id="not TOML"),
        pytest.param("0 6 * * *", "0 6 * *", "schedule.cron: give five fields", id="wrong cron"),
        pytest.param("plugins =", 'extends = "gone.toml"\nplugins =', "it extends a file that", id="extends nothing"),
    ],
)
def test_a_feed_with_a_mistake_is_registered_with_it_and_keeps_no_other_from_being_run(
    fleet: SmallFleet, replaced: str, by: str, mistake: str
) -> None:
    config = fleet.add("wrong", invoices(2), cron="0 6 * * *")
    config.write_text(config.read_text().replace(replaced, by))
    fleet.register(NOW)
    entries = fleet.entries()
    assert mistake in entries["wrong"].mistake
    with Fleet(fleet.url) as database:
        assert [entry.name for entry in database.due(NOW + timedelta(days=2))] == ["acme"]


def test_feeds_with_one_destination_have_one_lock(fleet: SmallFleet) -> None:
    twin = fleet.add("twin", invoices(2))
    twin.write_text(twin.read_text().replace("receivers/twin", "receivers/./acme/"))
    fleet.add("other", invoices(2))
    fleet.register(NOW)
    locks = {name: entry.destination for name, entry in fleet.entries().items()}
    assert locks["twin"] == locks["acme"] != locks["other"]


def test_the_feeds_behind_a_url_are_copied_and_registered(fleet: SmallFleet) -> None:
    with Fleet(fleet.url) as database:
        registered = register(database, f"file://{fleet.folder}", fleet.cache, NOW)
        copies = Copies(None, fleet.cache, lambda: database.origin().place)
    assert [(feed.name, feed.mistake) for feed in registered] == [("acme", "")]
    copied = copies.find("acme/plugins.toml", registered[0].digest)
    assert copied.is_relative_to(fleet.cache)
    assert copied.read_text() == fleet.folder.joinpath("acme", "plugins.toml").read_text()


def test_a_worker_fetches_feeds_anew_once_others_are_registered_and_refuses_what_was_not(fleet: SmallFleet) -> None:
    place, config = f"file://{fleet.folder}", fleet.folder / "acme" / "plugins.toml"
    copies = Copies(None, fleet.cache, lambda: place)
    first = digest_feed(config)
    copies.find("acme/plugins.toml", first)
    config.write_text(config.read_text() + "# changed\n")
    assert copies.find("acme/plugins.toml", first)  # as registered, from the copy
    assert copies.find("acme/plugins.toml", digest_feed(config)).read_text().endswith("# changed\n")
    with pytest.raises(ConfigError, match="it is not what was registered"):
        copies.find("acme/plugins.toml", first)


def test_a_file_that_a_feed_extends_is_part_of_what_was_registered(fleet: SmallFleet) -> None:
    config, shared = fleet.folder / "acme" / "plugins.toml", fleet.folder / "common.toml"
    shared.write_text("[guards]\nmissing_floor = 3\n")
    config.write_text('extends = "../common.toml"\n' + config.read_text())
    before = digest_feed(config)
    shared.write_text("[guards]\nmissing_floor = 4\n")
    assert digest_feed(config) != before


class Bucket(MemoryFileSystem):  # type: ignore[misc]
    """A store whose keys are any texts, as those of S3 are."""

    protocol = "bucket"

    def find(self, path: str, **options: object) -> list[str]:
        del options
        return [f"{path}/acme/plugins.toml", f"{path}/../../../outside.toml"]

    def cat_file(self, path: str, **options: object) -> bytes:
        del path, options
        return b"[sources]"


def test_no_name_behind_a_url_leads_to_another_place_here(tmp_path: Path) -> None:
    fsspec.register_implementation("bucket", Bucket, clobber=True)
    fetched = fetch("bucket://feeds", tmp_path / "cache")
    assert [file.relative_to(fetched).as_posix() for file in fetched.rglob("*.toml")] == ["acme/plugins.toml"]
    assert not [*tmp_path.glob("**/outside.toml")]


def test_a_url_with_a_password_is_refused(fleet: SmallFleet) -> None:
    with Fleet(fleet.url) as database, pytest.raises(ConfigError, match="holds a password") as refused:
        register(database, "sftp://ada:secret@example.com/feeds", fleet.cache, NOW)
    assert "secret" not in str(refused.value)


def test_a_fleet_is_kept_in_postgresql_only() -> None:
    with pytest.raises(ConfigError, match="kept in PostgreSQL"):
        Fleet("sqlite:///fleet.db")


def test_migrations_lead_to_the_schema_of_today(postgresql: str) -> None:
    engine = sa.create_engine(sa.make_url(postgresql).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        migrate_from_nothing(connection, FLEET)
        migrated = describe(connection)
        FLEET.metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE fleet_version")
    with Fleet(postgresql), engine.connect() as connection:
        assert describe(connection) == migrated
    engine.dispose()


def test_a_fleet_of_an_earlier_arfeed_is_upgraded_and_keeps_what_it_knows(
    fleet: SmallFleet, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fleet.register(NOW)
    later = tmp_path / "migrations"
    shutil.copytree(FLEET.migrations, later)
    later.joinpath("versions", "0002_next.py").write_text(NEXT)
    monkeypatch.setattr("arfeed.operations.fleet.store.FLEET", replace(FLEET, migrations=later, head="0002"))
    assert fleet.entries()["acme"].place == "acme/plugins.toml"
    assert run_statements(fleet.url, "SELECT color FROM fleet_feeds") == ["red"]
    monkeypatch.undo()
    with pytest.raises(ConfigError, match=r"has schema 0002, newer than this arfeed's 0001; upgrade arfeed"):
        fleet.entries()


NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

def upgrade():
    op.add_column("fleet_feeds", sa.Column("color", sa.Text(), server_default="red"))
"""


def test_feeds_that_share_one_of_several_destinations_have_one_lock(fleet: SmallFleet) -> None:
    config = fleet.add("both", invoices(2))
    text, own = config.read_text(), (fleet.receivers / "both").as_uri()
    shared = (fleet.receivers / "acme").as_uri()
    head = '[destinations.{}]\nuse = "kolleno"\nmode = "open-ar"\nurl = "{}"\n'
    config.write_text(text.partition("[destination]")[0] + head.format("own", own) + head.format("shared", shared))
    third = fleet.add("third", invoices(2))
    third.write_text(third.read_text().replace((fleet.receivers / "third").as_uri(), own))
    fleet.add("other", invoices(2))
    fleet.register(NOW)
    locks = {name: entry.destination for name, entry in fleet.entries().items()}
    # Also two that share nothing but a feed that delivers to both.
    assert locks["acme"] == locks["both"] == locks["third"] != locks["other"]
