"""The tables of the history database."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, ForeignKey, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

runs = Table(
    "runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("feed", String(200), nullable=False),
    Column("destination", String(500), nullable=False, index=True),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("ended_at", DateTime(timezone=True), nullable=False),
    Column("report_at", DateTime(timezone=True), nullable=False),
    Column("report_name", String(255), nullable=False),
    Column("open_count", Integer, nullable=False),
    Column("missing_count", Integer, nullable=False),
    Column("approval", String(80)),
    Column("receipt", Text, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("parquet", LargeBinary, nullable=False),
)

baselines = Table(
    "baselines",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
)

documents = Table(
    "documents",
    metadata,
    Column("destination", String(500), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("invoice_ref", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
)
