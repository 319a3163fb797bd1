"""The journal's tables: rows are inserted and never changed. Next: ``store.py``."""

from __future__ import annotations

from sqlalchemy import Column, Double, ForeignKey, Integer, MetaData, String, Table, Text

METADATA = MetaData()

META = Table("safeshift_journal", METADATA, Column("schema", Integer, primary_key=True))
"""One row: which version of the schema this is."""

RUNS = Table(
    "runs",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("fabric", Text, nullable=False),
)
"""One row per run, numbered from 1 without gaps. Who, what and how it ended stand in its events."""

EVENTS = Table(
    "events",
    METADATA,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("mono", Double, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("data", Text, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row per event; the columns are the fields of ``chain.Record``."""
