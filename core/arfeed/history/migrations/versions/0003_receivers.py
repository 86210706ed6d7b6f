"""Who a receiver is, under which addresses it is known, and which process holds a lock."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns and tables."""
    op.add_column("leases", sa.Column("host", sa.String(length=255), nullable=True))
    op.add_column("leases", sa.Column("boot", sa.String(length=64), nullable=True))
    op.add_column("leases", sa.Column("space", sa.String(length=100), nullable=True))
    op.add_column("leases", sa.Column("pid", sa.Integer(), nullable=True))
    op.add_column("leases", sa.Column("started", sa.String(length=30), nullable=True))
    op.create_table(
        "receivers",
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("sign", sa.String(length=64), nullable=False),
        sa.Column("host_key", sa.String(length=100), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("destination", "sign"),
    )
    op.create_index(op.f("ix_receivers_sign"), "receivers", ["sign"], unique=False)
    op.create_table(
        "addresses",
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("destination", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_index(op.f("ix_addresses_destination"), "addresses", ["destination"], unique=False)
