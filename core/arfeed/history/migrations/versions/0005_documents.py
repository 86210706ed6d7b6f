"""Whose invoice a PDF was sent for, and what was read in each PDF."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and the table."""
    for table in ("documents", "planned_documents"):
        op.add_column(table, sa.Column("customer", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("issued_on", sa.Date(), nullable=True))
    op.create_table(
        "document_readings",
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("whose", sa.Text(), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("destination", "name"),
    )
