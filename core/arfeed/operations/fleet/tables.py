"""The tables of the fleet, beside those of its queue. A change here needs a migration, as for the history."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Integer, MetaData, String, Table, Text

from arfeed.history.tables import Moment

# With a prefix: the fleet may share a database with a history or a board.
metadata = MetaData()

feeds = Table(
    "fleet_feeds",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("place", Text, nullable=False),  # of plugins.toml, below the origin
    Column("digest", String(64), nullable=False),  # of plugins.toml and what it extends
    Column("destination", String(64), nullable=False),  # a hash, since an address may hold a password
    Column("mistake", Text, nullable=False),  # why it can't be run; blank if it can
    Column("cron", Text),
    Column("timezone", String(100)),
    Column("offset", Integer),
    Column("next_due", Moment, index=True),
    Column("done_due", Moment),  # the last moment for which it was run: a job that comes twice is run once
    Column("paused", Boolean, nullable=False),
    # Of the run under way, or the last one.
    Column("worker", String(200)),
    Column("begun_at", Moment),
    Column("ended_at", Moment),
    Column("exit_code", Integer),
    Column("outcome", String(60)),
    Column("message", Text),
    Column("approval", String(80)),
    Column("seconds", Float),
    Column("in_a_row", Integer, nullable=False),  # runs that ended with this exit code, one after the other
    Column("delivered_at", Moment),
)

# One row: where the feeds were registered from.
origin = Table(
    "fleet_origin",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("place", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("registered_at", Moment, nullable=False),
)
